using System.Buffers.Text;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>Tells the network namespaces of processes apart.</summary>
internal interface INamespaceIdentity
{
    /// <summary>A number that two processes share exactly when they share their network namespace.</summary>
    /// <returns>0 or the error number.</returns>
    int Read(DirectoryHandle root, int pid, out ulong id);
}

/// <summary>On a running kernel: the inode of /proc/PID/net/tcp. One system call, no right needed.</summary>
internal sealed class LiveNamespaceIdentity : INamespaceIdentity
{
    public int Read(DirectoryHandle root, int pid, out ulong id)
    {
        var errno = root.Stat(pid, "net/tcp"u8, out var status);
        id = status.Inode;
        return errno;
    }
}

/// <summary>
/// In a captured tree every file has an inode of its own. There the link <c>ns/net</c> tells namespaces apart where it was captured;
/// otherwise processes with the same addresses are taken to share a namespace.
/// </summary>
internal sealed class CapturedNamespaceIdentity : INamespaceIdentity
{
    private readonly byte[] _buffer = new byte[256 * 1024];

    public int Read(DirectoryHandle root, int pid, out ulong id)
    {
        var errno = root.Stat(pid, "net/tcp"u8, out _);
        id = 0;
        return errno != 0 || NamespaceLink.TryRead(root, pid, out id) ? errno : HashOfAddresses(root, pid, out id);
    }

    private int HashOfAddresses(DirectoryHandle root, int pid, out ulong id)
    {
        var hash = new HashCode();
        foreach (var file in new[] { "net/fib_trie", "net/if_inet6" })
        {
            _ = root.Read(pid, System.Text.Encoding.ASCII.GetBytes(file), _buffer, out var length);
            hash.AddBytes(_buffer.AsSpan(0, length));
        }

        id = (uint)hash.ToHashCode() | (1UL << 32);
        return 0;
    }
}

/// <summary>Reads <c>net:[4026531840]</c>, namespaces(7).</summary>
internal static class NamespaceLink
{
    /// <summary>The inode of a process's network namespace; needs the right to trace it (ptrace(2)).</summary>
    /// <returns>False when that is not allowed, or the process is gone.</returns>
    public static bool TryRead(DirectoryHandle root, int pid, out ulong inode)
    {
        Span<byte> link = stackalloc byte[64];
        inode = 0;
        return root.ReadLink(pid, "ns/net"u8, link, out var length) == 0 && TryParse(link[..length], out inode);
    }

    public static bool TryParse(ReadOnlySpan<byte> link, out ulong inode)
    {
        inode = 0;
        return link.StartsWith("net:["u8) && Utf8Parser.TryParse(link["net:[".Length..], out inode, out var consumed)
            && link["net:[".Length..][consumed..].SequenceEqual("]"u8);
    }
}
