using System.IO.Pipes;
using Agent.Kernel.Terminals;
using Xunit;

namespace Agent.Tests.Kernel.Terminals;

public sealed class StandardStreamTests
{
    [Fact]
    public void ReaderHasLeft_APipe_WhenItsOtherEndIsClosed()
    {
        using var write = new AnonymousPipeServerStream(PipeDirection.Out);
        var descriptor = (int)write.SafePipeHandle.DangerousGetHandle();
        Assert.False(StandardStream.ReaderHasLeft(descriptor));

        // The server keeps a copy of the client's handle for whoever inherits it.
        write.DisposeLocalCopyOfClientHandle();

        Assert.True(StandardStream.ReaderHasLeft(descriptor));
    }

    [Fact]
    public void ReaderHasLeft_AFile_Never()
    {
        using var file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);

        Assert.False(StandardStream.ReaderHasLeft((int)file.DangerousGetHandle()));
    }
}
