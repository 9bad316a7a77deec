using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agent.KernelTests.Testing;

namespace Agent.KernelTests.Sources;

/// <summary>
/// A client and a server in namespaces of their own and a router between them, which is the node: it tracks connections and
/// translates a service address to the server's. Each has addresses of its own: agents see the namespaces of all tests, and the same
/// connection in two of them is no two connections.
/// </summary>
internal sealed class RoutedNetwork : IDisposable
{
    public const int ServerPort = 9000;

    private static int s_networks;

    private readonly List<Socket> _sockets = [];
    private readonly string _prefix = $"10.{100 + (Interlocked.Increment(ref s_networks) % 100)}";

    public RoutedNetwork(bool tracked = true)
    {
        Link(Client, $"{_prefix}.0.2", $"{_prefix}.0.1", "toclient");
        Link(Server, ServerAddress, $"{_prefix}.1.1", "toserver");
        Router.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
        if (tracked)
        {
            Router.Execute("iptables", "-w", "-t", "nat", "-A", "PREROUTING", "-d", ServiceAddress, "-p", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination", $"{ServerAddress}:{ServerPort}");
        }

        Listener = Listen(ServerPort);
    }

    public NetworkNamespaceFixture Client { get; } = new();

    public NetworkNamespaceFixture Router { get; } = new();

    public NetworkNamespaceFixture Server { get; } = new();

    public string ServiceAddress => $"{_prefix}.9.9";

    public string ServerAddress => $"{_prefix}.1.2";

    private Socket Listener { get; }

    /// <summary>Opens another port of the server.</summary>
    public Socket Listen(int port)
    {
        var listener = Server.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _sockets.Add(listener);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen(64);
        return listener;
    }

    /// <summary>A second way from the client to the server, which does not lead over the router; the server's address there.</summary>
    public string AddDirectLink()
    {
        Client.Ip($"link add direct type veth peer name direct netns {Server.Name}", $"addr add {_prefix}.2.1/24 dev direct", "link set direct up");
        Server.Ip($"addr add {_prefix}.2.2/24 dev direct", "link set direct up");
        return $"{_prefix}.2.2";
    }

    /// <summary>Connections of this port pass the router without an entry.</summary>
    public void LeaveUntracked(int port)
    {
        foreach (var side in (string[])["--dport", "--sport"])
        {
            Router.Execute("iptables", "-w", "-t", "raw", "-A", "PREROUTING", "-p", "tcp", side, $"{port}", "-j", "NOTRACK");
        }
    }

    /// <summary>Opens a connection; the two ends stay open until the network is disposed of.</summary>
    public (Socket Client, Socket Server) Connect(string address, int port, Socket? listener = null)
    {
        var client = Client.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _sockets.Add(client);
        client.Connect(IPAddress.Parse(address), port);
        return (client, Accept(listener));
    }

    /// <summary>The server's end of a connection that something else opens.</summary>
    public Socket Accept(Socket? listener = null)
    {
        var server = (listener ?? Listener).Accept();
        _sockets.Add(server);
        return server;
    }

    /// <summary>Runs <c>closewatch report -o json</c> on the router.</summary>
    public JsonElement Report(params string[] arguments) => ReportAs([], arguments);

    /// <summary>The same, started by another program, for example setpriv(1).</summary>
    public JsonElement ReportAs(string[] starter, params string[] arguments)
    {
        var start = new ProcessStartInfo("nsenter", [$"--net={Router.Path}", .. starter, Programs.Closewatch, "report", "-o", "json", .. arguments])
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
        Router.Ip($"link add {name} type veth peer name eth0 netns {end.Name}", $"addr add {gateway}/24 dev {name}", $"link set {name} up");
        end.Ip($"addr add {address}/24 dev eth0", "link set eth0 up", $"route add default via {gateway}");
    }
}
