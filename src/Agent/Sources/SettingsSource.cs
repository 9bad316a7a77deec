using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>
/// The nf_conntrack settings of a network namespace. /proc/sys/net is always the calling thread's: enter the namespace first.
/// </summary>
internal sealed class SettingsSource
{
    private const int MostKnown = 16;

    private static readonly string[] s_watched = [NetfilterSettings.CloseWait, NetfilterSettings.Established];

    private readonly List<NetfilterSettings> _known = [];
    private ImmutableArray<string>? _podNames;

    /// <summary>The timeouts that somebody may be changing while this program watches; none when nf_conntrack is not loaded.</summary>
    /// <param name="procRoot">Where proc is mounted, or a captured tree.</param>
    /// <exception cref="Kernel.KernelException">A file may not be read.</exception>
    public static IReadOnlyList<KeyValuePair<string, long>> ReadTimeouts(string procRoot) => Sysctl.ReadNetfilter(procRoot, s_watched);

    /// <summary>Reads the settings of the calling thread's namespace; null when nf_conntrack is not loaded.</summary>
    /// <param name="procRoot">Where proc is mounted, or a captured tree.</param>
    /// <param name="isHost">Whether this is the node's own: of others only what may differ for a reason is read.</param>
    /// <exception cref="Kernel.KernelException">The files may not be read.</exception>
    public NamespaceSettings? Read(string procRoot, bool isHost)
    {
        // Which there are depends on the kernel and its modules, and is the same in all its namespaces.
        var values = Sysctl.ReadNetfilter(procRoot, isHost ? null : _podNames);
        if (isHost)
        {
            var names = values.Select(static pair => pair.Key).Where(NetfilterSettings.MatterInPods).ToImmutableArray();
            _podNames = names.IsEmpty ? null : names;
        }

        if (values.Count == 0)
        {
            return null;
        }

        var settings = ImmutableSortedDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        long? count = null, max = null, buckets = null;
        foreach (var (name, value) in values)
        {
            switch (name)
            {
                case var _ when !isHost && !NetfilterSettings.MatterInPods(name):
                    break;
                case "count":
                    count = value;
                    break;
                case "max":
                    max = value;
                    break;
                case "buckets":
                    buckets = value;
                    break;
                default:
                    settings[name] = value;
                    break;
            }
        }

        PortRange? localPorts = IpLocalPortRange.Read(procRoot) is var (first, last) ? new(first, last) : null;
        return new NamespaceSettings(Share(settings.ToImmutable()), count, max, buckets, localPorts);
    }

    /// <summary>Hundreds of namespaces have the same forty values: they are kept once.</summary>
    private NetfilterSettings Share(ImmutableSortedDictionary<string, long> values)
    {
        lock (_known)
        {
            return Known(values);
        }
    }

    private NetfilterSettings Known(ImmutableSortedDictionary<string, long> values)
    {
        if (_known.Find(known => known.Values.SequenceEqual(values)) is { } same)
        {
            return same;
        }

        if (_known.Count == MostKnown)
        {
            _known.RemoveAt(0);
        }

        var settings = new NetfilterSettings(values);
        _known.Add(settings);
        return settings;
    }
}

/// <summary>What /proc/sys/net/netfilter of one namespace says.</summary>
/// <param name="Settings">Timeouts and switches.</param>
/// <param name="Entries">nf_conntrack_count.</param>
/// <param name="Limit">nf_conntrack_max, the machine's.</param>
/// <param name="Buckets">nf_conntrack_buckets, the machine's.</param>
/// <param name="LocalPorts">ip_local_port_range; null when not readable.</param>
internal sealed record NamespaceSettings(NetfilterSettings Settings, long? Entries, long? Limit, long? Buckets, PortRange? LocalPorts);
