using Agent.Kernel.Namespaces;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Sources;

[Collection(nameof(Namespaces.LeakTests))]
public sealed class NamespaceChoiceTests
{
    private const int Made = 12;

    [Theory]
    [InlineData(CgroupOwnerKind.Pod, NamespaceChoice.MaxPerOwner)]
    [InlineData(CgroupOwnerKind.Container, NamespaceChoice.MaxPerOwner)]
    [InlineData(CgroupOwnerKind.None, Made)]
    public void Choose_ManyNamespacesOfOneOwner_TheOldestAreLookedAt(CgroupOwnerKind kind, int expected)
    {
        var networks = Enumerable.Range(0, Made).Select(static _ => new NetworkNamespaceFixture()).ToArray();
        var processes = networks.Select(IdleProcess.Start).ToArray();
        try
        {
            using var table = new ProcessTable(new ProcessTableOptions(), _ => new(kind, "uid", "id"));
            table.Refresh(TimeSpan.Zero);
            var names = networks.Select(static network => network.Name).ToHashSet(StringComparer.Ordinal);
            var candidates = table.Namespaces.Where(network => network.Name is { } name && names.Contains(name)).ToArray();
            Assert.Equal(Made, candidates.Length);

            var (chosen, leftOut) = NamespaceChoice.Choose(candidates);
            Assert.Equal(Made - expected, leftOut);
            Assert.Equal(
                candidates.OrderBy(static network => network.RepresentativePid).Take(expected).Select(static network => network.Name).Order(StringComparer.Ordinal),
                chosen.Select(static network => network.Name).Order(StringComparer.Ordinal));
        }
        finally
        {
            Array.ForEach(processes, static process => process.Dispose());
            Array.ForEach(networks, static network => network.Dispose());
        }
    }
}
