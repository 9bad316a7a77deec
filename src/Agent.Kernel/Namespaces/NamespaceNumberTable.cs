namespace Agent.Kernel.Namespaces;

/// <summary>
/// Which network namespace a number (nsid) meant when a message was sent: gives each namespace an id that is never used again, though
/// numbers are. Not thread-safe.
/// </summary>
/// <remarks>
/// Messages and changes of numbers come by two sockets, without a common order. A number that only ended still means who had it, until
/// every message from before has been read. One that ended and was given again in between may mean either: then nobody is named.
/// </remarks>
internal sealed class NamespaceNumberTable
{
    /// <summary>The id of nobody: it cannot be told whose the number was.</summary>
    public const int Unknown = -1;

    private readonly Dictionary<int, Entry> _byNumber = [];
    private readonly Dictionary<ulong, int> _numbersByTables = [];
    private readonly HashSet<int> _live = [];
    private readonly List<int> _changed = [];
    private bool _isLost;
    private int _lastId;

    /// <summary>True while a namespace still has its number, or messages of it may still come.</summary>
    public bool IsLive(int id) => _live.Contains(id);

    /// <summary>The id of the namespace that a message came from.</summary>
    /// <returns><see cref="Unknown"/> while that cannot be told.</returns>
    public int Find(int number)
    {
        if (_byNumber.TryGetValue(number, out var entry))
        {
            return entry.IsAmbiguous ? Unknown : entry.Id;
        }

        return _isLost ? Unknown : Add(number, isAmbiguous: false);
    }

    /// <summary>The id of a namespace that was held before and has kept its number. All changes up to now were applied.</summary>
    /// <param name="tablesInode"><see cref="NetworkNamespace.Id"/>: no other one has it before the end of this one was told.</param>
    /// <param name="id">The id.</param>
    public bool TryHold(ulong tablesInode, out int id)
    {
        id = Unknown;
        if (!_numbersByTables.TryGetValue(tablesInode, out var number) || _byNumber[number] is not { IsRemoved: false } entry)
        {
            return false;
        }

        id = entry.Id;
        return true;
    }

    /// <summary>The id of a namespace that has the number now and keeps it meanwhile. All changes up to now were applied.</summary>
    /// <param name="number">The number.</param>
    /// <param name="tablesInode">As for <see cref="TryHold"/>; 0 when it is not known.</param>
    public int Hold(int number, ulong tablesInode)
    {
        // That its end was told after its beginning is the kernel's way to free a number before it says so.
        var id = !_byNumber.TryGetValue(number, out var entry) ? Add(number, isAmbiguous: _isLost)
            : entry.IsRemoved ? Add(number, isAmbiguous: true)
            : entry.Id;
        if (tablesInode != 0)
        {
            ForgetTables(number);
            _byNumber[number] = _byNumber[number] with { TablesInode = tablesInode };
            _numbersByTables[tablesInode] = number;
        }

        return id;
    }

    /// <summary>Applies what the kernel told.</summary>
    public void Apply(NamespaceNumberChange change)
    {
        var isKnown = _byNumber.TryGetValue(change.Number, out var entry);
        if (change.IsAssigned)
        {
            Add(change.Number, isAmbiguous: isKnown || _isLost);
        }
        else if (isKnown)
        {
            _byNumber[change.Number] = entry with { IsRemoved = true };
            _changed.Add(change.Number);
        }
    }

    /// <summary>Changes were lost: no number means for sure what it meant.</summary>
    public void Forget()
    {
        _byNumber.Clear();
        _numbersByTables.Clear();
        _live.Clear();
        _changed.Clear();
        _isLost = true;
    }

    /// <summary>Every message that was sent before the changes applied so far has been read.</summary>
    public void CatchUp()
    {
        _isLost = false;
        foreach (var number in _changed)
        {
            if (!_byNumber.TryGetValue(number, out var entry))
            {
                continue;
            }

            if (entry.IsRemoved)
            {
                ForgetTables(number);
                _byNumber.Remove(number);
                _live.Remove(entry.Id);
            }
            else
            {
                _byNumber[number] = entry with { IsAmbiguous = false };
            }
        }

        _changed.Clear();
    }

    private int Add(int number, bool isAmbiguous)
    {
        if (_byNumber.TryGetValue(number, out var before))
        {
            ForgetTables(number);
            _live.Remove(before.Id);
        }

        if (isAmbiguous)
        {
            _changed.Add(number);
        }

        _byNumber[number] = new(++_lastId, isAmbiguous, IsRemoved: false, TablesInode: 0);
        _live.Add(_lastId);
        return _lastId;
    }

    private void ForgetTables(int number)
    {
        var inode = _byNumber[number].TablesInode;
        if (inode != 0 && _numbersByTables.TryGetValue(inode, out var current) && current == number)
        {
            _numbersByTables.Remove(inode);
        }
    }

    /// <param name="Id">The namespace that has the number.</param>
    /// <param name="IsAmbiguous">Messages of another one that had it before may still come.</param>
    /// <param name="IsRemoved">It has ended; messages of it may still come.</param>
    /// <param name="TablesInode">Of the namespace, once it was held; 0 before.</param>
    private readonly record struct Entry(int Id, bool IsAmbiguous, bool IsRemoved, ulong TablesInode);
}
