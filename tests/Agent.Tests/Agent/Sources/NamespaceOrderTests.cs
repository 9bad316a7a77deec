using Agent.Kernel.Namespaces;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

/// <summary>Who is looked at first where there are more namespaces than are looked at.</summary>
public sealed class NamespaceOrderTests
{
    [Fact]
    public void Choose_MoreThanInAll_EverybodysOldestFirst()
    {
        const int Pods = 200;
        var networks = Enumerable.Range(0, Pods * NamespaceChoice.MaxPerOwner)
            .Select(static number => Network(number, CgroupOwnerKind.Pod, $"pod-{number % Pods}", startTicks: (ulong)(10_000 - number))).ToArray();
        new Random(7).Shuffle(networks);

        var (chosen, leftOut) = NamespaceChoice.Choose(networks);

        var ofPods = chosen.ToLookup(static network => network.Oldest!.Owner.PodUid);
        Assert.Equal((NamespaceChoice.MaxInAll, networks.Length - NamespaceChoice.MaxInAll), (ofPods.Sum(static pod => pod.Count()), leftOut));
        Assert.Equal(Pods, ofPods.Count);
        Assert.All(ofPods, pod =>
        {
            Assert.InRange(pod.Count(), NamespaceChoice.MaxInAll / Pods, (NamespaceChoice.MaxInAll / Pods) + 1);
            Assert.Equal(
                networks.Where(network => network.Oldest!.Owner.PodUid == pod.Key).OrderBy(static network => network.Oldest!.StartTicks).Take(pod.Count()),
                pod.OrderBy(static network => network.Oldest!.StartTicks));
        });
    }

    [Fact]
    public void Choose_MoreThanInAll_PodsBeforeContainersBeforeNamesBeforeNobodys()
    {
        CgroupOwnerKind[] kinds = [CgroupOwnerKind.None, CgroupOwnerKind.None, CgroupOwnerKind.Container, CgroupOwnerKind.Pod];
        var networks = Enumerable.Range(0, 1600).Select(number => Network(number, kinds[number / 400], $"{number}", startTicks: (ulong)number + 1)).ToArray();
        foreach (var named in networks[400..800])
        {
            named.Name = "a name";
        }

        var (chosen, leftOut) = NamespaceChoice.Choose(networks);

        var all = chosen.ToHashSet();
        Assert.Equal(1600 - NamespaceChoice.MaxInAll, leftOut);
        Assert.Superset(networks[800..].ToHashSet(), all);
        Assert.Equal(NamespaceChoice.MaxInAll - 800, networks[400..800].Count(all.Contains));
    }

    private static NetworkNamespace Network(int number, CgroupOwnerKind kind, string owner, ulong startTicks)
    {
        var network = new NetworkNamespace((ulong)number + 1) { Inode = (ulong)number + 1 };
        network.Add(new(number + 1, 1, TimeSpan.Zero) { StartTicks = startTicks, Owner = new(kind, owner, owner) }, scan: 1);
        return network;
    }
}
