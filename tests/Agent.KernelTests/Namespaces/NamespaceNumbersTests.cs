using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class NamespaceNumbersTests
{
    [Fact]
    public void FindOrAssign_NamespaceWithoutNumber_GivesItOneAndTellsOfBothChanges()
    {
        using var host = new NetworkNamespaceFixture();
        using var numbers = host.Inside(NamespaceNumbers.Open);
        var other = new NetworkNamespaceFixture();
        int number;
        using (var file = ProcFile.Open(other.Path))
        {
            Assert.Null(numbers.Find(file));
            number = numbers.FindOrAssign(file);
            Assert.Equal(number, numbers.Find(file));
            Assert.Equal(number, numbers.FindOrAssign(file));
        }

        Assert.True(numbers.TryReadChange(out var assigned));
        Assert.Equal(new(number, IsAssigned: true), assigned);
        other.Dispose();

        NamespaceNumberChange removed;
        while (!numbers.TryReadChange(out removed))
        {
            TestContext.Current.CancellationToken.WaitHandle.WaitOne(5);
        }

        Assert.Equal(new(number, IsAssigned: false), removed);
        Assert.False(numbers.TryReadChange(out _));
    }
}
