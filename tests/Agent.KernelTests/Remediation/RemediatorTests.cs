using Agent.Configuration;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Metrics;
using Agent.Remediation;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Agent.KernelTests.Remediation;

public sealed class RemediatorTests : IDisposable
{
    // Nothing listens at the discard port of loopback.
    private const string Nobody = "http://127.0.0.1:9/configz";

    private readonly SettingsFixture _settings = new();
    private readonly CollectedLog _log = new();
    private readonly Clock _time = new();

    public void Dispose() => _settings.Dispose();

    [Fact]
    public void Run_Apply_WritesOnceAndSaysSo()
    {
        _settings.Value = 60;
        using var remediator = Make();

        var first = remediator.Run(_settings.Snapshot(60), _settings.Options);
        Assert.Equal(3600, _settings.Value);
        Assert.Equal((60, 3600, 1), (first.Sysctls[0].Value, first.Sysctls[0].Desired, Writes(first)));
        var line = Assert.Single(_log.Lines, static line => line.Contains("written by", StringComparison.Ordinal));
        Assert.Contains("a test: host: nf_conntrack_tcp_timeout_close_wait from 60 to 3600; why: Remediation:Settings asks for it; guard: (", line, StringComparison.Ordinal);

        // An old snapshot, as settings of pods are read once a minute only, and a new one.
        Assert.Equal(1, Writes(remediator.Run(_settings.Snapshot(60), _settings.Options)));
        var third = remediator.Run(_settings.Snapshot(3600), _settings.Options);
        Assert.Equal(1, Writes(third));
        Assert.Empty(third.Findings);
        Assert.Empty(third.Sysctls[0].Conflicts);
    }

    [Fact]
    public void Run_HigherValue_IsNeverLowered()
    {
        _settings.Value = 7200;
        using var remediator = Make();

        var report = remediator.Run(_settings.Snapshot(7200), _settings.Options);

        Assert.Equal((7200, 0), (_settings.Value, Writes(report)));
        Assert.Empty(Directory.GetFiles(_settings.StateDirectory));
    }

    [Theory]
    [InlineData("dry-run")]
    [InlineData("off")]
    public void Run_NotApply_WritesNothing(string mode)
    {
        _settings.Value = 60;
        using var remediator = Make();
        var options = With(remediation => remediation with { Mode = mode == "off" ? RemediationMode.Off : RemediationMode.DryRun });

        var report = remediator.Run(_settings.Snapshot(60), options);
        remediator.Run(_settings.Snapshot(60), options);

        Assert.Equal(60, _settings.Value);
        Assert.Equal(mode == "off", report.Sysctls.IsEmpty);
        Assert.Equal(mode == "off" ? 0 : 1, _log.Lines.Count(static line => line.Contains("would be raised from 60 to 3600", StringComparison.Ordinal)));
        Assert.Empty(Directory.GetFiles(_settings.StateDirectory));
    }

    [Fact]
    public void Run_CapturedTree_WritesNothing()
    {
        _settings.Value = 60;
        using var remediator = Make();
        var snapshot = _settings.Snapshot(60);

        remediator.Run(snapshot with { Node = snapshot.Node with { CapturedTree = true } }, _settings.Options);

        Assert.Equal(60, _settings.Value);
    }

    [Fact]
    public void Run_OtherWriterChangesItBack_RewritesOnceThenReportsAndWaits()
    {
        _settings.Value = 60;
        using var remediator = Make();
        remediator.Run(_settings.Snapshot(60), _settings.Options);

        _settings.Value = 120;
        var rewritten = remediator.Run(_settings.Snapshot(120), _settings.Options);
        Assert.Equal(3600, _settings.Value);
        Assert.Equal(1, rewritten.Sysctls[0].Conflicts["rewritten"]);

        _settings.Value = 120;
        remediator.Run(_settings.Snapshot(120), _settings.Options);
        var held = remediator.Run(_settings.Snapshot(120), _settings.Options);
        Assert.Equal(120, _settings.Value);
        Assert.Equal(1, held.Sysctls[0].Conflicts["held"]);
        var finding = Assert.Single(held.Findings);
        Assert.Equal(SysctlConflict.Id, finding.Id);
        Assert.Contains("to 120", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, static line => line.StartsWith("Most likely: ", StringComparison.Ordinal));

        _time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(2, remediator.Run(_settings.Snapshot(120), _settings.Options).Sysctls[0].Conflicts["rewritten"]);
        Assert.Equal(3600, _settings.Value);
    }

    [Fact]
    public void Run_ChangedBetweenScanAndWrite_IsLeftAndTriedLater()
    {
        _settings.Value = 300;
        using var remediator = Make();

        var report = remediator.Run(_settings.Snapshot(60), _settings.Options);
        Assert.Equal((300, 1), (_settings.Value, report.Sysctls[0].Writes["changed"]));

        _time.Advance(TimeSpan.FromMinutes(2));
        remediator.Run(_settings.Snapshot(300), _settings.Options);
        Assert.Equal(3600, _settings.Value);
    }

    [Fact]
    public void Run_NamespaceVanished_IsCountedAndNothingThrows()
    {
        using var remediator = Make();
        _settings.Vanish();

        var report = remediator.Run(_settings.Snapshot(60), _settings.Options);

        Assert.Equal(1, report.Sysctls[0].Writes["vanished"]);
        Assert.Single(_log.Lines, static line => line.Contains("not written", StringComparison.Ordinal));
    }

    [Fact]
    public void Restore_AfterARestart_PutsBackWhatWasThereAtFirst()
    {
        _settings.Value = 77;
        var options = With(static remediation => remediation with { RestoreOnExit = true });
        using (var before = Make())
        {
            // As a crash: nothing is restored.
            before.Run(_settings.Snapshot(77), options);
        }

        using var after = Make();
        after.Run(_settings.Snapshot(3600), options);
        Assert.Equal(3600, _settings.Value);
        after.Restore();

        Assert.Equal(77, _settings.Value);
        after.Restore();
        Assert.Equal(77, _settings.Value);
    }

    [Fact]
    public void Restore_SomebodyElseWroteSince_LeavesTheirs()
    {
        _settings.Value = 60;
        var options = With(static remediation => remediation with { RestoreOnExit = true });
        using var remediator = Make();
        remediator.Run(_settings.Snapshot(60), options);

        _settings.Value = 9000;
        remediator.Restore();

        Assert.Equal(9000, _settings.Value);
    }

    [Fact]
    public void Restore_NotAskedFor_LeavesOurs()
    {
        _settings.Value = 60;
        using var remediator = Make();
        remediator.Run(_settings.Snapshot(60), _settings.Options);

        remediator.Restore();

        Assert.Equal(3600, _settings.Value);
    }

    [Fact]
    public void Run_TwoAgents_DoNotFight()
    {
        _settings.Value = 60;
        using var one = Make();
        using var other = Make();
        var longer = With(static remediation => remediation with { Settings = remediation.Settings.SetItem(SettingsFixture.CloseWait, 7200) });

        var writes = 0L;
        for (var i = 0; i < 5; i++)
        {
            writes = Writes(one.Run(_settings.Snapshot(_settings.Value), _settings.Options)) + Writes(other.Run(_settings.Snapshot(_settings.Value), longer));
            _time.Advance(TimeSpan.FromMinutes(20));
        }

        Assert.Equal((7200, 2), (_settings.Value, writes));
        Assert.DoesNotContain(_log.Lines, static line => line.Contains("conflict", StringComparison.Ordinal));
    }

    private static long Writes(RemediationReport report) => report.Sysctls.Sum(static (SysctlNumbers numbers) => numbers.Writes.GetValueOrDefault("written"));

    private AgentOptions With(Func<RemediationOptions, RemediationOptions> change) =>
        _settings.Options with { Remediation = change(_settings.Options.Remediation) };

    private Remediator Make() => new("a test", Nobody, _time, _log);

    private sealed class Clock : TimeProvider
    {
        private TimeSpan _shift;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 21, 3, 0, 0, TimeSpan.Zero) + _shift;

        public override long GetTimestamp() => (long)((TimeSpan.FromDays(1) + _shift).TotalSeconds * TimestampFrequency);

        public void Advance(TimeSpan by) => _shift += by;
    }

    private sealed class CollectedLog : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
