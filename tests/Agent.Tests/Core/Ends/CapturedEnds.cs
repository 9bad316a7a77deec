using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;

namespace Agent.Tests.Core.Ends;

/// <summary>What a real kernel said of connections that ended in every way that matters: Fixtures/ends, made by capture.py there.</summary>
internal static class CapturedEnds
{
    private const ushort ServerPort = 8080;

    private static readonly Dictionary<string, CapturedScene> s_scenes = Read("linux-6.18.txt");

    public static IEnumerable<string> Names => s_scenes.Keys;

    public static CapturedScene Scene(string name) => s_scenes[name];

    private static Dictionary<string, CapturedScene> Read(string file)
    {
        var scenes = new Dictionary<string, CapturedScene>(StringComparer.Ordinal);
        var name = "";
        var ends = new List<(EndRole, ConnectionEnd)>();
        foreach (var line in File.ReadLines(Path.Combine(Golden.RepositoryRoot, "tests", "Agent.Tests", "Fixtures", "ends", file)))
        {
            var (word, rest) = line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? (line[..space], line[(space + 1)..]) : (line, "");
            switch (word)
            {
                case "scene":
                    name = rest;
                    ends = [];
                    break;
                case "server" or "client":
                    ends.AddRange(Parse(Convert.FromHexString(rest)));
                    break;
                case "time_wait":
                    scenes.Add(name, new CapturedScene(name, ends, rest switch { "server" => EndRole.Server, "client" => EndRole.Client, _ => null }));
                    break;
            }
        }

        return scenes;
    }

    private static List<(EndRole Role, ConnectionEnd End)> Parse(byte[] datagram)
    {
        var ends = new List<(EndRole, ConnectionEnd)>();
        var reader = new ConnectionEndReader(datagram, ConnectionEnd.HostNamespace);
        while (reader.MoveNext())
        {
            ends.Add((reader.Current.Tuple.SourcePort == ServerPort ? EndRole.Server : EndRole.Client, reader.Current));
        }

        return ends;
    }
}

/// <summary>One connection's end.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Ends">The messages in the order in which they came; those of sockets that never connected are left out, as the reader does.</param>
/// <param name="TimeWait">Whose side kept the connection in TIME_WAIT; null for neither.</param>
internal sealed record CapturedScene(string Name, IReadOnlyList<(EndRole Role, ConnectionEnd End)> Ends, EndRole? TimeWait)
{
    public static IpAddress ServerAddress { get; } = IpAddress.FromIPv4(0x0AF4_0105);

    private static readonly IpAddress s_client = IpAddress.FromIPv4(0x0AF4_0106);

    /// <summary>The same messages as if server and client had been in a pod each.</summary>
    public IEnumerable<(EndRole Role, ConnectionEnd End)> InPods =>
        from end in Ends
        let isServer = end.Role == EndRole.Server
        select (end.Role, end.End with
        {
            Tuple = end.End.Tuple with { Source = isServer ? ServerAddress : s_client, Destination = isServer ? s_client : ServerAddress },
        });

    public EndFacts? Facts(EndRole role)
    {
        foreach (var end in Ends)
        {
            if (end.Role == role)
            {
                return new EndFacts(end.End, role);
            }
        }

        return null;
    }

    public ClosedBy Closer(EndRole role) => TimeWait is not { } side ? ClosedBy.Unknown : side == role ? ClosedBy.Pod : ClosedBy.Peer;

    public override string ToString() => Name;
}
