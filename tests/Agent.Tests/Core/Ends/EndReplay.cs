using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Tests.Core.Ends;

/// <summary>Plays captured ends to a tally, with a server's pod and a client's pod, as the listener and the scans would.</summary>
internal sealed class EndReplay : IEndObserver
{
    private readonly EndsNamespace _serverNetwork;
    private readonly EndsNamespace _clientNetwork;

    public EndReplay()
    {
        Tally = new EndsTally(this);
        Server = Tally.PodOf(new PodIdentity(PodKind.Pod, "shop", "web", "1"));
        Client = Tally.PodOf(new PodIdentity(PodKind.Pod, "shop", "balancer", "2"));
        _serverNetwork = new EndsNamespace(1, Server);
        _serverNetwork.AddListener(8080, Server);
        _clientNetwork = new EndsNamespace(2, Client);
    }

    public EndsTally Tally { get; }

    public PodEnds Server { get; }

    public PodEnds Client { get; }

    public EndsNamespace ServerNetwork => _serverNetwork;

    public EndsNamespace ClientNetwork => _clientNetwork;

    public List<JudgedEnd> Told { get; } = [];

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public EndClock Clock => new(Now, DateTimeOffset.UnixEpoch + Now);

    public EndsSummary ServerSummary => Server.ToSummary(TimeSpan.FromMinutes(1));

    public EndsSummary ClientSummary => Client.ToSummary(TimeSpan.FromMinutes(1));

    /// <summary>Both ends are on this node.</summary>
    public EndReplay Both(string scene) => Play(scene, EndRole.Server, EndRole.Client);

    /// <summary>The other end is on another node.</summary>
    public EndReplay Only(EndRole role, string scene) => Play(scene, role);

    public EndReplay Pass(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return this;
    }

    /// <summary>A scan: who is in TIME_WAIT, the counter of resets, and what can be settled then.</summary>
    public EndReplay Scan(string scene, long? resetsSent = null, bool canLookUp = false)
    {
        var captured = CapturedEnds.Scene(scene);
        foreach (var (role, end) in captured.InPods)
        {
            if (captured.TimeWait == role)
            {
                Tally.OnTimeWait(role == EndRole.Server ? _serverNetwork : _clientNetwork, end.Tuple, Clock);
            }
        }

        return Settle(resetsSent, canLookUp);
    }

    public EndReplay Settle(long? resetsSent = null, bool canLookUp = false)
    {
        _serverNetwork.DumpedAt = _clientNetwork.DumpedAt = Now;
        if (resetsSent is { } resets)
        {
            _serverNetwork.Resets.Read(Now, resets);
        }

        Tally.Settle(Clock, canLookUp);
        return this;
    }

    /// <summary>Asks the conntrack table whatever is due.</summary>
    /// <returns>How many questions there were.</returns>
    public int LookUp(TcpConntrackState? state, ClosedBy closedBy = ClosedBy.Pod, uint? expiresInSeconds = null)
    {
        var asked = 0;
        LookUp(_ =>
        {
            asked++;
            var entry = new EntryMatch { Asked = true };
            if (state is { } found)
            {
                (entry.Found, entry.State, entry.ClosedBy, entry.ExpiresInSeconds) = (true, found, closedBy, expiresInSeconds);
            }

            return entry;
        });
        return asked;
    }

    /// <summary>Answers a round of questions.</summary>
    public EndReplay LookUp(Func<ConnectionTuple, EntryMatch> entryOf)
    {
        var lookups = new EndLookup[200];
        foreach (var lookup in lookups.AsSpan(0, Tally.TakeLookups(Clock, lookups)))
        {
            Tally.OnLookup(lookup.Id, entryOf(lookup.Tuple), Clock);
        }

        return this;
    }

    /// <summary>Ends of a neighbour's, each with a client of its own, of which neither tells who closed first.</summary>
    public EndReplay AddNoise(EndsNamespace neighbour, int count, string scene = "server closes idle")
    {
        var end = CapturedEnds.Scene(scene).InPods.First(static end => end.Role == EndRole.Server).End;
        for (var i = 0; i < count; i++)
        {
            var client = IpAddress.FromIPv4(0x0B00_0000 + (uint)i);
            var server = IpAddress.FromIPv4(0x0C00_0000 + (uint)neighbour.Id);
            Tally.Add(end with { Tuple = end.Tuple with { Source = server, Destination = client } }, neighbour, Clock);
        }

        return this;
    }

    public void OnJudged(in JudgedEnd end) => Told.Add(end);

    private EndReplay Play(string scene, params EndRole[] roles)
    {
        foreach (var (role, end) in CapturedEnds.Scene(scene).InPods)
        {
            if (roles.Contains(role))
            {
                Tally.Add(end, role == EndRole.Server ? _serverNetwork : _clientNetwork, Clock);
            }
        }

        return this;
    }
}
