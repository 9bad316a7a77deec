using System.Collections.Immutable;
using System.CommandLine;
using Agent.Configuration;

namespace Agent.Commands;

/// <summary><c>closewatch sysctl plan</c> and <c>closewatch sysctl apply</c>: their options.</summary>
internal sealed class SysctlCommand(CommandServices services, CommonOptions common)
{
    private readonly Option<string?> _procRoot = new("--proc-root")
    {
        Description = "Where /proc is, or a captured tree, which is never written (default: /proc)",
        HelpName = "DIR",
    };

    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Write without asking" };

    public Command Create()
    {
        var plan = new Command("plan", "Show what would be written, and what not and why") { _procRoot };
        plan.SetAction((parsed, _) => new SysctlRunner(services).RunAsync(Request(parsed, writes: false)));
        var apply = new Command("apply", "Write it once") { _procRoot, _yes };
        apply.SetAction((parsed, _) => new SysctlRunner(services).RunAsync(Request(parsed, writes: true)));
        var command = new Command(
            "sysctl", "Raise the conntrack settings of this node and its pods (section Remediation), once and by hand") { plan, apply };
        command.SetAction(_ =>
        {
            services.Terminal.WriteError("sysctl needs plan or apply; see 'closewatch sysctl --help'");
            return ExitCode.Usage;
        });
        return command;
    }

    private SysctlRequest Request(ParseResult parsed, bool writes) => new()
    {
        Writes = writes,
        IsConfirmed = writes && parsed.GetValue(_yes),
        Appearance = common.AppearanceOf(parsed),
        ConfigurationFile = parsed.GetValue(common.Config),
        Overrides = parsed.GetValue(_procRoot) is { } directory
            ? [new ConfigurationEntry("Collection:ProcRoot", Path.GetFullPath(directory), "option --proc-root")]
            : [],
    };
}

/// <summary>What <c>closewatch sysctl</c> was asked for.</summary>
internal sealed record SysctlRequest
{
    public required bool Writes { get; init; }

    public bool IsConfirmed { get; init; }

    public Appearance Appearance { get; init; } = new();

    public string? ConfigurationFile { get; init; }

    public ImmutableArray<ConfigurationEntry> Overrides { get; init; } = [];
}
