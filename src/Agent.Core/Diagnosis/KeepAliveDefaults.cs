using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>Defaults of servers that time out idle connections, by when they really close. Go's net/http never does by itself.</summary>
internal static class KeepAliveDefaults
{
    private static readonly ImmutableArray<ServerDefault> s_all =
    [
        new(2.5, 0.25, "gunicorn's default (2s, looked at once a second)", ServerRuntime.Gunicorn, ["gunicorn", "python"]),
        new(6, 0.1, "the default of Node.js (5s, and it closes a second later)", ServerRuntime.NodeJs, ["node", "MainThread"]),
        new(5.1, 0.15, "uvicorn's default (5s)", ServerRuntime.Uvicorn, ["uvicorn", "python", "gunicorn"]),
        new(5.1, 0.15, "Apache's default (5s)", ServerRuntime.Apache, ["apache2", "httpd"]),
        new(60, 0.1, "Tomcat's default (1m)", ServerRuntime.Tomcat, ["java"]),
        new(60, 0.1, "Spring Boot's default (1m)", ServerRuntime.SpringBoot, ["java"]),
        new(75, 0.1, "nginx's default (1m15s)", ServerRuntime.Nginx, ["nginx", "openresty"]),
        new(130, 0.1, "Kestrel's default (2m10s)", ServerRuntime.DotNet, ["dotnet"]),
    ];

    /// <summary>Those that a time resembles, of the programs that may be meant, the nearest first.</summary>
    /// <param name="time">When idle connections were seen to be closed.</param>
    /// <param name="programs">Programs that run there; empty when unknown, and then any may be meant.</param>
    public static IEnumerable<ServerDefault> Like(TimeSpan time, ImmutableArray<string> programs) => s_all
        .Where(known => Distance(known, time) <= known.Tolerance && (programs.IsDefaultOrEmpty || known.MayBe(programs)))
        .OrderBy(known => Distance(known, time));

    private static double Distance(ServerDefault known, TimeSpan time) => Math.Abs(time.TotalSeconds - known.Seconds) / known.Seconds;
}

/// <summary>The default of one server.</summary>
/// <param name="Seconds">When it really closes.</param>
/// <param name="Tolerance">As a share of that.</param>
/// <param name="Name">For people.</param>
/// <param name="Runtime">Which it is.</param>
/// <param name="Programs">Beginnings of the names of its programs (comm).</param>
internal sealed record ServerDefault(double Seconds, double Tolerance, string Name, ServerRuntime Runtime, ImmutableArray<string> Programs)
{
    /// <summary>True when one of these programs may be this server.</summary>
    public bool MayBe(ImmutableArray<string> running) =>
        running.Any(name => Programs.Any(program => name.StartsWith(program, StringComparison.Ordinal)));
}
