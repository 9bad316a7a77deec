using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>The nf_conntrack settings of a network namespace. /proc/sys/net is always the calling thread's: enter the namespace first.</summary>
internal static class SettingsSource
{
    /// <summary>nf_conntrack_tcp_timeout_close_wait alone; null when nf_conntrack is not loaded.</summary>
    /// <exception cref="Kernel.KernelException">The file may not be read.</exception>
    public static long? ReadCloseWait(string procRoot) => Sysctl.ReadNetfilter(procRoot, $"nf_conntrack_{NetfilterSettings.CloseWait}");

    /// <summary>Settings alone, without count, max and buckets; null when nf_conntrack is not loaded.</summary>
    /// <exception cref="Kernel.KernelException">The files may not be read.</exception>
    public static NamespaceSettings? Read(string procRoot)
    {
        var values = Sysctl.ReadNetfilter(procRoot);
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

        return new NamespaceSettings(new NetfilterSettings(settings.ToImmutable()), count, max, buckets);
    }
}

/// <summary>What /proc/sys/net/netfilter of one namespace says.</summary>
/// <param name="Settings">Timeouts and switches.</param>
/// <param name="Entries">nf_conntrack_count.</param>
/// <param name="Limit">nf_conntrack_max, the machine's.</param>
/// <param name="Buckets">nf_conntrack_buckets, the machine's.</param>
internal sealed record NamespaceSettings(NetfilterSettings Settings, long? Entries, long? Limit, long? Buckets);
