using System.Collections.Immutable;
using System.Globalization;

namespace Agent.Core.Diagnosis;

/// <summary>How one setting of the node is changed, by its operating system.</summary>
internal static class SysctlFixes
{
    /// <summary>One for each kind of system.</summary>
    /// <param name="where">What the fix on a node with a shell is called.</param>
    /// <param name="sysctl">The setting, for example <c>net.netfilter.nf_conntrack_max</c>.</param>
    /// <param name="value">What to set; may be a variable such as <c>$LIMIT</c>.</param>
    /// <param name="place">Where it helps, beside the operating system.</param>
    public static ImmutableArray<FindingFix> Of(string where, string sysctl, string value, FixPlace place) =>
    [
        new(where, $"sysctl -w {sysctl}={value}", place with { NodeOs = NodeOperatingSystems.WithShell }, FixReach.HostTable),
        new(
            "Bottlerocket",
            $"apiclient set 'settings.kernel.sysctl.\"{sysctl}\"={value}'",
            place with { NodeOs = NodeOperatingSystems.Bottlerocket },
            FixReach.HostTable),
        new(
            "Talos",
            $"talosctl patch machineconfig --nodes $NODE --patch '{{\"machine\":{{\"sysctls\":{{\"{sysctl}\":\"{value}\"}}}}}}'",
            place with { NodeOs = NodeOperatingSystems.Talos },
            FixReach.HostTable),
    ];

    /// <summary>What helps at once where kube-proxy sets the value: it does so when it starts, and not again.</summary>
    public static FindingFix UntilKubeProxyStarts(string sysctl, long value) => new(
        "now, until kube-proxy starts again",
        string.Create(CultureInfo.InvariantCulture, $"sysctl -w {sysctl}={value}"),
        FixPlace.WithKubeProxy with { NodeOs = NodeOperatingSystems.WithShell },
        FixReach.HostTable);

    /// <summary>A value that is known beforehand.</summary>
    public static ImmutableArray<FindingFix> Of(string where, string sysctl, long value, FixPlace place) =>
        Of(where, sysctl, value.ToString(CultureInfo.InvariantCulture), place);
}
