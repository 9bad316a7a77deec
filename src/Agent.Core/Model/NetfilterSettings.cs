using System.Collections.Immutable;

namespace Agent.Core.Model;

/// <summary>
/// The nf_conntrack settings of one network namespace: timeouts and switches by their names below
/// net.netfilter, without the prefix <c>nf_conntrack_</c>.
/// </summary>
/// <param name="Values">
/// For example <c>tcp_timeout_close_wait</c> = 60 (seconds), <c>tcp_be_liberal</c> = 0. Only what this kernel has.
/// </param>
public sealed record NetfilterSettings(ImmutableSortedDictionary<string, long> Values)
{
    /// <summary>Name of the timeout that this program is about.</summary>
    public const string CloseWait = "tcp_timeout_close_wait";

    /// <summary>Name of the timeout of established connections.</summary>
    public const string Established = "tcp_timeout_established";

    private const string Loose = "tcp_loose";

    /// <summary>Seconds until a half-closed connection is forgotten; null when unknown.</summary>
    public long? CloseWaitSeconds => Get(CloseWait);

    /// <summary>Seconds until an idle established connection is forgotten; null when unknown.</summary>
    public long? EstablishedSeconds => Get(Established);

    /// <summary>One value, or null when this kernel does not have it.</summary>
    public long? Get(string name) => Values.TryGetValue(name, out var value) ? value : null;

    /// <summary>
    /// The timeouts alone, in seconds: every name that contains <c>timeout</c>, without the switch <c>timestamp</c> and alike.
    /// </summary>
    public IEnumerable<KeyValuePair<string, long>> Timeouts => Values.Where(static pair => IsTimeout(pair.Key));

    /// <summary>Whether a setting is worth reading in the namespace of a pod: the timeouts, and what remediation may write there.</summary>
    public static bool MatterInPods(string name) => IsTimeout(name) || name is "tcp_be_liberal" or Loose;

    /// <summary>Whether connections are picked up in their middle (nf_conntrack_tcp_loose); null when unknown.</summary>
    public static bool? IsLoose(NetfilterSettings? settings) => settings?.Get(Loose) is { } value ? value != 0 : null;

    private static bool IsTimeout(string name) => name.Contains("timeout", StringComparison.Ordinal);
}
