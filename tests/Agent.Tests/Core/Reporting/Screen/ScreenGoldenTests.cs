using Agent.Core.Reporting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Reporting.Screen;

/// <summary>The default report fits one screen and says what is wrong, where, since when and what to type.</summary>
public sealed class ScreenGoldenTests
{
    [Theory]
    [InlineData("well", 10)]
    [InlineData("one-cause", 25)]
    [InlineData("three-causes", 40)]
    [InlineData("fifteen-pods", 60)]
    [InlineData("half-blind", 40)]
    [InlineData("no-kubernetes", 30)]
    public void Text_FitsItsScreen(string sample, int mostLines)
    {
        var text = ReportGoldenTests.Text(Of(sample));

        Golden.Check($"screen-{sample}.txt", text);
        Assert.InRange(text.Count(static character => character == '\n'), 1, mostLines);
    }

    /// <summary>Who reads no further knows what is wrong, where, since when, and what to type.</summary>
    [Theory]
    [InlineData("one-cause")]
    [InlineData("three-causes")]
    [InlineData("fifteen-pods")]
    [InlineData("half-blind")]
    [InlineData("no-kubernetes")]
    public void FirstTenLines_AreEnough(string sample)
    {
        var input = Of(sample);
        string[] lines = [.. ReportGoldenTests.Text(input).Split('\n').Take(10)];
        // As it stands, whatever column it wraps in.
        var words = lines.SelectMany(Words).ToHashSet(StringComparer.Ordinal);

        var causes = Assert.IsType<TableBlock>(Assert.Single(ReportGoldenTests.Document(input).Sections[0].Blocks));
        Assert.All(
            from row in causes.Rows from cell in row from word in Words(cell.Text) select word,
            word => Assert.Contains(word, words));
        Assert.Contains(lines, static line => line.Contains("kubectl ", StringComparison.Ordinal) || line.Contains("sudo systemctl ", StringComparison.Ordinal));
    }

    private static string[] Words(string text) => text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    [Theory]
    [InlineData("well")]
    [InlineData("three-causes")]
    public void Markdown_SaysTheSame(string sample) =>
        Golden.Check($"screen-{sample}.md", MarkdownReport.Render(ReportGoldenTests.Document(Of(sample))));

    [Fact]
    public void Text_NoLineButCommands_IsWiderThanTheTerminal()
    {
        var wide = from sample in new[] { "well", "one-cause", "three-causes", "fifteen-pods", "half-blind", "no-kubernetes" }
                   from line in ReportGoldenTests.Text(Of(sample)).Split('\n')
                   where line.Length > 80 && !line.StartsWith("      ", StringComparison.Ordinal)
                   select line;

        Assert.Empty(wide);
    }

    /// <summary>Names of pods, containers and processes are chosen by others: nothing of them may steer a terminal.</summary>
    [Fact]
    public void HostileNames_AreText()
    {
        var document = ReportGoldenTests.Document(ReportSamples.Rich());
        foreach (var text in new[] { TextReport.Render(document, new()), MarkdownReport.Render(document) })
        {
            Assert.DoesNotContain(text, static character => char.IsControl(character) && character != '\n');
            Assert.DoesNotContain('\u202e', text);
        }

        Assert.Contains("container:\\x1b[31mevil", TextReport.Render(document, new(120)), StringComparison.Ordinal);
    }

    private static ReportInput Of(string sample) => sample switch
    {
        "well" => ScreenSamples.Well(),
        "one-cause" => ScreenSamples.OneCause(),
        "three-causes" => ScreenSamples.ThreeCauses(),
        "fifteen-pods" => ScreenSamples.FifteenPods(),
        "half-blind" => ScreenSamples.HalfBlind(),
        _ => ScreenSamples.NoKubernetes(),
    };
}
