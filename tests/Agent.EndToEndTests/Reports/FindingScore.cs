using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Agent.EndToEndTests.Reports;

/// <summary>
/// What was to be found above info, and what was, over all scenes of a run. The table is written at the end of the run, and tests/run
/// prints it: right, wrong, missing, and with them precision and recall.
/// </summary>
public static class FindingScore
{
    private static readonly ConcurrentDictionary<string, Score> s_scenes = new(StringComparer.Ordinal);

    /// <summary>Asserts that exactly this was found, in any order, and counts it.</summary>
    /// <param name="expected">For example <c>critical close-wait-leak shop/leaky</c>.</param>
    /// <param name="found">As <see cref="NodeReport.AboveInfo"/> has it.</param>
    /// <param name="whole">The findings themselves: those that are wrong are printed with all that they say.</param>
    /// <param name="file">Of the scene; the caller's.</param>
    /// <param name="member">Of the scene; the caller's.</param>
    public static void AssertAre(
        IEnumerable<string> expected,
        IEnumerable<string> found,
        IEnumerable<ReportedFinding>? whole = null,
        [CallerFilePath] string file = "",
        [CallerMemberName] string member = "")
    {
        string[] should = [.. expected.Order(StringComparer.Ordinal)];
        string[] does = [.. found.Order(StringComparer.Ordinal)];
        var score = new Score(should.Intersect(does).Count(), does.Except(should).Count(), should.Except(does).Count());
        s_scenes.AddOrUpdate($"{Path.GetFileNameWithoutExtension(file)}.{member}", score, (_, before) => before + score);
        Assert.True(should.SequenceEqual(does), Difference(should, does, whole ?? []));
    }

    /// <summary>Asserts that nothing was found, and counts whatever was as wrong.</summary>
    public static void AssertNothing(IEnumerable<string> found, [CallerFilePath] string file = "", [CallerMemberName] string member = "") =>
        AssertAre([], found, null, file, member);

    // A wrong finding that comes once in a hundred runs must tell by itself why the program said it.
    private static string Difference(string[] should, string[] does, IEnumerable<ReportedFinding> whole)
    {
        string[] wrong = [.. does.Except(should)];
        var lines = wrong.Select(static one => $"wrong: {one}")
            .Concat(should.Except(does).Select(static one => $"missing: {one}"))
            .Concat(whole
                .Where(finding => wrong.Any(one => one.Contains(finding.Id, StringComparison.Ordinal) && one.Contains(finding.Name, StringComparison.Ordinal)))
                .Select(static finding => $"{finding.Severity} {finding.Id}: {finding.Title}\n  {string.Join("\n  ", finding.Evidence)}"));
        return $"found [{string.Join(", ", does)}]\n{string.Join('\n', lines)}";
    }

    /// <summary>The table, a line a scene; empty when no scene was judged.</summary>
    public static string Table() => Table(s_scenes);

    /// <summary>Writes it to artifacts/test-results/findings.txt.</summary>
    internal static void Write()
    {
        if (!s_scenes.IsEmpty)
        {
            var folder = Directory.CreateDirectory(Repository.PathOf("artifacts/test-results"));
            File.WriteAllText(Path.Combine(folder.FullName, "findings.txt"), Table());
        }
    }

    private static string Table(IReadOnlyDictionary<string, Score> scenes)
    {
        var text = new StringBuilder();
        var width = scenes.Keys.Select(static name => name.Length).Append(5).Max();
        text.Append(CultureInfo.InvariantCulture, $"{"scene".PadRight(width)}  right  wrong  missing\n");
        var all = default(Score);
        foreach (var (name, score) in scenes.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append(Row(name, score, width));
            all += score;
        }

        text.Append(Row("all", all, width));
        text.Append(CultureInfo.InvariantCulture, $"precision {Share(all.Right, all.Wrong)}, recall {Share(all.Right, all.Missing)}\n");
        return text.ToString();
    }

    private static string Row(string name, Score score, int width) => string.Create(
        CultureInfo.InvariantCulture, $"{name.PadRight(width)}  {score.Right,5}  {score.Wrong,5}  {score.Missing,7}\n");

    private static string Share(int right, int other) =>
        right + other == 0 ? "?" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * right / (right + other):0.#}%");

    private readonly record struct Score(int Right, int Wrong, int Missing)
    {
        public static Score operator +(Score a, Score b) => new(a.Right + b.Right, a.Wrong + b.Wrong, a.Missing + b.Missing);
    }
}
