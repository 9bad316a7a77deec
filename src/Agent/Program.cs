using System.CommandLine;
using System.CommandLine.Help;
using Agent.Commands;
using Agent.Configuration;
using Agent.Sources;

namespace Agent;

/// <summary>The command tree.</summary>
internal static class Program
{
    private static readonly Dictionary<string, string[]> s_examples = new(StringComparer.Ordinal)
    {
        ["closewatch"] = ["closewatch report", "kubectl exec -n closewatch daemonset/closewatch -- closewatch report"],
        ["run"] = ["closewatch run --Http:Listen=http://*:9742 --Collection:Interval=30s"],
        ["report"] =
        [
            "closewatch report --pod shop/web-7d4b9c-x2x5p --window 10s",
            "kubectl exec -n closewatch daemonset/closewatch -- closewatch report --fresh",
            "closewatch report -o json --fail-on critical | jq .verdict",
            "closewatch report --watch 5s",
        ],
        ["capture"] =
        [
            "closewatch capture node.tar.gz && tar -xzf node.tar.gz && closewatch report --proc-root closewatch-*",
            "kubectl exec -n closewatch daemonset/closewatch -- closewatch capture - > node.tar.gz",
        ],
        ["trace"] =
        [
            "closewatch trace --lost",
            "kubectl exec -n closewatch daemonset/closewatch -- closewatch trace --pod shop/web-7d4b9c-x2x5p",
            "closewatch trace --port 8080 --for 30s -o json | jq -c 'select(.lost)'",
        ],
        ["sysctl"] = ["closewatch sysctl plan --Remediation:Scope=host+pods", "closewatch sysctl apply --yes"],
        ["plan"] = ["closewatch sysctl plan --Remediation:Settings:nf_conntrack_tcp_timeout_close_wait=2h"],
        ["apply"] = ["closewatch sysctl apply --yes --Remediation:Scope=pods --Remediation:PodSelector=app=web"],
        ["explain"] = ["closewatch explain half-closed-untracked"],
        ["config"] = ["closewatch config --Diagnosis:Upstream=alb"],
        ["version"] = ["closewatch version"],
        ["completion"] =
        [
            "source <(closewatch completion bash)",
            "closewatch completion zsh > \"${fpath[1]}/_closewatch\"",
            "closewatch completion fish > ~/.config/fish/completions/closewatch.fish",
        ],
        ["help"] = ["closewatch help report"],
    };

    public static Task<int> Main(string[] args)
    {
        var terminal = Terminal.OfProcess(ConfigurationInput.EnvironmentOfProcess());
        return RunAsync(args, new()
        {
            Terminal = terminal,
            Answers = Console.IsInputRedirected ? null : Terminal.OpenAnswers,
            CreateScanner = static (options, pods) => new NodeScanner(
                options.Collection, HostDirectories.Locate(options.Pods, options.Collection.ProcRoot), pods, TimeProvider.System),
        });
    }

    /// <summary>Runs one command line.</summary>
    public static Task<int> RunAsync(IEnumerable<string> arguments, CommandServices services)
    {
        var (settings, rest) = CommandLineRunner.Split(arguments);
        var common = new CommonOptions();
        return CommandLineRunner.RunAsync(Tree(services with { Settings = settings }, common), common, rest, services.Terminal);
    }

    private static Command Tree(CommandServices services, CommonOptions common)
    {
        // Not a RootCommand: that would be named after the file it was started from.
        var root = new Command(
            "closewatch", "Finds the connections behind HTTP 502s, connect time-outs and lost responses on this Kubernetes node.")
        {
            new RunCommand(services, common).Create(),
            new ReportCommand(services, common).Create(),
            new CaptureCommand(services, common).Create(),
            new TraceCommand(services, common).Create(),
            new SysctlCommand(services, common).Create(),
            new ExplainCommand(services, common).Create(),
            new ConfigCommand(services, common).Create(),
            new VersionCommand(services.Terminal).Create(),
        };
        root.Add(new CompletionCommand(services, root).Create());
        root.Add(HelpCommand.Create(root));
        foreach (var option in common.All)
        {
            root.Add(option);
        }

        root.Add(new HelpOption { Action = new HelpWithExample(new HelpAction { MaxWidth = services.Terminal.Width() }, s_examples) });
        root.Add(new VersionOption { Action = new VersionCommand.OptionAction(services.Terminal) });
        root.SetAction(_ =>
        {
            root.Parse("--help").Invoke(new() { Output = services.Terminal.Output, Error = services.Terminal.Error });
            return ExitCode.Usage;
        });
        return root;
    }
}
