using System.Collections.Immutable;
using System.Text;
using Agent.Core;
using Agent.Core.Reporting;
using Microsoft.Win32.SafeHandles;

namespace Agent.Commands;

/// <summary>Where a command writes, and what can be shown there.</summary>
internal sealed record Terminal
{
    private const int StandardOutput = 1;
    private const int NarrowestUseful = 60;
    private const int WidestReadable = 120;

    // The first that is set counts (locale(7)).
    private static readonly string[] s_localeVariables = ["LC_ALL", "LC_CTYPE", "LANG"];

    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>The same as <see cref="Output"/>, for what is no text.</summary>
    public Func<Stream> OpenBinaryOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>
    /// The output for what never ends by itself: writing throws an <see cref="IOException"/> when nobody reads any more. The console's own
    /// stream says nothing then, and a trace in a pipe would go on for ever.
    /// </summary>
    public Func<TextWriter>? OpenLiveOutput { get; init; }

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns; 80 when the output is no terminal.</summary>
    public int Width { get; init; } = 80;

    public ImmutableDictionary<string, string> Environment { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Standard output and error of this process.</summary>
    public static Terminal OfProcess(ImmutableDictionary<string, string> environment) => new()
    {
        Output = Open(Console.OpenStandardOutput()),
        OpenLiveOutput = OpenLive,
        Error = Open(Console.OpenStandardError()),
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Width = !Console.IsOutputRedirected && Console.WindowWidth is > 0 and var width
            ? Math.Clamp(width, NarrowestUseful, WidestReadable)
            : 80,
        Environment = environment,
    };

    /// <summary>
    /// How text is to look. Colours only on a terminal that has them; characters beyond ASCII only where the locale is UTF-8 (locale(7)).
    /// </summary>
    public TextStyle Style(bool noColor) => new(
        Width,
        Color: OutputIsTerminal && !noColor && Variable("NO_COLOR").Length == 0 && Variable("TERM") != "dumb",
        Unicode: LocaleIsUtf8());

    /// <summary>One line on standard error.</summary>
    public void WriteError(string message) => Error.WriteLine($"closewatch: {HumanText.Printable(message)}");

    private bool LocaleIsUtf8()
    {
        var locale = s_localeVariables.Select(Variable).FirstOrDefault(static value => value.Length > 0) ?? "";
        return locale.Replace("-", "", StringComparison.Ordinal).Contains("utf8", StringComparison.OrdinalIgnoreCase);
    }

    private string Variable(string name) => Environment.GetValueOrDefault(name, "");

    private static StreamWriter OpenLive()
    {
        var stream = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (!stream.CanSeek)
        {
            return Open(stream);
        }

        // A file has no reader who could leave, and a stream with a position of its own would write over what others append to it.
        stream.Dispose();
        return Open(Console.OpenStandardOutput());
    }

    // The console's own writer would replace what the locale's character set lacks.
    private static StreamWriter Open(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
