using Agent.Kernel.Net;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// The addresses of one network namespace, each once, in the order of the files. Bounded: an unprivileged user can add a hundred thousand
/// to a namespace of its own.
/// </summary>
/// <param name="maxAddresses">How many are kept.</param>
/// <param name="maxBytes">How much of each file is read.</param>
public sealed class LocalAddresses(int maxAddresses, int maxBytes)
{
    private readonly List<IpAddress> _inOrder = [];
    private readonly HashSet<IpAddress> _known = [];

    /// <summary>What is kept of a namespace that is not the host's.</summary>
    public static LocalAddresses OfPod() => new(1024, 256 * 1024);

    /// <summary>
    /// What is kept of the host's, which has those of all Services under kube-proxy's IPVS mode, and which pods can not add to.
    /// </summary>
    public static LocalAddresses OfHost() => new(65_536, 8 << 20);

    /// <summary>The addresses.</summary>
    public IReadOnlyList<IpAddress> All => _inOrder;

    /// <summary>How much of each file is read.</summary>
    public int MaxBytes => maxBytes;

    /// <summary>True when there are more.</summary>
    public bool IsCut { get; set; }

    /// <summary>Adds an address unless it is there.</summary>
    public void Add(IpAddress address)
    {
        if (_known.Contains(address))
        {
            return;
        }

        if (_inOrder.Count >= maxAddresses)
        {
            IsCut = true;
            return;
        }

        _known.Add(address);
        _inOrder.Add(address);
    }
}
