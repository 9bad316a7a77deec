using Xunit;

namespace Agent.EndToEndTests.Node;

/// <summary>A test with real pods, on a node of its own: skipped with the reason where no node can be had.</summary>
public abstract class NodeTest(NodePool nodes) : IAsyncLifetime
{
    private PodNode? _node;

    protected PodNode Node => _node ?? throw new InvalidOperationException("a test has its node from InitializeAsync on");

    public virtual async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(nodes.Unavailable is not null, nodes.Unavailable ?? "");
        _node = await nodes.TakeAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_node is not null)
        {
            await nodes.GiveBackAsync(_node);
        }
    }

    /// <summary>A pod that leaks: it never closes what its clients half-closed.</summary>
    protected Task<Pod> RunLeakyServerAsync(string name, string address = "0.0.0.0") =>
        Node.RunPodAsync(new PodSpec("shop", name, new ContainerSpec("app", Images.TestImages.Peer, "serve", address, "9000")));

    /// <summary>A pod for clients.</summary>
    protected Task<Pod> RunClientAsync(string name) =>
        Node.RunPodAsync(new PodSpec("shop", name, new ContainerSpec("app", Images.TestImages.Peer, "pause")));

    /// <summary>Opens connections from a pod; returns when they are as <paramref name="way"/> says (peer.c).</summary>
    protected async Task OpenAsync(Pod from, string way, string address, int port, int count) =>
        (await Node.ExecAsync(from, "app", "/bin/peer", "open", way, address, $"{port}", $"{count}")).Checked();

    /// <summary>A running agent that scans every second, and has done so once.</summary>
    protected async Task<NodeAgent> StartAgentAsync(params IReadOnlyList<string> settings)
    {
        var agent = await NodeAgent.StartAsync(Node, ["Collection:Interval=1s", .. settings]);
        await agent.ReadyAsync();
        return agent;
    }
}
