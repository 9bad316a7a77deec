using System.Text.Json;

namespace Agent.KernelTests.Ends;

/// <summary>What clients.py did at a port, and saw.</summary>
/// <param name="Port">The port.</param>
/// <param name="Leave">Connections that the client closed while they were idle.</param>
/// <param name="Stay">Connections that the server closed, and then the client.</param>
/// <param name="AskLate">Connections on which a request was sent after the server's FIN.</param>
/// <param name="GiveUp">Connections that the client closed without a word while it waited for an answer.</param>
/// <param name="GiveUpWithWords">The same with a TLS alert.</param>
/// <param name="LostFrom">The clients' ports of the requests that got no answer.</param>
internal sealed record ClientCounts(int Port, int Leave, int Stay, int AskLate, int GiveUp, int GiveUpWithWords, int[] LostFrom)
{
    /// <summary>Requests that got no answer.</summary>
    public int Lost => LostFrom.Length;

    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
