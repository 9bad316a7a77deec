using System.Diagnostics;
using System.Globalization;
using Agent.Benchmarks.Service;
using Agent.KernelTests.Testing;

namespace Agent.Benchmarks.Ends;

/// <summary>Connections opened and closed at a steady rate, with and without somebody who hears them end.</summary>
internal sealed class EndsBenchmark : IBenchmark
{
    private const int ConnectionsASecond = 10_000;
    private const int Connections = 12_000;
    private const long EndsEach = 2L * Connections;

    /// <summary>
    /// Entries whose destruction conntrack(8) may be told of: not those on churn.c's ports at the end, which live on. The first connections
    /// destroy such of before, which have no events: nobody listened when they were made (net.netfilter.nf_conntrack_events is 2).
    /// </summary>
    private const int TrackedEntries = Connections - 200;

    private const int WarmUpConnections = 10_000;
    private const int Rounds = 3;
    private const int Pods = 250;
    private const int ManyNamespaces = 1_000;
    private const double MaxMicrosecondsAnEnd = 4;
    private const double MaxAllocatedAnEnd = 0.5;
    private const double MaxMoreMiB = 4;

    // From the second scan on a service keeps what it has.
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private long _missed;

    private TimeSpan _readerTime;

    private long _readerEnds;

    private string _churn = "";

    private string _listen = "";

    private readonly List<long> _told = [];

    private long _dropped;

    public string Name => "ends";

    public string Description => "hearing how every connection ends; ratios are to connections that nobody hears";

    public bool Run(TextWriter output)
    {
        using var scratch = ScratchNamespace.Enter();
        Prepare();
        _churn = ChildProgram.Compile("Ends/churn.c");
        _listen = ChildProgram.Compile("Ends/listen.c");

        var holds = RunChurn(output);
        return holds & ResultTable.Check(output, $"anonymous memory with {Pods} pods, MiB more than without", MoreMemory(output), MaxMoreMiB);
    }

    /// <summary>Makes the calling thread's network namespace one in which many connections can be opened one after the other.</summary>
    private static void Prepare()
    {
        ChildProgram.Execute("ip", "link", "set", "lo", "up");
        ChildProgram.Execute("sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=2000 65000", "net.ipv4.tcp_max_tw_buckets=4096");
    }

    private bool RunChurn(TextWriter output)
    {
        using var namespaces = new NamespaceFarm(ManyNamespaces);
        foreach (var index in (int[])[Pods / 2, ManyNamespaces / 2])
        {
            using var pod = namespaces.Enter(index);
            Prepare();
        }

        Contender silent = new("nobody listens", () => Churn(Here, static () => { }));
        Contender least = new("a C program that only reads", ReadOnly);
        Contender ours = new("closewatch, the host's", () => Hear(namespaces, 0));
        Contender oursPods = new($"closewatch, one of {Pods} pods'", () => Hear(namespaces, Pods));
        Contender oursMany = new($"closewatch, one of {ManyNamespaces} pods'", () => Hear(namespaces, ManyNamespaces));
        Contender each = new($"closewatch, a socket in each of {Pods}", () => HearByMany(namespaces, Pods));
        Contender eachMany = new($"closewatch, a socket in each of {ManyNamespaces}", () => HearByMany(namespaces, ManyNamespaces));
        Contender.RunAll([silent, least, ours, oursPods, oursMany, each, eachMany], Rounds);

        // What tracking itself costs is not the listener's.
        ChildProgram.Execute("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "INVALID");
        // Ports are used again at once, which only sockets in TIME_WAIT forbid.
        ChildProgram.Execute("sysctl", "-qw", "net.ipv4.tcp_max_tw_buckets=0");
        MakeConnections(WarmUpConnections, aSecond: 0, "reuse");
        Contender tracked = new("tracked, nobody listens", () => Churn(Tracked, static () => { }));
        Contender conntrack = new("tracked, conntrack -E -e DESTROY", ConntrackEvents);
        Contender.RunAll([tracked, conntrack], Rounds);

        output.WriteLine($"{Connections:N0} connections, {EndsEach:N0} ends, median of {Rounds} rounds; CPU of everybody: the connections, the listener, the kernel's workers");
        ResultTable.Print(output, [silent, least, ours, oursPods, oursMany, each, eachMany, tracked, conntrack]);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{EndsEach / ours.Wall.TotalSeconds:N0} ends a second ({EndsEach / silent.Wall.TotalSeconds:N0} unheard; {2 * ConnectionsASecond:N0} asked for), missed {_missed:N0} in all rounds"));
        var (floor, one, onePods, oneMany) = (AddedAnEnd(least, silent), AddedAnEnd(ours, silent), AddedAnEnd(oursPods, silent), AddedAnEnd(oursMany, silent));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"added an end: {one:F2} us, of which the kernel and reading alone {floor:F2} us; of a pod of {Pods} {onePods:F2} us, of {ManyNamespaces} {oneMany:F2} us; by a socket in each of {Pods} {AddedAnEnd(each, silent):F2} us, of {ManyNamespaces} {AddedAnEnd(eachMany, silent):F2} us"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"closewatch's reading thread, recvmmsg(2) included: {_readerTime.TotalMicroseconds / _readerEnds:F2} us an end"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"conntrack events: {2 * AddedAnEnd(conntrack, tracked):F2} us a connection, {AddedAnEnd(conntrack, tracked) / one:F1} times as much as hearing both ends; of {TrackedEntries:N0} entries that were destroyed it showed {_told.Min():N0} to {_told.Max():N0}, and its socket dropped {_dropped:N0} in all rounds"));
        var allocated = Math.Max(0, (long)ours.AllocatedBytes! - (long)silent.AllocatedBytes!);

        return ResultTable.Check(output, "us an end", one, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, $"us an end of a pod of {Pods}", onePods, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, $"us an end of a pod of {ManyNamespaces}", oneMany, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, "bytes allocated an end", (double)allocated / EndsEach, MaxAllocatedAnEnd)
            & ResultTable.Check(output, "ends missed", _missed, 0);
    }

    /// <summary>Microseconds of CPU that an end costs more.</summary>
    private static double AddedAnEnd(Contender with, Contender without) => (with.Cpu - without.Cpu).TotalMicroseconds / EndsEach;

    /// <summary>Makes the connections. What they cost is theirs, this process's and that of the kernel's workers.</summary>
    /// <param name="make">Makes them.</param>
    /// <param name="heard">Waits until all of it was heard.</param>
    private static Sample Churn(Func<Sample> make, Action heard)
    {
        var workers = KernelWorkers.Cpu();
        var made = default(Sample);
        var own = Sample.Of(() =>
        {
            made = make();
            heard();
        });
        return own with { Wall = made.Wall, Cpu = made.Cpu + own.Cpu + KernelWorkers.Cpu() - workers };
    }

    private Sample Here() => MakeConnections(Connections, ConnectionsASecond);

    /// <summary>
    /// The same, and each entry is destroyed by the next connection on its port. The kernel's own search for expired ones comes once a
    /// minute; and of each entry that a program deleted, conntrack(8) looks up that program's name among the netlink sockets of all namespaces.
    /// </summary>
    private Sample Tracked() => MakeConnections(Connections, ConnectionsASecond, "reuse");

    private Sample MakeConnections(int count, int aSecond, params string[] more)
    {
        var numbers = ChildProgram.Execute(
            _churn, [.. ((int[])[Ears.ServerPort, count, aSecond]).Select(static number => number.ToString(CultureInfo.InvariantCulture)), .. more]).Split(' ');
        var (cpu, wall) = (long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[1], CultureInfo.InvariantCulture));
        return new(TimeSpan.FromMicroseconds(wall), TimeSpan.FromMicroseconds(cpu), 0);
    }

    /// <summary>What somebody pays who reads the messages and does nothing with them.</summary>
    private Sample ReadOnly()
    {
        using var process = Process.Start(
            new ProcessStartInfo(_listen, [EndsEach.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        if (process.StandardOutput.ReadLine() != "ready")
        {
            throw new InvalidOperationException($"{_listen} does not hear");
        }

        var cpu = "";
        var made = Churn(Here, () => cpu = process.StandardOutput.ReadLine() ?? throw new TimeoutException($"{_listen} heard not every end"));
        process.WaitForExit();
        return made with { Cpu = made.Cpu + TimeSpan.FromMicroseconds(long.Parse(cpu, CultureInfo.InvariantCulture)), AllocatedBytes = null };
    }

    /// <summary>Ends of the host where there is no other namespace, otherwise of one in the midst: the kernel searches their numbers one by one.</summary>
    private Sample Hear(NamespaceFarm others, int count)
    {
        using var ears = new Ears(listener => others.Attach(listener, count));
        if (count == 0)
        {
            return Hear(ears, hearsAll: true);
        }

        using var pod = others.Enter(count / 2);
        return Hear(ears, hearsAll: true);
    }

    /// <summary>On a thread of its own, which keeps the namespace of this one but not its capability.</summary>
    private Sample HearByMany(NamespaceFarm others, int count)
    {
        using var here = Agent.Kernel.ProcFs.ProcFile.Open("/proc/thread-self/ns/net");
        var ears = Unprivileged.Run(
            () =>
            {
                using var scratch = ScratchNamespace.Enter(here);
                return new Ears(listener => others.Attach(listener, count));
            },
            Agent.Kernel.Capability.NetAdmin,
            Agent.Kernel.Capability.SysAdmin);
        using (ears)
        {
            return Hear(ears, hearsAll: false);
        }
    }

    private Sample Hear(Ears ears, bool hearsAll)
    {
        if (ears.HearsAllNamespaces != hearsAll)
        {
            throw new InvalidOperationException($"hears all namespaces by one socket: {ears.HearsAllNamespaces}");
        }

        // What it remembers has its full size then.
        MakeConnections(WarmUpConnections, aSecond: 0);
        ears.Await(2L * WarmUpConnections);
        var before = ears.Heard;
        var cpu = Ears.ReaderTime;
        var made = Churn(Here, () => ears.Await((2L * WarmUpConnections) + EndsEach));
        if (hearsAll)
        {
            _readerTime += Ears.ReaderTime - cpu;
            _readerEnds += EndsEach;
        }

        _missed += ears.Heard.Missed - before.Missed;
        return made;
    }

    private Sample ConntrackEvents()
    {
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-c", "exec conntrack -E -e DESTROY >/dev/null"]) { RedirectStandardError = true })!;
        Await(static () => NetlinkQueue.OfDestroyed().Length > 0, "conntrack -E does not listen");
        var before = process.TotalProcessorTime;
        var made = Churn(Tracked, static () => Await(static () => NetlinkQueue.OfDestroyed().Sum(static queue => queue.Waiting) == 0, "conntrack -E does not read"));
        _dropped += NetlinkQueue.OfDestroyed().Sum(static queue => queue.Dropped);
        process.Refresh();
        var cpu = process.TotalProcessorTime - before;
        var peak = process.PeakWorkingSet64;
        ChildProgram.Execute("kill", process.Id.ToString(CultureInfo.InvariantCulture));
        // conntrack v1.4.7 (conntrack-tools): 11937 flow events have been shown.
        _told.Add(long.Parse(process.StandardError.ReadToEnd().Split("): ")[^1].Split(' ')[0], CultureInfo.InvariantCulture));
        process.WaitForExit();
        return made with { Cpu = made.Cpu + cpu, PeakBytes = peak, AllocatedBytes = null };
    }

    private static void Await(Func<bool> condition, string otherwise)
    {
        var since = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(since) > s_patience)
            {
                throw new TimeoutException(otherwise);
            }

            Thread.Sleep(10);
        }
    }

    /// <summary>Memory of the service with as many pods as a full node has, by what it is without: both side by side.</summary>
    private static double MoreMemory(TextWriter output)
    {
        using var pods = new NamespaceFarm(Pods);
        using var without = StartService("off", 9742);
        using var with = StartService("auto", 9743);
        without.AwaitFirstScrape();
        with.AwaitFirstScrape();
        Thread.Sleep(s_settled);
        without.NoteMemory();
        with.NoteMemory();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"anonymous memory of the service with {Pods} namespaces: {without.AnonymousMiB:F1} MiB without, {with.AnonymousMiB:F1} MiB with"));
        return with.AnonymousMiB - without.AnonymousMiB;
    }

    private static ServiceProcess StartService(string ends, int port) => ServiceProcess.Start(
        "closewatch run",
        port,
        pods: null,
        $"'{BuiltProgram.Path}' run --Pods:Source=none --Collection:Interval=5s --Collection:ConnectionEnds={ends} --Http:Listen=http://127.0.0.1:{port}");
}
