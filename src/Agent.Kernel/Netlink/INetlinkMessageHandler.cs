namespace Agent.Kernel.Netlink;

/// <summary>Receives the messages of one answer. Implement it as a struct or ref struct: a dump is generic over it.</summary>
public interface INetlinkMessageHandler
{
    /// <summary>True when nothing more is wanted: the rest of a dump is not read.</summary>
    bool IsFull { get; }

    /// <summary>One message that is neither an error nor the end.</summary>
    /// <param name="type">nlmsg_type.</param>
    /// <param name="payload">What follows the header; valid during the call only.</param>
    /// <returns>False when the bytes are not what the type promises: the message is counted as malformed.</returns>
    bool OnMessage(ushort type, ReadOnlySpan<byte> payload);

    /// <summary>The dump starts over: forget everything received so far.</summary>
    void Restart();
}
