using System.Net;
using System.Net.Sockets;
using System.Text;
using Agent.Core.Remediation;
using Agent.Remediation;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Remediation;

public sealed class KubeProxyProbeTests
{
    private const string CloseWait = SysctlCatalog.CloseWait;

    [Theory]
    [InlineData("""{"kubeproxy.config.k8s.io":{"conntrack":{"maxPerCore":32768,"min":131072,"tcpEstablishedTimeout":"24h0m0s","tcpCloseWaitTimeout":"1h0m0s","tcpBeLiberal":false,"udpTimeout":"0s"}}}""", 3600L)]
    [InlineData("""{"kubeproxy.config.k8s.io":{"Conntrack":{"MaxPerCore":32768,"Min":131072,"TCPEstablishedTimeout":"24h0m0s","TCPCloseWaitTimeout":"2h30m0s"}}}""", 9000L)]
    [InlineData("""{"kubeproxy.config.k8s.io":{"Linux":{"Conntrack":{"TCPCloseWaitTimeout":"1h0m0s"}}}}""", 3600L)]
    [InlineData("""{"kubeproxy.config.k8s.io":{"conntrack":{"tcpCloseWaitTimeout":"0s"}}}""", null)]
    [InlineData("""{"kubeproxy.config.k8s.io":{"conntrack":{"tcpCloseWaitTimeout":null}}}""", null)]
    public void Probe_Configz_KnowsItsValue(string body, long? expected)
    {
        using var server = new FakeConfigz($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        using var probe = new KubeProxyProbe(server.Address, new ManualTimeProvider());

        var state = probe.Probe(true);

        Assert.Equal(KubeProxyPresence.Known, state.Presence);
        Assert.Equal(expected, state.Values.TryGetValue(CloseWait, out var seconds) ? seconds : null);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 49\r\nConnection: close\r\n\r\n{\"x\":{\"conntrack\":{\"tcpCloseWaitTimeout\":\"-1h\"}}}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n{}")]
    [InlineData("nonsense\r\n\r\n")]
    public void Probe_AnswerIsNotUnderstood_DependsOnTheProcess(string answer)
    {
        using var server = new FakeConfigz(answer);
        using var probe = new KubeProxyProbe(server.Address, new ManualTimeProvider());
        using var other = new KubeProxyProbe(server.Address, new ManualTimeProvider());

        Assert.Equal(KubeProxyPresence.Unknown, probe.Probe(true).Presence);
        Assert.Equal(KubeProxyPresence.Absent, other.Probe(false).Presence);
    }

    [Fact]
    public void Probe_NothingListens_IsUnknownWhenItsProcessMayRun()
    {
        var free = new FakeConfigz("");
        var address = free.Address;
        free.Dispose();
        var time = new ManualTimeProvider();
        using var probe = new KubeProxyProbe(address, time);

        Assert.Equal(KubeProxyPresence.Absent, probe.Probe(false).Presence);
        Assert.Equal(KubeProxyPresence.Unknown, probe.Probe(true).Presence);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains("hostPID", probe.Probe(null).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_AskedAgain_AsksAtMostOnceAMinute()
    {
        const string Body = """{"conntrack":{"tcpCloseWaitTimeout":"1h"}}""";
        using var server = new FakeConfigz($"HTTP/1.1 200 OK\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}");
        var time = new ManualTimeProvider();
        using var probe = new KubeProxyProbe(server.Address, time);

        probe.Probe(true);
        time.Advance(TimeSpan.FromSeconds(59));
        probe.Probe(true);
        Assert.Equal(1, server.Requests);
        time.Advance(TimeSpan.FromSeconds(2));
        probe.Probe(true);
        Assert.Equal(2, server.Requests);
    }

    /// <summary>Answers every connection with the same bytes.</summary>
    private sealed class FakeConfigz : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly byte[] _answer;
        private int _requests;

        public FakeConfigz(string answer)
        {
            _answer = Encoding.UTF8.GetBytes(answer);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            Address = new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/configz");
            new Thread(Serve) { IsBackground = true }.Start();
        }

        public Uri Address { get; }

        public int Requests => Volatile.Read(ref _requests);

        public void Dispose() => _listener.Dispose();

        private void Serve()
        {
            try
            {
                while (true)
                {
                    using var connection = _listener.Accept();
                    Interlocked.Increment(ref _requests);
                    connection.Receive(new byte[4096]);
                    connection.Send(_answer);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Disposed of.
                return;
            }
        }
    }
}
