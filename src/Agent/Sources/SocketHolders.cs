using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>
/// Tells the sockets of the node's namespace apart, which pods share: by the cgroup that a socket was made in, and
/// for half-closed ones also by the process that holds them. Names those processes.
/// </summary>
internal sealed class SocketHolders : IDisposable
{
    private readonly SocketOwners _holders;
    private readonly CgroupInodes _cgroups;
    private readonly Dictionary<string, int> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, int> _ownersByCgroup = [];

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
        _ownersByCgroup.Clear();
        _owners.Clear();
        for (var index = 0; index < owners.Count; index++)
        {
            if (owners[index].SharesHost)
            {
                _owners[Key(owners[index].Identity)] = index;
            }
        }

        CgroupsTellPods = _owners.Count > 0 && _cgroups.IsAvailable;
    }

    /// <summary>The owner of a socket of the node's namespace by its cgroup: the host unless it is a hostNetwork pod's.</summary>
    public int OwnerIndexOf(ulong cgroupId)
    {
        if (!_ownersByCgroup.TryGetValue(cgroupId, out var index))
        {
            _ownersByCgroup[cgroupId] = index = _cgroups.Find(cgroupId) is { } owner ? OwnerIndexOf(owner) : Owner.HostIndex;
        }

        return index;
    }

    /// <summary>Names the processes that hold half-closed sockets of one namespace and, in the node's, corrects the owners.</summary>
    public void Complete(Span<HalfClosedSocket> sockets, NetworkNamespace network)
    {
        var inodes = new List<ulong>(sockets.Length);
        foreach (ref readonly var socket in sockets)
        {
            inodes.Add(socket.Socket.Inode);
        }

        _holders.Search(inodes, network.Processes);
        foreach (ref var socket in sockets)
        {
            if (_holders.Find(socket.Socket.Inode) is { } holder)
            {
                var isCorrected = socket.Namespace.IsHost && socket.OwnerIndex == Owner.HostIndex;
                var owner = isCorrected ? OwnerIndexOf(holder.Owner) : socket.OwnerIndex;
                socket.SetHolder(new OwnerProcess(holder.Command, holder.Pid), owner);
            }
        }
    }

    public void Dispose() => _holders.Dispose();

    private int OwnerIndexOf(CgroupOwner owner) => owner.Kind switch
    {
        CgroupOwnerKind.Pod => _owners.GetValueOrDefault(owner.PodUid, Owner.HostIndex),
        CgroupOwnerKind.Container => _owners.GetValueOrDefault(OwnerResolver.ContainerName(owner.ContainerId), Owner.HostIndex),
        _ => Owner.HostIndex,
    };

    private static string Key(PodIdentity identity) => identity.Kind == PodKind.Pod ? identity.Uid : identity.Name;
}
