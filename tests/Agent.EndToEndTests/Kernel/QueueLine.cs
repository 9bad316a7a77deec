using System.Globalization;

namespace Agent.EndToEndTests.Kernel;

/// <summary>A TCP socket with its queues, as <c>ss -Htan</c> prints it.</summary>
/// <param name="Socket">State and both ends.</param>
/// <param name="Receive">Bytes that nobody has read; of a listener, the connections that wait to be accepted.</param>
/// <param name="Send">Bytes that nobody has acknowledged; of a listener, how many may wait.</param>
public sealed record QueueLine(SocketLine Socket, int Receive, int Send)
{
    public static QueueLine Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new QueueLine(SocketLine.Parse(line), int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture));
    }
}
