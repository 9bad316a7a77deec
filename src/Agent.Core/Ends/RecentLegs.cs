namespace Agent.Core.Ends;

/// <summary>
/// The last legs of one side of a proxy, found by when they ended. A ring that grows while what it would forget is young; those of one
/// moment are a chain. Allocates only to grow.
/// </summary>
internal sealed class RecentLegs
{
    /// <summary>How many are kept at most.</summary>
    public const int MaxKept = 1024;

    /// <summary>How many of one moment are looked at: a reload closes thousands at once, which are one event.</summary>
    public const int MaxSteps = 64;

    private const int FewestKept = 16;

    // The other leg is told of by the same dump of sockets or the next one.
    private static readonly TimeSpan s_young = TimeSpan.FromSeconds(40);

    private Kept[] _kept = [];
    private long[] _newest = []; // by moment: the number of the last one and one; 0 for none
    private long _next;
    private TimeSpan _latest;

    public void Add(in Leg leg)
    {
        if (_kept.Length < MaxKept && _next >= _kept.Length && (_next == 0 || _latest - _kept[_next % _kept.Length].Leg.At < s_young))
        {
            Grow();
        }

        Put(leg);
        _latest = leg.At > _latest ? leg.At : _latest;
    }

    /// <summary>Those that ended about then, and some others.</summary>
    public Enumerator At(TimeSpan time) => new(this, Moment(time));

    private static long Moment(TimeSpan time) => time.Ticks / Leg.Moment.Ticks;

    private void Put(in Leg leg)
    {
        ref var newest = ref _newest[Moment(leg.At) % _newest.Length];
        _kept[_next % _kept.Length] = new() { Leg = leg, Before = newest };
        newest = ++_next;
    }

    private void Grow()
    {
        var (old, first) = (_kept, Math.Max(0, _next - _kept.Length));
        var end = _next;
        _kept = new Kept[Math.Max(FewestKept, old.Length * 2)];
        _newest = new long[_kept.Length];
        _next = 0;
        for (var number = first; number < end; number++)
        {
            Put(old[number % old.Length].Leg);
        }
    }

    private struct Kept
    {
        public Leg Leg;

        /// <summary>The number of the one before it in its chain, and one; 0 for none.</summary>
        public long Before;
    }

    /// <summary>Goes through the chains of three moments.</summary>
    internal ref struct Enumerator(RecentLegs legs, long moment)
    {
        private readonly long _last = moment + 1;
        private long _moment = moment - 1;
        private long _number;
        private int _steps;
        private bool _isBegun;

        public readonly ref readonly Leg Current => ref legs._kept[(_number - 1) % legs._kept.Length].Leg;

        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (legs._kept.Length == 0)
            {
                return false;
            }

            _number = _isBegun ? legs._kept[(_number - 1) % legs._kept.Length].Before : First();
            _isBegun = true;
            while (_number <= legs._next - legs._kept.Length || _number == 0 || ++_steps > MaxSteps)
            {
                // The rest of this chain was forgotten, or is too long.
                if (++_moment > _last)
                {
                    return false;
                }

                _steps = 0;
                _number = First();
            }

            return true;
        }

        private readonly long First() => legs._newest[Math.Max(0, _moment) % legs._newest.Length];
    }
}
