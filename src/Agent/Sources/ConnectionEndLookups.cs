using Agent.Core.Ends;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kernel.Conntrack;

namespace Agent.Sources;

/// <summary>Asks the host's conntrack table how connections ended whose other end is on another node.</summary>
/// <remarks>Make it on a thread that is in the host's namespace.</remarks>
/// <param name="timeout">How long one answer may take.</param>
internal sealed class ConnectionEndLookups(TimeSpan timeout) : IDisposable
{
    /// <summary>At most so many in one round: what is left waits for the next one, a second later.</summary>
    private const int MaxLookups = 200;

    private const byte Tcp = 6;

    private readonly ConntrackNetlink _netlink = ConntrackNetlink.Open(timeout);
    private readonly EndLookup[] _lookups = new EndLookup[MaxLookups];

    /// <summary>Asks for something that costs nothing: the socket opens without any privilege.</summary>
    /// <exception cref="KernelException">The table may not be asked.</exception>
    public void Probe() => _ = _netlink.ReadCount();

    /// <summary>Asks what is due.</summary>
    public void Run(ConnectionEndBook book)
    {
        foreach (ref readonly var lookup in _lookups.AsSpan(0, book.TakeLookups(_lookups)))
        {
            book.OnLookup(lookup, Ask(lookup), book.Now);
        }
    }

    /// <summary>Asks whatever is left, early as it may be: nobody will ask later.</summary>
    public void RunAll(ConnectionEndBook book)
    {
        while (book.TakeLastLookups(_lookups) is > 0 and var count)
        {
            foreach (ref readonly var lookup in _lookups.AsSpan(0, count))
            {
                book.OnLookup(lookup, Ask(lookup), book.Now);
            }
        }
    }

    public void Dispose() => _netlink.Dispose();

    private EntryMatch Ask(in EndLookup lookup)
    {
        var match = default(EntryMatch);
        try
        {
            match.Asked = true;
            if (_netlink.TryLookup(Tcp, lookup.Tuple, out var flow))
            {
                match.Set(flow, flow.Original == lookup.Tuple);
            }
        }
        catch (KernelException)
        {
            // This one stays unknown; a table that refuses everything shows in the dump's report.
            match.Asked = false;
        }

        return match;
    }
}
