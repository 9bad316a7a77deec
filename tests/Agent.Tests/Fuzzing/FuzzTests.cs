using System.Globalization;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Fuzzing;

/// <summary>
/// Each reader reads what it was once given that ran something unusual, and changes of it. <c>make fuzz</c> does so for minutes, with a build
/// that notes what runs, and keeps what is new.
/// </summary>
public sealed class FuzzTests
{
    private const int Cases = 5_000;

    private static readonly double s_minutes =
        double.TryParse(Environment.GetEnvironmentVariable("CLOSEWATCH_FUZZ_MINUTES"), CultureInfo.InvariantCulture, out var minutes) ? minutes : 0;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Reader_AnyBytes_ReadsOrRefusesThem(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        var seed = Environment.TickCount;
        var fuzzer = new Fuzzer(target, new Random(seed));
        fuzzer.Load(FuzzCorpus.Read(name));
        if (s_minutes > 0)
        {
            var before = fuzzer.Statements;
            fuzzer.Run(long.MaxValue, TimeSpan.FromMinutes(s_minutes));
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"{name}: {fuzzer.Inputs:N0} inputs, {before:N0} statements before, {fuzzer.Statements:N0} now, {fuzzer.Kept.Count} inputs kept");
            FuzzCorpus.Write(name, fuzzer.Kept);
        }
        else
        {
            fuzzer.Run(RandomCases.Of(Cases), TimeSpan.FromSeconds(60));
        }

        Assert.True(fuzzer.Failures.Count == 0, $"seed {seed}: {string.Join('\n', fuzzer.Failures.Take(3))}");
    }
}
