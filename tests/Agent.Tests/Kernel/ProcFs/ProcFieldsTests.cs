using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class ProcFieldsTests
{
    [Fact]
    public void MoveNext_AnyBlanks_SplitsThere()
    {
        var fields = new ProcFields("  a \t bc\r\n"u8);

        Assert.True(fields.TryRead(out var first));
        Assert.True(fields.TryRead(out var second));
        Assert.Equal("a"u8, first);
        Assert.Equal("bc"u8, second);
        Assert.False(fields.MoveNext());
        Assert.False(fields.MoveNext());
    }

    [Fact]
    public void TryReadNumbers_InTurn_AreRead()
    {
        var fields = new ProcFields("12 0000ABcd 7x 18446744073709551616"u8);

        Assert.True(fields.TryReadUInt64(out var number));
        Assert.True(fields.TryReadHex(out var hex));
        Assert.Equal((12ul, 0xABCDul), (number, hex));
        Assert.False(fields.TryReadUInt64(out _));
        Assert.False(fields.TryReadUInt64(out _));
        Assert.False(fields.TryReadUInt64(out _));
    }

    [Fact]
    public void Skip_MoreThanThereAre_IsFalse()
    {
        var fields = new ProcFields("a b c"u8);

        Assert.True(fields.Skip(2));
        Assert.Equal("b"u8, fields.Current);
        Assert.False(fields.Skip(2));
    }

    [Fact]
    public void ProcLines_LastLineWithoutLineFeed_IsRead()
    {
        var lines = new ProcLines("a\n\nb"u8);

        Assert.True(lines.MoveNext());
        Assert.Equal("a"u8, lines.Current);
        Assert.True(lines.MoveNext());
        Assert.True(lines.Current.IsEmpty);
        Assert.True(lines.MoveNext());
        Assert.Equal("b"u8, lines.Current);
        Assert.False(lines.MoveNext());
    }
}
