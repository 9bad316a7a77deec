using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agent.KernelTests.Testing;

namespace Agent.KernelTests.Sources;

/// <summary>
/// A client and a server in namespaces of their own and a router between them, which is the node: it tracks connections and
/// translates a service address, 10.9.9.9:80, to the server's 10.9.1.2:9000.
/// </summary>
internal sealed class RoutedNetwork : IDisposable
{
    public const string ServiceAddress = "10.9.9.9";
    public const string ServerAddress = "10.9.1.2";
    public const string ClientAddress = "10.9.0.2";
    public const int ServerPort = 9000;

    private readonly List<Socket> _sockets = [];

    public RoutedNetwork(bool tracked = true)
    {
        Link(Client, "10.9.0.2", "10.9.0.1", "toclient");
        Link(Server, "10.9.1.2", "10.9.1.1", "toserver");
        Router.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
        if (tracked)
        {
            Router.Execute("iptables", "-w", "-t", "nat", "-A", "PREROUTING", "-d", ServiceAddress, "-p", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination", $"{ServerAddress}:{ServerPort}");
        }

        var listener = Server.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Any, ServerPort));
        listener.Listen(64);
        Listener = listener;
        _sockets.Add(listener);
    }

    public NetworkNamespaceFixture Client { get; } = new();

    public NetworkNamespaceFixture Router { get; } = new();

    public NetworkNamespaceFixture Server { get; } = new();

    private Socket Listener { get; }

    /// <summary>Opens a connection; the two ends stay open until the network is disposed of.</summary>
    public (Socket Client, Socket Server) Connect(string address, int port)
    {
        var client = Client.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _sockets.Add(client);
        client.Connect(IPAddress.Parse(address), port);
        return (client, Accept());
    }

    /// <summary>The server's end of a connection that something else opens.</summary>
    public Socket Accept()
    {
        var server = Listener.Accept();
        _sockets.Add(server);
        return server;
    }

    /// <summary>Runs <c>closewatch report -o json</c> on the router.</summary>
    public JsonElement Report(params string[] arguments) => ReportAs([], arguments);

    /// <summary>The same, started by another program, for example setpriv(1).</summary>
    public JsonElement ReportAs(string[] starter, params string[] arguments)
    {
        var start = new ProcessStartInfo("nsenter", [$"--net={Router.Path}", .. starter, Path.Combine(AppContext.BaseDirectory, "closewatch"), "report", "-o", "json", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (output.Length == 0)
        {
            throw new InvalidOperationException($"closewatch report: exit code {process.ExitCode}: {errors.Result}");
        }

        using var document = JsonDocument.Parse(output);
        return document.RootElement.Clone();
    }

    public void Dispose()
    {
        _sockets.ForEach(static socket => socket.Dispose());
        Client.Dispose();
        Server.Dispose();
        Router.Dispose();
    }

    private void Link(NetworkNamespaceFixture end, string address, string gateway, string name)
    {
        Router.Execute("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", end.Name);
        Router.Execute("ip", "addr", "add", $"{gateway}/24", "dev", name);
        Router.Execute("ip", "link", "set", name, "up");
        end.Execute("ip", "addr", "add", $"{address}/24", "dev", "eth0");
        end.Execute("ip", "link", "set", "eth0", "up");
        end.Execute("ip", "route", "add", "default", "via", gateway);
    }
}
