namespace Agent.Kernel.Namespaces;

/// <summary>
/// The network namespaces that have a number (nsid) here and that nothing leads to: no process, no name, no mount, and no id. Sockets keep
/// them, or before Linux 6.19 descriptors; they can neither be entered nor read. Not thread-safe.
/// </summary>
/// <remarks>
/// A namespace has a number here when it was asked for one: by an interface that leads to it (veth), or because
/// <see cref="NamespaceTracker"/> once held it. One that never had a number cannot be found at all, unless the kernel lists it
/// (<see cref="ListedNamespaces"/>).
/// </remarks>
public sealed class NumberedNamespaces
{
    /// <summary>More namespaces than this are not compared with their numbers.</summary>
    public const int MaxCompared = 4096;

    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);

    private readonly List<int> _kept = [];
    private readonly HashSet<int> _before = [];
    private readonly List<int> _numbers = [];
    private TimeSpan? _lastPass;

    /// <summary>The numbers, as of the last pass; only those that the pass before found too: a namespace takes a moment to end.</summary>
    public IReadOnlyList<int> Kept => _kept;

    /// <summary>Compares, when that is due.</summary>
    /// <param name="now">A reading of any monotonic clock, the same one each time.</param>
    /// <param name="namespaces">All that something leads to.</param>
    /// <param name="visitor">Of a thread that is in the namespace whose numbers are meant; opens them.</param>
    /// <exception cref="KernelException">The numbers cannot be read.</exception>
    public void Refresh(TimeSpan now, IReadOnlyCollection<NetworkNamespace> namespaces, NamespaceVisitor visitor)
    {
        ArgumentNullException.ThrowIfNull(namespaces);
        ArgumentNullException.ThrowIfNull(visitor);
        if (_lastPass is { } last && now - last < s_period)
        {
            return;
        }

        _lastPass = now;
        _kept.Clear();
        if (namespaces.Count > MaxCompared || !TryCompare(namespaces, visitor))
        {
            _before.Clear();
            return;
        }

        _kept.AddRange(_numbers.Where(_before.Contains));
        _before.Clear();
        _before.UnionWith(_numbers);
    }

    /// <returns>False when a namespace may not be opened: its number may be any of them.</returns>
    private bool TryCompare(IReadOnlyCollection<NetworkNamespace> namespaces, NamespaceVisitor visitor)
    {
        using var numbers = NamespaceNumbers.Open();
        _numbers.Clear();
        numbers.List(_numbers);
        foreach (var known in namespaces)
        {
            if (_numbers.Count == 0)
            {
                break;
            }

            if (!visitor.TryFindNumber(known, numbers, out var number))
            {
                return false;
            }

            if (number is { } found)
            {
                _numbers.Remove(found);
            }
        }

        return true;
    }
}
