using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting;

/// <summary>The part of a snapshot that is asked for. All formats show this, so that they say the same.</summary>
public sealed record ReportView
{
    private readonly Lazy<PeerNames> _peers;

    private ReportView(ReportInput input)
    {
        Input = input;
        _peers = new(() => PeerNames.Of(input.Current));
    }

    /// <summary>What it was made from.</summary>
    public ReportInput Input { get; }

    /// <summary>The snapshot.</summary>
    public Snapshot Snapshot => Input.Current;

    /// <summary>Selected owners: most half-closed sockets first, untracked and expiring ones before others.</summary>
    public required ImmutableArray<PodSnapshot> Pods { get; init; }

    /// <summary>Connections of the selected owners, at most <see cref="ReportOptions.Connections"/> each, oldest first.</summary>
    public required ImmutableArray<HalfClosedConnection> Connections { get; init; }

    /// <summary>Findings about the selected owners and about the node.</summary>
    public required DiagnosisResult Diagnosis { get; init; }

    /// <summary>This program's commands, as the reader types them.</summary>
    public OwnCommands Commands => OwnCommands.Of(Input);

    /// <summary>Whose the addresses of peers are.</summary>
    public PeerNames Peers => _peers.Value;

    /// <summary>Time between the two scans; null for a single one.</summary>
    public TimeSpan? Window =>
        Input.Previous is { } previous && Snapshot.TakenAt > previous.TakenAt ? Snapshot.TakenAt - previous.TakenAt : null;

    /// <summary>True when sockets were read, so that a count of 0 means none.</summary>
    public bool SocketsKnown => Snapshot.HasSource(SourceNames.Sockets);

    /// <summary>True when the host's conntrack table was read.</summary>
    public bool FlowsKnown => Snapshot.Conntrack?.Flows is not null;

    /// <summary>Selects what is asked for.</summary>
    public static ReportView Create(ReportInput input)
    {
        var options = input.Options;
        var pods = input.Current.Pods
            .Where(pod => options.Selects(pod.Identity))
            .OrderByDescending(static pod => pod.HalfClosed.Sockets)
            .ThenByDescending(static pod => pod.HalfClosed.Entries.Counts.Sum())
            .ThenBy(static pod => pod.Identity.Namespace, StringComparer.Ordinal)
            .ThenBy(static pod => pod.Identity.Name, StringComparer.Ordinal);
        var connections = input.Current.Connections
            .Where(connection => options.Selects(connection.Owner))
            .GroupBy(static connection => connection.Owner)
            .SelectMany(
                group => group.OrderByDescending(static connection => connection.Age ?? TimeSpan.MinValue).Take(options.Connections));
        return new(input)
        {
            Pods = [.. pods],
            Connections = [.. connections],
            Diagnosis = AsTyped(Select(input), OwnCommands.Of(input)),
        };
    }

    /// <summary>The same owner in the scan before; null when there was none.</summary>
    public PodSnapshot? Earlier(PodSnapshot pod) => Input.Previous?.Pods.FirstOrDefault(earlier => earlier.Identity == pod.Identity);

    private static DiagnosisResult AsTyped(DiagnosisResult diagnosis, OwnCommands commands) => diagnosis with
    {
        Findings =
        [
            .. diagnosis.Findings.Select(finding => finding with
            {
                Fix = [.. finding.Fix.Select(fix => fix with { Text = commands.AsTyped(fix.Text) })],
            }),
        ],
    };

    private static DiagnosisResult Select(ReportInput input)
    {
        if (!input.Options.IsFiltered)
        {
            return input.Diagnosis;
        }

        var findings = input.Diagnosis.Findings.Where(finding => Concerns(finding.Subject, input.Options)).ToImmutableArray();
        return input.Diagnosis with
        {
            Findings = findings,
            Headline = Headline.Of(findings, input.Diagnosis.Unreadable),
            Over = [.. input.Diagnosis.Over.Where(over => Concerns(over.Finding.Subject, input.Options))],
        };
    }

    // What is wrong with the node concerns each of its pods; what its own processes do (an API server, a kubelet) does not.
    private static bool Concerns(FindingSubject subject, ReportOptions options) =>
        subject.IsOfNode || options.Selects(subject.Namespace, subject.Name);
}
