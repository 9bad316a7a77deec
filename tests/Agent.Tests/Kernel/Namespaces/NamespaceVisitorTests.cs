using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Xunit;

namespace Agent.Tests.Kernel.Namespaces;

/// <summary>Links to namespaces that are none, in a directory that stands in for /proc.</summary>
public sealed class NamespaceVisitorTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory();

    public void Dispose() => _root.Delete(recursive: true);

    /// <summary>Linux 5.10 opens a directory where rights are missing, and setns says EINVAL to it.</summary>
    [Fact]
    public void TryEnter_LinkOpensAsADirectory_IsARefusal()
    {
        _root.CreateSubdirectory("42/ns/net");
        File.WriteAllText(Path.Combine(_root.CreateSubdirectory("42/net").FullName, "tcp"), "");
        var target = new NetworkNamespace(7) { Representative = new(42, 1, TimeSpan.Zero) };

        using var visitor = new NamespaceVisitor(_root.FullName);

        Assert.False(visitor.TryEnter(target, out var failure));
        Assert.True(failure is { IsDenied: true, Denial.Needed: Capability.SysPtrace }, $"{failure}");
    }

    /// <summary>A process that has just ended: its link cannot be followed any more, and its tables are gone.</summary>
    [Fact]
    public void TryEnter_LinkIsThereAndNoTables_IsNoRefusal()
    {
        _root.CreateSubdirectory("42/ns/net");
        using var visitor = new NamespaceVisitor(_root.FullName);

        Assert.False(visitor.TryEnter(new(7) { Representative = new(42, 1, TimeSpan.Zero) }, out var failure));
        Assert.Null(failure);
    }

    [Fact]
    public void TryEnter_ProcessIsGone_IsNoRefusal()
    {
        using var visitor = new NamespaceVisitor(_root.FullName);

        Assert.False(visitor.TryEnter(new(7) { Representative = new(42, 1, TimeSpan.Zero) }, out var failure));
        Assert.Null(failure);
    }

    [Fact]
    public void TryEnter_NothingIsMountedOnTheName_IsGone()
    {
        var name = Path.Combine(_root.FullName, "name");
        File.WriteAllText(name, "");
        using var visitor = new NamespaceVisitor(_root.FullName);

        Assert.False(visitor.TryEnter(new(0) { NamePath = name }, out var failure));
        Assert.Null(failure);
    }
}
