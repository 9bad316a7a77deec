using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Snapshots;

public sealed class SharedFactsTests
{
    [Fact]
    public void Share_OwnersAtRest_KeepsTheirFactsOnce()
    {
        var (earlier, later) = (Given.Node(Busy(1), Busy(2, "api")), Given.Node(Busy(2, "api"), Busy(1)));

        var shared = SharedFacts.Share(later, earlier);

        Assert.Equal(["api", "web"], shared.Pods.Select(static pod => pod.Identity.Name));
        foreach (var pod in shared.Pods)
        {
            var before = earlier.Pods.Single(one => one.Identity == pod.Identity);
            Assert.Same(before.Counters, pod.Counters);
            Assert.Same(before.Tcp, pod.Tcp);
            Assert.Same(before.HalfClosed, pod.HalfClosed);
            Assert.Same(before.Entries, pod.Entries);
            Assert.Equal(before.Listeners, pod.Listeners);
        }
    }

    [Fact]
    public void Share_OwnerOfWhichNothingHasChanged_IsKeptOnceItself()
    {
        var (earlier, later) = (Given.Node(Busy(1), Busy(2, "api")), Given.Node(Busy(1), Busy(2, "api") with { Running = TimeSpan.FromSeconds(15) }));

        var shared = SharedFacts.Share(later, earlier).Pods;

        Assert.Same(earlier.Pods[0], shared[0]);
        Assert.NotSame(earlier.Pods[1], shared[1]);
        Assert.Equal(TimeSpan.FromSeconds(15), shared[1].Running);
    }

    [Fact]
    public void Share_WhatHasChanged_IsWhatItIs()
    {
        var now = Busy(2);

        var shared = SharedFacts.Share(Given.Node(now, Busy(1, "new")), Given.Node(Busy(1))).Pods;

        Assert.Equal(now, shared[0] with { HalfClosed = now.HalfClosed });
        Assert.Equal(2, shared[0].HalfClosed.CloseWaitSockets);
        Assert.Equal(now.HalfClosed.Entries.Counts, shared[0].HalfClosed.Entries.Counts);
        Assert.Equal("new", shared[1].Identity.Name);
    }

    private static PodSnapshot Busy(int number, string name = "web") => Given.Pod(name) with
    {
        Counters = new TcpCounters { ResetsSent = (ulong)number },
        Tcp = Given.States((TcpState.Established, number)),
        HalfClosed = new() { CloseWaitSockets = number, Entries = new([.. new long[HalfClosedEntries.Length]]) },
        Entries = new([.. Enumerable.Repeat(number, OwnerEntries.Length)]),
        Listeners = [Given.Listener((ushort)(8080 + number))],
    };
}
