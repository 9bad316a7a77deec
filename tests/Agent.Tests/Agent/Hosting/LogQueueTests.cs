using System.IO.Pipes;
using Agent.Hosting;
using Agent.Loop;
using Agent.Tests.Testing;
using Serilog;
using Serilog.Core;
using Serilog.Formatting.Display;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

/// <summary>The log, and a reader that does not keep up.</summary>
public sealed class LogQueueTests
{
    private readonly LogLoss _loss = new();

    [Fact]
    public async Task Log_PipeThatNobodyReads_NeverBlocksAndSaysWhatWasDropped()
    {
        const int lines = 20_000;
        await using var output = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new StreamReader(new AnonymousPipeClientStream(PipeDirection.In, output.ClientSafePipeHandle));
        await using var logger = Logger(output);

        // Far more than a pipe and the queue hold.
        for (var number = 0; number < lines; number++)
        {
            logger.Information("line {Number} of a log that nobody reads", number);
        }

        Assert.InRange(_loss.Lines, 1, lines);
        var kept = lines - _loss.Lines;
        for (var number = 0; number < kept; number++)
        {
            Assert.Equal($"Information line {number} of a log that nobody reads", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal(
            $"Warning {_loss.Lines} log lines were dropped here: nobody read the standard output; see what reads it",
            await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        logger.Information("read again");
        Assert.Equal("Information read again", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Dispose_PipeThatNobodyReads_Ends()
    {
        using var output = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, output.ClientSafePipeHandle);
        var logger = Logger(output);
        for (var number = 0; number < 20_000; number++)
        {
            logger.Information("line {Number} of a log that nobody reads", number);
        }

        logger.Dispose();
        Assert.NotEqual(0, _loss.Lines);
    }

    [Fact]
    public void Dispose_LinesThatWait_AreWritten()
    {
        using var output = new MemoryStream();
        using (var logger = Logger(output))
        {
            logger.Information("the last words");
        }

        Assert.Equal("Information the last words\n", System.Text.Encoding.UTF8.GetString(output.ToArray()));
        Assert.Equal(0, _loss.Lines);
    }

    [Fact]
    public async Task Log_DiskIsFull_IsCountedAndGoesOn()
    {
        await using var output = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await using var logger = Logger(output);
        logger.Information("one");
        await Eventually.True(() => _loss.Lines == 1, "the first line is counted");
        logger.Information("two");
        await Eventually.True(() => _loss.Lines >= 2, "the second line is counted");
    }

#pragma warning disable CA2000 // The logger disposes of its sinks.
    private Logger Logger(Stream output) => new LoggerConfiguration()
        .WriteTo.Sink(new LogQueue(new MessageTemplateTextFormatter("{Level} {Message:lj}{NewLine}"), output, _loss))
        .CreateLogger();
#pragma warning restore CA2000
}
