using Agent.Kernel.Namespaces;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class NamespaceScanTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("closewatch-scan-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Enter_ItEndedSinceItWasListed_IsNeitherEnteredNorRefused()
    {
        var scan = Enter(pid: 42);

        Assert.Equal((false, false), (scan.IsEntered, scan.IsRefused));
    }

    [Fact]
    public void Enter_ItMayNotBeOpened_IsRefused()
    {
        _root.CreateSubdirectory("42/ns/net");
        File.WriteAllText(Path.Combine(_root.CreateSubdirectory("42/net").FullName, "tcp"), "");

        var scan = Enter(pid: 42);

        Assert.Equal((false, true), (scan.IsEntered, scan.IsRefused));
    }

    private NamespaceScan Enter(int pid)
    {
        var live = new NetworkNamespace(7) { Representative = new(pid, 1, TimeSpan.Zero) };
        var scan = new NamespaceScan(new(7, 1, live, null, new NamespaceMemory(TimeSpan.Zero, isNew: true)), 0, isHost: false);
        using var visitor = new NamespaceVisitor(_root.FullName);
        scan.Enter(visitor);
        return scan;
    }
}
