using System.Text;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class ProcPidStatTests
{
    private const string Rest = " 1 2 3 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 1 0 123456 13 14\n";

    [Theory]
    [InlineData("42 (node) S", "node", 'S')]
    [InlineData("42 (a b) (c)) R", "a b) (c)", 'R')]
    [InlineData("42 () Z", "", 'Z')]
    public void TryParse_AnyName_EndsAtTheLastParenthesis(string start, string command, char state)
    {
        Assert.True(ProcPidStat.TryParse(Encoding.UTF8.GetBytes(start + Rest), out var stat));
        Assert.Equal(command, Encoding.UTF8.GetString(stat.Command));
        Assert.Equal((byte)state, stat.State);
        Assert.Equal(123456UL, stat.StartTicks);
        Assert.False(stat.IsKernelThread);
        Assert.Equal(state == 'Z', stat.IsZombie);
    }

    [Fact]
    public void TryParse_KernelThread_IsRecognised()
    {
        Assert.True(ProcPidStat.TryParse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 7 0 0 20 0 1 0 5 0 0"u8, out var stat));
        Assert.True(stat.IsKernelThread);
    }

    [Theory]
    [InlineData("")]
    [InlineData("42 (node")]
    [InlineData("42 )node( S")]
    [InlineData("42 (node) S 1 2 3 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 1 0")]
    [InlineData("42 (node) S 1 2 3 0 -1 x 5 6 7 8 9 10 11 12 20 0 1 0 5")]
    public void TryParse_CutShort_IsRefused(string text) => Assert.False(ProcPidStat.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void TryParse_ThisProcess_IsThisProcess()
    {
        Assert.True(ProcPidStat.TryParse(File.ReadAllBytes("/proc/self/stat"), out var stat));
        Assert.Equal(File.ReadAllText("/proc/self/comm").Trim(), Encoding.UTF8.GetString(stat.Command));
    }
}
