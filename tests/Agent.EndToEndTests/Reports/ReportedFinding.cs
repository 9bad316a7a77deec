using System.Text.Json;

namespace Agent.EndToEndTests.Reports;

/// <summary>An entry of <c>findings[]</c>.</summary>
/// <param name="Id">The finding's.</param>
/// <param name="Severity">info, warning or critical.</param>
/// <param name="Namespace">Of whom it is about.</param>
/// <param name="Name">Of whom it is about.</param>
/// <param name="Title">One line.</param>
/// <param name="Evidence">Lines.</param>
/// <param name="Fixes">The text to paste of each.</param>
/// <param name="CausedBy">The finding that it follows from, or null.</param>
public sealed record ReportedFinding(
    string Id, string Severity, string Namespace, string Name, string Title, IReadOnlyList<string> Evidence, IReadOnlyList<string> Fixes, string? CausedBy)
{
    public static ReportedFinding From(JsonElement entry)
    {
        var subject = entry.GetProperty("subject");
        return new(
            Text(entry, "id"),
            Text(entry, "severity"),
            subject.TryGetProperty("namespace", out var space) ? space.GetString()! : "",
            Text(subject, "name"),
            Text(entry, "title"),
            [.. entry.GetProperty("evidence").EnumerateArray().Select(line => line.GetString()!)],
            [.. entry.GetProperty("fix").EnumerateArray().Select(fix => fix.GetString()!)],
            entry.TryGetProperty("causedBy", out var cause) ? cause.GetString() : null);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
