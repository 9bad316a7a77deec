using System.Diagnostics;
using Agent.Benchmarks;
using Agent.Benchmarks.Conntrack;
using Agent.Benchmarks.Ends;
using Agent.Benchmarks.Fleet;
using Agent.Benchmarks.Profile;
using Agent.Benchmarks.Service;
using Agent.Benchmarks.Sockets;

// The page to write, then benchmarks by name: `make bench` runs all, `make bench BENCH=conntrack` one.
IBenchmark[] benchmarks = [new ConntrackBenchmark(), new SocketsBenchmark(), new RestBenchmark(), new EndsBenchmark(), new ServiceBenchmark(), new FleetBenchmark()];

if (args.Length == 0)
{
    Console.Error.WriteLine("say where to write the page, for example docs/performance.md, then which benchmarks to run; without a name, all");
    return 2;
}

if (!Environment.IsPrivilegedProcess)
{
    Console.Error.WriteLine("the benchmarks make network namespaces: run them as root");
    return 3;
}

// `make profile`: a program, the assemblies that it was made of, and the file to write.
if (args is ["profile", var program, var assemblies, var profile])
{
    StartupProfile.Write(program, assemblies, profile);
    return 0;
}

var names = args[1..];
var unknown = names.Where(name => !benchmarks.Any(benchmark => benchmark.Name == name)).ToArray();
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"no benchmark is called {string.Join(", ", unknown)}; there are: {string.Join(", ", benchmarks.Select(static benchmark => benchmark.Name))}");
    return 2;
}

var page = new PerformancePage(args[0]);
var passed = true;
foreach (var benchmark in benchmarks.Where(benchmark => names.Length == 0 ? benchmark.Obstacle is null : names.Contains(benchmark.Name)))
{
    if (benchmark.Obstacle is { } obstacle)
    {
        // What an earlier run has written stays.
        Console.Error.WriteLine($"{benchmark.Name}: {obstacle}");
        passed = false;
        continue;
    }

    Console.WriteLine($"== {benchmark.Name}: {benchmark.Description}");
    using var printed = new StringWriter();
    var start = Stopwatch.GetTimestamp();
    passed &= benchmark.Run(printed);
    Console.WriteLine(printed);
    page.Add(benchmark, printed.ToString(), Stopwatch.GetElapsedTime(start));
    page.Write(benchmarks);
}

return passed ? 0 : 1;
