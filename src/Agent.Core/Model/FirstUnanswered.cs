namespace Agent.Core.Model;

/// <summary>
/// Connections that a server closed first without ever having sent anything on them, although something had come. That may be a request
/// that was lost, and as well a client that never finished its request, that speaks another protocol, or that wants no answer.
/// </summary>
/// <param name="Count">How many.</param>
/// <param name="Waited">How old the last thing that came was then (median of the last ones).</param>
/// <param name="IsOneAge">True when it was about as old each time, at several moments: a time-out, and no crash.</param>
/// <param name="PortAnswers">True when the server was seen to have sent anything at all at this port.</param>
public sealed record FirstUnanswered(long Count, TimeSpan Waited, bool IsOneAge, bool PortAnswers)
{
    private const int FewestMoments = 2;
    private const double MostOfThem = 0.8;

    // A busy server closes late, and never early: where many were seen, half of them near the earliest are enough.
    private const int Many = 10;
    private const double Earliest = 0.1;
    private const double SomeOfThem = 0.5;
    private const double SameAgeShare = 0.15;
    private const double SameAgeSeconds = 0.75;

    /// <summary>From what was counted.</summary>
    /// <param name="count">How many there were.</param>
    /// <param name="waits">How long they had waited, of the last ones.</param>
    /// <param name="portAnswers">Whether anything was ever sent at the port.</param>
    public static FirstUnanswered Of(long count, IdleCloses waits, bool portAnswers)
    {
        var events = waits.Events;
        var isOneAge = AreAbout(waits.Median, MostOfThem)
            || (events.Length >= Many
                && AreAbout(events.Select(static seen => seen.Shortest).Order().ElementAt((int)(Earliest * events.Length)), SomeOfThem));
        return new(count, waits.Median, isOneAge, portAnswers);

        bool AreAbout(TimeSpan age, double share)
        {
            var about = Math.Max(SameAgeSeconds, SameAgeShare * age.TotalSeconds);
            var same = events.Count(seen => Math.Abs((seen.Shortest - age).TotalSeconds) <= about
                && Math.Abs((seen.Longest - age).TotalSeconds) <= about);
            return same >= FewestMoments && same >= share * events.Length;
        }
    }
}
