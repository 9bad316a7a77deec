namespace Agent.Loop;

/// <summary>Holds the newest scan. Written by the loop, read by every request.</summary>
internal sealed class SnapshotStore(TimeProvider time)
{
    private volatile Published? _current;

    /// <summary>The newest scan, however old; null before the first.</summary>
    public Published? Current => _current;

    public void Publish(Published published) => _current = published;

    /// <summary>The newest scan if it may be served.</summary>
    /// <param name="problem">Why there is none.</param>
    public Published? Fresh(out string problem)
    {
        var current = _current;
        if (current is null)
        {
            problem = "no scan of this node has finished yet";
            return null;
        }

        if (time.GetElapsedTime(current.Timestamp) > current.FreshFor)
        {
            problem = "the last scan of this node is older than three intervals (Collection:Interval)";
            return null;
        }

        problem = "";
        return current;
    }
}
