using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Tracing;
using Xunit;

namespace Agent.Tests.Core.Tracing;

public sealed class TraceTextTests
{
    private readonly TraceText _text = new(new TextStyle());

    [Fact]
    public void Line_EveryKindOfLine() => Assert.Equal(
        """
        TIME (UTC)   WHAT                   IDLE WHO < CLIENT, WHO > SERVER
        14:03:22.104 closed_first_idle        5s shop/web-7d4b9c6f5-x2x5p:8080 < 10.0.0.1:41234
        14:03:23.104 LOST unread_at_close     0s shop/web-7d4b9c6f5-x2x5p:8080 < 10.0.0.1:41234
        14:03:22.104 reset_received ?          - host > [fd00::2]:5432
        """,
        string.Join('\n', [_text.Header, _text.Line(TraceSamples.IdleClose), _text.Line(TraceSamples.Lost), _text.Line(TraceSamples.Client)]));

    [Fact]
    public void Line_LongestWords_KeepTheColumns()
    {
        foreach (var cause in new[] { LossCause.UnreadAtClose, LossCause.AfterClose, LossCause.Unanswered })
        {
            var line = _text.Line(TraceSamples.Lost with { Loss = cause, Idle = TimeSpan.FromHours(30) });

            Assert.Equal("14:03:23.104 ".Length + 28, line.IndexOf("shop/", StringComparison.Ordinal));
        }

        foreach (var kind in Enum.GetValues<EndKind>())
        {
            var line = _text.Line(TraceSamples.Client with { Kind = kind });

            Assert.Equal("14:03:23.104 ".Length + 28, line.IndexOf("host", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Line_TooLongForTheTerminal_PeerBelow_NothingCutOff()
    {
        var lines = new TraceText(new TextStyle(Width: 80), mayWrap: true).Line(TraceSamples.Lost).Split('\n');

        Assert.Equal(
            [
                "14:03:23.104 LOST unread_at_close     0s shop/web-7d4b9c6f5-x2x5p:8080",
                "                                           < 10.0.0.1:41234",
            ],
            lines);
        Assert.DoesNotContain('\n', new TraceText(new TextStyle(Width: 100), mayWrap: true).Line(TraceSamples.Lost));
    }

    [Fact]
    public void Line_LongAddress_StaysOnTheTerminal()
    {
        var longest = TraceSamples.Client with { Tuple = TraceSamples.Client.Tuple with { Destination = new(ulong.MaxValue, ulong.MaxValue) } };

        var lines = new TraceText(new TextStyle(Width: 80), mayWrap: true).Line(longest).Split('\n');

        Assert.Equal(2, lines.Length);
        Assert.EndsWith("> [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:5432", lines[1], StringComparison.Ordinal);
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 80));
    }

    [Fact]
    public void Line_LostOnATerminal_IsRed() =>
        Assert.Contains("\e[1;31mLOST unread_at_close\e[0m", new TraceText(new TextStyle(Color: true)).Line(TraceSamples.Lost), StringComparison.Ordinal);

    [Fact]
    public void Line_HostileName_DoesNotSteerTheTerminal()
    {
        var line = _text.Line(TraceSamples.IdleClose with { Pod = new(PodKind.NetworkNamespace, "", "netns:\e[2J\nx", "") });

        Assert.DoesNotContain('\e', line);
        Assert.DoesNotContain('\n', line);
    }
}
