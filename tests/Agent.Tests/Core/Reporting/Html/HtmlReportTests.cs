using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting.Html;
using Xunit;

namespace Agent.Tests.Core.Reporting.Html;

public sealed partial class HtmlReportTests
{
    [Fact]
    public void Write_HostileNames_AreText()
    {
        var page = Render(SamplePage.Troubled());

        Assert.DoesNotContain("<script>alert", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u202e', page);
        Assert.DoesNotContain('\u0007', page);
        Assert.Contains("&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#39;&#96;&#38;\\u202egpj\\x07", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\U0001F600", "\U0001F600")]
    [InlineData("tab\there", "tab\\x09here")]
    [InlineData("nul\0", "nul\\x00")]
    [InlineData("del\u007f c1\u009b", "del\\x7f c1\\x9b")]
    [InlineData("zero\u200bwidth", "zero\\u200bwidth")]
    [InlineData("one\ntwo\u2028", "one\ntwo\\u2028")]
    public void Write_OddCharactersInTheNodeName_AreShownHarmlessly(string name, string expected)
    {
        Assert.Contains($"<h1>{expected}</h1>", RenderNodeNamed(name), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_HalfASurrogatePair_IsReplaced()
    {
        // Not in the table above: the metadata of an attribute cannot hold such a string.
        Assert.Contains("<h1>a\uFFFDb\uFFFD</h1>", RenderNodeNamed("a\ud800b\udc00"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Write_AnySample_IsWellFormedWithUniqueIds(string sample)
    {
        var ids = Parse(Render(Sample(sample))).Descendants().Select(static element => (string?)element.Attribute("id")).OfType<string>().ToList();

        Assert.Equal(ids.Distinct(StringComparer.Ordinal), ids);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Write_AnySample_RefersToNothingOutside(string sample)
    {
        var document = Parse(Render(Sample(sample)));

        var loading = document.Descendants().Where(static element => element.Name.LocalName is "img" or "iframe" or "object" or "embed" or "form" || element.Attribute("src") is not null || element.Attribute("style") is not null);
        Assert.Empty(loading);
        Assert.All(document.Descendants("link"), static link => Assert.Equal("data:,", (string?)link.Attribute("href")));
        Assert.DoesNotContain("url(", (string)document.Descendants("style").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("@import", (string)document.Descendants("style").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void ContentSecurityPolicy_NamesTheStyleAndTheScriptOfThePage()
    {
        var page = Render(SamplePage.Healthy());

        foreach (var element in (string[])["style", "script"])
        {
            var text = Regex.Match(page, $"<{element}>(.*?)</{element}>", RegexOptions.Singleline).Groups[1].Value;
            Assert.NotEmpty(text);
            Assert.Contains($"{element}-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'", HtmlReport.ContentSecurityPolicy, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Write_AnySample_EveryTableHasACaptionAndScopedHeadings(string sample)
    {
        foreach (var table in Parse(Render(Sample(sample))).Descendants("table"))
        {
            Assert.NotEmpty(((string)table.Element("caption")!).Trim());
            Assert.All(table.Descendants("th"), static heading => Assert.Contains((string?)heading.Attribute("scope"), (string[])["row", "col"]));
            var columns = table.Element("thead")!.Descendants("th").Count();
            Assert.All(table.Element("tbody")!.Elements("tr"), row => Assert.Equal(columns, row.Elements().Count()));
        }
    }

    [Fact]
    public void Write_Findings_ShowsEvidenceReasonAndCommandsToCopy()
    {
        var finding = Parse(Render(SamplePage.Troubled())).Descendants("article").First();

        Assert.Contains("half-closed-untracked", finding.Value, StringComparison.Ordinal);
        Assert.Contains("the client never gets the answer", finding.Value, StringComparison.Ordinal);
        Assert.Equal(
            ["--conntrack-tcp-timeout-close-wait=1h", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600", "socket.on('end', () => socket.end());"],
            finding.Descendants("pre").Select(static block => block.Value));
        Assert.Contains("allowHalfOpen", finding.Descendants("code").Select(static code => code.Value));
        Assert.Equal("critical", finding.Descendants("span").First().Value);
    }

    [Fact]
    public void Write_Start_IsTheReportOnOneScreenWithLinksToItsFindings()
    {
        var page = Parse(Render(SamplePage.Troubled()));
        var start = page.Descendants("section").First();

        Assert.Equal("start", (string?)start.Attribute("id"));
        Assert.Contains("--conntrack-tcp-timeout-close-wait=1h", start.Descendants("pre").Select(static command => command.Value));
        var targets = page.Descendants("article").Select(static article => "#" + (string?)article.Attribute("id")).ToArray();
        Assert.Equal(targets.Distinct(), targets);
        var links = start.Descendants("th").Elements("a").Select(static link => (string)link.Attribute("href")!).ToArray();
        Assert.NotEmpty(links);
        Assert.Subset(targets.ToHashSet(), links.ToHashSet()!);
    }

    [Fact]
    public void Write_ServedByAnAgent_IsLoadedAgainAndHasLinks_AFileDoesNeither()
    {
        var sample = SamplePage.Troubled();
        var served = Render(sample with { Options = sample.Options with { Refresh = TimeSpan.FromSeconds(15) } });

        Assert.Contains("""<noscript><meta http-equiv="refresh" content="15"></noscript>""", served, StringComparison.Ordinal);
        Assert.All(["/report", "/report.json", "/metrics"], path => Assert.Contains($"href=\"{path}\"", served, StringComparison.Ordinal));
        Assert.DoesNotContain("<noscript>", Render(sample), StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/", Render(sample), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_TheSameFindingOfManyPods_IsOneEntry()
    {
        var sample = SamplePage.Troubled();
        var findings = Enumerable.Range(0, 20).Select(index => sample.Diagnosis.Findings[1] with { Subject = new(SubjectKind.Pod, "shop", $"web-{index}"), CausedBy = "half-closed-untracked" });
        var page = Parse(Render(sample with { Diagnosis = sample.Diagnosis with { Findings = [sample.Diagnosis.Findings[0], .. findings] } }));

        Assert.Equal(2, page.Descendants("article").Count());
        Assert.Contains("+19 more pods", page.Descendants("article").Last().Value, StringComparison.Ordinal);
        Assert.Contains("follows from half-closed-untracked", page.Descendants("article").Last().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_NothingFoundAndNothingRead_IsNotCalledHealthy()
    {
        var sample = SamplePage.Unreadable();
        var page = Parse(Render(sample with { Diagnosis = sample.Diagnosis with { Unreadable = ["conntrack", "sockets"] } }));

        Assert.Contains("conntrack and sockets could not be read", page.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("nothing on this node", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_UnpairedBacktick_StaysText()
    {
        var sample = SamplePage.Troubled();
        var finding = sample.Diagnosis.Findings[0] with { Fix = [new("set `a` to ` b", "c")] };
        var step = Parse(Render(sample with { Diagnosis = sample.Diagnosis with { Findings = [finding] } })).Descendants("ol").Single();

        Assert.Equal("set a to ` bc", step.Value);
    }

    [Fact]
    public void Write_ReferenceThatIsNoHttpsAddress_IsNoLink()
    {
        var sample = SamplePage.Troubled();
        var finding = sample.Diagnosis.Findings[0] with { Reference = "javascript:alert(1)" };
        var page = Parse(Render(sample with { Diagnosis = sample.Diagnosis with { Findings = [finding] } }));

        Assert.DoesNotContain(page.Descendants("a"), static link => ((string?)link.Attribute("href"))?.StartsWith("javascript", StringComparison.Ordinal) == true);
        Assert.Contains("javascript:alert(1)", page.Descendants("article").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_WhatCouldNotBeRead_IsUnknownNotZero()
    {
        var figures = Parse(Render(SamplePage.Unreadable())).Descendants("dl").Single().Descendants("strong").Select(static figure => figure.Value);

        Assert.All(figures, static figure => Assert.Equal("unknown", figure));
    }

    [Fact]
    public void Write_TimeoutOfAPod_IsItsOwnOnlyWhereItTracksByItself()
    {
        var sample = SamplePage.Troubled();
        var pods = sample.Snapshot.Pods.Select(static pod => pod with { OwnTableEntries = pod.Settings is null ? null : 0 });
        string Meshed(SamplePage page) => Parse(Render(page)).Descendants("tr").First(static row => row.Value.StartsWith("shop/cart", StringComparison.Ordinal)).Elements().Last().Value;

        Assert.Equal("1m", Meshed(sample));
        Assert.Equal("1h", Meshed(sample with { Snapshot = sample.Snapshot with { Pods = [.. pods] } }));
    }

    [Fact]
    public void Write_MorePodsThanAllowed_SaysHowManyAreLeftOut()
    {
        var sample = SamplePage.Troubled();
        var page = Parse(Render(sample with { Options = sample.Options with { MaxPods = 4 } }));

        var table = page.Descendants("table").Single(static table => (string?)table.Element("caption")!.Attribute("id") == "pods-caption");
        Assert.Equal(4, table.Element("tbody")!.Elements("tr").Count());
        Assert.Contains("12 more rows", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_History_EveryPlotTellsItsNumbers()
    {
        var plots = Parse(Render(SamplePage.Troubled())).Descendants("svg").Where(static svg => (string?)svg.Attribute("role") == "img").ToList();

        Assert.Equal(4, plots.Count);
        Assert.Contains(plots, static plot => ((string?)plot.Attribute("aria-label"))!.StartsWith("Untracked: first 0, lowest 0, highest 6, now 6", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_AGapInTheHistory_BreaksTheLine()
    {
        var sample = SamplePage.Healthy();
        SnapshotPoint Point(int minute, long? sockets) => new(SamplePage.Time.AddMinutes(minute), sockets, null, 0, 5);
        var options = sample.Options with { History = [Point(0, 1), Point(1, 2), Point(2, null), Point(3, 4)] };
        var page = Parse(Render(sample with { Options = options }));

        var path = (string?)page.Descendants("path").First().Attribute("d");
        Assert.Equal("M0 35h0L80 24M240 2h0", path);
        Assert.Contains("could not be read", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void SnapshotPoint_SocketsUnreadable_LeavesTheirNumbersOut()
    {
        var point = SnapshotPoint.From(SamplePage.Unreadable().Snapshot);

        Assert.Null(point.HalfClosedSockets);
        Assert.Null(point.Untracked);
        Assert.Null(point.ConntrackEntries);
    }

    [Fact]
    public void SnapshotPoint_TroubledNode_AddsUpAllOwnersAndNobody()
    {
        var point = SnapshotPoint.From(SamplePage.Troubled().Snapshot);

        Assert.Equal(1045 + 4 + 1 + 3, point.HalfClosedSockets);
        Assert.Equal(15, point.Expiring);
        Assert.Equal(7, point.Untracked);
        Assert.Equal(241_117, point.ConntrackEntries);
    }

    public static TheoryData<string> Samples => [nameof(SamplePage.Troubled), nameof(SamplePage.Healthy), nameof(SamplePage.Unreadable)];

    private static SamplePage Sample(string name) => name switch
    {
        nameof(SamplePage.Troubled) => SamplePage.Troubled(),
        nameof(SamplePage.Healthy) => SamplePage.Healthy(),
        _ => SamplePage.Unreadable(),
    };

    private static string RenderNodeNamed(string name)
    {
        var sample = SamplePage.Healthy();
        return Render(sample with { Snapshot = sample.Snapshot with { Node = sample.Snapshot.Node with { Name = name } } });
    }

    private static string Render(SamplePage page)
    {
        using var output = new StringWriter();
        HtmlReport.Write(output, page.Snapshot, page.Diagnosis, page.Options);
        return output.ToString();
    }

    /// <summary>The page as XML: void elements get their end, what a browser would not read as markup is taken out.</summary>
    private static XElement Parse(string page)
    {
        var xml = VoidElement().Replace(page.Replace("<!doctype html>", "", StringComparison.Ordinal), "<$1/>");
        xml = RawText().Replace(xml, static match => $"<{match.Groups[1].Value}><![CDATA[{match.Groups[2].Value}]]></{match.Groups[1].Value}>");
        return XElement.Parse(xml, LoadOptions.PreserveWhitespace);
    }

    [GeneratedRegex("<((?:meta|link)[^>]*)>")]
    private static partial Regex VoidElement();

    [GeneratedRegex("<(style|script)>(.*?)</\\1>", RegexOptions.Singleline)]
    private static partial Regex RawText();
}
