using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Tracing;
using Agent.Kernel.Net;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Tracing;

/// <summary>docs/images/trace.svg, which README shows: a server that closes idle connections after five seconds, and its balancer.</summary>
public sealed class TracePictureTests
{
    private const int Columns = 80;
    private static readonly DateTimeOffset s_start = new(2026, 11, 21, 3, 12, 40, 118, TimeSpan.Zero);

    [Fact]
    public void Picture_OfTheReadme_IsWhatTraceShows()
    {
        var path = Path.Combine(Golden.RepositoryRoot, "docs", "images", "trace.svg");
        var picture = TerminalPicture.Draw(Screen(), Columns, "closewatch trace: connections as they end, two lost requests in red");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, picture);
        }

        Assert.Equal(File.ReadAllText(path), picture);
        Assert.Contains("](docs/images/trace.svg)", File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "README.md")), StringComparison.Ordinal);
    }

    private static string Screen()
    {
        var style = new TextStyle(Columns, Color: true);
        var text = new TraceText(style, mayWrap: true);
        var summary = new TraceSummary();
        var lines = new List<string> { $"{style.Bold("$")} kubectl closewatch trace --pod shop/web --port 8080 --for 30s", text.Header };
        JudgedEnd[] ends =
        [
            End(0, 41230, EndKind.PeerFirst, 1300),
            End(812, 41236, EndKind.ClosedFirstIdle, 5004),
            End(1420, 41244, EndKind.ClosedFirstIdle, 5001),
            End(2077, 41252, EndKind.ResetUnread, 1, LossCause.UnreadAtClose),
            End(2391, 41260, EndKind.ClosedFirstIdle, 5003),
            End(4125, 41268, EndKind.ClosedFirstIdle, 5002, LossCause.AfterClose),
            End(6580, 41276, EndKind.ClosedFirstIdle, 5003),
            End(7902, 41284, EndKind.PeerFirst, 900),
        ];
        foreach (var end in ends)
        {
            lines.Add(text.Line(end));
            summary.Add(end, correctsShown: true);
        }

        return string.Join('\n', lines) + "\n" + summary.ToText(TimeSpan.FromSeconds(30), style);
    }

    private static JudgedEnd End(int milliseconds, ushort port, EndKind kind, int idleMilliseconds, LossCause loss = LossCause.None) => TraceSamples.IdleClose with
    {
        At = s_start.AddMilliseconds(milliseconds),
        Pod = new(PodKind.Pod, "shop", "web-0", "1"),
        Tuple = new(IpAddress.FromIPv4(0x0AF4_0105), IpAddress.FromIPv4(0x0AF4_0009), 8080, port),
        Kind = kind,
        Loss = loss,
        Idle = TimeSpan.FromMilliseconds(idleMilliseconds),
    };
}
