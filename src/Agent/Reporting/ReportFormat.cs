namespace Agent.Reporting;

/// <summary>In which form a report is printed or served.</summary>
internal enum ReportFormat
{
    Text,
    Json,
    Markdown,
    Html,
}
