using System.Text;
using Agent.Loop;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

namespace Agent.Hosting;

/// <summary>
/// Writes the log from a thread of its own: whoever logs never waits. A pipe that nobody reads, a terminal that is halted, a full
/// disk cost log lines and nothing else; the lines that did not fit are counted, and the log says so as soon as it goes on.
/// </summary>
internal sealed class LogQueue : ILogEventSink, IDisposable
{
    /// <summary>Some 2,000 lines: minutes of the busiest log.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>How long the end of the agent waits for the last lines to be taken.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(0.5);

    private static readonly MessageTemplate s_lost =
        new MessageTemplateParser().Parse("{Lines} log lines were dropped here: nobody read the standard output; see what reads it");

    private readonly ITextFormatter _formatter;
    private readonly Stream _output;
    private readonly LogLoss _loss;
    private readonly Thread _thread;
    private readonly Lock _formatting = new();
    private readonly StringWriter _text = new(System.Globalization.CultureInfo.InvariantCulture);
    private readonly Queue<byte[]> _lines = [];
    private int _bytes;
    private long _dropped;
    private bool _ended;

    public LogQueue(ITextFormatter formatter, Stream output, LogLoss loss)
    {
        (_formatter, _output, _loss) = (formatter, output, loss);

        // In the background: a write that never returns does not keep the process.
        _thread = new(WriteAll) { IsBackground = true, Name = "log" };
        _thread.Start();
    }

    public void Emit(LogEvent logEvent)
    {
        var line = Format(logEvent);
        lock (_lines)
        {
            // One line alone is taken whatever its length.
            if (_bytes > 0 && _bytes + line.Length > MaxBytes)
            {
                Drop(1);
                return;
            }

            _lines.Enqueue(line);
            _bytes += line.Length;
            Monitor.Pulse(_lines);
        }
    }

    public void Dispose()
    {
        lock (_lines)
        {
            _ended = true;
            Monitor.Pulse(_lines);
        }

        _ = _thread.Join(s_patience);
    }

    private byte[] Format(LogEvent logEvent)
    {
        lock (_formatting)
        {
            _text.GetStringBuilder().Clear();
            _formatter.Format(logEvent, _text);
            return Encoding.UTF8.GetBytes(_text.ToString());
        }
    }

    private void WriteAll()
    {
        while (Next() is { } bytes)
        {
            try
            {
                _output.Write(bytes);
                _output.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // No space left on the device, for example. The next lines are tried again.
                lock (_lines)
                {
                    Drop(bytes.AsSpan().Count((byte)'\n'));
                }
            }
        }
    }

    /// <summary>All lines that wait, and after them how many did not fit. Waits for the first one; null at the end.</summary>
    private byte[]? Next()
    {
        lock (_lines)
        {
            while (_lines.Count == 0)
            {
                if (_ended)
                {
                    return null;
                }

                Monitor.Wait(_lines);
            }

            var bytes = new byte[_bytes];
            var end = 0;
            while (_lines.TryDequeue(out var line))
            {
                line.CopyTo(bytes, end);
                end += line.Length;
            }

            _bytes = 0;
            if (_dropped == 0)
            {
                return bytes;
            }

            var lost = Format(new(DateTimeOffset.Now, LogEventLevel.Warning, null, s_lost, [new("Lines", new ScalarValue(_dropped))]));
            _dropped = 0;
            return [.. bytes, .. lost];
        }
    }

    private void Drop(long lines)
    {
        _dropped += lines;
        _loss.Add(lines);
    }
}
