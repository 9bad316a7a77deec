using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public class PodHistoryTests
{
    private static readonly PodSnapshot[] s_pods = [.. Enumerable.Range(0, 5).Select(static number => Given.Pod($"pod-{number}"))];

    [Fact]
    public void Of_UnknownOwner_IsEmpty() => Assert.Empty(PodHistory.From([Given.Node(s_pods[0])]).Of(s_pods[1].Identity));

    [Fact]
    public void Of_KnownOwner_OldestFirstWithTheTimeOfItsSnapshot()
    {
        var first = Given.Node(s_pods[0]) with { TakenAt = Given.Noon };
        var second = Given.Node(s_pods[1]) with { TakenAt = Given.Noon + TimeSpan.FromSeconds(15) };
        var third = Given.Node(s_pods[1], s_pods[0]) with { TakenAt = Given.Noon + TimeSpan.FromSeconds(30) };

        var seen = PodHistory.From([first, second, third]).Of(s_pods[0].Identity);

        Assert.Equal([first.TakenAt, third.TakenAt], seen.Select(static observation => observation.TakenAt));
    }

    /// <summary>Whatever comes, goes and is replaced: what is kept from scan to scan is what would be read anew.</summary>
    [Fact]
    public void Update_AnyChange_SaysWhatReadingAllAnewSays()
    {
        var random = new Random(20_261_123);
        var kept = new PodHistory();
        ImmutableArray<Snapshot> snapshots = [];
        var most = 0;
        for (var step = 0; step < RandomCases.Of(5_000); step++)
        {
            snapshots = random.Next(8) switch
            {
                0 when snapshots.Length > 0 => snapshots.RemoveAt(0),
                1 when snapshots.Length > 0 => snapshots.RemoveAt(random.Next(snapshots.Length)),
                2 when snapshots.Length > 0 => snapshots.SetItem(random.Next(snapshots.Length), Next(step)),
                3 when snapshots.Length > 0 => snapshots[..^1].Add(snapshots[^1] with { Connections = [] }).Add(Next(step)),
                4 when random.Next(20) == 0 => [.. snapshots.Select(static snapshot => snapshot with { Connections = [] })],
                5 when random.Next(50) == 0 => [],
                _ => snapshots.Add(Next(step)),
            };
            kept.Update(snapshots);

            var anew = PodHistory.From(snapshots);
            most = Math.Max(most, snapshots.Length);
            foreach (var pod in s_pods)
            {
                Assert.Equal(anew.Of(pod.Identity), kept.Of(pod.Identity), static (one, other) =>
                    ReferenceEquals(one.Snapshot, other.Snapshot) && ReferenceEquals(one.Pod, other.Pod));
            }
        }

        Assert.InRange(most, 20, 5_000);

        Snapshot Next(int step) => Given.Node([.. s_pods.Where(_ => random.Next(3) > 0)]) with { TakenAt = Given.Noon + TimeSpan.FromSeconds(step) };
    }
}
