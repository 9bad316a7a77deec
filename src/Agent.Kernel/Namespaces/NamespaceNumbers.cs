using System.Runtime.InteropServices;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// The numbers (nsid) that other network namespaces have in the one that this object was opened in, rtnetlink(7): asked for, given, and
/// told when they change. Not thread-safe.
/// </summary>
/// <remarks>Numbers are small, and used again as soon as their namespace is gone. They have no effect but to name.</remarks>
public sealed class NamespaceNumbers : IDisposable
{
    /// <summary>How many numbers <see cref="List"/> gives at most.</summary>
    public const int MaxListed = 65536;

    /// <summary>
    /// Asked for, for changes that were not read yet; the kernel counts about 1 KiB for each. A drained node ends hundreds of namespaces at
    /// once, and where changes are lost no number means anything for sure.
    /// </summary>
    private const int ReceiveBufferBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan s_receiveTimeout = TimeSpan.FromSeconds(2);

    private readonly NetlinkConnection _requests;
    private readonly NetlinkSocket _changes;
    private readonly NetlinkBatch _batch = new();
    private int _received;
    private int _next;

    private NamespaceNumbers(NetlinkConnection requests, NetlinkSocket changes)
    {
        _requests = requests;
        _changes = changes;
    }

    /// <summary>Opens it in the network namespace of the calling thread; it stays that namespace's, whatever thread uses it.</summary>
    /// <exception cref="KernelException">EINVAL: the kernel does not tell of changes (before Linux 4.1).</exception>
    public static NamespaceNumbers Open()
    {
        var changes = NetlinkSocket.Open(NETLINK_ROUTE, TimeSpan.Zero);
        try
        {
            _ = changes.GrowReceiveBuffer(ReceiveBufferBytes);
            changes.Join(RTNLGRP_NSID);
            return new(NetlinkConnection.Open(NETLINK_ROUTE, s_receiveTimeout), changes);
        }
        catch
        {
            changes.Dispose();
            throw;
        }
    }

    /// <summary>Readable when a change is to be read.</summary>
    internal SafeHandle Changes => _changes;

    /// <summary>The number of a namespace.</summary>
    /// <param name="file">An open /proc/PID/ns/net, or a name that is mounted on one.</param>
    /// <returns>Null when it has none.</returns>
    /// <exception cref="KernelException">EINVAL: the file is no network namespace.</exception>
    public int? Find(SafeHandle file)
    {
        Span<byte> bytes = stackalloc byte[64];
        var handler = new AnswerHandler();
        _requests.GetOne(Request(bytes, RTM_GETNSID, 0, file).Finish(), "number of a namespace (RTM_GETNSID)", 0, ref handler);
        return handler.Number;
    }

    /// <summary>The number of a namespace; gives it the next free one when it has none.</summary>
    /// <param name="file">As for <see cref="Find"/>.</param>
    /// <exception cref="KernelException">EPERM: CAP_NET_ADMIN is missing.</exception>
    public int FindOrAssign(SafeHandle file)
    {
        if (Find(file) is { } found)
        {
            return found;
        }

        Span<byte> bytes = stackalloc byte[64];
        Span<byte> number = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(number, NETNSA_NSID_NOT_ASSIGNED);
        var request = Request(bytes, RTM_NEWNSID, NLM_F_ACK, file);
        request.WriteAttribute(NETNSA_NSID, number);
        var handler = new AnswerHandler();

        // EEXIST: somebody else has given it one in between.
        _requests.GetOne(request.Finish(), "number for a namespace (RTM_NEWNSID)", ErrnoText.EEXIST, ref handler);
        return Find(file) ?? throw new KernelException("number for a namespace (RTM_NEWNSID)", ErrnoText.ENOENT);
    }

    /// <summary>All numbers that are given, <see cref="MaxListed"/> at most.</summary>
    /// <param name="into">Receives them.</param>
    /// <exception cref="KernelException">The kernel refused.</exception>
    public void List(ICollection<int> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<byte> bytes = stackalloc byte[64];
        var request = _requests.Begin(bytes, RTM_GETNSID, NLM_F_DUMP);
        request.WriteBytes(stackalloc byte[SizeofRtgenmsg]);
        var handler = new ListHandler(into);
        _requests.Dump(request.Finish(), "numbers of namespaces (RTM_GETNSID)", ref handler, CancellationToken.None);
    }

    /// <summary>Gives the next change, without waiting.</summary>
    /// <param name="change">The change.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="KernelException">ENOBUFS: changes were lost; nothing that was known holds for sure any more.</exception>
    public bool TryReadChange(out NamespaceNumberChange change)
    {
        change = default;
        while (true)
        {
            if (_next == _received)
            {
                _next = 0;
                _received = 0;
                _received = _changes.ReceiveMany(_batch);
                if (_received == 0)
                {
                    return false;
                }
            }

            var messages = new NetlinkMessageReader(_batch.Datagram(_next++));
            if (messages.MoveNext() && NamespaceNumberChange.TryParse(messages.Type, messages.Payload, out change))
            {
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.Dispose();
        _changes.Dispose();
        _batch.Dispose();
    }

    private NetlinkRequestWriter Request(Span<byte> bytes, ushort type, ushort flags, SafeHandle file)
    {
        Span<byte> descriptor = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(descriptor, (int)file.DangerousGetHandle());
        var request = _requests.Begin(bytes, type, flags);
        request.WriteBytes(stackalloc byte[SizeofRtgenmsg]);
        request.WriteAttribute(NETNSA_FD, descriptor);
        return request;
    }

    private readonly struct ListHandler(ICollection<int> into) : INetlinkMessageHandler
    {
        public bool IsFull => into.Count >= MaxListed;

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
        {
            if (NamespaceNumberChange.TryParse(type, payload, out var change))
            {
                into.Add(change.Number);
            }

            return true;
        }

        public void Restart() => into.Clear();
    }

    private struct AnswerHandler : INetlinkMessageHandler
    {
        /// <summary>Null for none: NETNSA_NSID_NOT_ASSIGNED.</summary>
        public int? Number { get; private set; }

        public readonly bool IsFull => false;

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
        {
            Number = NamespaceNumberChange.TryParse(type, payload, out var change) ? change.Number : null;
            return true;
        }

        public readonly void Restart()
        {
        }
    }
}
