using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Agent.Tests.Agent.Reporting;

/// <summary>Whoever else may listen on the agent's port: accepts connections and says what a test wants, whatever it is asked.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    /// <param name="answer">Sent when the head of the request has come; null: nothing, and the connection stays open.</param>
    public ScriptedServer(string? answer)
    {
        _listener.Start();
        _serving = ServeAsync(answer is null ? null : Encoding.Latin1.GetBytes(answer));
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _serving;
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task ServeAsync(byte[]? answer)
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                var stream = client.GetStream();
                var head = "";
                var buffer = new byte[4096];
                while (!head.Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    var count = await stream.ReadAsync(buffer, _end.Token);
                    if (count == 0)
                    {
                        break;
                    }

                    head += Encoding.Latin1.GetString(buffer, 0, count);
                }

                if (answer is null)
                {
                    await Task.Delay(Timeout.Infinite, _end.Token);
                }

                await stream.WriteAsync(answer, _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
        {
            // The test has ended, or the client has given up.
        }
    }
}
