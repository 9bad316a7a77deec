using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// The lost response: a client half-closes, the server answers later than conntrack remembers the connection. With
/// remediation at work before the half-close the answer arrives.
/// </summary>
[Lasts(seconds: 50)]
public sealed class RemediationTests(NodePool nodes) : NodeTest(nodes)
{
    private const string CloseWait = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait";
    private const string Service = "10.96.0.50";
    private const int ShortSeconds = 5;
    private const int AnswerAfterSeconds = 8;
    private const string Patience = "12";

    [Theory]
    [InlineData("dry-run", false)]
    [InlineData("apply", true)]
    public async Task LostResponse_ThroughDnatAndMasquerade_IsDeliveredWithApply(string mode, bool delivered)
    {
        var server = await Node.RunPodAsync(new PodSpec("shop", "slow", new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000", $"{AnswerAfterSeconds}")));
        var client = await RunClientAsync("client");
        await Node.AddServiceAsync(Service, 80, server, 9000, masquerade: true);
        (await Node.RunAsync("sh", "-c", $"echo {ShortSeconds} >{CloseWait}")).Checked();
        using var agent = new RunningAgent(Node, mode, "host");
        await agent.SaysAsync(delivered ? "Sysctl written by" : "would be raised from 5 to 3600");

        var answer = await Node.ExecAsync(client, "app", "/bin/peer", "ask", Service, "80", Patience);

        Assert.Contains(delivered ? "late" : "no answer", answer.Output, StringComparison.Ordinal);
        Assert.Equal(delivered ? 3600 : ShortSeconds, Number(await Node.RunAsync("cat", CloseWait)));
    }

    [Theory]
    [InlineData("dry-run", false)]
    [InlineData("apply", true)]
    public async Task LostResponse_InAMeshedPodsOwnNamespace_IsDeliveredWithApply(string mode, bool delivered)
    {
        var meshed = await Node.RunMeshedServerAsync("meshed", answer: $"{AnswerAfterSeconds}");
        var client = await RunClientAsync("client");
        (await Node.RunInNetworkOfAsync(meshed, "sh", "-c", $"echo {ShortSeconds} >{CloseWait}")).Checked();
        (await Node.RunAsync("sh", "-c", $"echo 60 >{CloseWait}")).Checked();
        using var agent = new RunningAgent(Node, mode, "pods");
        await agent.SaysAsync(delivered ? "Sysctl written by closewatch run: pod shop/meshed" : "pod shop/meshed: nf_conntrack_tcp_timeout_close_wait would be raised from 5 to 3600");

        var answer = await Node.ExecAsync(client, "app", "/bin/peer", "ask", meshed.Ip, "9000", Patience);

        Assert.Equal(delivered, answer.Output.Contains("late", StringComparison.Ordinal));
        Assert.Equal(delivered ? 3600 : ShortSeconds, Number(await Node.RunInNetworkOfAsync(meshed, "cat", CloseWait)));
        Assert.Equal(60, Number(await Node.RunAsync("cat", CloseWait)));
    }

    private static int Number(CommandResult result) => int.Parse(result.Checked().Output, CultureInfo.InvariantCulture);

    /// <summary>The long-running agent as a process of the node.</summary>
    private sealed class RunningAgent : IDisposable
    {
        private readonly Process _process;
        private readonly ConcurrentQueue<string> _lines = new();

        public RunningAgent(PodNode node, string mode, string scope)
        {
            var start = node.StartInfo(
                Repository.Closewatch, "run", "--Http:Listen=http://127.0.0.1:0", "--Collection:Interval=1s", "--Logging:Format=text",
                $"--Remediation:Mode={mode}", $"--Remediation:Scope={scope}", $"--Remediation:StateDirectory=/run/node/state-{Guid.NewGuid():N}");
            start.RedirectStandardOutput = start.RedirectStandardError = true;
            _process = new Process { StartInfo = start };
            _process.OutputDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
            _process.ErrorDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
            _process.Start();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public Task SaysAsync(string text) => Eventually.TrueAsync(
            $"the agent says '{text}'",
            () => Task.FromResult(_lines.Any(line => line.Contains(text, StringComparison.Ordinal)) || (_process.HasExited ? throw new InvalidOperationException(string.Join('\n', _lines)) : false)),
            TimeSpan.FromSeconds(30));

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }

            _process.Dispose();
        }
    }
}
