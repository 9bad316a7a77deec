using System.Runtime.CompilerServices;
using System.Text.Json;
using Agent.Commands;
using Agent.Core.Ends;
using Agent.Core.Tracing;
using Agent.Tests.Core.Tracing;
using Agent.Tests.Testing;
using Agent.Tracing;
using Xunit;

namespace Agent.Tests.Agent.Commands;

public sealed class TraceCommandTests
{
    [Fact]
    public async Task Trace_Text_LinesOnOutput_SummaryOnError()
    {
        var line = new CommandLine { AgentTrace = new FakeFeed(TraceSamples.IdleClose, TraceSamples.Lost) };

        Assert.Equal(ExitCode.Done, await line.RunAsync("trace"));

        var lines = line.Output.Split('\n');
        Assert.StartsWith("TIME (UTC)", lines[0], StringComparison.Ordinal);
        Assert.Contains("closed_first_idle", lines[1], StringComparison.Ordinal);
        Assert.Contains("LOST unread_at_close", lines[2], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);
        Assert.Matches("^2 ends in [0-9.]+s, 1 request lost\n", line.Error); // as long as it took
    }

    [Fact]
    public async Task Trace_Json_OneObjectALine()
    {
        var line = new CommandLine { AgentTrace = new FakeFeed(TraceSamples.IdleClose, TraceSamples.Lost, TraceSamples.Client) };

        Assert.Equal(ExitCode.Done, await line.RunAsync("trace", "-o", "json"));

        var objects = line.Output.TrimEnd('\n').Split('\n').Select(static text => JsonDocument.Parse(text).RootElement).ToArray();
        Assert.Equal(3, objects.Length);
        Assert.False(objects[0].TryGetProperty("lost", out _));
        Assert.Equal("unread_at_close", objects[1].GetProperty("lost").GetString());
    }

    [Fact]
    public async Task Trace_Count_EndsAfterSoManyLines()
    {
        var feed = new FakeFeed(TraceSamples.IdleClose, TraceSamples.Lost) { NeverEnds = true };
        var line = new CommandLine { AgentTrace = feed };

        Assert.Equal(ExitCode.Done, await line.RunAsync("trace", "--count", "1"));

        Assert.StartsWith("1 end in", line.Error, StringComparison.Ordinal);
        Assert.True(feed.IsDisposed);
    }

    [Fact]
    public async Task Trace_For_EndsWhenTheTimeIsOver_AndShowsWhatCameUntilThen()
    {
        var time = new ManualTimeProvider();
        var feed = new FakeFeed(TraceSamples.IdleClose) { NeverEnds = true };
        var line = new CommandLine { AgentTrace = feed, Time = time };

        var running = line.RunAsync("trace", "--for", "30s");
        await feed.AllSent;
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(running.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ExitCode.Done, await running);
        Assert.StartsWith("1 end in 30s, 0 requests lost\n", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_NobodyReadsTheOutputAnyMore_EndsCleanly()
    {
        var line = new CommandLine
        {
            AgentTrace = new FakeFeed(TraceSamples.IdleClose, TraceSamples.Lost, TraceSamples.Client) { NeverEnds = true },
            LiveOutput = static () => new BrokenPipe(after: 2),
        };

        Assert.Equal(ExitCode.Done, await line.RunAsync("trace"));
        Assert.Contains("ends in", line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", line.Error, StringComparison.Ordinal);
    }

    /// <summary>As <c>closewatch trace | head -1</c> where no other end comes.</summary>
    [Fact]
    public async Task Trace_ReaderHasLeft_EndsWithoutAnotherLine()
    {
        var time = new ManualTimeProvider();
        var feed = new FakeFeed(TraceSamples.IdleClose) { NeverEnds = true };
        var hasLeft = false;
        var line = new CommandLine { AgentTrace = feed, Time = time, ReaderHasLeft = () => hasLeft };

        var running = line.RunAsync("trace");
        await feed.AllSent;
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(running.IsCompleted);
        hasLeft = true;
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ExitCode.Done, await running);
        Assert.StartsWith("1 end in", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_NoAgent_ListensItself_WithTheFilter()
    {
        TraceFilter? asked = null;
        var line = new CommandLine
        {
            LocalTrace = filter =>
            {
                asked = filter;
                return new FakeFeed(TraceSamples.Lost);
            },
            IsTerminal = true,
        };

        Assert.Equal(ExitCode.Done, await line.RunAsync("trace", "--pod", "shop/web", "--namespace", "shop", "--port", "8080", "--lost"));

        Assert.Equal(new TraceFilter { Pod = "shop/web", Namespace = "shop", Port = 8080, LostOnly = true }, asked);
        Assert.StartsWith("Watching by this test (no agent runs in this test). Ctrl-C ends it.\n", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_Failed_SaysWhy_AfterTheSummary()
    {
        var line = new CommandLine { AgentTrace = new FakeFeed(TraceSamples.IdleClose) { Failure = "the agent has gone; run it again" } };

        Assert.Equal(ExitCode.NothingRead, await line.RunAsync("trace"));
        Assert.StartsWith("1 end in", line.Error, StringComparison.Ordinal);
        Assert.EndsWith("closewatch: the agent has gone; run it again\n", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_EndsThatAreMissing_AreSaidAtOnceAndInAll()
    {
        var line = new CommandLine { AgentTrace = new FakeFeed(TraceSamples.IdleClose) { Notices = [new(3, 0), new(1, 7)] } };

        Assert.Equal(ExitCode.Done, await line.RunAsync("trace"));

        Assert.Contains("closewatch: 3 ends missed: they came faster than", line.Error, StringComparison.Ordinal);
        Assert.Contains("closewatch: 7 lines skipped: they came faster than", line.Error, StringComparison.Ordinal);
        Assert.Contains("closewatch: in all, 4 ends missed", line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("missed", line.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port", "0", "--port 0: is out of range; must be from 1 to 65535")]
    [InlineData("--count", "0", "--count 0: is out of range; must be from 1 to 2147483647")]
    [InlineData("--for", "soon", "--for soon: is not a duration; write for example 250ms, 15s, 1h30m, or a number of seconds")]
    [InlineData("-o", "html", "--output html: ")]
    public async Task Trace_WrongOption_IsOneLine(string option, string value, string message)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("trace", option, value));
        Assert.StartsWith($"closewatch: {message}", line.Error, StringComparison.Ordinal);
        Assert.Equal(1, line.Error.Count(static c => c == '\n'));
    }

    private sealed class FakeFeed(params JudgedEnd[] ends) : ITraceFeed
    {
        private readonly TaskCompletionSource _allSent = new();

        public string Origin => "by this test";

        public bool NeverEnds { get; init; }

        public string? Failure { get; init; }

        public TraceNotice[] Notices { get; init; } = [];

        public Task AllSent => _allSent.Task;

        public bool IsDisposed { get; private set; }

        public async IAsyncEnumerable<TraceItem> ReadAsync([EnumeratorCancellation] CancellationToken ending)
        {
            foreach (var end in ends)
            {
                yield return new(end, null);
            }

            foreach (var notice in Notices)
            {
                yield return new(default, notice);
            }

            _allSent.TrySetResult();
            if (Failure is { } failure)
            {
                throw new TraceFailedException(failure);
            }

            if (NeverEnds)
            {
                await Task.Delay(Timeout.Infinite, ending).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }

        public void Dispose() => IsDisposed = true;
    }

    /// <summary>As a pipe whose reader has left: the first lines go into its buffer.</summary>
    private sealed class BrokenPipe(int after) : StringWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        private int _lines;

        public override void WriteLine(string? value)
        {
            if (++_lines > after)
            {
                throw new IOException("Broken pipe");
            }
        }
    }
}
