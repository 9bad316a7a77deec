using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Entries to one destination and port, over the source ports that there are for them.</summary>
public sealed class SnatPortPressureRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "snat-port-pressure";

    private const double InfoShare = 0.4;
    private const double WarningShare = 0.6;
    private const double CriticalShare = 0.9;
    private const int HoldersNamed = 3;
    private const int OthersNamed = 3;

    private static readonly FindingFix s_reuse = new(
        "the clients that hold most of them",
        "reuse connections to that destination: http.Agent({keepAlive: true}), MaxIdleConnsPerHost, a pool, a DNS cache for port 53");

    private static readonly FindingFix s_masquerade = new(
        "masquerading",
        "iptables -t nat -A POSTROUTING -j MASQUERADE --random-fully   # no --to-ports; or SNAT to several addresses",
        FixPlace.NodeShell);

    private static readonly FindingFix s_timeWait = new(
        "sysctl, when most are in TIME_WAIT",
        "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30",
        FixPlace.NodeShell,
        FixReach.HostTable);

    private static readonly FindingFix s_cloud = new(
        "a cloud's NAT",
        "gcloud compute routers nats update $NAT --router=$ROUTER --min-ports-per-vm=4096   # or more addresses; then Diagnosis:NatPorts");

    private static readonly FindingFix s_localPorts = new(
        "sysctl in the pod (securityContext.sysctls; allowed by default)", "net.ipv4.ip_local_port_range: \"1024 65535\"");

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "source ports to one destination run out",
        What = $"""
            All connections from one address to one destination and port need a source port each. What the node translates to its own
            address shares {PortRange.OfNat.Count} of them ({PortRange.OfNat}) for each destination and protocol; a pod takes its own from
            ip_local_port_range; a cloud's NAT has an allotment (Diagnosis:NatPorts). An entry keeps its port until it is forgotten,
            TIME_WAIT and UDP included.
            """,
        Why = "Without a free source port a new connection to that destination is dropped or refused, while all others work: "
            + "time-outs to one database, one API, one DNS server.",
        Seen = "Entries of the dump by destination and translated source address, over the ports that there are; insert_failed.",
        Levels =
        [
            new(Severity.Info, $"from {HumanText.Percent(InfoShare)} of the ports on"),
            new(
                Severity.Warning,
                $"from {HumanText.Percent(WarningShare)} of the ports on, or insert_failed rises as well; of a pod's own ports, from "
                + $"{HumanText.Percent(CriticalShare)} on: it is an estimate"),
            new(Severity.Critical, $"from {HumanText.Percent(CriticalShare)} of the ports on"),
        ],
        Needs = [SourceNames.Conntrack],
        Checks =
        [
            new(
                "entries by destination",
                "conntrack -L 2>/dev/null | grep -oE 'dst=[^ ]+ sport=[0-9]+ dport=[0-9]+' | awk '!(NR % 2 == 0) {print $1, $3}' | sort | "
                + "uniq -c | sort -rn | head"),
            new("clashes", "conntrack -S | grep -o 'insert_failed=[0-9]*'"),
            new("ports of a socket that asks for none", "sysctl net.ipv4.ip_local_port_range"),
        ],
        Fixes = [s_reuse, s_masquerade, s_timeWait, s_cloud, s_localPorts],
        References =
        [
            "https://docs.kernel.org/networking/ip-sysctl.html",
            "https://cloud.google.com/nat/docs/ports-and-addresses",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        if (context.Current.Conntrack?.Flows?.Use is not { } use)
        {
            return [];
        }

        var ofNode = OfNode(context, use);
        return ofNode is null ? OfOwners(context.Current, use) : OfOwners(context.Current, use).Prepend(ofNode);
    }

    /// <summary>How many, to where, translated to which address, whose: a part of a sentence.</summary>
    internal static string Describe(SharedDestination shared)
    {
        var translated = shared.TranslatedTo is { } address ? $" as {address}" : "";
        var named = shared.Holders.Take(HoldersNamed)
            .Select(static holder => $"{TableText.Name(holder.Identity)} {HumanText.Count(holder.Entries)}");
        return $"{TableText.Count(shared.Entries, shared.Error)} to {TableText.Name(shared.Place)}{translated}, "
            + $"of them {string.Join(", ", named)}";
    }

    private Finding? OfNode(DiagnosisContext context, TableUse use)
    {
        var crowded = use.Translated.Select(static shared => (Shared: shared, Ports: PortRange.OfNat.Count, Of: $"of {PortRange.OfNat}"))
            .Concat(BehindOuterNat(context.Options, use))
            .Select(static place => (place.Shared, place.Ports, place.Of, Share: Share(place.Shared, place.Ports)))
            .Where(static place => place.Share >= InfoShare)
            .OrderByDescending(static place => place.Share)
            .ToImmutableArray();
        if (crowded is not [var worst, ..])
        {
            return null;
        }

        var failed = CounterIncrease.OfNode(context, static snapshot => snapshot.Conntrack?.Statistics?.InsertFailed);
        var clashes = failed is { Amount: > 0 } && worst.Shared.TranslatedTo is not null;
        var severity = worst.Share >= CriticalShare ? Severity.Critical
            : worst.Share >= WarningShare || clashes ? Severity.Warning
            : Severity.Info;
        List<string> evidence =
        [
            .. crowded.Take(OthersNamed).Select(static place => $"{Describe(place.Shared)}: {HumanText.Percent(place.Share)} of the "
                + $"{HumanText.Count(place.Ports)} source ports ({place.Of})."),
        ];
        if (worst.Shared.TimeWait * 2 > worst.Shared.Entries)
        {
            evidence.Add($"{HumanText.Percent((double)worst.Shared.TimeWait / worst.Shared.Entries)} of them are in TIME_WAIT.");
        }

        if (clashes)
        {
            evidence.Add($"insert_failed rose by {HumanText.Count(failed!.Value.Amount)} ({HumanText.Rate(failed.Value.Rate)}): packets "
                + "were dropped because their source port was taken, or because two raced for the same entry.");
        }

        return Explanation.Report(
            severity,
            FindingSubject.Node(context.Current),
            $"source ports to {TableText.Name(worst.Shared.Place)} "
            + (severity == Severity.Critical ? "run out" : severity == Severity.Warning ? "may run out" : "are used more than usual"),
            evidence,
            worst.Shared.Entries,
            [s_reuse, .. worst.Shared.TranslatedTo is null ? [s_cloud] : (ImmutableArray<FindingFix>)[s_masquerade, s_timeWait]]);
    }

    /// <summary>
    /// What a NAT outside the node has to translate: connections of this node's owners to public IPv4 addresses, whatever the node has
    /// done with them before.
    /// </summary>
    private static IEnumerable<(SharedDestination Shared, int Ports, string Of)> BehindOuterNat(Thresholds thresholds, TableUse use) =>
        thresholds.NatPorts == 0
            ? []
            : use.Shared
                .Where(static shared => shared.Place is { Kind: PlaceKind.Elsewhere, Port: > 0 })
                .Where(static shared => shared.Place.Address is { IsIPv4: true, IsPrivate: false })
                .Where(static shared => shared.Holders.Any(static holder => holder.Identity is not null))
                .Select(shared => (shared, thresholds.NatPorts, "Diagnosis:NatPorts"));

    private static double Share(SharedDestination shared, int ports) => (double)(shared.Entries - shared.Error) / ports;

    /// <summary>Owners that have used up most of their own ports towards one destination.</summary>
    private IEnumerable<Finding> OfOwners(Snapshot snapshot, TableUse use) =>
        from owner in snapshot.Pods
        where owner is { LocalPorts: not null, HostNetwork: false, Entries: not null }
        let ports = owner.LocalPorts!.Value
        let crowded = use.Destinations
            .Where(destination => destination is { Received: false, Place.Protocol: "tcp" } && destination.Owner == owner.Identity)
            .Select(destination => (Destination: destination, Taken: Taken(destination, owner)))
            .Where(place => place.Taken >= ports.Count * WarningShare)
            .OrderByDescending(static place => place.Taken)
            .Take(1)
        from place in crowded
        select ReportOwner(owner, ports, place.Destination, place.Taken);

    /// <summary>
    /// Ports that are taken, like it: UDP sockets may share a port, and a TIME_WAIT entry holds one only while this side's socket, and not
    /// its peer's, is in TIME_WAIT.
    /// </summary>
    private static long Taken(TableDestination destination, PodSnapshot owner) =>
        destination.Entries - destination.Error - destination.TimeWait + Math.Min(destination.TimeWait, owner.Tcp?[TcpState.TimeWait] ?? 0);

    private Finding ReportOwner(PodSnapshot owner, PortRange ports, TableDestination destination, long taken)
    {
        var share = (double)taken / ports.Count;
        return Explanation.Report(
            share >= CriticalShare ? Severity.Warning : Severity.Info,
            owner,
            $"about {HumanText.Percent(Math.Min(1, share))} of its source ports are in use towards {TableText.Name(destination.Place)}",
            [
                $"{TableText.Count(destination.Entries, destination.Error)} entries to {TableText.Name(destination.Place)}, "
                + $"{HumanText.Count(destination.TimeWait)} of them in TIME_WAIT: about {HumanText.Count(taken)} of the "
                + $"{HumanText.Count(ports.Count)} ports of ip_local_port_range ({ports}).",
            ],
            taken,
            [s_reuse, s_localPorts]);
    }
}
