using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>What an end was, as far as it is known.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Loss">Whether a request was lost with it.</param>
/// <param name="NeedsQuietPort">
/// The loss is one only where clients do not say last words before they close (TLS alerts, QUIT, GOAWAY).
/// </param>
/// <param name="Alert">
/// The loss is one only where nobody says TLS alerts of this length: what was left has their size. With <paramref name="NeedsQuietPort"/>.
/// </param>
/// <param name="NeedsCloser">Who closed first was not known, and it matters: judge again when it is.</param>
public readonly record struct EndJudgement(
    EndKind Kind,
    LossCause Loss = LossCause.None,
    bool NeedsQuietPort = false,
    bool NeedsCloser = false,
    AlertLength Alert = AlertLength.None);
