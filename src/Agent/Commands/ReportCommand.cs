using System.Collections.Immutable;
using System.CommandLine;
using Agent.Configuration;
using Agent.Core;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Snapshots;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch report</c>: its options.</summary>
internal sealed class ReportCommand(CommandServices services, CommonOptions common)
{
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(5);

    private readonly Option<ReportFormat> _output = TypedOption.Create(
        "--output", "text|json|markdown|html", "Format of the report (default: text)",
        SettingTypes.Choice(
            ("text", ReportFormat.Text), ("json", ReportFormat.Json), ("markdown", ReportFormat.Markdown), ("html", ReportFormat.Html)),
        "-o");

    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = "Only pods of this namespace", HelpName = "NS" };

    private readonly Option<string?> _pod =
        new("--pod") { Description = "Only this pod, or host, netns:NAME, container:ID", HelpName = "[NS/]NAME" };

    private readonly Option<int?> _top = TypedOption.Create(
        "--top",
        "N",
        $"How many pods, most half-closed connections first (default: {ReportOptions.DefaultTop}; json: all)",
        TypedOption.Nullable(SettingTypes.Integer(0, int.MaxValue)));

    private readonly Option<int?> _connections = TypedOption.Create(
        "--connections",
        "N",
        $"How many connections of each pod, oldest first (default: {ReportOptions.DefaultConnections}, "
            + $"at most {SnapshotBuilder.ConnectionsPerOwner})",
        TypedOption.Nullable(SettingTypes.Integer(0, SnapshotBuilder.ConnectionsPerOwner)));

    private readonly Option<TimeSpan> _window = TypedOption.Create(
        "--window", "DURATION", "Scan twice, so far apart, so that counters become rates (default: 0, one scan)", SettingTypes.Duration);

    private readonly Option<bool> _fresh = new("--fresh")
    {
        Description = "Scan now; without it the agent that runs on this node is asked for its last scan, if there is one",
    };

    private readonly Option<Severity?> _failOn = TypedOption.Create(
        "--fail-on", "info|warning|critical", "Exit with 1 when there is a finding at or above",
        TypedOption.Nullable(SettingTypes.Choice(("info", Severity.Info), ("warning", Severity.Warning), ("critical", Severity.Critical))));

    private readonly Option<string?> _procRoot =
        new("--proc-root") { Description = "Where /proc is, or a captured tree (default: /proc)", HelpName = "DIR" };

    private readonly Option<string?> _upstream = new("--upstream")
    {
        Description = $"What is in front of the pods ({string.Join(", ", Upstream.Presets.Select(static preset => preset.Name))}), "
            + $"or how long it keeps idle connections (default: {Upstream.Default.Name})",
        HelpName = "PRESET|DURATION",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "The verdict only" };

    // For the plugin, so that what the report says to type is what works where it is read.
    private readonly Option<Caller> _caller = Hidden(TypedOption.Create(
        "--caller", "shell|plugin", "Where commands will be typed",
        SettingTypes.Choice(("shell", Caller.Shell), ("plugin", Caller.Plugin))));

    private readonly Option<bool> _details = new("--details")
    {
        Description = "Everything: evidence, timeouts, single connections, counters; without it, one screen (json and html have it all)",
    };

    private readonly Option<TimeSpan?> _watch = TypedOption.WithOptionalValue(
        "--watch", "DURATION", $"Print it again and again, so far apart (default: {HumanText.Duration(s_watch)})", s_watch,
        SettingTypes.Duration);

    public Command Create()
    {
        var command = new Command("report", "Print what is wrong on this node: as the running agent sees it, or by one scan")
        {
            _output, _namespace, _pod, _top, _connections, _fresh, _window, _failOn, _procRoot, _upstream, _quiet, _details, _watch,
            _caller,
        };
        command.SetAction((parsed, _) => new ReportRunner(services).RunAsync(Request(parsed)));
        return command;
    }

    private ReportRequest Request(ParseResult parsed) => new()
    {
        Format = parsed.GetValue(_output),
        Options = new()
        {
            Namespace = parsed.GetValue(_namespace),
            Pod = parsed.GetValue(_pod),
            Top = parsed.GetValue(_top),
            Connections = parsed.GetValue(_connections) ?? ReportOptions.DefaultConnections,
            Quiet = parsed.GetValue(_quiet),
            Details = parsed.GetValue(_details),
            Caller = parsed.GetValue(_caller),
        },
        Fresh = parsed.GetValue(_fresh),
        Window = parsed.GetValue(_window),
        Watch = parsed.GetValue(_watch),
        FailOn = parsed.GetValue(_failOn),
        ConfigurationFile = parsed.GetValue(common.Config),
        Appearance = common.AppearanceOf(parsed),
        Overrides = [.. Override("Diagnosis:Upstream", _upstream, parsed), .. Override("Collection:ProcRoot", _procRoot, parsed)],
    };

    private static Option<T> Hidden<T>(Option<T> option)
    {
        option.Hidden = true;
        return option;
    }

    private static ImmutableArray<ConfigurationEntry> Override(string key, Option<string?> option, ParseResult parsed) =>
        parsed.GetValue(option) switch
        {
            null => [],
            // A relative path is meant from where the command is given.
            var directory when option.Name == "--proc-root" => [new(key, Path.GetFullPath(directory), $"option {option.Name}")],
            var value => [new(key, value, $"option {option.Name}")],
        };
}
