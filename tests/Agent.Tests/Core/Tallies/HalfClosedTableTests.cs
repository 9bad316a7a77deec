using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Tallies;

/// <summary>Many sockets: all are counted, few are kept.</summary>
public sealed class HalfClosedTableTests
{
    private const int Capacity = 64;
    private readonly HalfClosedMemory _memory = new();
    private readonly NamespaceTracking _pod = new(isHost: false, 1) { InHostTable = true, IsUntranslated = true };
    private readonly NamespaceTracking _other = new(isHost: false, 2) { InHostTable = true, IsUntranslated = true };

    [Fact]
    public void Add_MoreThanAreKept_KeepsTheOldestAndCountsAll()
    {
        var table = Table();
        Add(table, _pod, owner: 1, 1000);
        table.BuildIndex();

        var kept = table.Of(_pod).ToArray();
        Assert.Equal(Capacity, kept.Length);
        Assert.Equal(Enumerable.Range(0, Capacity).Select(static i => (uint)(1_000_000 - (1000 * i))), kept.Select(static one => one.Socket.LastAckReceivedMilliseconds));
        var sum = Sum(table)[1];
        Assert.Equal((1000, 1000), (sum.CloseWaitSockets, sum.ClosedByPeer));
        Assert.Equal(1000, sum.CloseWaitAges.Total);
        Assert.Equal(900, sum.CloseWaitAges.From(TimeSpan.FromSeconds(100)), 30d);
        Assert.Equal(TimeSpan.FromSeconds(1000), sum.Oldest);
        Assert.Equal(7000, sum.UnreadBytes);
    }

    /// <summary>A pool's connection whose entry is gone: nobody says a word on it any more, unless something tells otherwise.</summary>
    [Theory]
    [InlineData("kept by a pool", "10.0.0.1:40000", false, PeerState.Unknown, 100_000u, 1)]
    [InlineData("its peer is gone", "10.0.0.1:40000", false, PeerState.Gone, 100_000u, 1)]
    [InlineData("its peer waits", "10.0.0.1:40000", false, PeerState.Waiting, 100_000u, 0)]
    [InlineData("it still sends", "10.0.0.1:40000", false, PeerState.Unknown, 800u, 0)]
    [InlineData("a server", "10.0.0.1:40000", true, PeerState.Unknown, 100_000u, 0)]
    [InlineData("a server that listens no more", "10.0.0.1:8080", false, PeerState.Unknown, 100_000u, 0)]
    public void Lost_OfAPool_OnlyWhereNobodySpeaks(string why, string local, bool isAccepted, PeerState peer, uint sentAgo, long expected)
    {
        Assert.NotEmpty(why);
        var summary = SumOf(TrackingState.Untracked);
        Assert.Equal((1, expected), (summary.UntrackedLost, summary.PooledLost));
        Assert.Equal(peer == PeerState.Gone ? 1 - expected : 0, summary.AbandonedLostAges.Total);

        // As long as there is an entry, a pool needs it as little.
        summary = SumOf(TrackingState.Tracked);
        Assert.Equal((1, 1 - expected), (summary.EntryTimes.Total, summary.NeededEntryTimes.Total));

        HalfClosedSummary SumOf(TrackingState tracking)
        {
            var socket = Make.Socket($"{local} 10.0.0.2:5000", TcpState.CloseWait, idleMilliseconds: 100_000);
            socket.LastDataSentMilliseconds = sentAgo;
            var halfClosed = new HalfClosedSocket(socket, 1, _pod, false) { IsAccepted = isAccepted };
            halfClosed.SetPeer(peer, null);
            halfClosed.SetHostEntry(Make.Flow($"{local} 10.0.0.2:5000", TcpConntrackState.CloseWait), isInitiator: true);
            halfClosed.SetTracking(tracking, needsEntry: true);
            var table = Table();
            table.Add(halfClosed);
            table.BuildIndex();
            return Sum(table)[1];
        }
    }

    [Fact]
    public void Add_OneWithManyAndOneWithFew_TheFewAreKept()
    {
        var table = Table();
        Add(table, _pod, owner: 1, 1000);
        Add(table, _other, owner: 2, 20);
        table.BuildIndex();
        Assert.Equal(20, table.Of(_other).Length);
        Assert.InRange(table.Of(_pod).Length, Capacity - 20, Capacity + (Capacity / 4) - 20);
        Assert.Equal((1000, 20), (Sum(table)[1].Sockets, Sum(table)[2].Sockets));
    }

    [Fact]
    public void Add_TwoOwnersInOneNamespace_ShareIt()
    {
        var table = Table();
        Add(table, _pod, owner: 1, 1000);
        Add(table, _pod, owner: 2, 50, firstPort: 20_000);
        table.BuildIndex();
        Assert.Equal((32, 32), (Kept(table, 1), Kept(table, 2)));
        Assert.Equal((1000, 50), (Sum(table)[1].Sockets, Sum(table)[2].Sockets));
    }

    [Fact]
    public void Restart_AfterMany_CountsAnew()
    {
        var table = Table();
        Add(table, _other, owner: 2, 100);
        table.Open(_pod);
        Add(table, _pod, owner: 1, 1000);
        table.Restart();
        Add(table, _pod, owner: 1, 300);
        table.BuildIndex();
        Assert.Equal((300, 100), (Sum(table)[1].Sockets, Sum(table)[2].Sockets));
        table.Complete();
        Assert.Equal(400, _memory.Count);
    }

    [Fact]
    public void MatchHost_EntriesOfSomeOfMany_TheOthersAreUntracked()
    {
        ScanWithAllEntries();
        var table = Table();
        Add(table, _pod, owner: 1, 1000);
        table.BuildIndex();
        Assert.Equal(900, Dump(table, Enumerable.Range(0, 900)));
        Judge(table);
        var sum = Sum(table)[1];
        Assert.Equal((100, 900), (sum.Untracked, sum.EntryTimes.Total));
        Assert.Equal((0, 100), (sum.UntrackedLost, sum.UntrackedUnsure)); // whether the table is loose is not known
        Assert.Equal(900, sum.ClosersDisagree);
    }

    [Fact]
    public void Complete_NoDumpThisTime_WhatWasMissingIsStillUntrackedAndKeptFirst()
    {
        ScanWithAllEntries();
        var first = Table();
        Add(first, _pod, owner: 1, 1000);
        first.BuildIndex();
        Dump(first, Enumerable.Range(0, 950));
        Judge(first);

        var second = Table();
        Add(second, _pod, owner: 1, 1000);
        second.BuildIndex();

        // They are the youngest, and are looked up one by one because they were missing.
        var missing = second.Of(_pod)[..50].ToArray();
        Assert.All(missing, static socket => Assert.InRange(socket.Socket.LastAckReceivedMilliseconds, 0u, 50_000u));
        foreach (ref var socket in second.Of(_pod))
        {
            if (socket.Socket.LastAckReceivedMilliseconds <= 50_000)
            {
                socket.SetHostEntryMissing();
            }
        }

        Judge(second);
        Assert.Equal(50, Sum(second)[1].Untracked);
    }

    [Fact]
    public void Complete_WhereTheHostDoesNotTrack_OnlyWhatWasThereOnceIsUntracked()
    {
        var once = Table();
        Add(once, _pod, owner: 1, 1000);
        once.BuildIndex();
        Dump(once, Enumerable.Range(500, 500));
        Judge(once);

        _pod.InHostTable = null;
        var later = Table();
        Add(later, _pod, owner: 1, 1000);
        later.BuildIndex();
        Dump(later, []);
        Judge(later);
        Assert.Equal(500, Sum(later)[1].Untracked);
    }

    [Theory]
    [InlineData(1800, 0)]
    [InlineData(1801, 50)]
    public void Complete_EntriesGoneWithTimeLeft_AreRememberedAsDeleted(uint seconds, int deleted)
    {
        var before = Table();
        Add(before, _pod, owner: 1, 50);
        before.BuildIndex();
        Dump(before, Enumerable.Range(0, 50), seconds);
        Judge(before);
        for (var scan = 0; scan < 2; scan++)
        {
            var after = Table();
            Add(after, _pod, owner: 1, 50);
            after.BuildIndex();
            Dump(after, []);
            Judge(after);
            Assert.Equal(deleted, after.Sockets.ToArray().Count(static socket => TrackingJudge.WasDeleted(socket)));
        }
    }

    [Fact]
    public void Add_VeryMany_AllocatesFewBytesForEach()
    {
        var many = RandomCases.Of(300_000);
        for (var scan = 0; scan < 2; scan++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _memory.Begin(TimeSpan.FromSeconds(15 * scan));
            var table = new HalfClosedTable(_memory, static (_, _) => false);
            Add(table, _pod, owner: 1, many);
            table.BuildIndex();
            var matched = Dump(table, Enumerable.Range(0, many));
            Judge(table);

            // 24 bytes for each, where to find it, and what is kept in full.
            var kept = 5L * HalfClosedTable.DefaultCapacity * System.Runtime.CompilerServices.Unsafe.SizeOf<HalfClosedSocket>();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, kept + (scan == 0 ? 40 * many : 0));
            Assert.Equal(many, matched);
            Assert.Equal((many, 0, many), (Sum(table)[1].Sockets, Sum(table)[1].Untracked, Sum(table)[1].EntryTimes.Total));
        }
    }

    private HalfClosedTable Table()
    {
        _memory.Begin(TimeSpan.FromSeconds(1));
        return new(_memory, static (_, _) => false, Capacity);
    }

    private static int Kept(HalfClosedTable table, int owner) => table.Sockets.ToArray().Count(socket => socket.OwnerIndex == owner);

    /// <summary>Sockets whose ages fall from <paramref name="count"/> seconds to one, in an order of no meaning.</summary>
    private static void Add(HalfClosedTable table, NamespaceTracking network, int owner, int count, int firstPort = 1)
    {
        for (var i = 0; i < count; i++)
        {
            var number = (int)((long)i * 7919 % count);
            var socket = new TcpSocket
            {
                Tuple = Tuple(number, firstPort),
                State = TcpState.CloseWait,
                LastAckReceivedMilliseconds = (uint)(1000 * (count - number)),
                LastDataSentMilliseconds = (uint)(1000 * (count - number)),
                ReceiveQueue = 8,
                Inode = (ulong)number + 1,
                Present = TcpSocketFields.Ages,
            };
            table.Add(new HalfClosedSocket(socket, owner, network, staysInNamespace: false));
        }
    }

    private static ConnectionTuple Tuple(int number, int firstPort = 1) =>
        new(IpAddress.FromIPv4(0x0A00_0001), IpAddress.FromIPv4(0x0B00_0000u + (uint)(number / 20_000)), 9000, (ushort)(firstPort + (number % 20_000)));

    /// <summary>Entries that say that the pod closed first, which the sockets deny.</summary>
    /// <returns>How many had an owner.</returns>
    private static int Dump(HalfClosedTable table, IEnumerable<int> numbers, uint seconds = 30)
    {
        var matched = 0;
        table.ResetHostMatches();
        foreach (var number in numbers)
        {
            var tuple = Tuple(number);
            var flow = new ConntrackFlow
            {
                Original = tuple.Reversed,
                Reply = tuple,
                Protocol = 6,
                TcpState = TcpConntrackState.CloseWait,
                TimeoutSeconds = seconds,
                TcpFlagsReply = TcpConntrackFlags.CloseInit,
                Present = ConntrackFields.TcpState | ConntrackFields.Timeout | ConntrackFields.TcpFlags,
            };
            matched += table.MatchHost(flow).Responder == 1 ? 1 : 0;
            table.MatchHost(flow);
        }

        table.SetHostEntriesMissing();
        return matched;
    }

    /// <summary>An earlier scan: each had its entry, so those without one have lost it.</summary>
    private void ScanWithAllEntries()
    {
        var table = Table();
        Add(table, _pod, owner: 1, 1000);
        table.BuildIndex();
        Dump(table, Enumerable.Range(0, 1000));
        Judge(table);
    }

    private static void Judge(HalfClosedTable table)
    {
        foreach (ref var socket in table.Sockets)
        {
            socket.SetUntranslated();
            socket.SetTracking(TrackingJudge.Judge(socket, socket.Namespace.InHostTable), TrackingJudge.NeedsEntry(socket));
        }

        table.Complete();
    }

    /// <summary>By owner index.</summary>
    private static HalfClosedSummary[] Sum(HalfClosedTable table)
    {
        var snapshot = SnapshotBuilder.Build(new()
        {
            TakenAt = default,
            Duration = default,
            Node = new("node", "6.18", "", false),
            Sources = [],
            Owners = [Make.Owner("0", 0), Make.Owner("1"), Make.Owner("2")],
            Namespaces = [new() { Inode = 1, Tracking = new(true) }, new() { Inode = 2, Tracking = new(false) }],
            HalfClosed = table,
        });
        return [.. snapshot.Pods.OrderBy(static pod => pod.Identity.Name, StringComparer.Ordinal).Select(static pod => pod.HalfClosed)];
    }
}
