using Agent.Kernel;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class ProcFileTests
{
    [Fact]
    public void TryRead_FileThatFits_IsWhole()
    {
        var buffer = new byte[64];

        Assert.True(ProcFile.TryRead("/proc/sys/kernel/ostype", buffer, out var length));

        Assert.Equal("Linux\n"u8.ToArray(), buffer[..length]);
    }

    [Fact]
    public void TryRead_SmallBuffer_IsFilled()
    {
        var buffer = new byte[3];

        Assert.True(ProcFile.TryRead("/proc/sys/kernel/ostype", buffer, out var length));

        Assert.Equal("Lin"u8.ToArray(), buffer[..length]);
    }

    [Theory]
    [InlineData("/proc/no/such/file")]
    [InlineData("/proc/sys/kernel/ostype/below")]
    public void TryRead_NoFile_IsFalse(string path)
    {
        Assert.False(ProcFile.TryRead(path, new byte[8], out var length));
        Assert.Equal(0, length);
    }

    [Fact]
    public void TryRead_Directory_NamesPathAndError()
    {
        var exception = Assert.Throws<KernelException>(() => ProcFile.TryRead("/proc/self", new byte[8], out _));

        Assert.Contains("/proc/self", exception.Message, StringComparison.Ordinal);
        Assert.Contains("EISDIR", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryReadAll_FileLargerThanTheArray_GrowsIt()
    {
        var buffer = new byte[16];

        Assert.True(ProcFile.TryReadAll("/proc/self/maps", ref buffer, 1 << 20, out var length));

        Assert.True(length > 16);
        Assert.True(buffer.Length > length);
    }

    [Fact]
    public void TryReadAll_FileLargerThanTheLimit_IsCutOff()
    {
        var buffer = new byte[16];

        Assert.True(ProcFile.TryReadAll("/proc/self/maps", ref buffer, 100, out var length));

        Assert.Equal(100, length);
    }

    [Fact]
    public void Open_PathTooLong_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ProcFile.Open("/" + new string('x', 5000)).Dispose());
}
