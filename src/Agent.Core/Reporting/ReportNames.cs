using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>Names as all formats print them.</summary>
internal static class ReportNames
{
    /// <summary>A fix is <c>where: what</c>; the first part is empty when it names no place.</summary>
    public static (string Where, string What) SplitFix(string fix)
    {
        var colon = fix.IndexOf(": ", StringComparison.Ordinal);
        return colon < 0 ? ("", fix) : (fix[..(colon + 1)], fix[(colon + 2)..]);
    }

    /// <summary><c>seen for 12m00s</c>; empty when a single scan cannot know.</summary>
    public static string Seen(Finding finding, DateTimeOffset takenAt) =>
        finding.FirstSeen is not { } first ? ""
        : takenAt > first ? $"seen for {HumanText.Duration(takenAt - first)}"
        : "first seen now";

    /// <summary><c>pod shop/web-1</c>, <c>node n1</c>.</summary>
    public static string Subject(FindingSubject subject)
    {
        var name = subject.Namespace.Length == 0 ? subject.Name : $"{subject.Namespace}/{subject.Name}";
        return name == subject.Kind || name.StartsWith(subject.Kind + ":", StringComparison.Ordinal) ? name : $"{subject.Kind} {name}";
    }
}
