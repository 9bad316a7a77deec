namespace Agent.Tests.Fuzzing;

/// <summary>A reader of bytes that others make.</summary>
/// <param name="Name">The name of its corpus, a file of Fixtures/fuzz.</param>
/// <param name="Seeds">Valid inputs.</param>
/// <param name="Read">Reads any bytes.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Read)
{
    /// <summary>What it may throw.</summary>
    public Func<Exception, bool> IsDocumented { get; init; } = static _ => false;
}
