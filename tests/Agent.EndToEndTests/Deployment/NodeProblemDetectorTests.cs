using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The rule's command, run as node-problem-detector runs it: exit code 0 is well, 1 a problem, any other unknown; standard output is the message.</summary>
public sealed class NodeProblemDetectorTests
{
    private static readonly JsonElement s_monitor =
        JsonDocument.Parse(File.ReadAllBytes(Repository.PathOf("deploy/node-problem-detector/closewatch.json"))).RootElement;

    private static readonly JsonElement s_rule = s_monitor.At("rules", 0);

    [Fact]
    public void Rule_Condition_IsDeclaredAndItsTimeoutFits()
    {
        Assert.Equal(s_monitor.At("conditions", 0, "type").GetString(), s_rule.GetProperty("condition").GetString());
        Assert.Equal(s_monitor.At("pluginConfig", "timeout").GetString(), s_rule.GetProperty("timeout").GetString());
    }

    [Theory]
    [InlineData("full", 1)]
    [InlineData("quiet", 0)]
    [InlineData("nothing", 3)]
    public async Task Rule_Command_SaysByItsExitCodeWhetherThereIsAProblem(string tree, int exitCode)
    {
        using var captured = new CapturedTree(tree);

        var result = await Command.RunAsync([Repository.Closewatch, .. s_rule.GetProperty("args").Strings().Select(static word => word!), "--proc-root", captured.Path, "--fresh"]);

        Assert.True(exitCode == result.ExitCode, $"exit code {result.ExitCode}: {result.Output} {result.Error}");
        if (exitCode == 1)
        {
            Assert.StartsWith("CRITICAL", result.Output, StringComparison.Ordinal);
        }
    }

    /// <summary>A captured /proc whose conntrack table is nearly full and drops connections, one without trouble, and one without anything.</summary>
    private sealed class CapturedTree : IDisposable
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-npd-");

        public CapturedTree(string kind)
        {
            if (kind == "nothing")
            {
                return;
            }

            Write("net/tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
            Write("net/nf_conntrack", "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=40000 [ASSURED] mark=0 zone=0 use=2\n");
            Write("sys/net/netfilter/nf_conntrack_count", kind == "quiet" ? "1" : "99");
            Write("sys/net/netfilter/nf_conntrack_max", "100");
            Write("sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait", "3600");
        }

        public string Path => _directory.FullName;

        public void Dispose() => _directory.Delete(recursive: true);

        private void Write(string name, string text)
        {
            var path = System.IO.Path.Combine(Path, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }
    }
}
