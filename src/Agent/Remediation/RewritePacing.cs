using Agent.Core.Diagnosis.Rules;

namespace Agent.Remediation;

/// <summary>When a value may be written again after others changed it or the kernel refused it. Not thread-safe.</summary>
/// <remarks>
/// The first change by another writer is put right at once; after that the wait doubles from ten minutes: three rewrites in
/// the first hour, then fewer.
/// </remarks>
internal sealed class RewritePacing(TimeProvider time)
{
    private static readonly TimeSpan s_afterConflict = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_longestAfterConflict = TimeSpan.FromHours(8);
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestAfterFailure = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_forgiven = TimeSpan.FromHours(24);

    private static readonly TimeSpan s_longAgo = TimeSpan.FromDays(-3650);

    private readonly Dictionary<SysctlKey, Record> _records = [];

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>Values that others changed within the last hour, or that wait to be written again.</summary>
    public IEnumerable<(SysctlKey Key, int Conflicts, long Found, long Wanted, TimeSpan NextIn)> Conflicts =>
        from pair in _records
        where pair.Value.Conflicts > 0 && (Now - pair.Value.LastConflictAt < SysctlConflict.NewsFor || Now < pair.Value.NotBefore)
        select (pair.Key, pair.Value.Conflicts, pair.Value.Found, pair.Value.Wanted, pair.Value.NotBefore - Now);

    public bool MayWrite(SysctlKey key) => !_records.TryGetValue(key, out var record) || Now >= record.NotBefore;

    /// <summary>Another writer changed a value, and it was written again.</summary>
    public void NoteRewritten(SysctlKey key, long found, long wanted)
    {
        var record = Of(key);
        var now = Now;
        record.Conflicts = now - record.LastConflictAt > s_forgiven ? 1 : record.Conflicts + 1;
        (record.LastConflictAt, record.Found, record.Wanted, record.HeldIsCounted, record.Failures) = (now, found, wanted, false, 0);
        record.NotBefore = now + Doubled(s_afterConflict, record.Conflicts, s_longestAfterConflict);
    }

    /// <summary>Another writer changed a value, and it stays so for now.</summary>
    /// <returns>True the first time since the last rewrite.</returns>
    public bool NoteHeld(SysctlKey key, long found)
    {
        var record = Of(key);
        var isNew = !record.HeldIsCounted && record.Conflicts > 0;
        if (isNew)
        {
            (record.HeldIsCounted, record.LastConflictAt, record.Found) = (true, Now, found);
        }

        return isNew;
    }

    public void NoteFailure(SysctlKey key)
    {
        var record = Of(key);
        record.Failures++;
        var again = Now + Doubled(s_afterFailure, record.Failures, s_longestAfterFailure);
        record.NotBefore = again > record.NotBefore ? again : record.NotBefore;
    }

    public void NoteWritten(SysctlKey key) => Of(key).Failures = 0;

    /// <summary>Forgets what is gone.</summary>
    public void KeepOnly(Func<SysctlKey, bool> isThere)
    {
        foreach (var key in _records.Keys.Where(key => !isThere(key)).ToArray())
        {
            _records.Remove(key);
        }
    }

    private Record Of(SysctlKey key) => _records.TryGetValue(key, out var record) ? record : _records[key] = new();

    private static TimeSpan Doubled(TimeSpan first, int count, TimeSpan longest)
    {
        var wait = first * Math.Pow(2, Math.Min(count - 1, 16));
        return wait < longest ? wait : longest;
    }

    private sealed class Record
    {
        public int Conflicts { get; set; }

        public int Failures { get; set; }

        public TimeSpan LastConflictAt { get; set; } = s_longAgo;

        public TimeSpan NotBefore { get; set; } = s_longAgo;

        public long Found { get; set; }

        public long Wanted { get; set; }

        public bool HeldIsCounted { get; set; }
    }
}
