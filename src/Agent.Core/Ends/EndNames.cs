using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>Kinds, roles and causes as the trace, the report and the metrics spell them.</summary>
public static class EndNames
{
    /// <summary>The roles, server first.</summary>
    public static ImmutableArray<EndRole> Roles { get; } = [EndRole.Server, EndRole.Client];

    /// <summary>The kinds in the order in which they are shown.</summary>
    public static ImmutableArray<EndKind> Kinds { get; } =
    [
        EndKind.ClosedFirst, EndKind.ClosedFirstIdle, EndKind.PeerFirst, EndKind.ResetReceived, EndKind.ResetUnread, EndKind.Abandoned,
        EndKind.TimedOut, EndKind.Other,
    ];

    /// <summary>The causes of which lost requests are counted.</summary>
    public static ImmutableArray<LossCause> Causes { get; } = [LossCause.UnreadAtClose, LossCause.AfterClose, LossCause.Unanswered];

    /// <summary>For example <c>closed_first_idle</c>.</summary>
    public static string Of(EndKind kind) => kind switch
    {
        EndKind.ClosedFirst => "closed_first",
        EndKind.ClosedFirstIdle => "closed_first_idle",
        EndKind.PeerFirst => "peer_first",
        EndKind.ResetReceived => "reset_received",
        EndKind.ResetUnread => "reset_unread",
        EndKind.Abandoned => "abandoned",
        EndKind.TimedOut => "timed_out",
        _ => "other",
    };

    /// <summary><c>server</c> or <c>client</c>.</summary>
    public static string Of(EndRole role) => role == EndRole.Server ? "server" : "client";

    /// <summary>For example <c>unread_at_close</c>; empty for none.</summary>
    public static string Of(LossCause cause) => cause switch
    {
        LossCause.UnreadAtClose => "unread_at_close",
        LossCause.AfterClose => "after_close",
        LossCause.Unanswered => "unanswered",
        LossCause.Unknown => "unknown",
        _ => "",
    };

    /// <summary>The kind of a name.</summary>
    public static bool TryParse(string? name, out EndKind kind) => TryFind(name, Of, out kind);

    /// <summary>The role of a name.</summary>
    public static bool TryParse(string? name, out EndRole role) => TryFind(name, Of, out role);

    /// <summary>The cause of a name; not of none.</summary>
    public static bool TryParse(string? name, out LossCause cause) => TryFind(name, Of, out cause);

    private static bool TryFind<T>(string? name, Func<T, string> of, out T value)
        where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (name is { Length: > 0 } && of(candidate) == name)
            {
                value = candidate;
                return true;
            }
        }

        value = default;
        return false;
    }
}
