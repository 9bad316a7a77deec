using Agent.Core.Tallies;
using Xunit;

namespace Agent.Tests.Core.Tallies;

/// <summary>Whether a server's listening sockets were replaced: each time, where there is one, and never where one of them stayed.</summary>
public sealed class ListenerInodesTests
{
    private const int Rounds = 10_000;

    [Theory]
    [InlineData(new ulong[] { 500 }, new ulong[] { 600 }, true)]
    [InlineData(new ulong[] { 600 }, new ulong[] { 500 }, true)]
    [InlineData(new ulong[] { 500, 501 }, new ulong[] { 499 }, true)]
    [InlineData(new ulong[] { 500, 900 }, new ulong[] { 600, 901 }, true)] // on two processors, IPv4 and IPv6
    [InlineData(new ulong[] { 500, 900 }, new ulong[] { 900 }, false)] // a worker is gone
    [InlineData(new ulong[] { 500 }, new ulong[] { 400, 500 }, false)] // another one came
    [InlineData(new ulong[] { 500, 0 }, new ulong[] { 600, 0 }, true)]
    public void SharesNoneWith_Sockets_OnlyWhereAllAreOthers(ulong[] before, ulong[] after, bool expected)
    {
        Assert.Equal(expected, Of(after).SharesNoneWith(Of(before)));
        Assert.Equal(expected, Of(before).SharesNoneWith(Of(after)));
    }

    [Fact]
    public void SharesNoneWith_RandomSockets_NeverWhereOneStayed_AndAlwaysOfASingleOne()
    {
        var random = new Random(5);
        for (var i = 0; i < Rounds; i++)
        {
            var (before, after) = (Some(), Some());
            var isReplaced = Of(after).SharesNoneWith(Of(before));
            var isOther = !before.Intersect(after).Any();
            Assert.True(isOther || !isReplaced, $"{string.Join(' ', before)}, then {string.Join(' ', after)}");
            Assert.True(isReplaced == isOther || before.Length > 1 || after.Length > 1, $"{before[0]}, then {after[0]}");
        }

        ulong[] Some() => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (ulong)random.Next(1, 200))];
    }

    [Fact]
    public void IsEmpty_UnknownNumbers_True()
    {
        Assert.True(default(ListenerInodes).IsEmpty);
        Assert.True(Of(0).IsEmpty);
        Assert.False(Of(0, 7).IsEmpty);
    }

    private static ListenerInodes Of(params ulong[] inodes)
    {
        var listeners = default(ListenerInodes);
        foreach (var inode in inodes)
        {
            listeners.Add(inode);
        }

        return listeners;
    }
}
