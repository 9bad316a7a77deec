using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Ends;

/// <summary>
/// A port whose clients close without a word, and one of them that says a TLS alert all the same: no request was lost. What is as long as an
/// alert and no alert is one.
/// </summary>
public sealed class AlertAtQuietPortTests
{
    private const string ServerFirst = "server closes, client notifies and closes";
    private const string BothNotify = "server notifies and closes, client notifies and closes";
    private const string Unread = "client notifies and closes, server closes unread";

    // More than a pool of connections in the clear sends on one of them before an answer is late.
    private const uint Long = 2000;

    private readonly EndReplay _replay = new();

    public static TheoryData<string> Suites =>
        ["TLS 1.3", "TLS 1.2", "TLS 1.2 ChaCha20", "TLS 1.2 CBC", "TLS 1.2 CBC SHA-1", "TLS 1.2 CBC SHA-1, MAC first", "TLS 1.2 CBC SHA-384"];

    [Theory]
    [MemberData(nameof(Suites))]
    public void BothEndsAreHere_IsNoKnownLoss(string tls)
    {
        MakeQuiet("TLS 1.3: client closes");

        foreach (var scene in (string[])[ServerFirst, BothNotify, Unread])
        {
            _replay.Both($"{tls}: {scene}").Pass(5).Scan($"{tls}: {scene}").Pass(60).Settle();
        }

        Assert.Equal(0, _replay.ServerSummary.Lost(EndRole.Server));
        Assert.Empty(_replay.ClientSummary.RequestsLost);
        Assert.Equal(2, _replay.ServerSummary.LossUnknown);
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void OtherEndIsElsewhere_IsNoKnownLoss(string tls)
    {
        foreach (var role in (EndRole[])[EndRole.Server, EndRole.Client])
        {
            MakeQuiet("TLS 1.3: client closes", role);
            foreach (var scene in (string[])[ServerFirst, BothNotify, Unread])
            {
                _replay.Only(role, $"{tls}: {scene}").Pass(5).Scan($"{tls}: {scene}").Pass(60).Settle();
            }
        }

        Assert.Empty(_replay.ServerSummary.RequestsLost);
        Assert.Empty(_replay.ClientSummary.RequestsLost);
    }

    /// <summary>Over a link that takes milliseconds the client's FIN is on its way, too, when the server's reset comes.</summary>
    [Theory]
    [MemberData(nameof(Suites))]
    public void AlertAndFinAreUnacknowledged_IsNoKnownLoss(string tls)
    {
        MakeQuiet("TLS 1.3: client closes", EndRole.Client);
        var client = End($"{tls}: {ServerFirst}", EndRole.Client);

        AddClient(client with { SendQueueBytes = client.SendQueueBytes + 1 });

        Assert.Equal((0, 1), (_replay.ClientSummary.Lost(EndRole.Client), _replay.ClientSummary.LossUnknown));
    }

    /// <summary>GET / of HTTP/1.1 with its host's name has 31 bytes in the clear and 53 in TLS 1.3; 69 and 85 are a line longer.</summary>
    [Theory]
    [InlineData(24u)]
    [InlineData(31u)]
    [InlineData(53u)]
    [InlineData(69u)]
    [InlineData(85u)]
    public void RequestAsLongAsAnAlert_OnAConnectionTooShortForTls_IsLost(uint bytes)
    {
        MakeQuiet("client closes idle, server reads the end of file");

        AddLate("request after close", bytes);

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    [Theory]
    [InlineData(31u, true, 1)]
    [InlineData(60u, false, 1)] // no alert's
    [InlineData(69u, true, 1)]
    [InlineData(69u, false, 0)]
    public void RequestAsLongAsAnAlert_OnALongConnection_IsLostWhereThePortWasSeenToSpeakPlain(uint bytes, bool isSeen, long lost)
    {
        MakeQuiet("TLS 1.3: client closes");
        if (isSeen)
        {
            _replay.Both("client closes idle, server reads the end of file").Pass(5).Scan("client closes idle, server reads the end of file").Pass(60);
        }

        AddLate("request after close", bytes, more: Long);

        Assert.Equal((lost, 1 - lost), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    /// <summary>A handshake and its requests are not all as long as an alert: where every segment was, the last one is a request, too.</summary>
    [Theory]
    [InlineData("request after close", null)]
    [InlineData("request after close", EndRole.Client)]
    [InlineData("request unread at close", EndRole.Server)]
    public void RequestAsLongAsAnAlert_LikeAllOfItsConnection_IsLost(string scene, EndRole? only)
    {
        MakeQuiet("TLS 1.3: client closes");

        AddEqual(scene, only, 31, requests: 8);
        AddEqual(scene, only, 53, requests: 8);
        AddEqual(scene, only, 85, requests: 3);

        Assert.Equal((3, 0), LostAndUnknown);
    }

    [Theory]
    [InlineData("request after close", null)]
    [InlineData("request after close", EndRole.Client)]
    [InlineData("request unread at close", EndRole.Server)]
    public void RequestAsLongAsAnAlert_UnlikeOthersOfItsConnection_IsUnknown(string scene, EndRole? only)
    {
        MakeQuiet("TLS 1.3: client closes");

        AddEqual(scene, only, 85, requests: 3, oneIsLongerBy: 20);
        AddEqual(scene, only, 85, requests: 2);

        Assert.Equal((0, 2), LostAndUnknown);
    }

    /// <summary>170 bytes, sent twice, and 85 are three segments, and three times 85 bytes.</summary>
    [Fact]
    public void RequestAsLongAsAnAlert_AfterSomethingThatWasSentTwice_IsUnknown()
    {
        MakeQuiet("TLS 1.3: client closes", EndRole.Client);

        AddEqual("request after close", EndRole.Client, 85, requests: 3, sentTwice: 170);

        Assert.Equal((0, 1), LostAndUnknown);
    }

    /// <summary>Whoever breaks a handshake off has sent a ClientHello and an alert, and may have got a certificate; three requests are none of that.</summary>
    [Theory]
    [InlineData(2u, 0)]
    [InlineData(3u, 1)]
    public void ConnectionTooShortForTls_WithAnswersAsLongAsACertificate_IsPlainWhereItHadThreeRequests(uint requests, long lost)
    {
        MakeQuiet("TLS 1.3: client closes");
        var plain = End("client closes idle, server reads the end of file", EndRole.Server);
        _replay.Tally.Add(
            plain with { BytesReceived = 91, DataSegmentsIn = requests, BytesSent = 3000, BytesAcked = 3000 + plain.BytesAcked - plain.BytesSent },
            _replay.ServerNetwork,
            _replay.Clock);
        _replay.Pass(5).Settle().Pass(60).Settle();

        AddLate("request after close", 31, more: Long);

        Assert.Equal((lost, 1 - lost), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    /// <summary>Where the server says alerts of TLS 1.3, 53 bytes are a request; where one with CBC was seen, nobody knows.</summary>
    [Theory]
    [InlineData("TLS 1.3", null, 1)]
    [InlineData("TLS 1.3", "TLS 1.2 CBC SHA-1", 0)]
    [InlineData("TLS 1.2 CBC", null, 0)]
    public void RequestAsLongAsAnAlertWithCbc_IsLostWhereTheServersAlertsAreOthers(string tls, string? alsoThere, long lost)
    {
        MakeQuiet("TLS 1.3: client closes");
        AddLate("TLS 1.3: request after close", 53);
        Assert.Equal((0, 1), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));

        foreach (var server in (string?[])[alsoThere, tls])
        {
            if (server is not null)
            {
                _replay.Both($"{server}: server notifies and closes, client closes").Pass(5).Scan($"{server}: server notifies and closes, client closes").Pass(60);
            }
        }

        _replay.Settle();

        Assert.Equal((lost, 1 - lost), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    /// <summary>A client that says its alert and closes shows what the alerts of its suite are, too.</summary>
    [Fact]
    public void RequestAsLongAsAnAlertWithCbc_WhereAClientSaidOne_IsUnknown()
    {
        MakeQuiet("TLS 1.3: client closes");
        foreach (var scene in (string[])["TLS 1.3: server notifies and closes, client closes", $"TLS 1.2 CBC SHA-1: {Unread}"])
        {
            _replay.Both(scene).Pass(5).Scan(scene).Pass(60);
        }

        AddLate("TLS 1.3: request after close", 53);

        Assert.Equal((0, 1), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    /// <summary>Of how many clients a port remembers their alerts has a bound: of others, nothing is ruled out.</summary>
    [Fact]
    public void SawCertainAlert_MoreClientsThanAreRemembered_RulesOutNothingForTheOthers()
    {
        var habit = new PortHabit();
        for (var i = 0u; i <= PortHabit.MaxClients; i++)
        {
            habit.SawCertainAlert(AlertLength.Aead, IpAddress.FromIPv4(i));
        }

        Assert.True(habit.RulesOut(AlertLength.Cbc, IpAddress.FromIPv4(PortHabit.MaxClients - 1)));
        Assert.False(habit.RulesOut(AlertLength.Cbc, IpAddress.FromIPv4(PortHabit.MaxClients)));
        Assert.False(habit.RulesOut(AlertLength.Aead, IpAddress.FromIPv4(0)));

        habit.SawCertainAlert(AlertLength.Cbc, IpAddress.FromIPv4(0));
        var other = new PortHabit();
        other.Absorb(habit);
        Assert.False(other.RulesOut(AlertLength.Cbc, IpAddress.FromIPv4(0)));
        Assert.True(other.RulesOut(AlertLength.Cbc, IpAddress.FromIPv4(1)));
    }

    /// <summary>A client on another node: its reset came, but the server had just said its alert, as its client does in return.</summary>
    [Theory]
    [InlineData(0u)]
    [InlineData(88u)] // busy between its alert and its close
    public void LookUp_ServerSaidItsAlertAsItClosed_AtAQuietPort_IsUnknown(uint late)
    {
        MakeQuiet("TLS 1.3: client closes", EndRole.Server);
        _replay.Settle(resetsSent: 100).Pass(1);
        var end = End($"TLS 1.3: {BothNotify}", EndRole.Server);
        _replay.Tally.Add(
            end with
            {
                LastDataSentMilliseconds = end.LastDataSentMilliseconds + late,
                LastDataReceivedMilliseconds = end.LastDataReceivedMilliseconds + late,
                LastAckReceivedMilliseconds = end.LastAckReceivedMilliseconds + late,
            },
            _replay.ServerNetwork,
            _replay.Clock);
        _replay.Pass(3);
        Assert.Equal(1, _replay.LookUp(TcpConntrackState.Close));

        _replay.Pass(1).Settle(resetsSent: 101).Pass(1);

        Assert.Equal((0, 1), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    private (long Lost, long Unknown) LostAndUnknown => (
        _replay.ServerSummary.Lost(EndRole.Server) + _replay.ClientSummary.Lost(EndRole.Client),
        _replay.ServerSummary.LossUnknown + _replay.ClientSummary.LossUnknown);

    private void MakeQuiet(string scene, EndRole? role = null)
    {
        for (var i = 0; i < 12; i++)
        {
            (role is { } only ? _replay.Only(only, scene) : _replay.Both(scene)).Pass(5).Scan(scene).Pass(60);
        }

        Assert.Equal((0, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>A request after the close of its server that has so many bytes.</summary>
    private void AddLate(string scene, uint bytes, uint more = 0)
    {
        var (server, client) = (End(scene, EndRole.Server), End(scene, EndRole.Client));
        _replay.Tally.Add(
            server with { BytesReceived = server.BytesReceived + more, BytesSent = server.BytesSent + more, BytesAcked = server.BytesAcked + more },
            _replay.ServerNetwork,
            _replay.Clock);
        AddClient(client with
        {
            SendQueueBytes = bytes,
            BytesSent = client.BytesSent - client.SendQueueBytes + bytes + more,
            BytesAcked = client.BytesAcked + more,
            BytesReceived = client.BytesReceived + more,
        });
    }

    /// <summary>The same, or unread, after others that had as many bytes each and were answered.</summary>
    private void AddEqual(string scene, EndRole? only, uint bytes, uint requests, uint oneIsLongerBy = 0, uint sentTwice = 0)
    {
        var (server, client) = (End(scene, EndRole.Server), End(scene, EndRole.Client));
        var isUnread = server.ReceiveQueueBytes > 0;
        var sent = (requests * bytes) + oneIsLongerBy;
        if (only is not EndRole.Client)
        {
            _replay.Tally.Add(
                server with
                {
                    ReceiveQueueBytes = isUnread ? bytes : 0,
                    BytesReceived = isUnread ? sent : sent - bytes,
                    DataSegmentsIn = isUnread ? requests : requests - 1,
                    BytesSent = server.BytesSent + Long,
                    BytesAcked = server.BytesAcked + Long,
                },
                _replay.ServerNetwork,
                _replay.Clock);
        }

        if (only is not EndRole.Server)
        {
            AddClient(client with
            {
                SendQueueBytes = bytes,
                BytesSent = sent + sentTwice,
                BytesRetransmitted = sentTwice,
                DataSegmentsOut = requests,
                BytesAcked = 1 + sent - bytes,
                BytesReceived = client.BytesReceived + Long,
            });
        }

        _replay.Pass(60).Settle();
    }

    private void AddClient(ConnectionEnd end)
    {
        _replay.Tally.Add(end, new EndsNamespace(2, _replay.Client), _replay.Clock);
        _replay.Pass(60).Settle();
    }

    private static ConnectionEnd End(string scene, EndRole role) => CapturedEnds.Scene(scene).InPods.First(end => end.Role == role).End;
}
