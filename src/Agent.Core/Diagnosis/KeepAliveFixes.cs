using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>How servers are told to keep idle connections for longer.</summary>
internal static class KeepAliveFixes
{
    /// <summary>One for each runtime; <c>$SECONDS</c> is the time, <c>$PORT</c> the server's port.</summary>
    public static ImmutableArray<FindingFix> All { get; } =
    [
        new(
            "Node.js",
            "server.keepAliveTimeout = $SECONDS * 1000; server.headersTimeout = ($SECONDS + 5) * 1000;",
            FixPlace.Of(ServerRuntime.NodeJs)),
        new(
            "Go",
            "srv := &http.Server{Addr: \":$PORT\", Handler: mux, IdleTimeout: $SECONDS * time.Second}",
            FixPlace.Of(ServerRuntime.Go)),
        new("nginx", "keepalive_timeout ${SECONDS}s;", FixPlace.Of(ServerRuntime.Nginx)),
        new("gunicorn", "gunicorn --worker-class gthread --keep-alive $SECONDS app:app", FixPlace.Of(ServerRuntime.Gunicorn)),
        new("uvicorn", "uvicorn app:app --timeout-keep-alive $SECONDS", FixPlace.Of(ServerRuntime.Uvicorn)),
        new(
            "ASP.NET Core (Kestrel)",
            "builder.WebHost.ConfigureKestrel(o => o.Limits.KeepAliveTimeout = TimeSpan.FromSeconds($SECONDS));",
            FixPlace.Of(ServerRuntime.DotNet)),
        new("Apache", "KeepAliveTimeout $SECONDS", FixPlace.Of(ServerRuntime.Apache)),
        new(
            "Tomcat",
            "<Connector port=\"$PORT\" keepAliveTimeout=\"${SECONDS}000\" maxKeepAliveRequests=\"-1\" />",
            FixPlace.Of(ServerRuntime.Tomcat)),
        new("Spring Boot (Tomcat)", "server.tomcat.keep-alive-timeout=${SECONDS}s", FixPlace.Of(ServerRuntime.SpringBoot)),
    ];

    /// <summary>For servers that are not HTTP: their own setting where it is known, and the clients' pools.</summary>
    /// <param name="protocol">As <see cref="ServerProtocol"/> names it.</param>
    public static ImmutableArray<FindingFix> ForPools(string protocol) =>
    [
        .. s_servers.Where(known => known.Protocol == protocol).Select(static known => known.Fix),
        new("the clients' pools", "close connections that were idle for $BELOW or longer; test one before it is used again"),
    ];

    private static readonly ImmutableArray<(string Protocol, FindingFix Fix)> s_servers =
    [
        ("Redis", new("redis.conf", "timeout 0")),
        ("PostgreSQL", new("postgresql.conf", "idle_session_timeout = 0")),
        ("MySQL", new("my.cnf", "wait_timeout = 28800")),
    ];
}
