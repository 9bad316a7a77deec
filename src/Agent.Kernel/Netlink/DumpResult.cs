namespace Agent.Kernel.Netlink;

/// <summary>How a dump, or the reading of a table in /proc, went.</summary>
/// <param name="Messages">Entries handed to the sink, those of abandoned tries not counted.</param>
/// <param name="Retries">How often it had to start over because the kernel called it inconsistent or answers were lost.</param>
/// <param name="Interrupted">
/// True when the last try was inconsistent or incomplete as well: the numbers are approximate ("degraded").
/// </param>
/// <param name="Malformed">Messages, datagrams or lines that could not be understood and were skipped.</param>
public readonly record struct DumpResult(long Messages, int Retries, bool Interrupted, long Malformed);
