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

    /// <summary>A busy machine reads late, and namespaces go by hundreds at once: the kernel's own room is for fewer than 300 changes.</summary>
    [Fact]
    public void TryReadChange_HundredsAtOnce_TellsOfAll()
    {
        const int Many = 300;
        using var host = new NetworkNamespaceFixture();
        using var numbers = host.Inside(NamespaceNumbers.Open);
        for (var i = 0; i < Many; i++)
        {
            using var other = new NetworkNamespaceFixture();
            using var file = ProcFile.Open(other.Path);
            numbers.FindOrAssign(file);
        }

        var (assigned, ended) = (0, 0);
        SpinWait.SpinUntil(
            () =>
            {
                while (numbers.TryReadChange(out var change))
                {
                    (assigned, ended) = change.IsAssigned ? (assigned + 1, ended) : (assigned, ended + 1);
                }

                return ended >= Many;
            },
            TimeSpan.FromSeconds(30));

        Assert.Equal((Many, Many), (assigned, ended));
    }
}
