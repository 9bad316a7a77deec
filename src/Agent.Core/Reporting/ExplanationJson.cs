using System.Collections.Immutable;
using System.Text.Json;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>What a finding means, for programs.</summary>
public static class ExplanationJson
{
    /// <summary>All of them, as an array.</summary>
    public static void Write(Utf8JsonWriter json, ImmutableArray<FindingExplanation> explanations)
    {
        json.WriteStartArray();
        foreach (var explanation in explanations)
        {
            Write(json, explanation);
        }

        json.WriteEndArray();
    }

    /// <summary>One of them, as an object.</summary>
    public static void Write(Utf8JsonWriter json, FindingExplanation explanation)
    {
        json.WriteStartObject();
        json.WriteString("id", explanation.Id);
        json.WriteString("title", explanation.Title);
        json.WriteString("what", explanation.What);
        json.WriteString("why", explanation.Why);
        json.WriteString("seen", explanation.Seen);
        json.WriteStartArray("levels");
        foreach (var level in explanation.Levels)
        {
            json.WriteStartObject();
            json.WriteString("severity", Verdicts.Name(level.Severity));
            json.WriteString("when", level.When);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStrings("needs", explanation.Needs);
        json.WriteStartArray("checks");
        foreach (var check in explanation.Checks)
        {
            json.WriteStartObject();
            json.WriteString("purpose", check.Purpose);
            json.WriteString("command", check.Command);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStrings("fix", explanation.Fixes.Select(FindingText.Fix));
        json.WriteStrings("references", explanation.References);
        json.WriteEndObject();
    }
}
