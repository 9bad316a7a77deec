namespace Agent.Core.Tallies;

/// <summary>What is remembered of every half-closed socket of the node from scan to scan: 24 bytes.</summary>
public struct HalfClosedRecord
{
    /// <summary><see cref="TupleHash"/> of its two ends.</summary>
    public ulong Hash;

    /// <summary>When it was first seen, in hundredths of a second of the scan's clock.</summary>
    public uint FirstSeen;

    /// <summary>The next record of the same bucket, or the next free one; 0 at the end, otherwise a position plus one.</summary>
    public int Next;

    /// <summary>Which <see cref="HalfClosedGroup"/> of this scan.</summary>
    public ushort Group;

    /// <summary><see cref="NamespaceTracking.Tag"/>: two namespaces may have connections with the same ends.</summary>
    public ushort Namespace;

    /// <summary>
    /// Bits of the socket's inode; 0 when it has none any more because its process has closed it. A new connection of the same two ends
    /// has another one.
    /// </summary>
    public ushort Inode;

    /// <summary>What else is known of it.</summary>
    public HalfClosedMarks Marks;

    /// <summary>True when it has all of these marks.</summary>
    public readonly bool Has(HalfClosedMarks marks) => (Marks & marks) == marks;

    /// <summary>Remembers what an entry was while it lives.</summary>
    public void NoteHostEntry(in EntryMatch match) =>
        Note(match, HalfClosedMarks.WasInHostTable, HalfClosedMarks.HostTranslated, HalfClosedMarks.HostWasFresh);

    /// <summary>The same of the table of its own namespace.</summary>
    public void NoteOwnEntry(in EntryMatch match) =>
        Note(match, HalfClosedMarks.WasInOwnTable, HalfClosedMarks.OwnTranslated, HalfClosedMarks.OwnWasFresh);

    /// <summary>Sets or clears marks.</summary>
    public void Set(HalfClosedMarks marks, bool value) => Marks = value ? Marks | marks : Marks & ~marks;

    private void Note(in EntryMatch match, HalfClosedMarks wasThere, HalfClosedMarks translated, HalfClosedMarks wasFresh)
    {
        if (match.Found)
        {
            Set(wasThere, true);
            Set(translated, match.Translated);
            Set(wasFresh, match.IsFresh);
        }
    }
}

/// <summary>What is known of a <see cref="HalfClosedRecord"/>.</summary>
[Flags]
public enum HalfClosedMarks : ushort
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The record is in use.</summary>
    Live = 1 << 0,

    /// <summary>Changes its meaning with each scan; see <see cref="HalfClosedMemory"/>.</summary>
    Seen = 1 << 1,

    /// <summary>The socket is kept in full.</summary>
    Kept = 1 << 2,

    /// <summary>It is in CLOSE_WAIT: the peer closed first.</summary>
    CloseWait = 1 << 3,

    /// <summary><see cref="HalfClosedSocket.IsPrivate"/>.</summary>
    Private = 1 << 4,

    /// <summary>Its packets may pass the host's table by: nobody can tell whether it should be there.</summary>
    MayPassBy = 1 << 5,

    /// <summary>The host's table was asked for it, the last time that it was asked.</summary>
    Asked = 1 << 6,

    /// <summary>The host's table had it then.</summary>
    Found = 1 << 7,

    /// <summary>An earlier scan found it in the host's table.</summary>
    WasInHostTable = 1 << 8,

    /// <summary>An earlier scan found it in the table of its own namespace.</summary>
    WasInOwnTable = 1 << 9,

    /// <summary>That entry in the host's table translated an address or port.</summary>
    HostTranslated = 1 << 10,

    /// <summary>That entry in its own namespace's table did.</summary>
    OwnTranslated = 1 << 11,

    /// <summary>That entry in the host's table was <see cref="EntryMatch.IsFresh"/>.</summary>
    HostWasFresh = 1 << 12,

    /// <summary>That entry in its own namespace's table was.</summary>
    OwnWasFresh = 1 << 13,

    /// <summary>What lasts from one scan to the next.</summary>
    Lasting = Asked | Found | WasInHostTable | WasInOwnTable | HostTranslated | OwnTranslated | HostWasFresh | OwnWasFresh,
}
