using System.Globalization;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// The table of docs/idle-times.md: real servers, the idle time at which they close as a client measures it, and as Closewatch estimates it.
/// UPDATE_GOLDEN=1 writes it.
/// </summary>
[Lasts(seconds: 20, Waiting = true)]
public sealed class IdleTimeTests(IdleTimeScene scene) : SceneTest<IdleTimeScene>(scene)
{
    private const string Head = "| server | setting | measured by a client | estimated | says before it closes |\n| --- | --- | --- | --- | --- |\n";

    // A tenth of a second is what the clock of a busy event loop is late by; a server that looks once a second may be a second apart.
    private const double SameSeconds = 0.4;
    private const double PageSeconds = 1.3;

    private static readonly string s_path = Repository.PathOf("docs/idle-times.md");

    [Fact]
    public void Estimated_IsWhatAClientMeasures() => Assert.All(Scene.Times, static time =>
    {
        Assert.True(time.Measured is not null, $"{time.Server.Name} closed nothing");
        if (time.HasLastWords)
        {
            // What it says is no idle close: a client that reads it knows, and sends no request into it.
            return;
        }

        Assert.True(time.Estimated is not null, $"{time.Server.Name} has no estimate");
        Assert.True(Math.Abs(time.Estimated.Value - time.Measured.Value) <= SameSeconds, $"{time.Server.Name}: measured {time.Measured}, estimated {time.Estimated}");
    });

    [Fact]
    public void Named_AreThoseThatCloseIdleConnectionsWithoutAWord() => FindingScore.AssertAre(
        Scene.Times.Where(static time => !time.HasLastWords).Select(static time => time.Server.Name),
        Scene.Times.Where(static time => time.IsNamed).Select(static time => time.Server.Name));

    /// <summary>Nobody puts a load balancer for HTTP before them, and they lose nobody's requests here.</summary>
    [Theory]
    [InlineData("redis", "Redis")]
    [InlineData("postgresql", "PostgreSQL")]
    [InlineData("exim", "SMTP")]
    public void Findings_OfWhatIsNoHttp_SpeakOfItsProtocol(string pod, string protocol)
    {
        var findings = Scene.Findings.Where(finding => finding.Name == pod).ToList();

        Assert.All(findings, static finding => Assert.Equal("info", finding.Severity));
        Assert.All(findings.Where(static finding => finding.Id == "backend-closes-idle-first"), finding =>
        {
            Assert.Contains($" idle {protocol} connections after about ", finding.Title, StringComparison.Ordinal);
            var all = $"{finding.Title} {string.Join(' ', finding.Evidence)} {string.Join(' ', finding.Fixes)}";
            Assert.All(new[] { "load balancer", "502", "gunicorn" }, word => Assert.DoesNotContain(word, all, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Page_HasTheTable()
    {
        var page = File.Exists(s_path) ? File.ReadAllText(s_path) : "";
        var start = page.IndexOf(Head, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(s_path, page[..start] + Head + string.Concat(Scene.Times.Select(Row)));
            return;
        }

        Assert.True(start >= 0, $"{s_path} has no table");
        var rows = page[(start + Head.Length)..].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static row => row.Trim('|', ' ').Split(" | ")).ToList();
        Assert.Equal(Scene.Times.Select(static time => (time.Server.Name, $"`{time.Server.Setting}`")), rows.Select(static row => (row[0], row[1])));
        Assert.All(Scene.Times.Zip(rows), static pair =>
        {
            AssertNear(pair.Second[2], pair.First.Measured, pair.First.Server.Name);
            AssertNear(pair.Second[3], pair.First.HasLastWords ? null : pair.First.Estimated, pair.First.Server.Name);
            Assert.Equal(Words(pair.First), pair.Second[4]);
        });
    }

    private static void AssertNear(string cell, double? seconds, string server) => Assert.True(
        cell == Cell(seconds)
        || (seconds is { } now && double.TryParse(cell.TrimEnd('s'), CultureInfo.InvariantCulture, out var then) && Math.Abs(now - then) <= PageSeconds),
        $"{server}: the page says {cell}, and now it is {Cell(seconds)}");

    private static string Row(IdleTime time) => $"| {time.Server.Name} | `{time.Server.Setting}` | {Cell(time.Measured)} "
        + $"| {Cell(time.HasLastWords ? null : time.Estimated)} | {Words(time)} |\n";

    private static string Cell(double? seconds) => seconds is { } known ? known.ToString("0.0's'", CultureInfo.InvariantCulture) : "none";

    private static string Words(IdleTime time) => time.HasLastWords ? "yes" : "no";
}
