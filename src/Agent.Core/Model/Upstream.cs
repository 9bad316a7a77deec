using System.Collections.Immutable;

namespace Agent.Core.Model;

/// <summary>What is in front of the pods: how long it keeps an idle connection to a backend open.</summary>
/// <param name="Name">Preset name, or the duration as given.</param>
/// <param name="Title">For people.</param>
/// <param name="KeepAlive">How long it keeps idle connections: a backend must keep them longer.</param>
public sealed record Upstream(string Name, string Title, TimeSpan KeepAlive)
{
    /// <summary>The presets, by name.</summary>
    public static ImmutableArray<Upstream> Presets { get; } =
    [
        new("gclb", "Google Cloud load balancer", TimeSpan.FromSeconds(600)),
        new("alb", "AWS Application Load Balancer", TimeSpan.FromSeconds(60)),
        new("nlb", "AWS Network Load Balancer", TimeSpan.FromSeconds(350)),
        new("azure-lb", "Azure Load Balancer", TimeSpan.FromSeconds(240)),
        new("nginx", "nginx upstream keepalive_timeout", TimeSpan.FromSeconds(60)),
        new("envoy", "Envoy", TimeSpan.FromSeconds(3600)),
        new("haproxy", "HAProxy pool-purge-delay and http-reuse", TimeSpan.FromSeconds(60)),
    ];

    /// <summary>The preset used when none is configured.</summary>
    public static Upstream Default => Presets[0];
}
