using System.Collections.Concurrent;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Xunit;

[assembly: AssemblyFixture(typeof(NodePool))]

namespace Agent.EndToEndTests.Node;

/// <summary>
/// The nodes of a test run. Whoever takes one has it for itself; it is started when all others are in use, so there are as
/// many as xunit runs classes at a time (xunit.runner.json). Each has namespaces of its own, so they know nothing of each other.
/// </summary>
public sealed class NodePool : IAsyncLifetime
{
    // Ending a pod takes 0.17 s of processor time; ending a node and starting another 0.75 s, whatever runs in it.
    private const int MostPodsToEmpty = 4;

    private readonly ConcurrentBag<PodNode> _free = [];
    private readonly ConcurrentDictionary<string, PodNode> _all = new(StringComparer.Ordinal);
    private readonly ImageStore _images = new();
    private int _started;

    /// <summary>Why this machine can not have such a node; null when it has.</summary>
    public string? Unavailable { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Unavailable = await NodeProcess.WhyNotAsync();
        if (Unavailable is null && Repository.TestsTheImage)
        {
            Repository.Program = BuildProgramAsync();
        }
    }

    /// <summary>A node without pods that nobody else uses until it is given back.</summary>
    public async Task<PodNode> TakeAsync()
    {
        await Repository.Program;
        return await StartOrReuseAsync();
    }

    /// <summary>Empties a node for whoever takes it next, or ends it with all its pods. One that can not be emptied is not used again.</summary>
    public async Task GiveBackAsync(PodNode node)
    {
        if (node.PodCount > MostPodsToEmpty)
        {
            _all.TryRemove(node.Name, out _);
            await node.DisposeAsync();
            return;
        }

        await node.ClearAsync();
        _free.Add(node);
    }

    public async ValueTask DisposeAsync()
    {
        await ((Task)Repository.Program).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_all.Values.Select(node => node.DisposeAsync().AsTask()));
        _images.Dispose();
        Reports.FindingScore.Write();
    }

    private async Task<string> BuildProgramAsync()
    {
        var node = await StartOrReuseAsync();
        var program = Repository.PathOf("artifacts/image/closewatch");
        await AgentImage.SaveProgramAsync(await node.GetAgentImageArchiveAsync(), program);
        await GiveBackAsync(node);
        return program;
    }

    private async Task<PodNode> StartOrReuseAsync()
    {
        if (_free.TryTake(out var node))
        {
            return node;
        }

        node = await PodNode.StartAsync($"node-{Environment.ProcessId}-{Interlocked.Increment(ref _started)}", _images);
        _all[node.Name] = node;
        return node;
    }
}
