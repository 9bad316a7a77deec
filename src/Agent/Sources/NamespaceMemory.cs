using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>What is kept of a network namespace from one scan to the next.</summary>
internal sealed class NamespaceMemory(TimeSpan firstSeen)
{
    private static readonly TimeSpan s_youth = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_trackingRefresh = TimeSpan.FromMinutes(5);

    private TimeSpan? _addressesAt;
    private TimeSpan? _settingsAt;
    private TimeSpan? _trackingAt;

    public IdleWatch Idle { get; } = new();

    public ImmutableArray<IpAddress> Addresses { get; private set; } = [];

    public NamespaceSettings? Settings { get; private set; }

    /// <summary>Sockets at the last scan; null before the first.</summary>
    public long? Sockets { get; set; }

    /// <summary>Since when this namespace has had processes of whom; see <see cref="NamespaceSource"/>.</summary>
    public (int Version, ImmutableArray<ProcessGroup> Groups)? Groups { get; set; }

    /// <summary>Addresses and settings change while a pod starts, hardly ever later.</summary>
    public bool AddressesAreDue(TimeSpan now) => IsDue(_addressesAt, now);

    public bool SettingsAreDue(TimeSpan now) => IsDue(_settingsAt, now);

    /// <summary>Whether its own table tracks; null when unknown. What tracks once is taken to track for good.</summary>
    public bool? OwnTableTracks { get; private set; }

    public bool TrackingIsDue(TimeSpan now) => OwnTableTracks != true && (_trackingAt is null || now - _trackingAt > s_trackingRefresh);

    public void NoteTracking(bool? tracks, TimeSpan now) => (OwnTableTracks, _trackingAt) = (tracks, now);

    public void SetAddresses(ImmutableArray<IpAddress> addresses, TimeSpan now) => (Addresses, _addressesAt) = (addresses, now);

    public void SetSettings(NamespaceSettings? settings, TimeSpan now) => (Settings, _settingsAt) = (settings, now);

    private bool IsDue(TimeSpan? last, TimeSpan now) => last is null || now - firstSeen < s_youth || now - last > s_refresh;
}
