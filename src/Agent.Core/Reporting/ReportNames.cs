using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>Names as all formats print them.</summary>
internal static class ReportNames
{
    /// <summary><c>pod shop/web-1</c>, <c>node n1</c>.</summary>
    public static string Subject(FindingSubject subject)
    {
        var name = subject.Namespace.Length == 0 ? subject.Name : $"{subject.Namespace}/{subject.Name}";
        return name == subject.Kind || name.StartsWith(subject.Kind + ":", StringComparison.Ordinal) ? name : $"{subject.Kind} {name}";
    }
}
