using Agent.Core.Ends;
using Agent.Core.Tallies;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>A network namespace whose connections are heard to end. Used by the scan; the lock is the book's.</summary>
/// <param name="book">Counts them.</param>
/// <param name="network">How its ends are judged.</param>
/// <param name="watchedBefore">How long the node had been listened to when its first end came, or it was found.</param>
internal sealed class WatchedNamespace(ConnectionEndBook book, EndsNamespace network, TimeSpan watchedBefore) : ITimeWaitSink
{
    public EndsNamespace Network => network;

    public TimeSpan WatchedBefore => watchedBefore;

    /// <summary>How to reach it; null until a scan has found it.</summary>
    public NetworkNamespace? Target { get; set; }

    /// <summary>True once a scan has said whose it is.</summary>
    public bool IsOwned { get; set; }

    /// <summary>Null when nobody waits for what a dump shows.</summary>
    public ITimeWaitSink? TimeWaits => network.Undecided > 0 ? this : null;

    public void OnTimeWait(in ConnectionTuple tuple) => book.OnTimeWait(this, tuple);

    /// <summary>A dump of its sockets is complete.</summary>
    /// <param name="told">
    /// Who was told what is in TIME_WAIT: <see cref="TimeWaits"/> of before it began. A dump that told nobody, because nobody waited, tells
    /// nothing of an end that came as it began either.
    /// </param>
    /// <param name="beganAt">Monotonic time, read after that.</param>
    public void NoteDump(ITimeWaitSink? told, TimeSpan beganAt)
    {
        if (told is not null)
        {
            book.NoteDump(this, beganAt);
        }
    }
}
