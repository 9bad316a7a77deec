using System.Net;
using Agent.Http;
using Agent.Tests.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Agent.Tests.Agent.Http;

/// <summary>Who gives way to whom, with clients of many addresses.</summary>
public sealed class ConnectionGateTests
{
    private static readonly IPEndPoint s_agent = new(IPAddress.Parse("10.0.0.1"), 9742);

    private readonly ManualTimeProvider _time = new();
    private readonly ConnectionGate _gate;

    public ConnectionGateTests() => _gate = new(_time, NullLogger<ConnectionGate>.Instance);

    [Fact]
    public void Client_OneTooMany_ItsLongestIdleGivesWay()
    {
        var other = Enter("10.0.0.8");
        var clients = Enumerable.Range(0, ConnectionGate.PerClient).Select(_ => Enter("10.0.0.9")).ToList();
        Assert.DoesNotContain(clients, static client => client.IsClosed);

        // The first one has just asked; the second one is now the longest idle.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(clients[0].Connection.AnswerAsync(static () => Task.CompletedTask).IsCompletedSuccessfully);
        Enter("10.0.0.9");
        Assert.Equal([1], ClosedOf(clients));
        Enter("10.0.0.9");
        Assert.Equal([1, 2], ClosedOf(clients));
        Assert.False(other.IsClosed);
    }

    [Fact]
    public void Client_AllAreAsking_TheLongestOneGivesWay()
    {
        var clients = Enumerable.Range(0, ConnectionGate.PerClient).Select(_ => Enter("10.0.0.9")).ToList();
        foreach (var client in clients.AsEnumerable().Reverse())
        {
            _ = client.Connection.AnswerAsync(static () => new TaskCompletionSource().Task);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Enter("10.0.0.9");
        Assert.Equal([clients.Count - 1], ClosedOf(clients));
    }

    [Fact]
    public void Strangers_TakeAllTheyMay_TheGreediestGivesWayAndThisMachineIsUntouched()
    {
        var own = Enter("10.0.0.1");
        var greedy = Enumerable.Range(0, 200).Select(_ => Enter("10.0.0.9")).ToList();
        var others = Enumerable.Range(0, ConnectionGate.Strangers - 200).Select(index => Enter($"10.0.1.{index}")).ToList();
        Assert.DoesNotContain(greedy.Concat(others).Append(own), static client => client.IsClosed);

        Enter("10.0.2.1");
        Assert.Equal([0], ClosedOf(greedy));

        // Probes come in whatever strangers hold, and no stranger takes their place.
        var probes = Enumerable.Range(0, 100).Select(_ => Enter("127.0.0.1")).ToList();
        for (var index = 0; index < 1000; index++)
        {
            Enter($"10.0.{3 + (index / 250)}.{index % 250}");
        }

        Assert.DoesNotContain(probes.Append(own), static client => client.IsClosed);
    }

    [Fact]
    public void Client_ThatLeft_MakesRoom()
    {
        for (var index = 0; index < 10 * ConnectionGate.Strangers; index++)
        {
            var client = Enter("10.0.0.9");
            client.Leave();
            Assert.False(client.IsClosed);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", "10.0.0.1", "this machine")]
    [InlineData("10.0.0.1", "10.0.0.1", "this machine")]
    [InlineData("::ffff:10.0.0.1", "::ffff:10.0.0.1", "this machine")]
    [InlineData("::ffff:127.0.0.7", "::ffff:127.0.0.1", "this machine")]
    [InlineData("::1", "::1", "this machine")]
    [InlineData("10.0.0.9", "10.0.0.1", "10.0.0.9")]
    [InlineData("::ffff:10.0.0.9", "::ffff:10.0.0.1", "10.0.0.9")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8::1", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2:ffff::", "2001:db8::1", "2001:db8:1:2::/64")]
    public void ClientAddress_Of_IsWhoHoldsTheConnection(string remote, string local, string expected) =>
        Assert.Equal(expected, ClientAddress.Of(new IPEndPoint(IPAddress.Parse(remote), 1), new IPEndPoint(IPAddress.Parse(local), 2)).ToString());

    private static int[] ClosedOf(List<Client> clients) => [.. clients.Index().Where(static client => client.Item.IsClosed).Select(static client => client.Index)];

    private Client Enter(string address)
    {
        _time.Advance(TimeSpan.FromMilliseconds(10));
        var client = new Client(address);
        _ = _gate.AdmitAsync(client, static connection => ((Client)connection).Left);
        return client;
    }

    /// <summary>A connection that stays until a test ends it.</summary>
    private sealed class Client : DefaultConnectionContext
    {
        private readonly TaskCompletionSource _left = new();

        public Client(string address) =>
            (RemoteEndPoint, LocalEndPoint) = (new IPEndPoint(IPAddress.Parse(address), 40_000), s_agent);

        public bool IsClosed { get; private set; }

        public Task Left => _left.Task;

        public ClientConnection Connection => Features.Get<ClientConnection>()!;

        public void Leave() => _left.SetResult();

        public override void Abort(ConnectionAbortedException abortReason) => IsClosed = true;
    }
}
