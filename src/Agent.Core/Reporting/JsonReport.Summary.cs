using System.Text.Json;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting.Screen;

namespace Agent.Core.Reporting;

/// <summary>What the report on one screen says in its first lines, for who shows many nodes.</summary>
public static partial class JsonReport
{
    private static void WriteSummary(Utf8JsonWriter json, ReportView view)
    {
        var causes = ScreenCause.Of(view);
        var head = HeadSection.Build(view, causes);
        json.WriteStartObject("summary");
        json.WriteString("text", head.Text);
        json.WriteString("detail", head.Detail);
        json.WriteStartObject("causes");
        json.WriteNumber("critical", causes.Count(static cause => cause.Severity == Severity.Critical));
        json.WriteNumber("warning", causes.Count(static cause => cause.Severity == Severity.Warning));
        json.WriteEndObject();
        if (causes is [var worst, ..])
        {
            json.WriteString("worst", worst.Group.Worst.Id);
            var steps = DoNowSection.Steps(view, worst, 1).Select(static step => $"{step.Label}: {step.Text}");
            json.WriteStringIfKnown("doFirst", steps.FirstOrDefault());
        }

        json.WriteEndObject();
    }
}
