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
    private const int WarmUpConnections = 10_000;
    private const int Rounds = 3;
    private const int Pods = 250;
    private const int ManyNamespaces = 1_000;
    private const double MaxMicrosecondsAnEnd = 4;
    private const double MaxAllocatedAnEnd = 0.5;
    private const double MaxMoreMiB = 4;

    // From the second scan on a service keeps what it has.
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(8);

    private long _missed;

    private string _churn = "";

    private string _lastWords = "";

    public string Name => "ends";

    public string Description => "hearing how every connection ends; ratios are to connections that nobody hears";

    public bool Run(TextWriter output)
    {
        using var scratch = ScratchNamespace.Enter();
        ChildProgram.Execute("ip", "link", "set", "lo", "up");
        ChildProgram.Execute("sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=2000 65000", "net.ipv4.tcp_max_tw_buckets=4096");
        _churn = ChildProgram.Compile("Ends/churn.c");

        var holds = RunChurn(output);
        return holds & ResultTable.Check(output, $"anonymous memory with {Pods} pods, MiB more than without", MoreMemory(output), MaxMoreMiB);
    }

    private bool RunChurn(TextWriter output)
    {
        using var namespaces = new NamespaceFarm(ManyNamespaces);
        Contender silent = new("nobody listens", () => Churn(static () => { }));
        Contender ours = new("closewatch, one socket", () => Hear(namespaces, 0));
        Contender oursPods = new($"closewatch, one socket, {Pods} namespaces", () => Hear(namespaces, Pods));
        Contender oursMany = new($"closewatch, one socket, {ManyNamespaces} namespaces", () => Hear(namespaces, ManyNamespaces));
        Contender each = new($"closewatch, a socket in each of {Pods}", () => HearByMany(namespaces, Pods));
        Contender eachMany = new($"closewatch, a socket in each of {ManyNamespaces}", () => HearByMany(namespaces, ManyNamespaces));
        Contender.RunAll([silent, ours, oursPods, oursMany, each, eachMany], Rounds);

        // What tracking itself costs is not the listener's.
        ChildProgram.Execute("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "INVALID");
        Contender tracked = new("tracked, nobody listens", ChurnTracked);
        Contender conntrack = new("tracked, conntrack -E -e DESTROY", ConntrackEvents);
        Contender.RunAll([tracked, conntrack], Rounds);

        output.WriteLine($"{Connections:N0} connections, {EndsEach:N0} ends, median of {Rounds} rounds; CPU of everybody: the connections, the listener, the kernel's workers");
        ResultTable.Print(output, [silent, ours, oursPods, oursMany, each, eachMany, tracked, conntrack]);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{EndsEach / ours.Wall.TotalSeconds:N0} ends a second ({EndsEach / silent.Wall.TotalSeconds:N0} unheard; {2 * ConnectionsASecond:N0} asked for), missed {_missed:N0} in all rounds"));
        var (one, onePods, oneMany) = (AddedAnEnd(ours, silent), AddedAnEnd(oursPods, silent), AddedAnEnd(oursMany, silent));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"added an end: {one:F2} us; with {Pods} namespaces {onePods:F2} us, {ManyNamespaces} {oneMany:F2} us; by a socket in each of {Pods} {AddedAnEnd(each, silent):F2} us, of {ManyNamespaces} {AddedAnEnd(eachMany, silent):F2} us"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"conntrack events: {2 * AddedAnEnd(conntrack, tracked):F2} us a connection, {AddedAnEnd(conntrack, tracked) / one:F1} times as much an end; of {Connections:N0}: {_lastWords}"));
        var allocated = Math.Max(0, (long)ours.AllocatedBytes! - (long)silent.AllocatedBytes!);

        return ResultTable.Check(output, "us an end", one, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, $"us an end with {Pods} namespaces", onePods, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, $"us an end with {ManyNamespaces} namespaces", oneMany, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, "bytes allocated an end", (double)allocated / EndsEach, MaxAllocatedAnEnd)
            & ResultTable.Check(output, "ends missed", _missed, 0);
    }

    /// <summary>Microseconds of CPU that an end costs more.</summary>
    private static double AddedAnEnd(Contender with, Contender without) => (with.Cpu - without.Cpu).TotalMicroseconds / EndsEach;

    /// <summary>Makes the connections. What they cost is theirs, this process's and that of the kernel's workers.</summary>
    /// <param name="heard">Waits until all of it was heard.</param>
    private Sample Churn(Action heard)
    {
        var workers = KernelWorkers.Cpu();
        var made = default(Sample);
        var own = Sample.Of(() =>
        {
            made = MakeConnections(Connections, ConnectionsASecond);
            heard();
        });
        return own with { Wall = made.Wall, Cpu = made.Cpu + own.Cpu + KernelWorkers.Cpu() - workers };
    }

    /// <summary>
    /// The same where they are tracked, until the last entry is gone, of which the kernel tells then: by a flush, because the kernel's own
    /// search for expired ones comes once a minute. What the flush costs is counted.
    /// </summary>
    private Sample ChurnTracked()
    {
        var flush = default(Sample);
        var made = Churn(() => flush = ChildProgram.Measure("conntrack", "-F"));
        return made with { Cpu = made.Cpu + flush.Cpu };
    }

    private Sample MakeConnections(int count, int aSecond)
    {
        var numbers = ChildProgram.Execute(
            _churn, [.. ((int[])[Ears.ServerPort, count, aSecond]).Select(static number => number.ToString(CultureInfo.InvariantCulture))]).Split(' ');
        var (cpu, wall) = (long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[1], CultureInfo.InvariantCulture));
        return new(TimeSpan.FromMicroseconds(wall), TimeSpan.FromMicroseconds(cpu), 0);
    }

    private Sample Hear(NamespaceFarm others, int count) => Hear(new Ears(listener => others.Attach(listener, count)), hearsAll: true);

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
        return Hear(ears, hearsAll: false);
    }

    private Sample Hear(Ears opened, bool hearsAll)
    {
        using var ears = opened;
        if (ears.HearsAllNamespaces != hearsAll)
        {
            throw new InvalidOperationException($"hears all namespaces by one socket: {ears.HearsAllNamespaces}");
        }

        // What it remembers has its full size then.
        MakeConnections(WarmUpConnections, aSecond: 0);
        ears.Await(2L * WarmUpConnections);
        var before = ears.Heard;
        var made = Churn(() => ears.Await((2L * WarmUpConnections) + EndsEach));
        _missed += ears.Heard.Missed - before.Missed;
        return made;
    }

    private Sample ConntrackEvents()
    {
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-c", "exec conntrack -E -e DESTROY -b 16777216 >/dev/null"]) { RedirectStandardError = true })!;
        Thread.Sleep(200);
        var before = process.TotalProcessorTime;
        var made = ChurnTracked();
        Thread.Sleep(500);
        process.Refresh();
        var cpu = process.TotalProcessorTime - before;
        var peak = process.PeakWorkingSet64;
        ChildProgram.Execute("kill", process.Id.ToString(CultureInfo.InvariantCulture));
        _lastWords = process.StandardError.ReadToEnd().TrimEnd().Split('\n')[^1];
        process.WaitForExit();
        return made with { Cpu = made.Cpu + cpu, PeakBytes = peak, AllocatedBytes = null };
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
        namespaces: 0,
        $"exec '{BuiltProgram.Path}' run --Pods:Source=none --Collection:Interval=5s --Collection:ConnectionEnds={ends} --Http:Listen=http://127.0.0.1:{port}");
}
