using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Which runtime serves, by the names of programs. A process may call itself anything, so an unknown name rules nothing out.
/// </summary>
internal static class ServerPrograms
{
    /// <summary>Beside servers in a pod, and none themselves: the pause container, shells, init programs, meshes' proxies.</summary>
    private static readonly ImmutableHashSet<string> s_helpers =
    [
        "pause", "sh", "bash", "dash", "ash", "busybox", "sleep", "tail", "tini", "dumb-init", "catatonit", "s6-svscan", "runsv", "su-exec",
        "gosu", "linkerd2-proxy", "linkerd-proxy", "pilot-agent", "envoy", "ps", "curl", "npm",
    ];

    /// <summary>
    /// The programs that hold the half-closed connections of an owner where they are known; otherwise all of its programs but helpers.
    /// </summary>
    public static ImmutableArray<string> Of(PodSnapshot owner, Snapshot snapshot)
    {
        ImmutableArray<string> holders = [.. snapshot.Connections
            .Where(connection => connection.Owner == owner.Identity && connection.Process is not null)
            .Select(static connection => connection.Process!.Command)
            .Where(static program => !s_helpers.Contains(program))
            .Distinct()];
        return holders.IsEmpty ? [.. owner.Programs.Where(static program => !s_helpers.Contains(program))] : holders;
    }

    /// <summary>True: one of them is this runtime. False: all of them are others. Null: not known.</summary>
    public static bool? Run(ImmutableArray<string> programs, ServerRuntime runtime)
    {
        var known = programs.Select(Runtimes).ToArray();
        return known.Any(possible => possible is [var only, ..] && only == runtime) ? true
            : known.Length > 0 && known.All(possible => possible.Length > 0 && !possible.Contains(runtime)) ? false
            : null;
    }

    /// <summary>What a program is for certain, then what it may run; empty for one that is not known.</summary>
    private static ImmutableArray<ServerRuntime> Runtimes(string program) => program switch
    {
        "node" or "nodejs" or "node-MainThread" or "MainThread" => [ServerRuntime.NodeJs],
        "java" => [ServerRuntime.Java, ServerRuntime.Tomcat, ServerRuntime.SpringBoot],
        "gunicorn" => [ServerRuntime.Gunicorn, ServerRuntime.Python, ServerRuntime.Uvicorn],
        "uvicorn" => [ServerRuntime.Uvicorn, ServerRuntime.Python],
        "dotnet" => [ServerRuntime.DotNet],
        "nginx" or "openresty" => [ServerRuntime.Nginx],
        "httpd" or "apache2" => [ServerRuntime.Apache],
        _ when program.StartsWith("python", StringComparison.Ordinal) =>
            [ServerRuntime.Python, ServerRuntime.Gunicorn, ServerRuntime.Uvicorn],
        _ => [],
    };
}
