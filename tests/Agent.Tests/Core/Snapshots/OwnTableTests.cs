using System.Text.Json;
using Agent.Core.Model;
using Agent.Core.Reporting.Html;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel.SockDiag;
using Agent.Tests.Core.Reporting;
using Agent.Tests.Core.Tallies;
using Xunit;

namespace Agent.Tests.Core.Snapshots;

/// <summary>What a pod's own table holds is known where it was asked, and is no number where it was not.</summary>
public sealed class OwnTableTests
{
    [Theory]
    [InlineData(5L, false, null)] // it has entries, and nobody could ask
    [InlineData(5L, true, 0L)]
    [InlineData(0L, false, 0L)] // an empty table needs no question
    [InlineData(null, false, null)]
    public void Json_EntriesOfThePodsTable_AreLeftOutWhereItWasNotAsked(long? entries, bool asked, long? shown)
    {
        var pod = Pod(entries, asked);
        Assert.Equal(entries == 0 || asked, pod.HalfClosed.OwnTableAsked);

        var input = ReportSamples.Empty();
        using var json = JsonDocument.Parse(ReportGoldenTests.Json(input with { Current = input.Current with { Pods = [pod] } }));
        var conntrack = json.RootElement.GetProperty("pods")[0].GetProperty("halfClosed").GetProperty("conntrack");
        Assert.Equal(shown, conntrack.TryGetProperty("pod", out var own) ? own.GetProperty("closeWait").GetInt64() : null);
    }

    [Theory]
    [InlineData(5L, false, true)]
    [InlineData(5L, true, false)]
    [InlineData(0L, false, false)]
    [InlineData(null, false, true)]
    public void Page_EntriesOfThePodsTable_AreUnknownWhereItWasNotAsked(long? entries, bool asked, bool isUnknown)
    {
        var input = ReportSamples.Empty();
        using var page = new StringWriter();
        HtmlReport.Write(page, input.Current with { Pods = [Pod(entries, asked)] }, input.Diagnosis, new HtmlReportOptions { Version = "1.2.3" });

        Assert.Equal(isUnknown, page.ToString().Contains(" + unknown</td>", StringComparison.Ordinal));
    }

    private static PodSnapshot Pod(long? entries, bool asked)
    {
        var network = new NamespaceTracking(isHost: false, 1) { InOwnTable = entries > 0 ? true : null, IsUntranslated = entries == 0 };
        var table = new HalfClosedTable();
        table.Add(new HalfClosedSocket(Make.Socket("10.0.0.1:80 10.0.0.2:5000", TcpState.CloseWait), 1, network, staysInNamespace: false));
        table.BuildIndex();
        if (asked)
        {
            table.Sockets[0].SetOwnEntryMissing();
        }

        return SnapshotBuilder.Build(new()
        {
            TakenAt = default,
            Duration = default,
            Node = new("node", "6.18", "", false),
            Sources = [],
            Owners = [Make.Owner("0", 0), Make.Owner("1")],
            Namespaces = [new() { Inode = 1, Tracking = new(true) }, new() { Inode = 2, Tracking = network, TableEntries = entries }],
            HalfClosed = table,
        }).Pods.Single(static one => one.Identity.Name == "1");
    }
}
