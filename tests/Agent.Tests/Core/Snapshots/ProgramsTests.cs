using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Tests.Core.Tallies;
using Xunit;

namespace Agent.Tests.Core.Snapshots;

public sealed class ProgramsTests
{
    /// <summary>What runs in the host's namespace is everybody's; what a pod runs there was told with its processes.</summary>
    [Fact]
    public void Build_PodOnTheHostsNetwork_HasItsOwnProgramsOnly()
    {
        var snapshot = SnapshotBuilder.Build(new()
        {
            TakenAt = default,
            Duration = default,
            Node = new("node", "6.18", "", false),
            Sources = [],
            Owners = [Make.Owner("0", 0), Make.Owner("1", 0) with { HostNetwork = true, HostPrograms = ["node"] }, Make.Owner("2")],
            Namespaces =
            [
                new() { Inode = 1, Tracking = new(true), Programs = ["gunicorn", "node"] },
                new() { Inode = 2, Tracking = new(false), Programs = ["nginx"] },
            ],
            HalfClosed = new HalfClosedTable(),
        });

        Assert.Equal(
            ["0 gunicorn node", "1 node", "2 nginx"],
            snapshot.Pods.OrderBy(static pod => pod.Identity.Name, StringComparer.Ordinal).Select(static pod => $"{pod.Identity.Name} {string.Join(' ', pod.Programs)}"));
    }
}
