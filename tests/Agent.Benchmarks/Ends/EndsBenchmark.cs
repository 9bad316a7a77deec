using System.Diagnostics;
using System.Globalization;
using Agent.Benchmarks.Service;
using Agent.KernelTests.Testing;

namespace Agent.Benchmarks.Ends;

/// <summary>Connections opened and closed as fast as one core can, with and without somebody who hears them end.</summary>
internal sealed class EndsBenchmark : IBenchmark
{
    private const int Connections = 40_000;
    private const long EndsEach = 2L * Connections;
    private const int Rounds = 5;
    private const int PacedConnections = 50_000;
    private const int PacedConnectionsASecond = 10_000;
    private const int Pods = 250;
    private const int ManyNamespaces = 1_000;
    private const double MaxMicrosecondsAnEnd = 4;
    private const double MaxAllocatedAnEnd = 0.5;
    private const double MaxMoreMiB = 4;

    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(25);

    private long _mostMissed;

    private string _churn = "";

    public string Name => "ends";

    public string Description => "hearing how every connection ends; ratios are to connections that nobody hears";

    public bool Run(TextWriter output)
    {
        using var scratch = ScratchNamespace.Enter();
        ChildProgram.Execute("ip", "link", "set", "lo", "up");
        ChildProgram.Execute("sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=2000 65000", "net.ipv4.tcp_max_tw_buckets=4096");
        _churn = ChildProgram.Compile("Ends/churn.c");
        using var pods = new NamespaceFarm(Pods);
        using var many = new NamespaceFarm(ManyNamespaces);

        Contender silent = new("nobody listens", () => Churn(null));
        Contender ours = new("closewatch, one socket", () => Hear(null, canHearAll: true));
        Contender oursMany = new($"closewatch, one socket, {ManyNamespaces} namespaces", () => Hear(many, canHearAll: true));
        Contender each = new($"closewatch, a socket in each of {Pods}", () => Hear(pods, canHearAll: false));
        Contender eachMany = new($"closewatch, a socket in each of {ManyNamespaces}", () => Hear(many, canHearAll: false));
        Contender.RunAll([silent, ours, oursMany, each, eachMany], Rounds);

        // What tracking itself costs is not the listener's.
        ChildProgram.Execute("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "INVALID");
        Contender tracked = new("tracked, nobody listens", () => Churn(null));
        Contender conntrack = new("tracked, conntrack -E -e DESTROY", ConntrackEvents);
        Contender.RunAll([tracked, conntrack], Rounds);

        output.WriteLine($"{Connections:N0} connections, {EndsEach:N0} ends, median of {Rounds} rounds; CPU of everybody: the connections, the listener, the kernel's workers");
        ResultTable.Print(output, [silent, ours, oursMany, each, eachMany, tracked, conntrack]);
        output.WriteLine($"missed at most {_mostMissed:N0} of {EndsEach:N0} in a round, made as fast as one core can");
        var (one, oneMany) = (AddedAnEnd(ours, silent), AddedAnEnd(oursMany, silent));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"added an end: {one:F2} us; with {ManyNamespaces} namespaces {oneMany:F2} us; by a socket in each of {Pods} {AddedAnEnd(each, silent):F2} us, of {ManyNamespaces} {AddedAnEnd(eachMany, silent):F2} us"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"conntrack events: {2 * AddedAnEnd(conntrack, tracked):F2} us a connection, {AddedAnEnd(conntrack, tracked) / one:F1} times as much"));

        return ResultTable.Check(output, "us an end", one, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, $"us an end with {ManyNamespaces} namespaces", oneMany, MaxMicrosecondsAnEnd)
            & ResultTable.Check(output, "bytes allocated an end", (double)ours.AllocatedBytes! / EndsEach, MaxAllocatedAnEnd)
            & ResultTable.Check(output, $"missed of {PacedConnectionsASecond * 2:N0} ends a second", Paced(output), 0)
            & ResultTable.Check(output, $"resident with {Pods} pods, MiB more than without", MoreMemory(output), MaxMoreMiB);
    }

    /// <summary>Microseconds of CPU that an end costs more.</summary>
    private static double AddedAnEnd(Contender with, Contender without) => (with.Cpu - without.Cpu).TotalMicroseconds / EndsEach;

    /// <summary>Makes the connections, and adds the kernel's workers to what they cost.</summary>
    /// <param name="heard">Waits until all of it was heard; null when nobody listens.</param>
    private Sample Churn(Action? heard)
    {
        var workers = KernelWorkers.Cpu();
        var numbers = ChildProgram.Execute(_churn, Connections.ToString(CultureInfo.InvariantCulture)).Split(' ');
        heard?.Invoke();
        var cpu = TimeSpan.FromMicroseconds(long.Parse(numbers[0], CultureInfo.InvariantCulture)) + KernelWorkers.Cpu() - workers;
        return new(TimeSpan.FromMicroseconds(long.Parse(numbers[1], CultureInfo.InvariantCulture)), cpu, 0);
    }

    private Sample Hear(NamespaceFarm? others, bool canHearAll)
    {
        using var ears = canHearAll ? new Ears(listener => others?.Attach(listener)) : OpenWithoutBroadcast(others);
        if (ears.HearsAllNamespaces != canHearAll)
        {
            throw new InvalidOperationException($"hears all namespaces by one socket: {ears.HearsAllNamespaces}");
        }

        var made = default(Sample);
        var own = Sample.Of(() => made = Churn(() => ears.Await(EndsEach)));
        var heard = ears.Heard;
        // As fast as one core can is faster than anybody must hear; what was missed is known.
        _mostMissed = Math.Max(_mostMissed, heard.Missed);
        return heard.Ends + heard.Missed >= EndsEach
            ? made with { Cpu = made.Cpu + own.Cpu, PeakBytes = own.PeakBytes, AllocatedBytes = own.AllocatedBytes }
            : throw new InvalidOperationException($"of {EndsEach} ends, this was heard: {heard}");
    }

    /// <summary>On a thread of its own, which keeps the namespace of this one but not its capability.</summary>
    private static Ears OpenWithoutBroadcast(NamespaceFarm? others)
    {
        using var here = Agent.Kernel.ProcFs.ProcFile.Open("/proc/thread-self/ns/net");
        return Unprivileged.Run(
            () =>
            {
                using var scratch = ScratchNamespace.Enter(here);
                return new Ears(listener => others?.Attach(listener));
            },
            Agent.Kernel.Capability.NetAdmin,
            Agent.Kernel.Capability.SysAdmin);
    }

    private Sample ConntrackEvents()
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec conntrack -E -e DESTROY -b 16777216 >/dev/null 2>&1"]))!;
        Thread.Sleep(200);
        var before = process.TotalProcessorTime;
        var made = Churn(static () => Thread.Sleep(500));
        process.Refresh();
        var cpu = process.TotalProcessorTime - before;
        var peak = process.PeakWorkingSet64;
        process.Kill();
        process.WaitForExit();
        return made with { Cpu = made.Cpu + cpu, PeakBytes = peak };
    }

    /// <summary>Ends missed at a steady rate.</summary>
    private double Paced(TextWriter output)
    {
        using var ears = new Ears();
        var begin = Stopwatch.GetTimestamp();
        ChildProgram.Execute(_churn, PacedConnections.ToString(CultureInfo.InvariantCulture), PacedConnectionsASecond.ToString(CultureInfo.InvariantCulture));
        var wall = Stopwatch.GetElapsedTime(begin);
        ears.Await(2L * PacedConnections);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"paced: {2 * PacedConnections / wall.TotalSeconds:N0} ends a second; {ears.Heard}"));
        return ears.Heard.Missed;
    }

    /// <summary>Memory of the service with as many pods as a full node has, by what it is without.</summary>
    private static double MoreMemory(TextWriter output)
    {
        var resident = new List<double>();
        foreach (var ends in (string[])["off", "auto"])
        {
            using var agent = ServiceProcess.Start(
                "closewatch run", 9742, Pods, $"exec '{BuiltProgram.Path}' run --Pods:Source=none --Collection:Interval=5s --Collection:ConnectionEnds={ends}");
            agent.AwaitFirstScrape();
            Thread.Sleep(s_settled);
            agent.NoteMemory();
            resident.Add(agent.AnonymousMiB);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"anonymous memory of the service with {Pods} namespaces: {resident[0]:F1} MiB without, {resident[1]:F1} MiB with"));
        return resident[1] - resident[0];
    }
}
