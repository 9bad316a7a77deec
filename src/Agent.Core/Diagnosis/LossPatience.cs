using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// How long lost requests wait for the finding that explains them: as long as that takes to form, because what makes it sure has to happen
/// several times and a scan has to see it, but never for longer than a bound.
/// </summary>
internal static class LossPatience
{
    /// <summary>For what forms within some scans.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromSeconds(60);

    /// <summary>For whatever is forming: who loses requests for so long must hear of it.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromMinutes(3);

    // One scan sees the last close or replacement, the next one holds what the first has found.
    private const int Scans = 2;

    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(0.2);

    /// <summary>Zero where no other finding may explain them.</summary>
    /// <param name="context">The snapshots.</param>
    /// <param name="pod">The pod that lost them, of the current one.</param>
    /// <param name="lost">Its losses of one role, cause and port.</param>
    public static TimeSpan Of(DiagnosisContext context, PodSnapshot pod, LostRequests lost)
    {
        // An idle time-out is known after some closes, each of which takes that time.
        if (lost.IdleBefore is { } idle && idle >= s_idle)
        {
            if (ExactKeepAlive.IsForming(context.Current.TakenAt, pod, lost))
            {
                return Most;
            }

            var interval = context.Current.TakenAt - (context.Previous?.TakenAt ?? context.Current.TakenAt);
            return Clamp((ExactKeepAlive.FewestClose * idle) + (Scans * interval));
        }

        // One replacement may be all there is, the one before the last of a crash loop is not.
        return lost.Role != EndRole.Server ? TimeSpan.Zero : Ends(context, pod, lost.Port) switch
        {
            0 => TimeSpan.Zero,
            < ServerReplacements.Loop - 1 => Least,
            _ => Most,
        };
    }

    private static TimeSpan Clamp(TimeSpan patience) => patience < Least ? Least : patience > Most ? Most : patience;

    /// <summary>How often the server at a port has ended in the last minutes: another one was found, or none at all.</summary>
    private static long Ends(DiagnosisContext context, PodSnapshot pod, ushort port)
    {
        var (gaps, wasThere) = (0L, true);
        foreach (var seen in context.HistoryOf(pod.Identity).Append(new(context.Current, pod)))
        {
            var isThere = seen.Pod.Listeners.Any(listener => listener.Port == port);
            gaps += wasThere && !isThere ? 1 : 0;
            wasThere = isThere;
        }

        return Math.Max(gaps, ServerReplacements.Of(context, pod, port).Times);
    }
}
