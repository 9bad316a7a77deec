using System.Buffers;
using System.Text;
using Agent.Configuration;
using Agent.Core;
using Agent.Core.Tracing;
using Agent.Tracing;

namespace Agent.Commands;

/// <summary>Shows ends as they come: from the running agent, or heard by this command; the summary goes to standard error.</summary>
internal sealed class TraceRunner(CommandServices services)
{
    /// <summary>How often it is looked whether somebody still reads: an end may come an hour later, or never.</summary>
    private static readonly TimeSpan s_readerInterval = TimeSpan.FromSeconds(0.25);

    private readonly Terminal _terminal = services.Terminal;
    private readonly TraceSummary _summary = new();

    public async Task<int> RunAsync(TraceRequest request)
    {
        if (services.LoadConfiguration(request.ConfigurationFile) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        using var signal = new TerminationSignal();
        try
        {
            using var feed = await OpenAsync(configuration.Options, request.Filter, signal.Token).ConfigureAwait(false);
            var started = services.Time.GetTimestamp();
            var failure = await ShowAsync(request, feed, signal.Token).ConfigureAwait(false);
            var style = _terminal.Style(request.Appearance) with { Color = false };
            _terminal.Error.Write(_summary.ToText(services.Time.GetElapsedTime(started), style));
            SayWhatIsMissing(_summary.NotShown with { WatchedShare = null }, "in all, ");
            if (failure is not null)
            {
                _terminal.WriteError(failure);
                return ExitCode.NothingRead;
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (signal.ExitCode != 0)
        {
            // Before there was anything to show.
            return signal.ExitCode;
        }
    }

    private async Task<ITraceFeed> OpenAsync(AgentOptions options, TraceFilter filter, CancellationToken cancellationToken)
    {
        var (feed, whyNot) = await services.AskAgentForTrace(options, filter, cancellationToken).ConfigureAwait(false);
        if (feed is null)
        {
            using var pods = await ReportPods.AskAsync(options, services.Time, cancellationToken).ConfigureAwait(false);
            feed = services.TraceLocally(services.CreateScanner(options, pods?.Source), options.Collection, filter);
        }

        if (_terminal.ErrorIsTerminal)
        {
            var why = whyNot.Length > 0 ? $" ({whyNot})" : "";
            _terminal.Error.WriteLine(HumanText.Printable($"Watching {feed.Origin}{why}. Ctrl-C ends it."));
        }

        return feed;
    }

    /// <returns>Why it ended before its time; null when it did not.</returns>
    private async Task<string?> ShowAsync(TraceRequest request, ITraceFeed feed, CancellationToken interrupted)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        await using var timer = services.Time
            .CreateTimer(_ => ending.Cancel(), null, request.For ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan)
            .ConfigureAwait(false);
        await using var reader = services.Time
            .CreateTimer(_ => EndWithoutReader(ending), null, s_readerInterval, s_readerInterval)
            .ConfigureAwait(false);
        using var live = _terminal.OpenLiveOutput?.Invoke();
        var output = live ?? _terminal.Output;
        var text = request.Json ? null : new TraceText(_terminal.Style(request.Appearance), mayWrap: _terminal.OutputIsTerminal);
        var lines = 0;
        try
        {
            if (text is not null)
            {
                output.WriteLine(text.Header);
            }

            await foreach (var item in feed.ReadAsync(ending.Token).ConfigureAwait(false))
            {
                if (item.Notice is { } notice)
                {
                    _summary.Add(notice);
                    SayWhatIsMissing(notice, "");
                    continue;
                }

                _summary.Add(item.End, correctsShown: !request.Filter.LostOnly);
                output.WriteLine(text?.Line(item.End) ?? Json(item));
                if (++lines == request.Count)
                {
                    break;
                }
            }

            return null;
        }
        catch (IOException)
        {
            // Whoever read the output has left: head(1) has seen enough.
            return null;
        }
        catch (TraceFailedException exception)
        {
            return exception.Message;
        }
    }

    private void EndWithoutReader(CancellationTokenSource ending)
    {
        if (_terminal.ReaderHasLeft())
        {
            ending.Cancel();
        }
    }

    private void SayWhatIsMissing(TraceNotice notice, string when)
    {
        if (notice.Missed > 0)
        {
            var missed = HumanText.Count(notice.Missed, "end");
            _terminal.WriteError($"{when}{missed} missed: they came faster than the kernel's messages were read");
        }

        if (notice.WatchedShare is { } share)
        {
            var watched = $"watched {HumanText.Percent(share)} of the time";
            _terminal.WriteError($"{when}{watched}: listening may take half of the agent's Collection:CpuBudgetPercent");
        }

        if (notice.Skipped > 0)
        {
            _terminal.WriteError($"{when}{HumanText.Count(notice.Skipped, "line")} skipped: they came faster than they were taken here");
        }
    }

    private static string Json(in TraceItem item)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        TraceJson.Write(buffer, item.End);
        return Encoding.UTF8.GetString(buffer.WrittenSpan[..^1]);
    }
}
