using Agent.Kernel.Namespaces;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class ListedNamespaceChoiceTests
{
    /// <summary>Descriptors keep as many as a pod likes, and nobody knows whose they are: they must not take the others' places.</summary>
    [Fact]
    public void Choose_ThousandsThatAreOnlyListed_AreOneOwners()
    {
        var listed = Enumerable.Range(1, 3000).Select(static id => new NetworkNamespace(0) { Inode = (ulong)id, ListedId = (ulong)id });
        var named = Enumerable.Range(1, 20).Select(static id => new NetworkNamespace(0) { Inode = 5000 + (ulong)id, Name = $"name{id}" }).ToArray();

        var (chosen, leftOut) = NamespaceChoice.Choose([.. listed, .. named]);

        var all = chosen.ToArray();
        Assert.Equal(3000 - NamespaceChoice.MaxPerOwner, leftOut);
        Assert.Equal(NamespaceChoice.MaxPerOwner, all.Count(static one => one.ListedId != 0));
        Assert.Subset(all.ToHashSet(), named.ToHashSet());
    }
}
