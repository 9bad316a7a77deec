using Agent.Hosting;
using Agent.Tests.Testing;
using Serilog;
using Serilog.Core;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

/// <summary>How much of the log strangers can fill.</summary>
public sealed class PacedSinkTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly CollectedLog _log = new();
    private readonly Logger _logger;

#pragma warning disable CA2000 // The logger disposes of its sinks.
    public PacedSinkTests() => _logger = new LoggerConfiguration().WriteTo.Sink(new PacedSink(_log, _time)).CreateLogger();
#pragma warning restore CA2000

    public void Dispose() => _logger.Dispose();

    [Theory]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel")]
    [InlineData("Agent.Http.ConnectionGate")]
    public void Log_OfTheWebServer_OneLineAMinuteOfEachKind(string source)
    {
        var logger = _logger.ForContext(Constants.SourceContextPropertyName, source);
        for (var number = 0; number < 100; number++)
        {
            logger.Warning("Client {Number} is a nuisance", number);
            logger.Error("Client {Number} broke something", number);
        }

        Assert.Equal(["Warning: Client 0 is a nuisance"], _log.Containing("nuisance"));
        Assert.Equal(["Error: Client 0 broke something"], _log.Containing("broke"));
        _time.Advance(TimeSpan.FromSeconds(59));
        logger.Warning("Client {Number} is a nuisance", 100);
        Assert.Single(_log.Containing("nuisance"));
        _time.Advance(TimeSpan.FromSeconds(1.1));
        logger.Warning("Client {Number} is a nuisance", 101);
        _time.Advance(TimeSpan.FromMinutes(2));
        logger.Warning("Client {Number} is a nuisance", 102);
        Assert.Equal(
            ["Warning: Client 0 is a nuisance", "Warning: Client 101 is a nuisance (100 more like it were not logged)", "Warning: Client 102 is a nuisance"],
            _log.Containing("nuisance"));
    }

    [Fact]
    public void Log_KindsWithoutEnd_AreBounded()
    {
        var logger = _logger.ForContext(Constants.SourceContextPropertyName, "Microsoft.AspNetCore");
        for (var number = 0; number < 10_000; number++)
        {
#pragma warning disable CA2254 // That it varies is the point.
            logger.Warning($"kind {number}");
#pragma warning restore CA2254
        }

        Assert.InRange(_log.Containing("kind").Length, 200, 300);
    }

    [Fact]
    public void Log_OfTheAgent_IsWhole()
    {
        foreach (var source in (string[])["sockets", "conntrack"])
        {
            _logger.ForContext(Constants.SourceContextPropertyName, "Agent.Loop.StatusLog").Information("Source {Source} is well again", source);
        }

        Assert.Equal(2, _log.Containing("well again").Length);
    }
}
