using System.Buffers.Text;
using Agent.Kernel.Net;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Reads the IPv4 addresses of a namespace from /proc/PID/net/fib_trie, which needs no privilege.
/// Source: fib_trie_seq_show (net/ipv4/fib_trie.c).
/// </summary>
/// <remarks>
/// A leaf is <c>|-- ADDRESS</c>; each route to it follows in a line of its own: <c>/32 host LOCAL</c> is an address of this namespace.
/// In the host's namespace with kube-proxy in IPVS mode the Service addresses (kube-ipvs0) are among them.
/// </remarks>
public static class FibTrie
{
    /// <summary>Adds each local address once, without loopback and link-local ones.</summary>
    /// <param name="text">The file, or as much as was read of it.</param>
    /// <param name="addresses">Is added to.</param>
    public static void Parse(ReadOnlySpan<byte> text, LocalAddresses addresses)
    {
        var leaf = default(IpAddress);
        var isLeaf = false;
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            var line = lines.Current.Trim((byte)' ');
            if (line.StartsWith("|-- "u8))
            {
                isLeaf = TryReadAddress(line["|-- ".Length..], out leaf);
            }
            else if (line.StartsWith("+-- "u8))
            {
                isLeaf = false;
            }
            else if (isLeaf && line.SequenceEqual("/32 host LOCAL"u8) && !leaf.IsLoopback && !leaf.IsLinkLocal)
            {
                addresses.Add(leaf);
            }
        }
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> text, out IpAddress address)
    {
        address = default;
        uint value = 0;
        for (var i = 0; i < 4; i++)
        {
            if (!Utf8Parser.TryParse(text, out byte part, out var consumed))
            {
                return false;
            }

            value = (value << 8) | part;
            text = text[consumed..];
            if (i < 3 && (text.IsEmpty || text[0] != '.'))
            {
                return false;
            }

            text = i < 3 ? text[1..] : text;
        }

        address = IpAddress.FromIPv4(value);
        return text.IsEmpty;
    }
}
