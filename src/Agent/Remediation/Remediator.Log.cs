using Agent.Core.Remediation;

namespace Agent.Remediation;

internal sealed partial class Remediator
{
    /// <summary>Logs what is new in a plan: the same refusal every 15 seconds says nothing.</summary>
    private void Tell(RemediationPlan plan, bool isDryRun)
    {
        foreach (var refusal in plan.Refusals.Where(refusal => _told.Add((refusal.Where, refusal.Sysctl))))
        {
            LogRefused(refusal.Where, refusal.Sysctl, refusal.Reason, refusal.Instead);
        }

        if (isDryRun)
        {
            foreach (var change in plan.Changes.Where(change => _told.Add((change.Target.DisplayName, change.Sysctl))))
            {
                LogWouldWrite(change.Target.DisplayName, change.Sysctl, change.From, change.To, change.Reason, change.Guard);
            }
        }

        var current = plan.Refusals.Select(static refusal => (refusal.Where, refusal.Sysctl))
            .Concat(plan.Changes.Select(static change => (change.Target.DisplayName, change.Sysctl)))
            .ToHashSet();
        _told.IntersectWith(current);
    }

    [LoggerMessage(
        EventId = 60, Level = LogLevel.Information,
        Message = "Sysctl written by {Actor}: {Target}: {Sysctl} from {From} to {To}; why: {Reason}; guard: {Guard}")]
    private partial void LogWritten(string actor, string target, string sysctl, long from, long to, string reason, string guard);

    [LoggerMessage(
        EventId = 61, Level = LogLevel.Information,
        Message = "Dry run: {Target}: {Sysctl} would be raised from {From} to {To}; why: {Reason}; guard: {Guard}")]
    private partial void LogWouldWrite(string target, string sysctl, long from, long to, string reason, string guard);

    [LoggerMessage(
        EventId = 62, Level = LogLevel.Warning,
        Message = "Remediation refused: {Where}: {Sysctl}: {Reason}; instead: {Instead}")]
    private partial void LogRefused(string where, string sysctl, string reason, string instead);

    [LoggerMessage(
        EventId = 63, Level = LogLevel.Warning,
        Message = "Sysctl not written: {Target}: {Sysctl} to {To}: {Result}: {Detail}; it is tried again later")]
    private partial void LogNotWritten(string target, string sysctl, long to, WriteResult result, string detail);

    [LoggerMessage(
        EventId = 64, Level = LogLevel.Warning,
        Message = "Sysctl conflict: {Target}: another writer set {Sysctl} to {Found}; it was written again to {To}, and next"
            + " time only after a while")]
    private partial void LogConflict(string target, string sysctl, long found, long to);

    [LoggerMessage(
        EventId = 65, Level = LogLevel.Warning,
        Message = "Sysctl conflict: {Target}: another writer set {Sysctl} to {Found} again; it is left so for now instead of {To}")]
    private partial void LogHeld(string target, string sysctl, long found, long to);

    [LoggerMessage(EventId = 66, Level = LogLevel.Warning, Message = "Sysctl not restored: {Target}: {Sysctl} to {To}: {Detail}")]
    private partial void LogNotRestored(string target, string sysctl, long to, string detail);

    [LoggerMessage(
        EventId = 67, Level = LogLevel.Warning,
        Message = "What values were before cannot be kept: {Problem}; after a restart of the agent RestoreOnExit does not know"
            + " them (Remediation:StateDirectory)")]
    private partial void LogStateProblem(string problem);
}
