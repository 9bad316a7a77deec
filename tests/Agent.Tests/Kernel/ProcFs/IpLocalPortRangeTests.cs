using System.Text;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class IpLocalPortRangeTests
{
    [Fact]
    public void Parse_AsTheKernelPrintsIt_BothPorts() => Assert.Equal(((ushort)32768, (ushort)60999), IpLocalPortRange.Parse("32768\t60999\n"u8));

    [Theory]
    [InlineData("")]
    [InlineData("32768\n")]
    [InlineData("60999\t32768\n")]
    [InlineData("0\t60999\n")]
    [InlineData("-1\t60999\n")]
    [InlineData("1\t65536\n")]
    [InlineData("1\t2\t3\n")]
    [InlineData("a\tb\n")]
    public void Parse_AnythingElse_Null(string text) => Assert.Null(IpLocalPortRange.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Read_ThisMachine_IsARange() => Assert.InRange(IpLocalPortRange.Read("/proc")!.Value.First, 1, ushort.MaxValue);
}
