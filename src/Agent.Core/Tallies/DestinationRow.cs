namespace Agent.Core.Tallies;

/// <summary>The entries of one key of a <see cref="DestinationTable"/>.</summary>
public struct DestinationRow
{
    /// <summary>Whose, and to where.</summary>
    public DestinationKey Key;

    /// <summary>Entries; at most <see cref="Error"/> too many, never too few.</summary>
    public int Entries;

    /// <summary>How many of <see cref="Entries"/> may be others', from before this key had a row; 0: the count is exact.</summary>
    public int Error;

    /// <summary>Of these, TCP entries in ESTABLISHED, since the key has its row.</summary>
    public int Established;

    /// <summary>TCP entries in TIME_WAIT, likewise.</summary>
    public int TimeWait;

    /// <summary>Entries that have seen no answer, likewise.</summary>
    public int Unreplied;

    /// <summary>Entries whose destination was translated: it is a service's address or a node port, likewise.</summary>
    public int Redirected;

    /// <summary>Position of the next row of the same bucket plus one; 0 at the end.</summary>
    internal int Next;

    /// <summary>Its bucket.</summary>
    internal int Bucket;
}
