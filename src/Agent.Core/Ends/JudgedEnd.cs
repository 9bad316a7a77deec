using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>One end, judged: what a line of <c>closewatch trace</c> shows.</summary>
public readonly record struct JudgedEnd
{
    /// <summary>When the kernel's message came (UTC).</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Whose it was.</summary>
    public PodIdentity Pod { get; init; }

    /// <summary>Which side.</summary>
    public EndRole Role { get; init; }

    /// <summary>Local end first.</summary>
    public ConnectionTuple Tuple { get; init; }

    /// <summary>The server's port, whichever side this is.</summary>
    public ushort ServerPort => Role == EndRole.Server ? Tuple.SourcePort : Tuple.DestinationPort;

    /// <summary>How it ended.</summary>
    public EndKind Kind { get; init; }

    /// <summary>Since the last byte in either direction; null where the kernel does not say, and where no byte ever went.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>The lost request's cause; <see cref="LossCause.Unknown"/> where nobody can say whether one was lost.</summary>
    public LossCause Loss { get; init; }

    /// <summary>True when this end was told before, without its loss, which was found out only now. It is no end of its own.</summary>
    public bool IsCorrection { get; init; }

    /// <summary>Bytes of data sent; null where the kernel does not say.</summary>
    public ulong? SentBytes { get; init; }

    /// <summary>Bytes of data that came; null where the kernel does not say.</summary>
    public ulong? ReceivedBytes { get; init; }

    /// <summary>Bytes of data that were not read.</summary>
    public uint UnreadBytes { get; init; }

    /// <summary>Bytes of data that were not acknowledged.</summary>
    public uint UnacknowledgedBytes { get; init; }
}
