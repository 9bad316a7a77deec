using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kubernetes;
using Agent.Sources;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Sources;

/// <summary>What a source lacks is noted where its error is caught.</summary>
public sealed class SourceNeedsTests
{
    private static readonly KernelException s_refused = new("setns", ErrnoText.EPERM, new Denial(Capability.SysAdmin, IsHeld: false));

    [Theory]
    [InlineData(Capability.NetAdmin, false, SourceNeeds.NetAdmin)]
    [InlineData(Capability.SysAdmin, false, SourceNeeds.EnterNamespaces)]
    [InlineData(Capability.SysPtrace, false, SourceNeeds.EnterNamespaces)]
    [InlineData(Capability.NetAdmin, true, SourceNeeds.Unconfined)]
    [InlineData(Capability.SysAdmin, true, SourceNeeds.Unconfined)]
    [InlineData(Capability.NetBroadcast, false, SourceNeeds.NetBroadcast)]
    public void Of_Refusal_NeedsThatPrivilege(Capability needed, bool isHeld, SourceNeeds expected) =>
        Assert.Equal(expected, SourceProblem.Of(new KernelException("x", ErrnoText.EPERM, new Denial(needed, isHeld))).Needs);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_RefusalInAUserNamespace_NeedsTheNodes(bool isHeld)
    {
        var denial = new Denial(Capability.NetAdmin, isHeld) { IsInUserNamespace = true };
        var problem = SourceProblem.Of(new KernelException("x", ErrnoText.EPERM, denial));
        Assert.Equal(SourceNeeds.NodeUserNamespace, problem.Needs);
        Assert.Contains("user namespace", problem.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("security module", problem.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_OtherError_NeedsNothingKnown() => Assert.Equal(SourceNeeds.None, SourceProblem.Of(new KernelException("x", ErrnoText.EIO)).Needs);

    [Fact]
    public void And_Both_KeepsTheWordsAndTheNeeds()
    {
        var both = SourceProblem.None.And(new("a", SourceNeeds.Root)).And(SourceProblem.None).And(new("b", SourceNeeds.NetAdmin));
        Assert.Equal(new SourceProblem("a; b", SourceNeeds.Root | SourceNeeds.NetAdmin), both);
    }

    [Fact]
    public void Settings_NamespaceNotEntered_NeedsThePrivilegeToEnter()
    {
        var memory = new NamespaceMemory(TimeSpan.Zero, isNew: false);
        memory.SetSettings(new NamespaceSettings(new NetfilterSettings(TestSnapshots.Settings((NetfilterSettings.CloseWait, 60))), 0, 1, 1, null), TimeSpan.Zero);
        var problems = new NamespaceProblems();
        problems.CountSettings(new NamespaceScan(new NamespaceTarget(1, 1, null, null, memory), 0, isHost: true));
        problems.NoteEntry(s_refused);
        Assert.Equal(SourceNeeds.EnterNamespaces, problems.Settings(Clock, "/proc").Needs);
    }

    [Fact]
    public void Settings_NoneOnTheHost_NeedsTheModule() =>
        Assert.Equal(SourceNeeds.ConntrackModule, new NamespaceProblems().Settings(Clock, "/proc").Needs);

    [Theory]
    [InlineData(ErrnoText.ENOENT, SourceNeeds.SocketDiagModules)]
    [InlineData(ErrnoText.EOPNOTSUPP, SourceNeeds.SocketDiagModules)]
    [InlineData(ErrnoText.EIO, SourceNeeds.None)]
    public void Sockets_NoSockDiag_NeedsItsModules(int errno, SourceNeeds expected)
    {
        var problems = new NamespaceProblems();
        problems.NoteNetlink(new KernelException("sock_diag", errno));
        problems.CountSockets(byNetlink: false, 7);
        Assert.Equal((SourceStatus.Degraded, expected), (problems.Sockets(Clock, 0, 0).Status, problems.Sockets(Clock, 0, 0).Needs));
    }

    [Fact]
    public void Sockets_UnnamedProcesses_NeedNothing()
    {
        var problems = new NamespaceProblems();
        problems.CountSockets(byNetlink: true, 7);
        Assert.Equal((SourceStatus.Ok, SourceNeeds.None), (problems.Sockets(Clock, 3, 0).Status, problems.Sockets(Clock, 3, 0).Needs));
    }

    /// <summary>A file without an end stands for a kernel that needs minutes.</summary>
    [Fact]
    public void Conntrack_MoreThanProcfsCanShow_IsDegradedAndNotTriedAgain()
    {
        using var source = new ConntrackSource(BackendChoice.ProcFs, TimeProvider.System) { ProcFsBudget = TimeSpan.FromMilliseconds(20) };
        var tally = new FlowTally(4711);
        var (report, isComplete) = source.Dump(null, SourceProblem.None, "/dev/zero", tally, 80_000, CancellationToken.None);
        Assert.Equal((SourceStatus.Degraded, false), (report.Status, isComplete));
        Assert.StartsWith("80000 entries are too many for procfs", report.Detail, StringComparison.Ordinal);

        // Not even opened: this path would be "unavailable".
        Assert.Equal(SourceStatus.Degraded, source.Dump(null, SourceProblem.None, "/nowhere", tally, 70_000, CancellationToken.None).Report.Status);
        Assert.Equal(SourceStatus.Unavailable, source.Dump(null, SourceProblem.None, "/nowhere", tally, 40_000, CancellationToken.None).Report.Status);

        // The end of the agent is no such thing.
        Assert.Throws<OperationCanceledException>(() => source.Dump(null, SourceProblem.None, "/dev/zero", tally, 1, new CancellationToken(true)));
    }

    [Fact]
    public void Sockets_MoreThanAreShown_IsSaid()
    {
        var problems = new NamespaceProblems();
        problems.CountSockets(byNetlink: true, 300_000);
        problems.CountCutListeners(31_000);
        var report = problems.Sockets(Clock, 0, 283_616);
        Assert.Equal(SourceStatus.Ok, report.Status);
        Assert.Contains("283616 more half-closed sockets are counted and not shown", report.Detail, StringComparison.Ordinal);
        Assert.Contains("31000 more listening ports are not shown", report.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Conntrack_NoFile_NeedsTheModule()
    {
        using var source = new ConntrackSource(BackendChoice.ProcFs, TimeProvider.System);
        var report = source.Dump(null, SourceProblem.None, "/nowhere/nf_conntrack", null!, null, CancellationToken.None).Report;
        Assert.Equal((SourceStatus.Unavailable, SourceNeeds.ConntrackModule), (report.Status, report.Needs));
    }

    [Fact]
    public void Conntrack_RefusedAndNoFile_NeedsBoth()
    {
        using var source = new ConntrackSource(BackendChoice.Auto, TimeProvider.System);
        var report = source.Dump(null, SourceProblem.Of(s_refused), "/nowhere/nf_conntrack", null!, null, CancellationToken.None).Report;
        Assert.Equal(SourceNeeds.EnterNamespaces | SourceNeeds.ConntrackModule, report.Needs);
    }

    [Fact]
    public void Conntrack_SwitchedOff_NeedsTheKey()
    {
        using var source = new ConntrackSource(BackendChoice.Off, TimeProvider.System);
        Assert.Equal(SourceNeeds.ConntrackSwitchedOn, source.Dump(null, SourceProblem.None, "", null!, null, CancellationToken.None).Report.Needs);
    }

    [Fact]
    public void Pods_KnownByUidOnly_NeedNames() => Assert.Equal(
        SourceNeeds.PodNames,
        PodNames.Report(Clock, [new(new PodIdentity(PodKind.Pod, "", "uid", "uid"), [0], false, null, null)], "", SourceProblem.None).Needs);

    [Theory]
    [InlineData("Forbidden", SourceNeeds.PodListPermission)]
    [InlineData("Unauthorized", SourceNeeds.NewToken)]
    [InlineData("NoCredentials", SourceNeeds.ServiceAccount)]
    [InlineData("Untrusted", SourceNeeds.ApiServerCertificate)]
    [InlineData("Unreachable", SourceNeeds.ApiServerAnswer)]
    [InlineData("TimedOut", SourceNeeds.ApiServerAnswer)]
    [InlineData("Garbage", SourceNeeds.ApiServerAnswer)]
    public void Kubernetes_Failure_NeedsItsRemedy(string failure, SourceNeeds expected)
    {
        var state = new PodWatcherState { NodeName = "n", Failure = new(Enum.Parse<ApiServerFailure>(failure), "x") };
        Assert.Equal(expected, state.ToView(DateTimeOffset.UnixEpoch, null).Needs);
        Assert.Equal(expected, (state with { LastSyncAt = DateTimeOffset.UnixEpoch, FailingSince = DateTimeOffset.UnixEpoch }).ToView(DateTimeOffset.UnixEpoch.AddHours(1), null).Needs);
    }

    [Fact]
    public void Kubernetes_NoPodOfThisNode_NeedsItsName() => Assert.Equal(
        SourceNeeds.NodeName,
        new PodWatcherState { NodeName = "n", LastSyncAt = DateTimeOffset.UnixEpoch }.ToView(DateTimeOffset.UnixEpoch, null).Needs);

    private static SourceClock Clock => new("x", TimeProvider.System);
}
