using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class ProcMountTests
{
    [Fact]
    public void IsLive_ProcAndAnyOtherDirectory_AreToldApart()
    {
        Assert.True(ProcMount.IsLive("/proc"));
        Assert.False(ProcMount.IsLive(Path.GetTempPath()));
    }
}
