using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Benchmarks.Ends;
using Agent.Benchmarks.Service;
using Agent.KernelTests.Testing;

namespace Agent.Benchmarks.Profile;

/// <summary>
/// What the published program compiles while it runs, written as the profile that lets crossgen2 compile it beforehand. The run has what a node
/// has: pods' namespaces, a conntrack table, connections that end and half-closed ones, scrapes, and reports of the agent and of a command alone.
/// </summary>
internal static class StartupProfile
{
    private const int Pods = 20;
    private const int Entries = 5_000;
    private const int Connections = 2_000;
    private const int ConnectionsASecond = 1_000;
    private const int Port = 8080;

    private static readonly TimeSpan s_scans = TimeSpan.FromSeconds(5);

    /// <summary>Runs a program and writes its profile.</summary>
    /// <param name="program">One that was published without a profile: with one it would no longer compile what that names.</param>
    /// <param name="assemblies">The directory of the trimmed assemblies that it was made of.</param>
    /// <param name="profile">The file to write.</param>
    public static void Write(string program, string assemblies, string profile)
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-profile-");
        try
        {
            // The agent starts in another mount namespace, and so in its root.
            Run(Path.GetFullPath(program), directory.FullName);
            using var trimmed = new TrimmedAssemblies(assemblies);
            var methods = new Dictionary<string, ProfiledMethod>();
            foreach (var file in directory.GetFiles())
            {
                var compiled = CompiledMethods.Read(file.FullName);
                var before = methods.Count;
                foreach (var method in compiled.Instantiated)
                {
                    if (trimmed.Find(compiled, method) is { } named)
                    {
                        methods.TryAdd(named.Key, named);
                    }
                }

                Console.WriteLine($"{file.Name}: {compiled.Count} methods compiled, {methods.Count - before} for the profile");
            }

            ProfileModule.Write(profile, methods.Values);
            Console.WriteLine($"{profile}: {methods.Count} methods");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static void Run(string program, string directory)
    {
        using var scratch = ScratchNamespace.Enter();
        ChildProgram.Execute("ip", "link", "set", "lo", "up");
        FillTable(Path.Combine(directory, "table"));
        using var farm = new NamespaceFarm(Pods);
        string[] environment =
        [
            "DOTNET_EnableEventPipe=1", "DOTNET_EventPipeRundown=0", $"DOTNET_EventPipeConfig={CompiledMethods.Configuration}",
            $"DOTNET_EventPipeOutputPath={directory}/{{pid}}",
        ];
        using var pods = new NamedNamespaces(Pods);
        using var agent = ServiceProcess.Start(
            "closewatch run", 9742, pods, $"env {string.Join(' ', environment)} '{program}' run --Pods:Source=none --Collection:Interval=1s");
        agent.AwaitFirstScrape();
        agent.AwaitMetric("closewatch_conntrack_age_seconds");
        using var trace = Process.Start(new ProcessStartInfo("env", [.. environment, program, "trace", "--for", "5s"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var half = new HalfClosed(farm);
        using (farm.Enter(1))
        {
            ChildProgram.Execute("ip", "link", "set", "lo", "up");
            ChildProgram.Execute(ChildProgram.Compile("Ends/churn.c"), $"{Port}", $"{Connections}", $"{ConnectionsASecond}");
        }

        Thread.Sleep(s_scans);
        agent.Scrape();
        foreach (var options in (string[][])[[], ["-o", "json"], ["-o", "html"], ["--details"], ["--fresh"], ["--fresh", "-o", "json", "--window", "1s"]])
        {
            ChildProgram.Execute("env", [.. environment, program, "report", .. options]);
        }

        _ = trace.StandardOutput.ReadToEnd();
        trace.WaitForExit();
        agent.End();
    }

    private static void FillTable(string file)
    {
        ConntrackLoad.Write(file, Entries);
        ChildProgram.Execute("conntrack", "-R", file);
        File.Delete(file);
    }

    /// <summary>A connection in a pod's namespace that only its client has closed.</summary>
    private sealed class HalfClosed : IDisposable
    {
        private readonly Socket _server;

        public HalfClosed(NamespaceFarm farm)
        {
            using var visit = farm.Enter(0);
            ChildProgram.Execute("ip", "link", "set", "lo", "up");
            using var listener = new TcpListener(IPAddress.Loopback, Port);
            listener.Start();
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, Port);
            _server = listener.AcceptSocket();
        }

        public void Dispose() => _server.Dispose();
    }
}
