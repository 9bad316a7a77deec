using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>
/// Tells the sockets of the node's namespace apart, which hostNetwork pods share: by the cgroup that a socket was made in, and
/// for half-closed ones also by the process that holds them. Names those processes.
/// </summary>
internal sealed class SocketHolders : IDisposable
{
    private readonly SocketOwners _holders;
    private readonly CgroupInodes _cgroups;
    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, int> _slotsByCgroup = [];

    public SocketHolders(string procRoot, string cgroupRoot, CgroupClassification classify)
    {
        _holders = new SocketOwners(procRoot);
        _cgroups = new CgroupInodes(cgroupRoot, classify);
    }

    /// <summary>Processes whose descriptors may not be looked at.</summary>
    public int Denied => _holders.Denied;

    /// <summary>
    /// True when cgroup ids tell pods apart. Beside v1 hierarchies a runtime often leaves all pods in one v2 cgroup, which tells nothing.
    /// </summary>
    public bool CgroupsTellPods { get; private set; }

    /// <summary>Starts a scan.</summary>
    public void Begin(IReadOnlyList<Owner> owners)
    {
        _holders.BeginScan();
        _cgroups.BeginScan();
        _slotsByCgroup.Clear();
        _slots.Clear();
        for (var slot = 1; slot < owners.Count; slot++)
        {
            if (owners[slot].HostNetwork)
            {
                _slots[Key(owners[slot].Identity)] = slot;
            }
        }

        CgroupsTellPods = _slots.Count > 0 && _cgroups.IsAvailable;
    }

    /// <summary>The owner of a socket of the node's namespace by its cgroup: the host unless it is a hostNetwork pod's.</summary>
    public int SlotOf(ulong cgroupId)
    {
        if (!_slotsByCgroup.TryGetValue(cgroupId, out var slot))
        {
            _slotsByCgroup[cgroupId] = slot = _cgroups.Find(cgroupId) is { } owner ? SlotOf(owner) : 0;
        }

        return slot;
    }

    /// <summary>Names the processes that hold half-closed sockets of one namespace and, in the node's, corrects the owners.</summary>
    public void Complete(Span<HalfClosedSocket> sockets, NetworkNamespace network, bool isHost)
    {
        var inodes = new List<ulong>(sockets.Length);
        foreach (ref readonly var socket in sockets)
        {
            inodes.Add(socket.Socket.Inode);
        }

        _holders.Search(inodes, network.Processes);
        foreach (ref var socket in sockets)
        {
            if (_holders.Find(socket.Socket.Inode) is not { } holder)
            {
                continue;
            }

            socket.Process = new OwnerProcess(holder.Command, holder.Pid);
            if (isHost && socket.Owner == 0)
            {
                socket.Owner = SlotOf(holder.Owner);
            }
        }
    }

    public void Dispose() => _holders.Dispose();

    private int SlotOf(CgroupOwner owner) => owner.Kind switch
    {
        CgroupOwnerKind.Pod => _slots.GetValueOrDefault(owner.PodUid),
        CgroupOwnerKind.Container => _slots.GetValueOrDefault(OwnerResolver.ContainerName(owner.ContainerId)),
        _ => 0,
    };

    private static string Key(PodIdentity identity) => identity.Kind == PodKind.Pod ? identity.Uid : identity.Name;
}
