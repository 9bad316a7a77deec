using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>What is kept of a network namespace from one scan to the next.</summary>
/// <param name="firstSeen">Monotonic time of the scan that found it.</param>
/// <param name="isNew">Whether it has come since this program began to look; its settings may still be about to be made.</param>
internal sealed class NamespaceMemory(TimeSpan firstSeen, bool isNew)
{
    private static readonly TimeSpan s_youth = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_youngRefresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_fullRefresh = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_trackingRefresh = TimeSpan.FromMinutes(5);

    private (NetworkNamespace Network, int Version, ImmutableArray<string> Names)? _programs;
    private TimeSpan? _addressesAt;
    private TimeSpan? _settingsAt;
    private TimeSpan? _timeoutsAt;
    private TimeSpan? _trackingAt;

    public IdleWatch Idle { get; } = new();

    public ImmutableArray<IpAddress> Addresses { get; private set; } = [];

    /// <summary>True when it has more addresses than are kept.</summary>
    public bool AddressesAreCut { get; private set; }

    public HashSet<IpAddress> AddressSet { get; private set; } = [];

    public NamespaceSettings? Settings { get; private set; }

    public SocketMemory Sockets { get; } = new();

    /// <summary>TCP counters of the last scan; null when they could not be read.</summary>
    public TcpCounters? Counters { get; set; }

    /// <summary>Since when this namespace has had processes of whom; see <see cref="NamespaceSource"/>.</summary>
    public (NetworkNamespace Network, int Version, ImmutableArray<ProcessGroup> Groups)? Groups { get; set; }

    /// <summary>The different programs that run there, in order; looked at again only when its processes have changed.</summary>
    public ImmutableArray<string> ProgramsOf(NetworkNamespace network)
    {
        if (_programs is not { } known || (known.Network, known.Version) != (network, network.Version))
        {
            _programs = known = (network, network.Version, ProgramsOf(network.Processes));
        }

        return known.Names;
    }

    /// <summary>The different programs of these processes, a bounded number, in order.</summary>
    public static ImmutableArray<string> ProgramsOf(IEnumerable<NamespaceProcess> processes) =>
    [
        .. processes.Select(static process => process.Command)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Take(ProcessGroup.MaxPrograms),
    ];

    /// <summary>Addresses and settings change while a pod starts, hardly ever later.</summary>
    public bool AddressesAreDue(TimeSpan now) => IsDue(_addressesAt, now, s_refresh);

    /// <summary>All settings: some thirty files.</summary>
    public bool SettingsAreDue(TimeSpan now) =>
        isNew ? IsDue(_settingsAt, now, s_fullRefresh) : _settingsAt is null || now - _settingsAt > s_fullRefresh;

    /// <summary>The settings that somebody may be changing while this program watches.</summary>
    public bool TimeoutsAreDue(TimeSpan now) => Settings is not null && IsDue(_timeoutsAt, now, s_refresh);

    /// <summary>Whether its own table tracks; null when unknown. What tracks once is taken to track for good.</summary>
    public bool? OwnTableTracks { get; private set; }

    public bool TrackingIsDue(TimeSpan now) => OwnTableTracks != true && (_trackingAt is null || now - _trackingAt > s_trackingRefresh);

    public void NoteTracking(bool? tracks, TimeSpan now) => (OwnTableTracks, _trackingAt) = (tracks, now);

    /// <summary>Notes the addresses.</summary>
    /// <param name="addresses">Null when they could not be read: those of before stay.</param>
    /// <param name="now">Monotonic time of the scan.</param>
    public void SetAddresses(LocalAddresses? addresses, TimeSpan now)
    {
        if (addresses is not null)
        {
            Addresses = [.. addresses.All];
            AddressSet = [.. addresses.All];
            AddressesAreCut = addresses.IsCut;
        }

        _addressesAt = now;
    }

    public void SetSettings(NamespaceSettings? settings, TimeSpan now)
    {
        Settings = settings;
        _settingsAt = _timeoutsAt = now;
    }

    /// <summary>Takes note of one timeout.</summary>
    public void SetTimeouts(IEnumerable<KeyValuePair<string, long>> seconds, TimeSpan now)
    {
        foreach (var (name, value) in seconds)
        {
            if (Settings is { } settings && value != settings.Settings.Get(name))
            {
                Settings = settings with { Settings = new NetfilterSettings(settings.Settings.Values.SetItem(name, value)) };
            }
        }

        _timeoutsAt = now;
    }

    private bool IsDue(TimeSpan? last, TimeSpan now, TimeSpan refresh) =>
        last is null || now - last > (now - firstSeen < s_youth ? s_youngRefresh : refresh);
}
