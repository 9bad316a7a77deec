namespace Agent.Kernel.Ends;

/// <summary>What a <see cref="ConnectionEndListener"/> has heard since it was opened. Every number only grows.</summary>
/// <param name="Messages">Messages of the kernel: one a socket that is gone.</param>
/// <param name="Ends">Of these, ends of connections.</param>
/// <param name="NeverConnected">Of these, listeners, and connects that were refused or given up.</param>
/// <param name="Malformed">Of these, what could not be read.</param>
/// <param name="Missed">Messages that were lost because they came faster than they were read.</param>
public readonly record struct ConnectionEndStatistics(long Messages, long Ends, long NeverConnected, long Malformed, long Missed);
