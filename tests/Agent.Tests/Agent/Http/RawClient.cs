using System.Net.Sockets;
using System.Text;
using Agent.Tests.Testing;

namespace Agent.Tests.Agent.Http;

/// <summary>A connection without an HTTP library between: what goes over it is what a test writes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly string _host;

    private NetworkStream? _stream;

    private RawClient(string host) => _host = host;

    // Kept: TcpClient gives it only while it believes to be connected.
    private NetworkStream Stream => _stream ??= _client.GetStream();

    public static async Task<RawClient> ConnectAsync(Uri address)
    {
        var client = new RawClient(address.Authority);
        await client._client.ConnectAsync(address.Host, address.Port, Xunit.TestContext.Current.CancellationToken);
        return client;
    }

    public async Task SendAsync(string text) => await Stream.WriteAsync(Encoding.ASCII.GetBytes(text), Xunit.TestContext.Current.CancellationToken);

    /// <summary>Sends bytes and then no more. Returns what comes back; empty when the server closes instead.</summary>
    public async Task<string> SendAllAsync(byte[] bytes)
    {
        try
        {
            await Stream.WriteAsync(bytes, Xunit.TestContext.Current.CancellationToken);
            _client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return "";
        }

        return await ReadToEndAsync();
    }

    /// <summary>Asks for a page and stays connected. Returns the first line of the answer; null when the server has closed.</summary>
    public async Task<string?> AskAsync(string path, string? host = null, string headers = "")
    {
        try
        {
            await SendAsync($"HEAD {path} HTTP/1.1\r\nHost: {host ?? _host}\r\n{headers}\r\n");
            var head = new StringBuilder();
            var buffer = new byte[4096];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                var length = await Stream.ReadAsync(buffer, Xunit.TestContext.Current.CancellationToken);
                if (length == 0)
                {
                    return null;
                }

                head.Append(Encoding.ASCII.GetString(buffer, 0, length));
            }

            return head.ToString()[..head.ToString().IndexOf('\r', StringComparison.Ordinal)];
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether the server has closed it.</summary>
    public bool IsClosed => _client.Client.Poll(0, SelectMode.SelectRead) && _client.Client.Available == 0;

    /// <summary>What the server sends until it closes or resets.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Xunit.TestContext.Current.CancellationToken);
        limit.CancelAfter(Eventually.Limit);
        var received = new MemoryStream();
        try
        {
            await Stream.CopyToAsync(received, limit.Token);
        }
        catch (IOException)
        {
            return Encoding.ASCII.GetString(received.ToArray());
        }

        return Encoding.ASCII.GetString(received.ToArray());
    }

    public void Dispose() => _client.Dispose();
}
