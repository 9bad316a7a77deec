using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>The counters of one pod, the host or another owner. Nothing is allocated an end, only at the first end of a port.</summary>
/// <param name="identity">Whose.</param>
public sealed class PodEnds(PodIdentity identity)
{
    /// <summary>How many ports are told apart in each role; the rest is counted together as port 0.</summary>
    public const int MaxPorts = 64;

    private static readonly LossCause[] s_causes = [LossCause.UnreadAtClose, LossCause.AfterClose, LossCause.Unanswered];

    private readonly long[] _server = new long[EndCounts.Length];
    private readonly long[] _client = new long[EndCounts.Length];
    private readonly Dictionary<ushort, PortEnds> _serverPorts = [];
    private readonly Dictionary<ushort, PortEnds> _clientPorts = [];
    private PassedOnCloses? _passedOn;

    /// <summary>Whose counters these are.</summary>
    public PodIdentity Identity => identity;

    /// <summary>Which idle closes a server behind this pod has caused.</summary>
    internal PassedOnCloses PassedOn => _passedOn ??= new();

    /// <summary>Ends in one role, by <see cref="EndKind"/>.</summary>
    public ReadOnlySpan<long> Counts(EndRole role) => role == EndRole.Server ? _server : _client;

    /// <summary>Counts one end.</summary>
    public void Add(EndRole role, EndKind kind) => (role == EndRole.Server ? _server : _client)[(int)kind]++;

    /// <summary>The counters of one port.</summary>
    /// <param name="role">The pod's role.</param>
    /// <param name="port">The server's port.</param>
    public PortEnds Port(EndRole role, ushort port)
    {
        var ports = role == EndRole.Server ? _serverPorts : _clientPorts;
        if (ports.TryGetValue(port, out var known))
        {
            return known;
        }

        var key = ports.Count < MaxPorts ? port : (ushort)0;
        if (!ports.TryGetValue(key, out var ends))
        {
            ports[key] = ends = new PortEnds(role, key);
        }

        return ends;
    }

    /// <summary>Takes over what was counted for nobody known, who turned out to be this owner.</summary>
    public void Absorb(PodEnds other)
    {
        for (var kind = 0; kind < EndCounts.Length; kind++)
        {
            _server[kind] += other._server[kind];
            _client[kind] += other._client[kind];
        }

        foreach (var port in other._serverPorts.Values.Concat(other._clientPorts.Values))
        {
            Port(port.Role, port.Port).Absorb(port);
        }
    }

    /// <summary>What was counted so far.</summary>
    /// <param name="watched">How long this pod was listened to.</param>
    public EndsSummary ToSummary(TimeSpan watched)
    {
        PortEnds[] ports = [.. InOrder(_serverPorts), .. InOrder(_clientPorts)];
        return new EndsSummary
        {
            Watched = watched,
            Server = new([.. _server]),
            Client = new([.. _client]),
            IdleCloses = Closes(ports, EndRole.Server),
            PeerIdleCloses = Closes(ports, EndRole.Client),
            RequestsLost =
            [
                .. from port in ports
                   from cause in s_causes
                   where port.Lost(cause) > 0
                   select new LostRequests(port.Role, cause, port.Port, port.Lost(cause), port.LastLost(cause))
                   {
                       IdleBefore = cause == LossCause.Unanswered ? null : port.IdleBeforeLoss?.ToSummary(port.Port).Median,
                       First = cause == LossCause.Unanswered ? First(port) : null,
                   },
            ],
            LossUnknown = ports.Sum(static port => port.LossUnknown + port.Held),
        };
    }

    private static FirstUnanswered? First(PortEnds port) => port.FirstUnanswered is { } first
        ? FirstUnanswered.Of(first.Count, first.ToSummary(port.Port), port.HasAnswered)
        : null;

    private static ImmutableArray<IdleCloses> Closes(PortEnds[] ports, EndRole role) =>
        [.. from port in ports where port.Role == role && port.IdleCloses is not null select port.IdleCloses!.ToSummary(port.Port)];

    private static IEnumerable<PortEnds> InOrder(Dictionary<ushort, PortEnds> ports) => ports.Values.OrderBy(static port => port.Port);
}
