namespace Agent.Loop;

/// <summary>Log lines that were dropped because nobody took them. The log counts them, the metrics say so.</summary>
internal sealed class LogLoss
{
    private long _lines;

    public long Lines => Interlocked.Read(ref _lines);

    public void Add(long lines) => Interlocked.Add(ref _lines, lines);
}
