using Xunit;

namespace Agent.EndToEndTests.Node;

/// <summary>What happens once, on a node of its own, and is then looked at by the tests of a class (<see cref="SceneTest{TScene}"/>).</summary>
public abstract class NodeScene(NodePool nodes) : IAsyncLifetime
{
    /// <summary>Why it could not be played; null when it was.</summary>
    public string? Unavailable => nodes.Unavailable;

    public async ValueTask InitializeAsync()
    {
        if (Unavailable is not null)
        {
            return;
        }

        var node = await nodes.TakeAsync();
        try
        {
            await PlayAsync(node);
        }
        finally
        {
            await nodes.GiveBackAsync(node);
        }
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs the pods, waits for what is to be seen, and keeps it; the node is emptied afterwards.</summary>
    protected abstract Task PlayAsync(PodNode node);
}
