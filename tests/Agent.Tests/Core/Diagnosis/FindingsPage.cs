using System.Text;
using Agent.Core.Diagnosis;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>Makes docs/findings.md from the catalogue.</summary>
internal static class FindingsPage
{
    private const string Introduction = """
        # Findings

        What `closewatch` can find, each with what happens, how it is seen, how to check by hand and how to repair it.
        `closewatch explain ID` says the same on a terminal. This page is made from the same texts (src/Agent.Core/Diagnosis/Rules):
        change those, then run the tests with `UPDATE_GOLDEN=1`.

        Severity follows the evidence. **Info**: worth knowing, a setting alone. **Warning**: it will cause failed requests, or probably
        does. **Critical**: it does now. A finding that follows from another is shown as evidence of its cause; JSON (`causedBy`) and
        metrics keep it by itself. In `closewatch run` a finding appears once it held in two of three scans (at once when it is critical)
        and goes after three scans without it. A finding that needs a source which cannot be read is not made; `source-unavailable` names
        it. Real servers and balancers, with the idle time that a client measured and the one that is estimated here:
        [idle-times.md](idle-times.md).

        Variables such as `$NAMESPACE` stand for what a report fills in. `$PID` is a process of the pod:
        `crictl inspect --output go-template --template '{{.info.pid}}' CONTAINER`.


        """;

    /// <summary>The whole page; lines end with a line feed.</summary>
    public static string Markdown()
    {
        var page = new StringBuilder(Introduction);
        page.Append("| id | says |\n| --- | --- |\n");
        foreach (var explanation in FindingCatalog.All)
        {
            page.Append($"| [{explanation.Id}](#{explanation.Id}) | {explanation.Title} |\n");
        }

        foreach (var explanation in FindingCatalog.All)
        {
            Append(page, explanation);
        }

        return page.ToString();
    }

    private static void Append(StringBuilder page, FindingExplanation explanation)
    {
        page.Append($"\n## {explanation.Id}\n\n**{char.ToUpperInvariant(explanation.Title[0])}{explanation.Title[1..]}.** "
            + $"{OneLine(explanation.What)}\n\n**Why it matters.** {OneLine(explanation.Why)}\n\n");
        page.Append($"**How it is seen.** {OneLine(explanation.Seen)}");
        if (!explanation.Needs.IsEmpty)
        {
            page.Append($" Sources: {string.Join(", ", explanation.Needs)}.");
        }

        page.Append("\n\n");
        foreach (var level in explanation.Levels)
        {
            page.Append($"- **{level.Severity}**: {level.When}.\n");
        }

        page.Append("\n**Check by hand**\n\n```sh\n");
        foreach (var check in explanation.Checks)
        {
            page.Append($"# {check.Purpose}\n{check.Command}\n");
        }

        page.Append("```\n\n**Fix**\n\n");
        foreach (var fix in explanation.Fixes)
        {
            page.Append($"- {fix.Where}: `{fix.Text}`\n");
        }

        page.Append("\n**Read on**\n\n");
        foreach (var reference in explanation.References)
        {
            page.Append($"- <{reference}>\n");
        }
    }

    private static string OneLine(string text) => text.Replace('\n', ' ');
}
