using Agent.Core.Model;
using Agent.Kernel;
using Agent.Kernel.Conntrack;

namespace Agent.Sources;

/// <summary>Conntrack's counters of the node's namespace: netlink, or /proc/net/stat/nf_conntrack.</summary>
internal static class ConntrackStatisticsSource
{
    private const string Cost = "drops and invalid packets are unknown";

    public static (SourceReport Report, ConntrackStatistics? Statistics) Read(
        ConntrackNetlink? netlink, string procFile, TimeProvider time, CancellationToken cancellationToken)
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
                return (clock.Report("netlink", SourceStatus.Failed, SourceProblem.Of(exception), 0), null);
            }
        }

        try
        {
            var missing = new SourceProblem($"{procFile} does not exist: {Cost}", SourceNeeds.ConntrackModule);
            return NfConntrackStat.Read(procFile) is { } stat
                ? (clock.Ok("procfs", 1), stat.Statistics)
                : (clock.Report("procfs", SourceStatus.Unavailable, missing, 0), null);
        }
        catch (KernelException exception)
        {
            var needs = exception.IsDenied ? SourceNeeds.Root : SourceProblem.Of(exception).Needs;
            return (clock.Report("procfs", SourceStatus.Unavailable, new($"{exception.Message}: {Cost}", needs), 0), null);
        }
    }
}
