using System.Text;
using Agent.Kernel.Namespaces;

namespace Agent.Core.Attribution;

/// <summary>Turns /proc/PID/cgroup into a <see cref="CgroupOwner"/>; allocates only for an owner that it has not met before.</summary>
/// <remarks>Not thread-safe. <see cref="Classify"/> fits <see cref="CgroupClassification"/>.</remarks>
public sealed class CgroupClassifier
{
    // Far more containers than a node runs; forgetting them costs strings, never correctness (owners are equal by value).
    private const int MaximumOwners = 8192;

    private const int MaximumKeyLength = 512;

    private readonly Dictionary<string, CgroupOwner> _owners = [];

    /// <summary>Whom a process belongs to.</summary>
    /// <param name="procCgroup">The whole of /proc/PID/cgroup; anything else is <see cref="CgroupOwner.None"/>.</param>
    public CgroupOwner Classify(ReadOnlySpan<byte> procCgroup)
    {
        var path = CgroupPath.ParseFile(procCgroup);
        var keyLength = path.PodUid.Length + 1 + path.ContainerId.Length;
        if (path.Kind == CgroupOwnerKind.None || keyLength > MaximumKeyLength)
        {
            return CgroupOwner.None;
        }

        Span<char> key = stackalloc char[keyLength];
        var uid = key[..path.PodUid.Length];
        Encoding.ASCII.GetChars(path.PodUid, uid);
        uid.Replace('_', '-');
        key[uid.Length] = '/';
        Encoding.ASCII.GetChars(path.ContainerId, key[(uid.Length + 1)..]);

        var lookup = _owners.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(key, out var known))
        {
            return known;
        }

        if (_owners.Count >= MaximumOwners)
        {
            _owners.Clear();
        }

        var owner = new CgroupOwner(path.Kind, uid.ToString(), key[(uid.Length + 1)..].ToString());
        _owners.Add(key.ToString(), owner);
        return owner;
    }
}
