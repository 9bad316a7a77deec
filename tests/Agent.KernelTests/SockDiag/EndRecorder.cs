using System.Diagnostics;
using Agent.Kernel.Ends;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.KernelTests.SockDiag;

/// <summary>Keeps the ends that a listener reads.</summary>
internal sealed class EndRecorder(ConnectionEndListener listener) : IConnectionEndSink
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public List<ConnectionEnd> Ends { get; } = [];

    public void OnEnd(in ConnectionEnd end) => Ends.Add(end);

    public IEnumerable<ConnectionEnd> In(int namespaceId) => Ends.Where(end => end.NamespaceId == namespaceId);

    /// <summary>Reads what is there.</summary>
    public void Read()
    {
        var self = this;
        while (listener.Read(ref self, 1_000_000) > 0)
        {
        }
    }

    /// <summary>Reads until something holds.</summary>
    public void ReadUntil(Func<bool> condition, string what)
    {
        var patience = Stopwatch.StartNew();
        Read();
        while (!condition())
        {
            Assert.True(patience.Elapsed < s_patience, $"{what}; ends read: {Ends.Count}, {listener.ReadStatistics()}");
            listener.Wait(TimeSpan.FromMilliseconds(100));
            Read();
        }
    }
}
