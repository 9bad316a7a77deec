using Agent.Commands;
using Agent.Core.Model;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Agent.Commands;

/// <summary>What is written by the command is tried on a real kernel elsewhere: no namespace here has the number of these snapshots.</summary>
public sealed class SysctlCommandTests
{
    private const string Override = "--Remediation:OverrideKubeProxy=true";

    [Fact]
    public async Task Plan_ValueTooLow_IsShownWithReasonAndGuard()
    {
        var line = CommandLine.Of(Node(60));

        Assert.Equal(ExitCode.Done, await line.RunAsync("sysctl", "plan", Override));
        Assert.Contains("1 value to write", line.Output, StringComparison.Ordinal);
        Assert.Matches(@"host +nf_conntrack_tcp_timeout_close_wait +60 +3600 +raise", line.Output);
        Assert.Contains("Guard: (", line.Output, StringComparison.Ordinal);
        Assert.All(line.Output.Split('\n'), static text => Assert.True(text.Length <= 80, text));
    }

    [Fact]
    public async Task Plan_AsDesired_SaysNothingToWrite()
    {
        var line = CommandLine.Of(Node(3600));

        Assert.Equal(ExitCode.Done, await line.RunAsync("sysctl", "plan", Override));
        Assert.Contains("Nothing to write", line.Output, StringComparison.Ordinal);
        Assert.Matches(@"host +nf_conntrack_tcp_timeout_close_wait +3600 +3600 +leave", line.Output);
    }

    [Theory]
    [InlineData("host", "shop/web", "Remediation:Scope leaves pods out")]
    [InlineData("pods", "host", "Remediation:Scope leaves the node out")]
    public async Task Plan_WhatIsLeftOut_IsListedWithTheReason(string scope, string who, string why)
    {
        var node = Node(60);
        var line = CommandLine.Of(node with { Pods = [.. node.Pods, Given.Pod()] });

        Assert.Equal(ExitCode.Done, await line.RunAsync("sysctl", "plan", Override, $"--Remediation:Scope={scope}"));
        Assert.Matches($@"Left out [^\n]*\n +{who}\n +{why}\. Instead: set", line.Output);
    }

    [Fact]
    public async Task Plan_Refused_SaysWhatToDoInstead()
    {
        var node = Node(60);
        var line = CommandLine.Of(node with { Conntrack = node.Conntrack! with { Entries = 200_000, Flows = Given.Flows(200_000, 200_000) } });

        Assert.Equal(ExitCode.Done, await line.RunAsync("sysctl", "plan", Override));
        Assert.Contains("Nothing to write", line.Output, StringComparison.Ordinal);
        Assert.Contains("close-wait-leak", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_NothingOfWhatItShould_IsNoSuccess()
    {
        var node = Node(60);
        var full = node with { Conntrack = node.Conntrack! with { Entries = 200_000, Flows = Given.Flows(200_000, 200_000) } };
        var refused = CommandLine.Of(full);
        Assert.Equal(ExitCode.NothingRead, await refused.RunAsync("sysctl", "apply", "--yes", Override));
        Assert.Contains("nothing was written: 1 change refused", refused.Error, StringComparison.Ordinal);

        var asDesired = CommandLine.Of(Node(3600));
        Assert.Equal(ExitCode.Done, await asDesired.RunAsync("sysctl", "apply", "--yes", Override));

        var nothing = CommandLine.Of(node);
        Assert.Equal(ExitCode.NothingRead, await nothing.RunAsync("sysctl", "apply", "--yes", Override, "--Remediation:Scope=pods"));
        Assert.Contains("no setting is looked after", nothing.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "repeat it with --yes")]
    [InlineData("n\n", "nothing was written")]
    [InlineData("", "nothing was written")]
    public async Task Apply_NotConfirmed_WritesNothing(string? answer, string message)
    {
        var line = new CommandLine { Scanner = new FakeNodeScanner(Node(60)), Answer = answer };

        Assert.Equal(ExitCode.Usage, await line.RunAsync("sysctl", "apply", Override));
        Assert.Contains(message, line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Result", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_NamespaceIsGone_SaysSoAndFails()
    {
        var state = Directory.CreateTempSubdirectory("cwsysctl");
        try
        {
            var line = new CommandLine { Scanner = new FakeNodeScanner(Node(60)), Answer = "y\n" };

            Assert.Equal(ExitCode.NothingRead, await line.RunAsync("sysctl", "apply", Override, $"--Remediation:StateDirectory={state.FullName}"));
            Assert.Contains("not written:", line.Output, StringComparison.Ordinal);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Apply_CapturedTree_IsRefused()
    {
        var node = Node(60);
        var line = CommandLine.Of(node with { Node = node.Node with { CapturedTree = true } });

        Assert.Equal(ExitCode.Usage, await line.RunAsync("sysctl", "apply", "--yes", Override));
        Assert.Contains("captured tree, which is never written", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_NothingReadable_Exits3()
    {
        var line = CommandLine.Of(Node(60) with { HostSettings = null });

        Assert.Equal(ExitCode.NothingRead, await line.RunAsync("sysctl", "plan", Override));
        Assert.Contains("modprobe nf_conntrack", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sysctl_WithoutAVerb_IsAMistake() => Assert.Equal(ExitCode.Usage, await new CommandLine().RunAsync("sysctl"));

    private static Snapshot Node(long closeWait) => Given.Node(new PodSnapshot { Identity = PodIdentity.Host, NamespaceInode = 1 }) with { HostSettings = Given.Settings(closeWait) };
}
