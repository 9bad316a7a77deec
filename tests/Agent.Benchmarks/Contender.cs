namespace Agent.Benchmarks;

/// <summary>One of the things compared.</summary>
/// <param name="Name">How the table calls it.</param>
/// <param name="Run">Does it once.</param>
internal sealed record Contender(string Name, Func<Sample> Run)
{
    private readonly List<Sample> _samples = [];

    public TimeSpan Wall => Median(static sample => sample.Wall);

    public TimeSpan Cpu => Median(static sample => sample.Cpu);

    public long PeakBytes => _samples.Max(static sample => sample.PeakBytes);

    /// <summary>The median: what a run allocates it allocates each time, while the wait for a child before it may allocate late.</summary>
    public long? AllocatedBytes => _samples.Select(static sample => sample.AllocatedBytes).Order().ElementAt(_samples.Count / 2);

    /// <summary>Runs all contenders in turn, several rounds, so that what disturbs the machine disturbs all of them; the first round only warms up.</summary>
    public static void RunAll(IReadOnlyList<Contender> contenders, int rounds)
    {
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var contender in contenders)
            {
                var sample = contender.Run();
                if (round > 0)
                {
                    contender._samples.Add(sample);
                }
            }
        }
    }

    private TimeSpan Median(Func<Sample, TimeSpan> value)
    {
        var sorted = _samples.Select(value).Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
