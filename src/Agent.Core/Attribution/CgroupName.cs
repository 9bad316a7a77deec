using System.Buffers;

namespace Agent.Core.Attribution;

/// <summary>Reads the name of one cgroup directory, as container runtimes and the kubelet give them.</summary>
internal static class CgroupName
{
    private const int ContainerIdLength = 64;
    private const int HashLength = 32;
    private const int UuidLength = 36;

    private static readonly SearchValues<byte> s_hexDigits = SearchValues.Create("0123456789abcdef"u8);
    private static readonly SearchValues<byte> s_digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> s_idCharacters = SearchValues.Create(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."u8);

    /// <summary>
    /// True for the cgroup of a container's monitor (<c>crio-conmon-ID.scope</c>, <c>libpod-conmon-ID.scope</c>): the monitor runs
    /// in the host's namespaces, so counting it as the pod's would make every pod look like a hostNetwork one.
    /// </summary>
    public static bool IsMonitor(ReadOnlySpan<byte> name) => name.IndexOf("-conmon-"u8) >= 0;

    /// <summary>Reads <c>podUID</c> or <c>...kubepods...-podUID.slice</c>, also with <c>:RUNTIME:CONTAINER</c> behind it.</summary>
    /// <param name="name">A name.</param>
    /// <param name="underKubepods">True when a name before this one had "kubepods" in it: then any uid will do.</param>
    /// <param name="uid">The uid as written.</param>
    /// <param name="container">The container id of the colon form; otherwise empty.</param>
    public static bool TryReadPod(ReadOnlySpan<byte> name, bool underKubepods, out ReadOnlySpan<byte> uid, out ReadOnlySpan<byte> container)
    {
        uid = default;
        container = default;
        var colon = name.IndexOf((byte)':');
        var directory = colon < 0 ? name : name[..colon];

        if (directory.StartsWith("pod"u8))
        {
            uid = directory["pod".Length..];
            if (!IsUid(uid) && !(underKubepods && IsId(uid)))
            {
                return false;
            }
        }
        else if (!TryReadSlice(directory, out uid))
        {
            return false;
        }

        container = colon < 0 ? default : ReadPodContainer(name[(name.LastIndexOf((byte)':') + 1)..]);
        return true;
    }

    /// <summary>Reads the id of a container right below its pod: <c>ID</c> or <c>RUNTIME-ID.scope</c>.</summary>
    /// <returns>Empty when the name is none (<c>init.scope</c>, a controller's own directory).</returns>
    public static ReadOnlySpan<byte> ReadPodContainer(ReadOnlySpan<byte> name)
    {
        var isScope = name.EndsWith(".scope"u8);
        var id = isScope ? name[..^".scope".Length] : name;
        var dash = id.LastIndexOf((byte)'-');
        if (dash < 0 && isScope)
        {
            return default;
        }

        id = id[(dash + 1)..];
        return id.IndexOfAnyExcept(s_idCharacters) < 0 && id.IndexOf((byte)'.') < 0 ? id : default;
    }

    /// <summary>Reads the id of a container that is no pod, or whose pod is not in the path.</summary>
    /// <param name="name">A name.</param>
    /// <param name="next">The name below it.</param>
    /// <param name="id">The container's id, or its name where the runtime has names only (LXC, Garden).</param>
    public static bool TryReadContainer(ReadOnlySpan<byte> name, ReadOnlySpan<byte> next, out ReadOnlySpan<byte> id)
    {
        var bare = name.EndsWith(".scope"u8) ? name[..^".scope".Length] : name;
        id = bare[(bare.LastIndexOf((byte)'-') + 1)..];
        if (id.Length == ContainerIdLength && IsHex(id))
        {
            return true;
        }

        if (IsFargateTask(name))
        {
            id = name;
            return true;
        }

        if (name.StartsWith("lxc.payload."u8))
        {
            id = name["lxc.payload.".Length..];
            return !id.IsEmpty;
        }

        id = name.SequenceEqual("lxc"u8) || name.SequenceEqual("garden"u8) ? next : default;
        return !id.IsEmpty && IsId(id);
    }

    private static bool TryReadSlice(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> uid)
    {
        uid = default;
        var kubepods = name.IndexOf("kubepods"u8);
        if (kubepods < 0 || !name.EndsWith(".slice"u8))
        {
            return false;
        }

        var rest = name[(kubepods + "kubepods".Length)..^".slice".Length];
        var pod = rest.IndexOf("-pod"u8);
        if (pod < 0)
        {
            return false;
        }

        uid = rest[(pod + "-pod".Length)..];
        return IsId(uid);
    }

    // A UUID with dashes, or with the underscores of the systemd driver, or the hash of a static pod's manifest.
    private static bool IsUid(ReadOnlySpan<byte> text) => text.Length switch
    {
        HashLength => IsHex(text),
        UuidLength => IsUuid(text),
        _ => false,
    };

    private static bool IsUuid(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var isSeparator = text[i] is (byte)'-' or (byte)'_';
            if (isSeparator != (i is 8 or 13 or 18 or 23) || (!isSeparator && !s_hexDigits.Contains(text[i])))
            {
                return false;
            }
        }

        return true;
    }

    // ECS on Fargate: 32 hexadecimal digits of the task, a dash, the container's number.
    private static bool IsFargateTask(ReadOnlySpan<byte> name) =>
        name.Length > HashLength + 1 && name[HashLength] == '-' && IsHex(name[..HashLength])
        && name[(HashLength + 1)..].IndexOfAnyExcept(s_digits) < 0;

    private static bool IsHex(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept(s_hexDigits) < 0;

    private static bool IsId(ReadOnlySpan<byte> text) => !text.IsEmpty && text.IndexOfAnyExcept(s_idCharacters) < 0;
}
