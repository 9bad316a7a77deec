using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Tests.Core.Tracing;

internal static class TraceSamples
{
    public static PodIdentity Web { get; } = new(PodKind.Pod, "shop", "web-7d4b9c6f5-x2x5p", "1");

    public static JudgedEnd IdleClose { get; } = new()
    {
        At = new DateTimeOffset(2026, 3, 1, 14, 3, 22, 104, TimeSpan.Zero),
        Pod = Web,
        Role = EndRole.Server,
        Tuple = new(IpAddress.FromIPv4(0x0AF4_0105), IpAddress.FromIPv4(0x0A00_0001), 8080, 41234),
        Kind = EndKind.ClosedFirstIdle,
        Idle = TimeSpan.FromMilliseconds(5012),
        SentBytes = 430,
        ReceivedBytes = 120,
    };

    public static JudgedEnd Lost => IdleClose with
    {
        Kind = EndKind.ResetUnread,
        Loss = LossCause.UnreadAtClose,
        Idle = TimeSpan.Zero,
        UnreadBytes = 44,
        At = IdleClose.At + TimeSpan.FromSeconds(1),
    };

    public static JudgedEnd Client => IdleClose with
    {
        Pod = PodIdentity.Host,
        Role = EndRole.Client,
        Tuple = new(new IpAddress(0xFD00_0000_0000_0000, 1), new IpAddress(0xFD00_0000_0000_0000, 2), 50000, 5432),
        Kind = EndKind.ResetReceived,
        Loss = LossCause.Unknown,
        Idle = null,
        SentBytes = null,
        ReceivedBytes = null,
        UnacknowledgedBytes = 24,
    };
}
