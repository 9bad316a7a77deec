using System.Runtime.InteropServices;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// Tells by the numbers (nsid) that come with messages from which network namespace each one is. One thread resolves messages, any other
/// one may hold namespaces.
/// </summary>
/// <remarks>Make it in the namespace that the messages are received in.</remarks>
internal sealed class NamespaceTracker : IDisposable
{
    private readonly NamespaceNumbers _numbers = NamespaceNumbers.Open();
    private readonly Lock _gate = new();
    private readonly NamespaceNumberTable _table = new();

    /// <summary>Readable when numbers have changed.</summary>
    public SafeHandle Changes => _numbers.Changes;

    /// <summary>The id of the namespace that the calling thread is in, which gets a number if it has none.</summary>
    /// <param name="tablesInode"><see cref="NetworkNamespace.Id"/> of it; 0 when it is not known.</param>
    /// <exception cref="KernelException">EPERM: CAP_NET_ADMIN is missing.</exception>
    public int Hold(ulong tablesInode)
    {
        lock (_gate)
        {
            // The kernel tells that a number ended before the inode can be another namespace's (cleanup_net): no need to ask again.
            ApplyChanges();
            if (_table.TryHold(tablesInode, out var id))
            {
                return id;
            }

            using var file = ProcFile.Open("/proc/thread-self/ns/net");
            var number = _numbers.FindOrAssign(file);

            // The thread keeps the namespace and its number alive: whatever the number meant before has been told by now.
            ApplyChanges();
            return _table.Hold(number, tablesInode);
        }
    }

    /// <summary>True while messages of a namespace may still come.</summary>
    public bool IsLive(int id)
    {
        lock (_gate)
        {
            return _table.IsLive(id);
        }
    }

    /// <summary>Takes note of changes, before the messages are received that <see cref="Resolve"/> is asked for.</summary>
    public void Update()
    {
        lock (_gate)
        {
            ApplyChanges();
        }
    }

    /// <summary>Says of each datagram from which namespace it is.</summary>
    /// <param name="batch">What was received; when that was nothing, all that was sent before is known to have been read.</param>
    /// <param name="received">How many datagrams it holds.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="ownId">The id of the namespace that they were received in.</param>
    public void Resolve(NetlinkBatch batch, int received, Span<int> ids, int ownId)
    {
        lock (_gate)
        {
            if (received == 0)
            {
                _table.CatchUp();
                return;
            }

            // Changes after the datagrams: a number that changed between two of them is told by then.
            ApplyChanges();
            for (var i = 0; i < received; i++)
            {
                ids[i] = batch.NamespaceNumber(i) is { } number ? _table.Find(number) : ownId;
            }
        }
    }

    public void Dispose() => _numbers.Dispose();

    private void ApplyChanges()
    {
        try
        {
            while (_numbers.TryReadChange(out var change))
            {
                _table.Apply(change);
            }
        }
        catch (KernelException exception) when (exception.Errno == ErrnoText.ENOBUFS)
        {
            _table.Forget();
        }
    }
}
