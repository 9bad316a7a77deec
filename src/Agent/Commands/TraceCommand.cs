using System.CommandLine;
using Agent.Configuration;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch trace</c>: its options.</summary>
internal sealed class TraceCommand(CommandServices services, CommonOptions common)
{
    private readonly Option<ReportFormat> _output = TypedOption.Create(
        "--output", "text|json", "Lines for people, or one JSON object a line (default: text)",
        SettingTypes.Choice(("text", ReportFormat.Text), ("json", ReportFormat.Json)),
        "-o");

    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = "Only pods of this namespace", HelpName = "NS" };

    private readonly Option<string?> _pod =
        new("--pod") { Description = "Only this pod, or host, netns:NAME, container:ID", HelpName = "[NS/]NAME" };

    private readonly Option<int?> _port = TypedOption.Create(
        "--port", "N", "Only connections to this server port, whichever side",
        TypedOption.Nullable(SettingTypes.Integer(1, ushort.MaxValue)));

    private readonly Option<bool> _lost = new("--lost") { Description = "Only requests that got no answer because their connection ended" };

    private readonly Option<TimeSpan?> _for = TypedOption.Create(
        "--for", "DURATION", "End after so long (default: with Ctrl-C)", TypedOption.Nullable(SettingTypes.Duration));

    private readonly Option<int?> _count = TypedOption.Create(
        "--count", "N", "End after so many lines", TypedOption.Nullable(SettingTypes.Integer(1, int.MaxValue)));

    public Command Create()
    {
        var command = new Command(
            "trace",
            "Show connections as they end, one line each: who closed, after how long idle, which request was lost. A ? marks ends of which "
            + "nobody can tell whether a request was lost")
        {
            _pod, _namespace, _port, _lost, _for, _count, _output,
        };
        command.SetAction((parsed, _) => new TraceRunner(services).RunAsync(Request(parsed)));
        return command;
    }

    private TraceRequest Request(ParseResult parsed) => new()
    {
        Filter = new()
        {
            Namespace = parsed.GetValue(_namespace),
            Pod = parsed.GetValue(_pod),
            Port = (ushort?)parsed.GetValue(_port),
            LostOnly = parsed.GetValue(_lost),
        },
        Json = parsed.GetValue(_output) == ReportFormat.Json,
        For = parsed.GetValue(_for),
        Count = parsed.GetValue(_count),
        ConfigurationFile = parsed.GetValue(common.Config),
        Appearance = common.AppearanceOf(parsed),
    };
}
