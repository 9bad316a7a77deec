using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace Agent.Hosting;

/// <summary>
/// Lets strangers cause one line a minute of each kind: of what the web server logs, which anybody who can connect makes it do, one
/// event with the same words passes, and the next one that passes says how many did not.
/// </summary>
internal sealed class PacedSink(ILogEventSink next, TimeProvider time) : ILogEventSink, IDisposable
{
    private const string LeftOut = "LeftOut";

    /// <summary>The web server has a few dozen messages; whatever is beyond this shares one place.</summary>
    private const int MaxKinds = 256;

    private static readonly TimeSpan s_spacing = TimeSpan.FromMinutes(1);
    private static readonly string[] s_causedByStrangers = ["Microsoft.", "Agent.Http."];

    private readonly Dictionary<string, Kind> _kinds = new(StringComparer.Ordinal);

    public void Emit(LogEvent logEvent)
    {
        if (!IsCausedByStrangers(logEvent))
        {
            next.Emit(logEvent);
            return;
        }

        long leftOut;
        lock (_kinds)
        {
            var kind = KindOf(logEvent.MessageTemplate.Text);
            if (kind.LastPassed is { } last && time.GetElapsedTime(last) < s_spacing)
            {
                kind.LeftOut++;
                return;
            }

            leftOut = kind.LeftOut;
            (kind.LastPassed, kind.LeftOut) = (time.GetTimestamp(), 0);
        }

        next.Emit(leftOut == 0 ? logEvent : WithCount(logEvent, leftOut));
    }

    public void Dispose() => (next as IDisposable)?.Dispose();

    private static bool IsCausedByStrangers(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source)
        && source is ScalarValue { Value: string name }
        && Array.Exists(s_causedByStrangers, prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static LogEvent WithCount(LogEvent logEvent, long leftOut) => new(
        logEvent.Timestamp,
        logEvent.Level,
        logEvent.Exception,
        new MessageTemplateParser().Parse($"{logEvent.MessageTemplate.Text} ({{{LeftOut}}} more like it were not logged)"),
        logEvent.Properties
            .Select(static property => new LogEventProperty(property.Key, property.Value))
            .Append(new(LeftOut, new ScalarValue(leftOut))));

    private Kind KindOf(string text)
    {
        var key = _kinds.Count < MaxKinds || _kinds.ContainsKey(text) ? text : "";
        if (!_kinds.TryGetValue(key, out var kind))
        {
            _kinds[key] = kind = new();
        }

        return kind;
    }

    private sealed class Kind
    {
        public long? LastPassed { get; set; }

        public long LeftOut { get; set; }
    }
}
