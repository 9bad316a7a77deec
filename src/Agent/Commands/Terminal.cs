using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Agent.Core;
using Agent.Core.Reporting;
using Agent.Kernel.Terminals;
using Microsoft.Win32.SafeHandles;

namespace Agent.Commands;

/// <summary>Where a command writes, and what can be shown there.</summary>
internal sealed record Terminal
{
    private const int StandardInput = 0;
    private const int UsualWidth = 80;
    private const int NarrowestUseful = 60;
    private const int WidestReadable = 160;

    // The first that is set counts (locale(7)).
    private static readonly string[] s_localeVariables = ["LC_ALL", "LC_CTYPE", "LANG"];

    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>The same as <see cref="Output"/>, for what is no text.</summary>
    public Func<Stream> OpenBinaryOutput { get; init; } = static () => new StandardStream(StandardStream.Output);

    /// <summary>
    /// The output for what never ends by itself: writing throws an <see cref="IOException"/> when nobody reads any more. Otherwise a trace
    /// in a pipe would go on for ever.
    /// </summary>
    public Func<TextWriter>? OpenLiveOutput { get; init; }

    /// <summary>True when nobody reads the output any more, which writing would tell only with the next line.</summary>
    public Func<bool> ReaderHasLeft { get; init; } = static () => false;

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal; null when the output is none.</summary>
    public int? Columns { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>
    /// Columns to write: those that were asked for, of the terminal within what is readable, of <c>COLUMNS</c>, or 80, in this order.
    /// </summary>
    public int Width(int? asked = null) => asked
        ?? (Columns is { } columns ? Math.Clamp(columns, NarrowestUseful, WidestReadable)
            : int.TryParse(Variable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) && set > 0
                ? Math.Clamp(set, NarrowestUseful, Appearance.MaxWidth)
                : UsualWidth);

    /// <summary>Standard output and error of this process.</summary>
    public static Terminal OfProcess(IReadOnlyDictionary<string, string> environment) => new()
    {
        Output = Open(new StandardStream(StandardStream.Output)),
        OpenLiveOutput = static () => Open(new StandardStream(StandardStream.Output, tellsWhenClosed: true)),
        ReaderHasLeft = static () => StandardStream.ReaderHasLeft(StandardStream.Output),
        Error = Open(new StandardStream(StandardStream.Error)),
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Columns = Console.IsOutputRedirected ? null : TerminalWindow.Columns(StandardStream.Output),
        Environment = environment,
    };

    /// <summary>Standard input, read without preparing a terminal for reading keys.</summary>
    public static TextReader OpenAnswers() =>
#pragma warning disable CA2000 // The stream disposes of its handle, which leaves the standard input to the process.
        new StreamReader(new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 1));
#pragma warning restore CA2000

    /// <summary>
    /// How text is to look. Unless they are asked for, colours only on a terminal that has them and where neither NO_COLOR (no-color.org)
    /// nor its opposite CLICOLOR_FORCE says otherwise; characters beyond ASCII only where the locale is UTF-8 (locale(7)).
    /// </summary>
    public TextStyle Style(Appearance appearance) => new(Width(appearance.Width), HasColor(appearance.Color), LocaleIsUtf8());

    private bool HasColor(ColorChoice choice) => choice switch
    {
        ColorChoice.Always => true,
        ColorChoice.Never => false,
        _ when Variable("NO_COLOR").Length > 0 => false,
        _ when Variable("CLICOLOR_FORCE") is { Length: > 0 } force && force != "0" => true,
        _ => OutputIsTerminal && Variable("TERM") != "dumb",
    };

    /// <summary>One line on standard error.</summary>
    public void WriteError(string message) => Error.WriteLine($"closewatch: {HumanText.Printable(message)}");

    private bool LocaleIsUtf8()
    {
        var locale = s_localeVariables.Select(Variable).FirstOrDefault(static value => value.Length > 0) ?? "";
        return locale.Replace("-", "", StringComparison.Ordinal).Contains("utf8", StringComparison.OrdinalIgnoreCase);
    }

    private string Variable(string name) => Environment.GetValueOrDefault(name, "");

    // The console's own writer would replace what the locale's character set lacks.
    private static StreamWriter Open(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
