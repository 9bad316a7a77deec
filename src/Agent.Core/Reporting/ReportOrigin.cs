namespace Agent.Core.Reporting;

/// <summary>Who made the scan that a report shows, and how old it is.</summary>
/// <param name="FromAgent">
/// True: the long-running agent, which knows rates and since when a finding holds. False: the command that prints it.
/// </param>
/// <param name="Age">How old the scan was when the report was written; null for a page that is kept and sent to several.</param>
/// <param name="Note">Why the command has scanned itself; empty for the agent.</param>
public sealed record ReportOrigin(bool FromAgent, TimeSpan? Age, string Note)
{
    /// <summary>A scan by the command itself.</summary>
    public static ReportOrigin Command(TimeSpan age, string note) => new(false, Positive(age), note);

    /// <summary>A scan by the running agent.</summary>
    public static ReportOrigin Agent(TimeSpan? age) => new(true, age is { } known ? Positive(known) : null, "");

    /// <summary><c>source</c> of the JSON report.</summary>
    public string Name => FromAgent ? "agent" : "command";

    /// <summary>For people.</summary>
    public string Sentence => FromAgent
        ? $"by the running agent{(Age is { } age ? $", {HumanText.Ago(age)}" : "")} (closewatch report --fresh scans now)"
        : $"by this command{(Note.Length > 0 ? $": {HumanText.Printable(Note)}" : "")}";

    private static TimeSpan Positive(TimeSpan age) => age > TimeSpan.Zero ? age : TimeSpan.Zero;
}
