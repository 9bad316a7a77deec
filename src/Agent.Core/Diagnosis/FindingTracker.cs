
namespace Agent.Core.Diagnosis;

/// <summary>
/// Keeps findings of repeated scans from flapping: one appears once it held in two of the last three evaluations (at once when it is
/// critical), and not before its <see cref="Finding.Patience"/> is over, or before it ends without anything else that explains it; it goes
/// only after three evaluations without it, or when another finding that is shown explains it. What has gone is remembered for a while.
/// Owned by one loop, not thread-safe.
/// </summary>
public sealed class FindingTracker
{
    private const int Appears = 2;
    private const int Remembered = 3;

    /// <summary>How many findings are remembered that hold no longer.</summary>
    public const int MaxOver = 10;

    /// <summary>How long they are.</summary>
    public static readonly TimeSpan OverFor = TimeSpan.FromMinutes(30);

    private readonly List<OverFinding> _over = [];
    private readonly Dictionary<(string Id, FindingSubject Subject), Track> _tracks = [];
    private bool _started;

    /// <summary>The judgement to publish after this evaluation.</summary>
    /// <param name="result">What the rules say of the newest snapshot.</param>
    /// <param name="takenAt">When that was taken.</param>
    public DiagnosisResult Update(DiagnosisResult result, DateTimeOffset takenAt)
    {
        foreach (var track in _tracks.Values)
        {
            track.Age();
        }

        foreach (var finding in result.Findings)
        {
            var key = (finding.Id, finding.Subject);
            if (!_tracks.TryGetValue(key, out var track))
            {
                _tracks[key] = track = new Track(takenAt);
            }

            // The first evaluation has nothing to compare with: it shows what a single report would.
            track.SeenAt = takenAt;
            track.Saw(finding, takenAt, atOnce: !_started || finding.Severity == Severity.Critical);
        }

        _started = true;
        foreach (var (key, track) in _tracks)
        {
            if (track.IsSeenNow)
            {
                continue;
            }

            var isExplained = result.Explained.Contains(key);
            if (track.IsOver || IsGone(key, result) || (isExplained && (!track.IsShown || IsToldOtherwise(key.Subject))))
            {
                _tracks.Remove(key);

                // What is explained goes on under another name.
                if (!isExplained && track is { IsShown: true, Worst: >= Severity.Warning })
                {
                    _over.Insert(0, new(track.AtItsWorst, track.SeenAt));
                }
            }
            else if (!isExplained)
            {
                track.EndPatience();
            }
        }

        _over.RemoveAll(over => takenAt - over.Until > OverFor
            || (_tracks.TryGetValue((over.Finding.Id, over.Finding.Subject), out var again) && again.IsShown));
        if (_over.Count > MaxOver)
        {
            _over.RemoveRange(MaxOver, _over.Count - MaxOver);
        }

        var shown = FindingOrder.Sort(_tracks.Values.Where(static track => track.IsShown).Select(static track => track.Published));
        return result with { Findings = shown, Headline = Headline.Of(shown, result.Unreadable), Over = [.. _over] };
    }

    /// <summary>The machine's clock was set: what was first seen a minute ago still was.</summary>
    /// <param name="step">How far the clock has moved by itself.</param>
    public void Move(TimeSpan step)
    {
        foreach (var track in _tracks.Values)
        {
            track.Move(step);
        }

        for (var i = 0; i < _over.Count; i++)
        {
            _over[i] = _over[i] with { Until = _over[i].Until + step };
        }
    }

    // A finding about a pod that has ended is not carried on: metrics of a pod that is gone must go with it.
    private static bool IsGone((string Id, FindingSubject Subject) key, DiagnosisResult result) =>
        !key.Subject.IsOfNode && result.Present is { } present && !present.Contains(key.Subject);

    private bool IsToldOtherwise(FindingSubject subject) =>
        _tracks.Values.Any(track => track.IsShown && !LossClaim.ClaimsOf(track.Published, subject).IsEmpty);

    private sealed class Track(DateTimeOffset firstSeen)
    {
        private DateTimeOffset _firstSeen = firstSeen;

        // At the last evaluations, the newest last; null where it was absent.
        private readonly Severity?[] _severities = new Severity?[Remembered];
        private Finding? _newest;
        private bool _waits;

        public bool IsShown { get; private set; }

        public DateTimeOffset SeenAt { get; set; }

        /// <summary>The worst severity it ever had.</summary>
        public Severity Worst { get; private set; }

        public Finding AtItsWorst => _newest! with { Severity = Worst, FirstSeen = _firstSeen };

        public bool IsSeenNow => _severities[^1] is not null;

        public bool IsOver => _severities.All(static severity => severity is null);

        // The severity does not step down before the worse evidence is forgotten, or an alert on it would flap.
        public Finding Published => _newest! with { Severity = _severities.Max() ?? _newest!.Severity, FirstSeen = _firstSeen };

        public void Age()
        {
            _severities.AsSpan(1).CopyTo(_severities);
            _severities[^1] = null;
        }

        public void Move(TimeSpan step)
        {
            _firstSeen += step;
            SeenAt += step;
        }

        public void Saw(Finding finding, DateTimeOffset takenAt, bool atOnce)
        {
            _newest = finding;
            Worst = finding.Severity > Worst ? finding.Severity : Worst;
            _severities[^1] = finding.Severity;
            _waits = atOnce || _severities.Count(static severity => severity is not null) >= Appears;
            IsShown |= _waits && takenAt - _firstSeen >= finding.Patience;
        }

        /// <summary>It is over, and nothing has explained it: what was only held back is told now.</summary>
        public void EndPatience() => IsShown |= _waits;
    }
}
