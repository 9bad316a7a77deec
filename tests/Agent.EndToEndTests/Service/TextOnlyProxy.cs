using System.Net;
using System.Net.Sockets;

namespace Agent.EndToEndTests.Service;

/// <summary>Asks the agent for the text format whatever Prometheus asks for: this Prometheus always prefers OpenMetrics.</summary>
internal sealed class TextOnlyProxy : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly AgentProcess _agent;

    public TextOnlyProxy(AgentProcess agent)
    {
        _agent = agent;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public int Port { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var (status, body) = await _agent.GetAsync("/metrics", "text/plain");
                context.Response.StatusCode = status;
                context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                context.Response.Close(System.Text.Encoding.UTF8.GetBytes(body), willBlock: true);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or HttpRequestException)
            {
                continue; // one of the two has ended
            }
        }
    }
}
