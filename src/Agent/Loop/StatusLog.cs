using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Loop;

/// <summary>Logs what has changed since the last scan, once.</summary>
internal sealed partial class StatusLog(ILogger<StatusLog> logger)
{
    private readonly Dictionary<string, (SourceStatus Status, string Backend)> _sources = [];
    private Verdict? _verdict;

    public void Write(Snapshot snapshot, DiagnosisResult diagnosis)
    {
        foreach (var source in snapshot.Sources)
        {
            var known = _sources.TryGetValue(source.Name, out var before);
            if (!known || before != (source.Status, source.Backend))
            {
                _sources[source.Name] = (source.Status, source.Backend);
                WriteSource(source, known);
            }
        }

        if (_verdict != diagnosis.Verdict)
        {
            _verdict = diagnosis.Verdict;
            var verdict = Verdicts.Name(diagnosis.Verdict);
            LogVerdict(verdict, diagnosis.Headline);
        }
    }

    private void WriteSource(SourceReport source, bool known)
    {
        if (source.Status != SourceStatus.Ok)
        {
            LogSourceImpaired(source.Name, source.Backend, NameOf(source.Status), source.Detail);
        }
        else if (known)
        {
            LogSourceWell(source.Name, source.Backend);
        }
        else
        {
            LogSourceFound(source.Name, source.Backend, source.Records);
        }
    }

    private static string NameOf(SourceStatus status) => status switch
    {
        SourceStatus.Ok => "ok",
        SourceStatus.Degraded => "degraded",
        SourceStatus.Unavailable => "unavailable",
        _ => "failed",
    };

    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "Source {Source} is read by {Backend}: {Records} records")]
    private partial void LogSourceFound(string source, string backend, long records);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "Source {Source} is well again, read by {Backend}")]
    private partial void LogSourceWell(string source, string backend);

    [LoggerMessage(EventId = 12, Level = LogLevel.Warning, Message = "Source {Source} ({Backend}) is {Status}: {Detail}")]
    private partial void LogSourceImpaired(string source, string backend, string status, string detail);

    [LoggerMessage(EventId = 13, Level = LogLevel.Information, Message = "The verdict is {Verdict}: {Headline}")]
    private partial void LogVerdict(string verdict, Headline headline);
}
