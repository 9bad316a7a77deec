using Agent.Core.Reporting;
using Xunit;

namespace Agent.Tests.Core.Reporting;

public sealed class TextWrapTests
{
    [Theory]
    [InlineData("shop/cart", 9, "shop/cart")]
    [InlineData("shop/cart-7f9", 10, "shop/cart-|7f9")]
    [InlineData("kubelet to shop/cart", 10, "kubelet|to|shop/cart")]
    [InlineData("2001:db8::17", 9, "2001:db8:|:17")]
    [InlineData("abcdefghij", 4, "abcd|efgh|ij")]
    public void NameLines_BreakWhereAReaderWould(string name, int width, string expected)
    {
        var lines = TextWrap.NameLines(name, width);

        Assert.Equal(expected, string.Join('|', lines.Select(static line => line.TrimEnd())));
        Assert.Equal(name, string.Concat(lines));
    }

    [Theory]
    [InlineData("ab", 0)]
    [InlineData("ab", -1)]
    [InlineData("ab", 1)]
    public void NameLines_NoWidth_IsACharacterALine(string name, int width) => Assert.Equal(["a", "b"], TextWrap.NameLines(name, width));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void NameLines_SurrogatePairs_StayWhole(int width)
    {
        const string Name = "\U0001F600\U0001F601a\U0001F602";

        var lines = TextWrap.NameLines(Name, width);

        Assert.Equal(Name, string.Concat(lines));
        Assert.All(lines, static line => Assert.False(char.IsLowSurrogate(line, 0) || char.IsHighSurrogate(line, line.Length - 1)));
    }
}
