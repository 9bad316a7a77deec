using System.Runtime.CompilerServices;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Agent.Sources;
using Agent.Tests.Core.Ends;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public class ConnectionEndBookTests
{
    private static readonly NodeLayout s_nobodyIsThere = new()
    {
        Namespaces = [],
        Owners = [],
        Addresses = new(),
        HostRoutes = new([]),
        BridgeIsTracked = false,
    };

    /// <summary>A node whose pods come and go for weeks must not keep what each of them had.</summary>
    [Fact]
    public void Sum_NamespacesThatAreGone_AreNotKept()
    {
        var time = new ManualTimeProvider();
        var book = new ConnectionEndBook(time, 1, null);
        var gone = Enumerable.Range(1, 20).Select(id => Hear(book, id)).ToList();

        foreach (var later in new[] { TimeSpan.Zero, TimeSpan.FromMinutes(1), EndsTally.RememberedFor })
        {
            time.Advance(later);
            book.Sum(s_nobodyIsThere, static _ => false);
        }

        GC.Collect();

        Assert.DoesNotContain(gone, static network => network.TryGetTarget(out _));
    }

    /// <summary>A dump that began when nobody waited shows its TIME_WAITs to nobody, those of ends that come a moment later either.</summary>
    [Fact]
    public void NoteDump_NobodyWaitedAsItBegan_TellsNothing()
    {
        var (time, told) = (new ManualTimeProvider(), new Told());
        var book = new ConnectionEndBook(time, 1, told);
        var network = book.Attach(1, new(PodKind.Pod, "shop", "web", "1"), null)!;

        var atBegin = network.TimeWaits;
        book.OnEnd(IdleClose(namespaceId: 1));
        time.Advance(TimeSpan.FromMilliseconds(1));
        network.NoteDump(atBegin, book.Now.Monotonic);
        book.Settle();

        Assert.Empty(told.Kinds);
        time.Advance(TimeSpan.FromSeconds(1));
        network.NoteDump(network.TimeWaits, book.Now.Monotonic);
        book.Settle();
        Assert.Equal([EndKind.PeerFirst], told.Kinds);
    }

    /// <summary>The reading thread has looked at its clock when a dump begins, which shows the end's TIME_WAIT.</summary>
    [Fact]
    public void OnEnd_DumpBeginsWhenItsTimeWasRead_IsToldByIt()
    {
        var (time, told) = (new AskedTime(), new Told());
        var book = new ConnectionEndBook(time, 1, told);
        var network = book.Attach(1, new(PodKind.Pod, "shop", "web", "1"), null)!;
        var end = IdleClose(namespaceId: 1);
        var dump = new Thread(() =>
        {
            var beganAt = book.Now.Monotonic;
            network.OnTimeWait(end.Tuple);
            network.NoteDump(network, beganAt);
        });
        time.WhenAsked = () =>
        {
            dump.Start();
            dump.Join(TimeSpan.FromMilliseconds(100));
        };

        book.OnEnd(end);
        dump.Join();
        book.Settle();

        Assert.Equal([EndKind.ClosedFirstIdle], told.Kinds);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<EndsNamespace> Hear(ConnectionEndBook book, int id)
    {
        var network = book.Attach(id, new(PodKind.Pod, "shop", "come-and-go", $"{id}"), null)!;
        var end = CapturedEnds.Scene("server closes idle").InPods.First(static end => end.Role == EndRole.Server).End;
        book.OnEnd(end with { NamespaceId = id, Tuple = end.Tuple with { SourcePort = (ushort)(8000 + id) } });
        return new(network.Network);
    }

    private static ConnectionEnd IdleClose(int namespaceId) =>
        CapturedEnds.Scene("server closes idle").InPods.First(static end => end.Role == EndRole.Server).End with { NamespaceId = namespaceId };

    private sealed class Told : IEndObserver
    {
        public List<EndKind> Kinds { get; } = [];

        public void OnJudged(in JudgedEnd end) => Kinds.Add(end.Kind);
    }

    /// <summary>Does something once when it is asked for the time.</summary>
    private sealed class AskedTime : TimeProvider
    {
        public Action? WhenAsked { get; set; }

        public override long GetTimestamp()
        {
            var (now, action) = (base.GetTimestamp(), WhenAsked);
            WhenAsked = null;
            action?.Invoke();
            return now;
        }
    }
}
