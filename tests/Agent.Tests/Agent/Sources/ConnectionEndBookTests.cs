using System.Runtime.CompilerServices;
using Agent.Core.Ends;
using Agent.Core.Model;
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<EndsNamespace> Hear(ConnectionEndBook book, int id)
    {
        var network = book.Attach(id, new(PodKind.Pod, "shop", "come-and-go", $"{id}"), null)!;
        var end = CapturedEnds.Scene("server closes idle").InPods.First(static end => end.Role == EndRole.Server).End;
        book.OnEnd(end with { NamespaceId = id, Tuple = end.Tuple with { SourcePort = (ushort)(8000 + id) } }, book.Now);
        return new(network.Network);
    }
}
