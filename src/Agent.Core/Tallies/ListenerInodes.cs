namespace Agent.Core.Tallies;

/// <summary>The listening sockets of one port, as far as it takes to tell that all of them are others than before.</summary>
/// <remarks>
/// The kernel hands inode numbers out in batches of 1,024 for each processor (get_next_ino, fs/inode.c): a later socket has the lower
/// number where it was made on another processor.
/// </remarks>
public struct ListenerInodes
{
    private const int Bits = 64;

    private ulong _lowest;
    private ulong _highest;
    private ulong _bits;

    /// <summary>True when there are none, or their numbers are not known.</summary>
    public readonly bool IsEmpty => _highest == 0;

    /// <summary>Adds a socket.</summary>
    /// <param name="inode">Its number; 0 when unknown.</param>
    public void Add(ulong inode)
    {
        if (inode == 0)
        {
            return;
        }

        _lowest = IsEmpty ? inode : Math.Min(_lowest, inode);
        _highest = Math.Max(_highest, inode);
        _bits |= 1UL << (int)(inode % Bits);
    }

    /// <summary>
    /// True when none of these sockets is among others. Of one socket that is always seen; of some whose numbers lie among those of the
    /// others perhaps not.
    /// </summary>
    /// <param name="others">The others; not empty.</param>
    public readonly bool SharesNoneWith(in ListenerInodes others) =>
        _highest < others._lowest || _lowest > others._highest || (_bits & others._bits) == 0;
}
