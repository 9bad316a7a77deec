using Agent.Benchmarks;
using Agent.Benchmarks.Conntrack;
using Agent.Benchmarks.Ends;
using Agent.Benchmarks.Service;
using Agent.Benchmarks.Sockets;

// Every benchmark by its name: `make bench` runs all, `make bench BENCH=conntrack` one.
IBenchmark[] benchmarks = [new ConntrackBenchmark(), new SocketsBenchmark(), new RestBenchmark(), new EndsBenchmark(), new ServiceBenchmark()];

var unknown = args.Where(name => !benchmarks.Any(benchmark => benchmark.Name == name)).ToArray();
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"no benchmark is called {string.Join(", ", unknown)}; there are: {string.Join(", ", benchmarks.Select(static benchmark => benchmark.Name))}");
    return 2;
}

if (!Environment.IsPrivilegedProcess)
{
    Console.Error.WriteLine("the benchmarks make network namespaces: run them as root");
    return 3;
}

var passed = true;
foreach (var benchmark in benchmarks.Where(benchmark => args.Length == 0 || args.Contains(benchmark.Name)))
{
    Console.WriteLine($"== {benchmark.Name}: {benchmark.Description}");
    passed &= benchmark.Run(Console.Out);
    Console.WriteLine();
}

return passed ? 0 : 1;
