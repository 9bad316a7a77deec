using Agent.Core.Model;
using Agent.Kernel;
using Agent.Kernel.Conntrack;

namespace Agent.Sources;

/// <summary>Conntrack's counters of the node's namespace: netlink, or /proc/net/stat/nf_conntrack.</summary>
internal static class ConntrackStatisticsSource
{
    public static (SourceReport Report, ConntrackStatistics? Statistics) Read(ConntrackNetlink? netlink, string procFile, TimeProvider time, CancellationToken cancellationToken)
    {
        var clock = new SourceClock(SourceNames.ConntrackStats, time);
        if (netlink is not null)
        {
            try
            {
                return (clock.Ok("netlink", 1), netlink.ReadStatistics(cancellationToken));
            }
            catch (KernelException exception)
            {
                return (clock.Report("netlink", SourceStatus.Failed, exception.Message, 0), null);
            }
        }

        try
        {
            return NfConntrackStat.Read(procFile) is { } stat
                ? (clock.Ok("procfs", 1), stat.Statistics)
                : (clock.Report("procfs", SourceStatus.Unavailable, $"{procFile} does not exist: drops and invalid packets are unknown", 0), null);
        }
        catch (KernelException exception)
        {
            return (clock.Report("procfs", SourceStatus.Unavailable, $"{exception.Message}: drops and invalid packets are unknown", 0), null);
        }
    }
}
