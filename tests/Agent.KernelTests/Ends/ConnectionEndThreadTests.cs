using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Ends;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Ends;

public sealed class ConnectionEndThreadTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The reading thread looks at its clock and is kept from the processor. A dump of sockets begins, a connection that it showed ends after
    /// it, and only then is its message read: that dump knows nothing of its end.
    /// </summary>
    [Fact]
    public void Read_ConnectionEndsAfterTheClockWasRead_DumpInBetweenTellsNothing()
    {
        using var network = new NetworkNamespaceFixture();
        var (client, server) = network.Inside(Connect);
        var told = new Told();
        var clock = new InterruptedClock();
        var book = new ConnectionEndBook(clock, percent: 100, told);
        var watched = book.Attach(ConnectionEnd.HostNamespace, new PodIdentity(PodKind.Pod, "shop", "web", "1"), target: null)!;
        using var listener = network.Inside(static () => ConnectionEndListener.Open("/proc"));
        using var interrupted = new ManualResetEventSlim();
        using (new ConnectionEndThread(listener, book, lookups: null))
        {
            clock.Interrupt = () =>
            {
                Thread.Sleep(20);
                watched.NoteDump(watched, book.Now.Monotonic);
                server.Shutdown(SocketShutdown.Send);
                client.Dispose();
                server.Dispose();
                Thread.Sleep(200);
                interrupted.Set();
            };

            Assert.True(interrupted.Wait(s_patience, TestContext.Current.CancellationToken), "the thread did not look at its clock");
            var waited = Stopwatch.StartNew();
            while (watched.TimeWaits is null && told.Count == 0)
            {
                Assert.True(waited.Elapsed < s_patience, "the end was not read");
                Thread.Sleep(10);
            }

            book.Settle();
            Assert.Equal(0, told.Count);
        }
    }

    private static (Socket Client, Socket Server) Connect()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        return (client, listener.Accept());
    }

    private sealed class Told : IEndObserver
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void OnJudged(in JudgedEnd end) => Interlocked.Increment(ref _count);
    }

    /// <summary>Does something once on the thread that reads ends, after that has been told the time.</summary>
    private sealed class InterruptedClock : TimeProvider
    {
        private Action? _interrupt;

        public Action Interrupt
        {
            set => Volatile.Write(ref _interrupt, value);
        }

        public override long GetTimestamp()
        {
            var now = base.GetTimestamp();
            if (Thread.CurrentThread.Name == "connection ends")
            {
                Interlocked.Exchange(ref _interrupt, null)?.Invoke();
            }

            return now;
        }
    }
}
