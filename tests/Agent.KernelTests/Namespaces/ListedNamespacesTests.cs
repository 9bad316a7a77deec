using System.Globalization;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class ListedNamespacesTests
{
    /// <summary>The descriptor stays, the name goes: from Linux 6.19 on the kernel's list still leads to the namespace.</summary>
    [Fact]
    public void Refresh_NamespaceOfADescriptorAlone_IsFoundWhereTheKernelListsIt()
    {
        ulong inode;
        FileStream held;
        using (var left = new NetworkNamespaceFixture())
        {
            (inode, _) = left.Numbers;
            held = File.OpenRead(left.Path);
        }

        using var table = new ProcessTable(new(), new CgroupClassifier().Classify);
        ulong? instance = null;
        using (held)
        {
            table.Refresh(TimeSpan.FromHours(1));
            var found = table.Namespaces.SingleOrDefault(one => one.Inode == inode);
            Assert.Equal(table.Statistics.Listing == NamespaceListing.All, found is not null);
            if (found is not null)
            {
                instance = found.Instance;
                Assert.Equal((0, null, null), (found.RepresentativePid, found.Name, found.Mount));
                using var thread = new NamespaceThread("/proc");
                thread.Run(visitor =>
                {
                    Assert.True(visitor.TryEnter(found, out var failure), failure?.Message);
                    var link = File.ResolveLinkTarget("/proc/thread-self/ns/net", false)!.Name;
                    Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"net:[{inode}]"), link);
                });
            }
        }

        // Not by its number, which another one may have at once. A program that another test starts at this moment has the descriptor, too,
        // until it is that program.
        var isGone = SpinWait.SpinUntil(
            () =>
            {
                table.Refresh(TimeSpan.FromHours(2));
                return !table.Namespaces.Any(one => one.Instance == instance);
            },
            TimeSpan.FromSeconds(10));
        Assert.True(isGone);
    }
}
