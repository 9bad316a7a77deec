using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class ProcessTableTests : IDisposable
{
    private readonly NetworkNamespaceFixture _namespace = new();
    private readonly ProcessTable _table = new(new ProcessTableOptions(), new CgroupClassifier().Classify);
    private readonly List<IdleProcess> _others = [];
    private TimeSpan _now = TimeSpan.FromHours(1);

    public void Dispose()
    {
        _others.ForEach(static process => process.Dispose());
        _table.Dispose();
        _namespace.Dispose();
    }

    [Fact]
    public void Refresh_NamespaceWithAProcess_IsFoundWithItsNameAndInode()
    {
        using var process = IdleProcess.Start(_namespace);

        Refresh();

        var found = Named();
        Assert.Equal(process.Pid, found.RepresentativePid);
        Assert.Equal(process.Pid, Assert.Single(found.Processes).Pid);
        Assert.Equal($"net:[{found.Inode}]", File.ResolveLinkTarget($"/proc/{process.Pid}/ns/net", false)!.Name);
        Assert.Equal(found.Inode, found.DisplayInode);
        Assert.Equal($"/proc/{process.Pid}/net", found.NetPath);
        Assert.Equal("sleep", found.Processes[0].Command);
        Assert.False(found.IsHost);
        Assert.True(_table.Host!.IsHost);
        Assert.NotSame(found, _table.Host);
    }

    [Fact]
    public void Refresh_NameWithoutProcesses_IsFoundOnceAndGoneWhenDeleted()
    {
        var other = new NetworkNamespaceFixture();
        Refresh();

        var found = Assert.Single(_table.Namespaces, candidate => candidate.Name == other.Name);
        Assert.Equal(0, found.RepresentativePid);
        Assert.Null(found.NetPath);
        Assert.NotEqual(0UL, found.Inode);
        Refresh();
        Assert.Same(found, Assert.Single(_table.Namespaces, candidate => candidate.Name == other.Name));

        other.Dispose();
        Refresh();
        Assert.DoesNotContain(_table.Namespaces, candidate => candidate.Name == other.Name);
    }

    [Fact]
    public void Refresh_NothingNew_ReadsNoKnownProcessAgain()
    {
        StartOthers();
        using var process = IdleProcess.Start(_namespace);
        Refresh();
        Advance(11);
        Advance(11);
        var known = _table.Find(process.Pid)!;
        var examinations = known.Examinations;

        for (var i = 0; i < 20; i++)
        {
            _now += TimeSpan.FromMicroseconds(1);
            Refresh();
            // Other processes of this machine come and go; the slice is one process here.
            Assert.InRange(_table.Statistics.Examined, 0, _table.Statistics.Appeared + 25);
        }

        Assert.InRange(known.Examinations - examinations, 0, 1);
        Assert.Same(known, _table.Find(process.Pid));
    }

    [Fact]
    public void Refresh_WholeRound_LooksAtEveryProcessAgain()
    {
        StartOthers();
        using var process = IdleProcess.Start(_namespace);
        Refresh();
        Advance(11);
        var examinations = _table.Find(process.Pid)!.Examinations;

        for (var i = 0; i < 40; i++)
        {
            Advance(10);
        }

        Assert.InRange(_table.Find(process.Pid)!.Examinations - examinations, 1, 3);
    }

    [Fact]
    public void Refresh_YoungProcessThatMoves_IsFollowed()
    {
        using var process = IdleProcess.StartOutside(_namespace);
        Refresh();
        Assert.Same(_table.Find(Environment.ProcessId)!.Namespace, _table.Find(process.Pid)!.Namespace);

        process.Move();
        Advance(1);

        Assert.Equal(_namespace.Name, _table.Find(process.Pid)!.Namespace!.Name);
        Assert.Equal("sleep", _table.Find(process.Pid)!.Command);
    }

    [Fact]
    public void Refresh_RepresentativeEnds_AnotherProcessTakesItsPlace()
    {
        using var first = IdleProcess.Start(_namespace);
        using var second = IdleProcess.Start(_namespace);
        Refresh();
        var found = Named();
        var representative = found.RepresentativePid;
        var other = representative == first.Pid ? second : first;

        (representative == first.Pid ? first : second).Kill();
        Refresh();

        Assert.Same(found, Named());
        Assert.Equal(other.Pid, found.RepresentativePid);

        other.Kill();
        Refresh();
        Assert.Equal(0, Named().RepresentativePid);
        Assert.DoesNotContain(_table.Namespaces, candidate => candidate.Id == found.Id);
    }

    [Fact]
    public void Refresh_ProcessIdUsedAgainElsewhere_IsTheNewProcess()
    {
        using var other = new NetworkNamespaceFixture();
        using var processes = new ProcessIdNamespace();
        using var table = new ProcessTable(new ProcessTableOptions { ProcRoot = processes.ProcRoot }, new CgroupClassifier().Classify);
        var pid = processes.StartSleep(_namespace, pid: 300);
        table.Refresh(_now);
        var before = table.Find(pid)!;
        Assert.Equal(_namespace.Name, before.Namespace!.Name);

        processes.Kill(pid);
        Assert.Equal(pid, processes.StartSleep(other, pid));
        table.Refresh(_now);

        Assert.NotSame(before, table.Find(pid));
        Assert.Null(before.Namespace);
        Assert.Equal(other.Name, table.Find(pid)!.Namespace!.Name);
        Assert.Equal(1, table.Statistics.Appeared);
    }

    [Fact]
    public void Refresh_WithoutCapabilities_FindsTheSameNamespaces()
    {
        using var process = IdleProcess.Start(_namespace);
        Refresh();
        var expected = Named();

        var (id, denied) = Unprivileged.Run(() =>
        {
            using var table = new ProcessTable(new ProcessTableOptions(), new CgroupClassifier().Classify);
            table.Refresh(_now);
            return (table.Find(process.Pid)!.Namespace!.Id, table.Statistics.Denied);
        });

        Assert.Equal(expected.Id, id);
        Assert.Equal(0, denied);
    }

    /// <summary>What counts is whom the option hides, not that it is there.</summary>
    [Theory]
    [InlineData("hidepid=2", null, null)]
    [InlineData("hidepid=2,gid=54321", null, "invisible")]
    [InlineData("hidepid=1,gid=54321", null, "noaccess")]
    public void Refresh_HidePid_CountsForThoseItHides(string options, string? asRoot, string? withoutCapabilities)
    {
        using var processes = new ProcessIdNamespace();
        using var proc = new HiddenProc(processes, options);
        string? HidePid()
        {
            using var table = new ProcessTable(new ProcessTableOptions { ProcRoot = proc.Root }, new CgroupClassifier().Classify);
            table.Refresh(_now);
            return table.Statistics.HidePid;
        }

        Assert.Equal(asRoot, HidePid());
        Assert.Equal(withoutCapabilities, Unprivileged.Run(HidePid));
    }

    [Fact]
    public void Refresh_ProcessesComeAndGo_NeverFails()
    {
        using var stop = new CancellationTokenSource();
        var churn = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var process = System.Diagnostics.Process.Start("nsenter", [$"--net={_namespace.Path}", "true"]);
                process.WaitForExit();
            }
        });
        churn.Start();
        try
        {
            for (var i = 0; i < 300; i++)
            {
                Advance(0.01);
                Assert.All(_table.Namespaces, static found => Assert.True(found.RepresentativePid != 0 || found.Name is not null || found.Mount is not null));
            }
        }
        finally
        {
            stop.Cancel();
            churn.Join();
        }
    }

    private NetworkNamespace Named() => Assert.Single(_table.Namespaces, candidate => candidate.Name == _namespace.Name);

    /// <summary>More processes than are looked at again in the time of a test.</summary>
    private void StartOthers() => _others.AddRange(Enumerable.Range(0, 25).Select(_ => IdleProcess.Start(_namespace)));

    private void Advance(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        Refresh();
    }

    private void Refresh() => _table.Refresh(_now);
}
