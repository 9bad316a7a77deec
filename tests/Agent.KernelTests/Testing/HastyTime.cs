namespace Agent.KernelTests.Testing;

/// <summary>The machine's clocks, ahead.</summary>
internal sealed class HastyTime : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
