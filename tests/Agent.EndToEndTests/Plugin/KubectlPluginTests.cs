using System.Text.Json;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Plugin;

/// <summary>deploy/plugin/kubectl-closewatch against a stand-in for kubectl.</summary>
[Lasts(seconds: 8, First = true)]
public sealed class KubectlPluginTests : IDisposable
{
    private readonly FakeCluster _cluster = new();

    public void Dispose()
    {
        Assert.Empty(_cluster.Leftovers);
        _cluster.Dispose();
    }

    [Fact]
    public async Task Script_Shellcheck_IsClean() =>
        (await Command.RunAsync(["shellcheck", Repository.PathOf("deploy/plugin/kubectl-closewatch")])).Checked();

    [Fact]
    public async Task Report_OneNode_IsAskedOfTheAgentThere()
    {
        var result = (await _cluster.RunAsync("report", "n2")).Checked();

        Assert.Equal("report of agent-2\n", result.Output);
        Assert.Empty(result.Error);
        Assert.Equal(["closewatch report --caller plugin -o text"], _cluster.Ran);
    }

    [Theory]
    [InlineData("--window 10s --top=3 --quiet", "closewatch report --caller plugin -o text --window 10s --top=3 --quiet")]
    [InlineData("--quiet --fresh", "closewatch report --caller plugin -o text --quiet --fresh")]
    [InlineData("-o json", "closewatch report --caller plugin -o json")]
    [InlineData("--output=html", "closewatch report --caller plugin -o html")]
    [InlineData("-n shop --fail-on warning", "closewatch report --caller plugin -o text --namespace shop --fail-on warning")]
    [InlineData("--quiet --connections 3", "closewatch report --caller plugin -o text --quiet --connections 3")]
    public async Task Report_Options_ReachTheAgent(string options, string expected)
    {
        (await _cluster.RunAsync(["report", .. options.Split(' '), "n1"])).Checked();

        Assert.Equal([expected], _cluster.Ran);
    }

    [Fact]
    public async Task Report_OptionWithSpacesAndQuotes_StaysOneArgument()
    {
        (await _cluster.RunAsync("report", "n1", "--config", "it's \"a\" file*")).Checked();

        Assert.Equal(["closewatch report --caller plugin -o text --config it's \"a\" file*"], _cluster.Ran);
    }

    [Fact]
    public async Task Report_ContextAndKubeconfig_GoToKubectl()
    {
        (await _cluster.RunAsync("--context", "prod", "report", "n1", "--kubeconfig=/k")).Checked();

        Assert.All(_cluster.Calls, static call => Assert.StartsWith("--context prod --kubeconfig /k ", call, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agents_OfAnotherNamespace_AreAskedOnlyWhenTold()
    {
        _cluster.Write("agents", "shop trap n1\ndefault trap n1\nmonitoring agent-3 n1\n");

        var result = await _cluster.RunAsync("report", "n1");
        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: node n1 has no running agent in namespace closewatch: ", result.Error, StringComparison.Ordinal);
        Assert.Empty(_cluster.Ran);

        Assert.Equal("report of agent-3\n", (await _cluster.RunAsync("report", "n1", "--agent-namespace", "monitoring")).Checked().Output);
        Assert.DoesNotContain(_cluster.Calls, static call => call.Contains(" -A", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("report n1")]
    [InlineData("report --all")]
    [InlineData("pod default/web")]
    public async Task Agents_NotMadeByTheDaemonSet_AreNotAsked(string arguments)
    {
        _cluster.Write("agents", "closewatch trap-1 n1 nobody\nclosewatch trap-2 n1 uid-of-a-replicaset\n");

        var result = await _cluster.RunAsync(arguments.Split(' '));

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: no pod with the label ", result.Error, StringComparison.Ordinal);
        Assert.Empty(_cluster.Ran);
    }

    [Fact]
    public async Task Agents_SomeNotMadeByTheDaemonSet_TheOthersAreAsked()
    {
        _cluster.Write("agents", "closewatch trap n1 nobody\nclosewatch agent-1 n1\n");

        Assert.Equal("report of agent-1\n", (await _cluster.RunAsync("report", "n1")).Checked().Output);
    }

    [Theory]
    [InlineData("/bin/sh")]
    [InlineData("/bin/busybox sh")]
    public async Task Report_ControlCharacters_AreNotPrinted(string shell)
    {
        // A title of the window, a colour, C1 controls as UTF-8 has them (also one inside another), DEL; and text that stays.
        _cluster.Write("agent-1.json", "a\u001b]0;title\u0007b\u001b[31mc\u009bd\r\u007fe\tcaf\u00e9 \u2713\n");
        _cluster.Write("agent-1.error", "words\u001b[2Jmore\n");

        var result = (await _cluster.RunInAsync(shell.Split(' '), "report", "n1")).Checked();

        Assert.Equal("a?]0;title?b?[31mc?d??e\tcaf\u00e9 \u2713\n", result.Output);
        Assert.Equal("words?[2Jmore\n", result.Error);
    }

    [Fact]
    public async Task All_ControlCharacters_AreNotPrinted()
    {
        _cluster.Write("agents", "closewatch agent-1 n1\n");
        _cluster.Write("agent-1.json", "{\"verdict\": \"ok\u001b[31m\"}");
        Assert.DoesNotContain('\u001b', (await _cluster.RunAsync("report", "--all", "-o", "json")).Checked().Output);

        _cluster.Write("agent-1.code", "3");
        _cluster.Write("agent-1.error", "closewatch: \u001b[31m\n");
        Assert.DoesNotContain('\u001b', (await _cluster.RunAsync("report", "--all")).Error);
    }

    [Fact]
    public async Task Report_AFindingAtFailOn_IsExitCode1WithoutKubectlsNoise()
    {
        _cluster.Write("agent-1.code", "1");

        var result = await _cluster.RunAsync("report", "n1", "--fail-on", "warning");

        Assert.Equal((1, "report of agent-1\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData(2, "closewatch: unknown option --tpo: did you mean --top?")]
    [InlineData(3, "closewatch: nothing could be read: run it with CAP_NET_ADMIN")]
    public async Task Report_TheAgentFails_ItsWordsAndCodeArePassedOn(int code, string words)
    {
        _cluster.Write("agent-1.code", $"{code}");
        _cluster.Write("agent-1.error", $"{words}\ncommand terminated with exit code {code}\n");

        var result = await _cluster.RunAsync("report", "n1");

        Assert.Equal((code, words + "\n"), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("report n1 --pod host", "closewatch report --caller plugin --pod host -o text")]
    [InlineData("trace n1 --pod netns:blue", "closewatch trace --pod netns:blue -o text")]
    [InlineData("explain", "closewatch explain")]
    [InlineData("explain close-wait-leak", "closewatch explain close-wait-leak")]
    [InlineData("explain close-wait-leak -o json", "closewatch explain close-wait-leak -o json")]
    public async Task Commands_OfNoPod_AreAskedOfAnAgent(string arguments, string expected)
    {
        (await _cluster.RunAsync(arguments.Split(' '))).Checked();

        Assert.Equal([expected], _cluster.Ran);
    }

    [Theory]
    [InlineData("report --pod host", 2, "host is on every node: ")]
    [InlineData("explain -o html", 2, "explain has no output format html: ")]
    [InlineData("report n3", 3, "node n3 has no running agent in namespace closewatch: ")]
    [InlineData("report n9", 2, "there is no node n9: ")]
    [InlineData("pod shop/gone", 2, "there is no pod shop/gone: ")]
    [InlineData("pod gone", 2, "there is no pod gone: ")]
    [InlineData("pod shop/waiting", 3, "pod shop/waiting is Pending and on no node yet: ")]
    [InlineData("pod a/b/c", 2, "'a/b/c' is no pod: ")]
    [InlineData("pod shop/", 2, "'shop/' is no pod: ")]
    [InlineData("pod", 2, "which pod? ")]
    [InlineData("pod --all shop/cart", 2, "--all is for report")]
    [InlineData("report n1 --all", 2, "either a node or --all")]
    [InlineData("report n1 n2", 2, "too many arguments: n2")]
    [InlineData("report n1 -o yaml", 2, "'yaml' is no output format: ")]
    [InlineData("report --all -o html", 2, "html is for one node: ")]
    [InlineData("report n1 -o", 2, "-o needs a value")]
    [InlineData("reprot", 2, "'reprot' is no command: ")]
    [InlineData("--quiet", 2, "report, pod, trace or explain? ")]
    public async Task Mistake_IsOneLineThatNamesTheThing(string arguments, int code, string message)
    {
        var result = await _cluster.RunAsync(arguments.Split(' '));

        Assert.Equal(code, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: " + message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("Error from server (Forbidden): pods is forbidden: User \"eve\" cannot list resource \"pods\"", 3, "not allowed to look for the DaemonSet of the agents: ")]
    [InlineData("error: You must be logged in to the server (Unauthorized)", 3, "not logged in: ")]
    [InlineData("error: context \"prod\" does not exist", 2, "cannot look for the DaemonSet of the agents: ")]
    [InlineData("The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?", 3, "cannot look for the DaemonSet of the agents: ")]
    public async Task Report_KubectlFails_SaysWhyAndWhatToDo(string failure, int code, string message)
    {
        _cluster.Write("failure", failure + "\n");

        var result = await _cluster.RunAsync("report", "n1");

        Assert.Equal(code, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: " + message + failure, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_ExecForbidden_IsNotTakenForAFinding()
    {
        _cluster.Write("agent-1.code", "1");
        _cluster.Write("agent-1.error", "Error from server (Forbidden): pods \"agent-1\" is forbidden: User \"eve\" cannot create resource \"pods/exec\"\n");

        var result = await _cluster.RunAsync("report", "n1");

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: not allowed to ask the agent closewatch/agent-1 on node n1: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_NoKubectl_SaysSo()
    {
        var result = await Command.RunAsync(
            ["/bin/sh", Repository.PathOf("deploy/plugin/kubectl-closewatch"), "report"], environment: new Dictionary<string, string> { ["KUBECTL"] = "no-such-kubectl" });

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: no-such-kubectl is not on the PATH: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shop/cart")]
    [InlineData("cart -n shop")]
    public async Task Pod_NamedEitherWay_IsAskedOfItsNode(string pod)
    {
        var result = (await _cluster.RunAsync(["pod", .. pod.Split(' '), "--window", "5s"])).Checked();

        Assert.Equal("report of agent-2\n", result.Output);
        Assert.Equal(["closewatch report --caller plugin --pod shop/cart -o text --window 5s"], _cluster.Ran);
    }

    [Fact]
    public async Task Pod_WithoutNamespace_IsInTheCurrentOne()
    {
        (await _cluster.RunAsync("pod", "web")).Checked();

        Assert.Equal(["closewatch report --caller plugin --pod default/web -o text"], _cluster.Ran);
    }

    [Theory]
    [InlineData("/bin/sh")]
    [InlineData("/bin/busybox sh")]
    public async Task All_TwoNodes_AreOneTableWorstFirst(string shell)
    {
        _cluster.WriteReport("agent-1", "warning", closeWait: 4, untracked: 0, "close-wait-leak");
        _cluster.WriteReport("agent-2", "critical", closeWait: 10, untracked: 7, "half-closed-untracked", "probe-missing");

        var result = (await _cluster.RunInAsync(shell.Split(' '), "report", "--all")).Checked();

        Assert.Equal(
            """
            NODE  VERDICT   CAUSES  HALF-CLOSED  EXPIRING  UNTRACKED  WORST
            n2    critical  2       11           2         7          half-closed-untracked
            n1    warning   1       5            2         0          close-wait-leak

            Do first
            n2    of half-closed-untracked: say "hello"
            n1    of close-wait-leak: say "hello"
            More: kubectl closewatch report NODE

            """,
            result.Output);
    }

    [Fact]
    public async Task All_IsTheDefaultOfReport()
    {
        _cluster.WriteReport("agent-1", "ok", closeWait: 0, untracked: 0);
        _cluster.WriteReport("agent-2", "ok", closeWait: 0, untracked: 0);

        var result = (await _cluster.RunAsync("report", "-o", "markdown")).Checked();

        Assert.Equal(
            """
            | NODE | VERDICT | CAUSES | HALF-CLOSED | EXPIRING | UNTRACKED | WORST | DO FIRST |
            | --- | --- | --- | --- | --- | --- | --- | --- |
            | n1 | ok | 0 | 1 | 2 | 0 | - | - |
            | n2 | ok | 0 | 1 | 2 | 0 | - | - |

            """,
            result.Output);
    }

    [Fact]
    public async Task All_Json_IsAnArrayOfReports()
    {
        _cluster.WriteReport("agent-1", "ok", closeWait: 0, untracked: 0);
        _cluster.WriteReport("agent-2", "warning", closeWait: 1, untracked: 0, "close-wait-leak");

        var result = (await _cluster.RunAsync("report", "--all", "-o", "json")).Checked();

        using var reports = JsonDocument.Parse(result.Output);
        Assert.Equal(["ok", "warning"], reports.RootElement.EnumerateArray().Select(static report => report.GetProperty("verdict").GetString()!));
    }

    [Fact]
    public async Task All_OneNodeFails_TheOthersAreShownAndTheExitCodeTells()
    {
        _cluster.WriteReport("agent-1", "ok", closeWait: 0, untracked: 0);
        _cluster.Write("agent-2.code", "3");
        _cluster.Write("agent-2.error", "closewatch: nothing could be read: run it with CAP_NET_ADMIN\ncommand terminated with exit code 3\n");

        var result = await _cluster.RunAsync("report", "--all");

        Assert.Equal(3, result.ExitCode);
        Assert.Equal("kubectl-closewatch: node n2: closewatch: nothing could be read: run it with CAP_NET_ADMIN\n", result.Error);
        Assert.Equal(["n2    unknown", "n1    ok     "], result.Lines.Skip(1).Select(static line => line[..13]));
    }

    [Fact]
    public async Task All_FailOn_IsTheWorstOfAllNodes()
    {
        _cluster.WriteReport("agent-1", "ok", closeWait: 0, untracked: 0);
        _cluster.WriteReport("agent-2", "warning", closeWait: 1, untracked: 0, "close-wait-leak");
        _cluster.Write("agent-2.code", "1");

        Assert.Equal(1, (await _cluster.RunAsync("report", "--all", "--fail-on", "warning")).ExitCode);
    }

    [Fact]
    public async Task All_ManyNodes_AreAllAsked()
    {
        _cluster.Write("agents", string.Concat(Enumerable.Range(10, 21).Select(static index => $"closewatch agent-{index} node-{index}\n")));
        foreach (var index in Enumerable.Range(10, 21))
        {
            _cluster.WriteReport($"agent-{index}", "ok", closeWait: index, untracked: 0);
        }

        var result = (await _cluster.RunAsync("report", "--all")).Checked();

        Assert.Equal(Enumerable.Range(10, 21).Reverse().Select(static index => $"node-{index}"), result.Lines.Skip(1).Select(static line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task All_NoAgentAnywhere_SaysSo()
    {
        _cluster.Write("agents", "");

        var result = await _cluster.RunAsync("report", "--all");

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("kubectl-closewatch: no agent is running in namespace closewatch: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_OfAPod_IsAskedOfItsNode_AndPrintsNoControls()
    {
        _cluster.Write("agent-2.json", "first \u001b[31mline\nsecond\n");

        var result = (await _cluster.RunAsync("trace", "--pod", "shop/cart", "--lost", "--for", "10s")).Checked();

        Assert.Equal("first ?[31mline\nsecond\n", result.Output);
        Assert.Equal(["closewatch trace --pod shop/cart -o text --lost --for 10s"], _cluster.Ran);
    }

    [Fact]
    public async Task Trace_OfANode_IsAskedOfIt()
    {
        (await _cluster.RunAsync("trace", "n1", "-o", "json")).Checked();

        Assert.Equal(["closewatch trace -o json"], _cluster.Ran);
    }

    [Fact]
    public async Task Color_AskedFor_StaysAndNothingElseDoes()
    {
        _cluster.Write("agent-1.json", "\u001b[1;31mCRITICAL\u001b[0m \u001b]0;title\u0007 \u0001evil\u0002 \u001b[2J\n");

        var result = (await _cluster.RunAsync("report", "n1", "--color", "always", "--width", "100")).Checked();

        Assert.Equal("\u001b[1;31mCRITICAL\u001b[0m ?]0;title? ?evil? ?[2J\n", result.Output);
        Assert.Equal(["closewatch report --caller plugin -o text --color always --width 100"], _cluster.Ran);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    public async Task Once_MakesAPodOnTheNode_ShowsItsLogAndRemovesIt(string code, int expected)
    {
        _cluster.Write("once.phase", $"{(code == "0" ? "Succeeded" : "Failed")} {code}");
        _cluster.Write("once.log", "the report\n");

        var result = await _cluster.RunAsync("report", "n3", "--once", "--image", "registry.example/closewatch:1.0", "--fail-on", "critical");

        Assert.Equal((expected, "the report\n"), (result.ExitCode, result.Output));
        using var pod = JsonDocument.Parse(string.Join('\n', _cluster.Created));
        var spec = pod.RootElement.GetProperty("spec");
        Assert.Equal("n3", spec.GetProperty("nodeName").GetString());
        Assert.Equal(
            ["report", "--fresh", "--caller", "plugin", "-o", "text", "--fail-on", "critical"],
            spec.GetProperty("containers")[0].GetProperty("args").EnumerateArray().Select(static word => word.GetString()!));
        Assert.Equal([pod.RootElement.GetProperty("metadata").GetProperty("name").GetString()!], _cluster.Deleted);
    }

    [Theory]
    [InlineData("--once needs --image", "report", "n3", "--once")]
    [InlineData("is no name of an image", "report", "n3", "--once", "--image", "x\", \"y")]
    [InlineData("--once is for the report of one node or pod", "report", "--once", "--image", "x")]
    public async Task Once_WithoutWhatItNeeds_MakesNothing(string message, params string[] arguments)
    {
        var result = await _cluster.RunAsync(arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Empty(_cluster.Created);
    }

    [Fact]
    public async Task Once_ImageThatCannotBePulled_SaysSoAndRemovesThePod()
    {
        _cluster.Write("once.phase", "Pending ErrImagePull");

        var result = await _cluster.RunAsync("report", "n3", "--once", "--image", "x");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("ErrImagePull: check the image x", result.Error, StringComparison.Ordinal);
        Assert.Single(_cluster.Deleted);
    }

    [Fact]
    public async Task Help_IsOnStandardOutput_AndWithoutArgumentsOnStandardError()
    {
        var asked = (await _cluster.RunAsync("--help")).Checked();
        var lost = await _cluster.RunAsync();

        Assert.Contains("kubectl closewatch pod", asked.Output, StringComparison.Ordinal);
        Assert.Equal((2, asked.Output), (lost.ExitCode, lost.Error));
    }
}
