using System.Globalization;
using System.Text;
using Agent.Core.Ends;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Exporting;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.Tests.Core.Metrics;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>The sizes in docs/scale.md are those of the renderer; UPDATE_GOLDEN=1 writes them.</summary>
public sealed class ScalePageTests
{
    private const string Begin = "<!-- sizes: begin -->\n";
    private const string End = "<!-- sizes: end -->";
    private const int Pods = 110;
    private const int BusyEvery = 4;
    private const int PodsAWorkload = 3;
    private const int Nodes = 5000;

    [Fact]
    public void ScalePage_SizesOfAScrape_AreThoseOfTheRenderer()
    {
        var path = Path.Combine(Golden.RepositoryRoot, "docs", "scale.md");
        var page = File.ReadAllText(path);
        var begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "docs/scale.md lost the marks around its sizes");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, page[..begin] + Table() + page[end..]);
            return;
        }

        Assert.Equal(Table(), page[begin..end]);
    }

    private static string Table()
    {
        var table = new StringBuilder("| `Metrics:PodLabels` | series a node | scrape, kB | with gzip, kB | series of 5,000 nodes, millions | memory of Prometheus at 3 kB a series, GB |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var labels in new[] { PodLabels.Pod, PodLabels.Workload, PodLabels.Namespace, PodLabels.None })
        {
            var families = new Exposed { Options = new() { PodLabels = labels } }.Families(Node());
            var text = new ExpositionRenderer().Render(families).Text;
            var series = families.Sum(static family => family.Samples.Length);
            // Of what is compressed the last digits differ with the version of zlib.
            table.Append(CultureInfo.InvariantCulture, $"| {labels.ToString().ToLowerInvariant()} | {series:N0} | {text.Identity.Length / 1000} | under {Math.Ceiling(text.Gzip.Length / 5000.0) * 5} | {series * (Nodes / 1e6):0.0} | {series * Nodes * 3 / 1e6:0} |\n");
        }

        return table.ToString();
    }

    /// <summary>A node as it is in use: one pod in four serves much, one in four little, the others are clients or rest.</summary>
    private static Snapshot Node() => TestSnapshots.Of(Enumerable.Range(0, Pods).Select(Pod)) with
    {
        ConnectionEnds = new(1_000_000, 0, 1, TimeSpan.FromHours(5)),
    };

    private static PodSnapshot Pod(int number)
    {
        var workload = number / PodsAWorkload;
        var name = string.Create(CultureInfo.InvariantCulture, $"service-{workload}-7d9c6b5f8d-{number:x5}");
        var isBusy = number % BusyEvery == 0;
        var serves = number % BusyEvery <= 1;
        var kinds = new long[EndCounts.Length];
        kinds[(int)EndKind.PeerFirst] = 1000 + number;
        var counts = new EndCounts([.. kinds]);
        return TestSnapshots.Pod(
            name,
            closeWait: isBusy ? 3 : 0,
            instance: (ulong)number + 1,
            counters: new TcpCounters(),
            podNamespace: string.Create(CultureInfo.InvariantCulture, $"team-{workload % 12}")).OfWorkload(string.Create(CultureInfo.InvariantCulture, $"Deployment/service-{workload}")) with
        {
            Tcp = TestSnapshots.Tcp((TcpState.Established, 20), (TcpState.TimeWait, 5), (TcpState.Listen, serves ? 2 : 0), (TcpState.CloseWait, isBusy ? 3 : 0)),
            Ends = new()
            {
                Watched = TimeSpan.FromHours(5),
                Server = serves ? counts : EndCounts.None,
                Client = counts,
                IdleCloses = isBusy ? [new(8080, [.. new long[IdleHistogram.Bounds.Length], 9], TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1))] : [],
            },
        };
    }
}
