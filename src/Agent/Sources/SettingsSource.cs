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

    private readonly List<(List<KeyValuePair<string, long>> Values, NetfilterSettings Settings)> _known = [];
    private List<string>? _podNames;

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
            var names = new List<string>(values.Count);
            foreach (var (name, _) in values)
            {
                if (NetfilterSettings.MatterInPods(name))
                {
                    names.Add(name);
                }
            }

            _podNames = names.Count == 0 ? null : names;
        }

        if (values.Count == 0)
        {
            return null;
        }

        var settings = new List<KeyValuePair<string, long>>(values.Count);
        long? count = null, max = null, buckets = null;
        foreach (var pair in values)
        {
            switch (pair.Key)
            {
                case var name when !isHost && !NetfilterSettings.MatterInPods(name):
                    break;
                case "count":
                    count = pair.Value;
                    break;
                case "max":
                    max = pair.Value;
                    break;
                case "buckets":
                    buckets = pair.Value;
                    break;
                default:
                    settings.Add(pair);
                    break;
            }
        }

        PortRange? localPorts = IpLocalPortRange.Read(procRoot) is var (first, last) ? new(first, last) : null;
        return new NamespaceSettings(Share(settings), count, max, buckets, localPorts);
    }

    /// <summary>Hundreds of namespaces have the same forty values, read in the same order: they are kept once.</summary>
    private NetfilterSettings Share(List<KeyValuePair<string, long>> values)
    {
        lock (_known)
        {
            foreach (var known in _known)
            {
                if (AreSame(known.Values, values))
                {
                    return known.Settings;
                }
            }

            if (_known.Count == MostKnown)
            {
                _known.RemoveAt(0);
            }

            var byName = ImmutableSortedDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
            foreach (var (name, value) in values)
            {
                byName[name] = value;
            }

            var settings = new NetfilterSettings(byName.ToImmutable());
            _known.Add((values, settings));
            return settings;
        }
    }

    private static bool AreSame(List<KeyValuePair<string, long>> some, List<KeyValuePair<string, long>> others)
    {
        if (some.Count != others.Count)
        {
            return false;
        }

        for (var i = 0; i < some.Count; i++)
        {
            if (some[i].Value != others[i].Value || !string.Equals(some[i].Key, others[i].Key, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>What /proc/sys/net/netfilter of one namespace says.</summary>
/// <param name="Settings">Timeouts and switches.</param>
/// <param name="Entries">nf_conntrack_count.</param>
/// <param name="Limit">nf_conntrack_max, the machine's.</param>
/// <param name="Buckets">nf_conntrack_buckets, the machine's.</param>
/// <param name="LocalPorts">ip_local_port_range; null when not readable.</param>
internal sealed record NamespaceSettings(NetfilterSettings Settings, long? Entries, long? Limit, long? Buckets, PortRange? LocalPorts);
