namespace Agent.Kernel.SockDiag;

/// <summary>Receives the sockets of one dump, one call a socket. Implement it as a struct: a dump is generic over it.</summary>
public interface ISocketSink
{
    /// <summary>One socket. The reference is valid during the call only.</summary>
    void OnSocket(in TcpSocket socket);

    /// <summary>The dump starts over (the kernel reported it inconsistent): forget everything received so far.</summary>
    void Restart();
}
