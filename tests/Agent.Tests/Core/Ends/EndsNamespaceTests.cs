using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class EndsNamespaceTests
{
    private readonly PodEnds _host = new(PodIdentity.Host);
    private readonly PodEnds _pod = new(new PodIdentity(PodKind.Pod, "kube-system", "proxy", "1"));

    [Fact]
    public void OwnerOf_ServerAtAListeningPort_IsThePodThatListensThere()
    {
        var network = new EndsNamespace(1, _host);
        network.AddListener(8080, _pod);
        var tuple = CapturedEnds.Scene("server closes idle").Ends.First(static end => end.Role == EndRole.Server).End.Tuple;

        Assert.Same(_pod, network.OwnerOf(tuple, EndRole.Server));
        Assert.Same(_host, network.OwnerOf(tuple, EndRole.Client));
        Assert.Same(_host, network.OwnerOf(tuple.Reversed, EndRole.Server));
    }

    [Fact]
    public void RoleOf_PortListens_EveryCapturedEnd()
    {
        var network = new EndsNamespace(1, _host);
        network.AddListener(8080, _host);

        Assert.All(CapturedEnds.Names.SelectMany(static name => CapturedEnds.Scene(name).Ends), end => Assert.Equal(end.Role, network.RoleOf(end.End, out _)));
    }

    [Fact]
    public void RoleOf_NoPortIsKnownToListen_NumbersTell()
    {
        // A program that began to listen after the last scan.
        var network = new EndsNamespace(1, _host);

        Assert.All(CapturedEnds.Names.SelectMany(static name => CapturedEnds.Scene(name).Ends), end => Assert.Equal(end.Role, network.RoleOf(end.End, out _)));
    }

    [Theory]
    [InlineData(8080, 40000, EndRole.Server, false)]
    [InlineData(40000, 8080, EndRole.Client, false)]
    [InlineData(40000, 40001, EndRole.Client, true)]
    [InlineData(8080, 8081, EndRole.Client, true)]
    public void RoleOf_NothingIsKnown_PortsTell(ushort local, ushort remote, EndRole role, bool isGuess)
    {
        var end = new ConnectionEnd { Tuple = new(default, default, local, remote) };

        Assert.Equal((role, isGuess), (new EndsNamespace(1, _host).RoleOf(end, out var guessed), guessed));
    }

    [Fact]
    public void AddListener_MoreThanAreRemembered_IsIgnored_AndKnownOnesChange()
    {
        var network = new EndsNamespace(1, _host);
        for (ushort port = 1; port <= EndsNamespace.MaxListeners + 100; port++)
        {
            network.AddListener(port, _host);
        }

        network.AddListener(1, _pod);

        Assert.Same(_pod, network.OwnerOf(new(default, default, 1, 50000), EndRole.Server));
        network.AddListener(EndsNamespace.MaxListeners + 1, _pod);
        Assert.Same(_host, network.OwnerOf(new(default, default, EndsNamespace.MaxListeners + 1, 50000), EndRole.Server));
    }
}
