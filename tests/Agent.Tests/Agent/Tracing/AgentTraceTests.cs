using System.Net;
using System.Net.Sockets;
using System.Text;
using Agent.Core.Model;
using Agent.Core.Tracing;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Agent.Reporting;
using Agent.Tests.Core.Tracing;
using Agent.Tests.Testing;
using Agent.Tracing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Agent.Tests.Agent.Tracing;

/// <summary>GET /trace of a real web server, read by the command's own reader.</summary>
public sealed class AgentTraceTests
{
    private const string BootId = "0f0e0d0c-0000-4000-8000-000000000000";

    private static readonly PodIdentity s_web = TraceSamples.Web with { Uid = "" };

    [Fact]
    public async Task Read_EndsOfTheAgent_ArriveAsTheyCome()
    {
        await using var agent = await StartAsync();
        using var trace = await OpenAsync(agent, new());
        await using var lines = trace.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        foreach (var end in new[] { TraceSamples.IdleClose with { Pod = s_web }, TraceSamples.Lost with { Pod = s_web } })
        {
            Hub(agent).OnJudged(end);
            Assert.True(await lines.MoveNextAsync());
            Assert.Equal(end, lines.Current.End);
        }
    }

    [Fact]
    public async Task Read_Filter_IsTheAgents()
    {
        await using var agent = await StartAsync();
        using var trace = await OpenAsync(agent, new() { Pod = "shop/web-7d4b9c6f5-x2x5p", Namespace = "shop", Port = 8080, LostOnly = true });
        await using var lines = trace.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        Hub(agent).OnJudged(TraceSamples.IdleClose);
        Hub(agent).OnJudged(TraceSamples.Lost);

        Assert.True(await lines.MoveNextAsync());
        Assert.Equal(EndKind.ResetUnread, lines.Current.End.Kind);
    }

    [Fact]
    public async Task Read_OverrunsOfTheKernel_AreTold()
    {
        var missed = 5L;
        using var scanner = new FakeScanner((_, _, _) => Heard(missed));
        await using var agent = await StartAsync(scanner);
        using var trace = await OpenAsync(agent, new());
        await using var lines = trace.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        missed = 8;
        agent.Time.Advance(TimeSpan.FromSeconds(15));
        await Eventually.True(() => agent.Store.Current?.Snapshot.ConnectionEnds?.Missed == 8, "the second scan");
        Hub(agent).OnJudged(TraceSamples.IdleClose with { Pod = s_web });

        // Whether the pulse of these seconds or the line comes first is all the same.
        Assert.True(await lines.MoveNextAsync());
        var first = lines.Current.Notice;
        Assert.True(await lines.MoveNextAsync());
        Assert.Equal(new TraceNotice(3, 0), first ?? lines.Current.Notice);
    }

    [Fact]
    public async Task Read_ListenedInTurns_TheShareIsToldOnce()
    {
        using var scanner = new FakeScanner((_, _, _) => Heard(0) with { ConnectionEnds = new(100, 0, 0.4, TimeSpan.FromMinutes(1)) });
        await using var agent = await StartAsync(scanner);
        using var trace = await OpenAsync(agent, new());
        await using var lines = trace.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        Hub(agent).OnJudged(TraceSamples.IdleClose with { Pod = s_web });
        Assert.True(await lines.MoveNextAsync());
        Assert.True(await lines.MoveNextAsync());
        Assert.Equal(new TraceNotice(0, 0, 0.4), lines.Current.Notice);
        Hub(agent).OnJudged(TraceSamples.IdleClose with { Pod = s_web });

        Assert.True(await lines.MoveNextAsync());
        Assert.Null(lines.Current.Notice);
    }

    [Fact]
    public async Task Read_Ending_EndsQuietly_AndFreesThePlace()
    {
        await using var agent = await StartAsync();
        using var ending = new CancellationTokenSource();
        using (var trace = await OpenAsync(agent, new()))
        {
            var reading = trace.ReadAsync(ending.Token).ToListAsync(TestContext.Current.CancellationToken);
            Assert.True(Hub(agent).HasReaders);
            await ending.CancelAsync();
            Assert.Empty(await reading);
        }

        await Eventually.True(() => !Hub(agent).HasReaders, "the reader's place");
    }

    [Fact]
    public async Task Read_AgentEnds_SaysSo()
    {
        await using var agent = await StartAsync();
        using var trace = await OpenAsync(agent, new());
        var reading = trace.ReadAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        await agent.App.StopAsync(TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<TraceFailedException>(async () => await reading);
        Assert.Contains("stopped or restarted", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_MoreThanMayTrace_IsRefused()
    {
        await using var agent = await StartAsync();
        var readers = Enumerable.Range(0, TraceHub.MaxReaders).Select(_ => Hub(agent).TryAttach(new())).ToArray();
        Assert.DoesNotContain(null, readers);

        var (status, body) = await agent.GetAsync("/trace");

        Assert.Equal(503, status);
        Assert.Contains("8 traces run already", body, StringComparison.Ordinal);
        Assert.Contains("cannot trace now", (await TryOpenAsync(agent, new(), BootId)).WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_ReaderThatTakesNothing_HoldsNothingUp_AndLosesItsPlace()
    {
        await using var agent = await StartAsync();
        using var stuck = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await stuck.ConnectAsync(IPAddress.Loopback, agent.Address.Port, TestContext.Current.CancellationToken);
        await stuck.SendAsync("GET /trace HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Eventually.True(() => Hub(agent).HasReaders, "the reader");

        // As many as no buffer holds; each second is one of the agent's clock.
        var told = 0;
        await Eventually.True(
            () =>
            {
                for (var i = 0; i < TraceReader.Capacity; i++, told++)
                {
                    Hub(agent).OnJudged(TraceSamples.IdleClose);
                }

                agent.Time.Advance(TimeSpan.FromSeconds(1));
                return !Hub(agent).HasReaders;
            },
            "the place of a reader that takes nothing");
        Assert.InRange(told, 30 * TraceReader.Capacity, int.MaxValue);
    }

    [Fact]
    public async Task Get_NothingListens_SaysWhy()
    {
        var snapshot = Heard(0).WithSource(SourceNames.ConnectionEnds, "sock_diag", SourceStatus.Unavailable, "tcp_diag is missing");
        using var scanner = new FakeScanner((_, _, _) => snapshot);
        await using var agent = await StartAsync(scanner);

        Assert.Equal((503, "tcp_diag is missing\n"), await agent.GetAsync("/trace"));
    }

    [Fact]
    public async Task Get_WrongQuery_SaysWhatThereIs()
    {
        await using var agent = await StartAsync();

        var (status, body) = await agent.GetAsync("/trace?port=web");

        Assert.Equal(400, status);
        Assert.Equal("'port=web' is not understood; there are namespace, pod, port, lost=true\n", body);
    }

    [Fact]
    public async Task TryOpen_AnotherMachine_IsNotTaken()
    {
        await using var agent = await StartAsync();

        Assert.Contains("another machine", (await TryOpenAsync(agent, new(), "another")).WhyNot, StringComparison.Ordinal);
        await Eventually.True(() => !Hub(agent).HasReaders, "the place of the reader that left");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello\n", "is no agent of this version")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is older and has no trace")]
    [InlineData("SSH-2.0-OpenSSH\r\n", "is no agent (")]
    public async Task TryOpen_SomethingElseAtThePort_IsNotTaken(string answer, string whyNot)
    {
        await using var server = new ScriptedServer(answer);

        Assert.Contains(whyNot, (await TryOpenAsync(new Uri(server.Address), new(), BootId)).WhyNot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json\n")]
    [InlineData("{}\n")]
    [InlineData("{\"missed\":\"\\u001b[2J\"}\n")]
    public async Task Read_SomethingElseThanATrace_Fails(string lines)
    {
        await using var server = new ScriptedServer(Answer(lines));
        var (trace, whyNot) = await TryOpenAsync(new Uri(server.Address), new(), BootId);
        Assert.Equal("", whyNot);

        var failure = await Assert.ThrowsAsync<TraceFailedException>(async () => await trace!.ReadAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));

        Assert.Contains("is no trace", failure.Message, StringComparison.Ordinal);
        trace!.Dispose();
    }

    [Fact]
    public async Task Read_LineWithoutEnd_IsBounded()
    {
        await using var server = new ScriptedServer(Answer(new string('x', 4 * AgentTrace.MaxLineBytes)));
        var (trace, _) = await TryOpenAsync(new Uri(server.Address), new(), BootId);

        var failure = await Assert.ThrowsAsync<TraceFailedException>(async () => await trace!.ReadAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));

        Assert.Contains("a line of more than", failure.Message, StringComparison.Ordinal);
        trace!.Dispose();
    }

    private static string Answer(string lines) =>
        $"HTTP/1.1 200 OK\r\nClosewatch-Schema: closewatch.trace/v1\r\nClosewatch-Boot-Id: {BootId}\r\nContent-Length: {Encoding.UTF8.GetByteCount(lines)}\r\n\r\n{lines}";

    private static TraceHub Hub(TestAgent agent) => agent.App.Services.GetRequiredService<TraceHub>();

    private static Snapshot Heard(long missed) => TestSnapshots.Of() with
    {
        Node = new("node-1", "6.18.0", BootId, false),
        Sources = [.. TestSnapshots.Of().Sources, new(SourceNames.ConnectionEnds, "sock_diag", SourceStatus.Ok, "", TimeSpan.Zero, 0)],
        ConnectionEnds = new(100, missed, 1, TimeSpan.FromMinutes(1)),
    };

    private static async Task<TestAgent> StartAsync(FakeScanner? scanner = null)
    {
#pragma warning disable CA2000 // The agent disposes of its scanner.
        scanner ??= new FakeScanner((_, _, _) => Heard(0));
#pragma warning restore CA2000
        var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        return agent;
    }

    private static async Task<AgentTrace> OpenAsync(TestAgent agent, TraceFilter filter)
    {
        var (trace, whyNot) = await TryOpenAsync(agent, filter, BootId);
        Assert.Equal("", whyNot);
        return trace!;
    }

    private static Task<(AgentTrace? Trace, string WhyNot)> TryOpenAsync(TestAgent agent, TraceFilter filter, string bootId) =>
        TryOpenAsync(agent.Address, filter, bootId);

    private static Task<(AgentTrace? Trace, string WhyNot)> TryOpenAsync(Uri address, TraceFilter filter, string bootId) => AgentTrace.TryOpenAsync(
        TestAgent.Configure(null, $"Http:Listen={address.GetLeftPart(UriPartial.Authority)}").Options, bootId, filter, TimeProvider.System, TestContext.Current.CancellationToken);
}
