using Agent.Core.Model;

namespace Agent.Tests.Testing;

internal static class Workloads
{
    /// <summary>From <c>Deployment/web</c>, as tests write it; null from null.</summary>
    public static Workload? Of(string? text) => text?.Split('/') is [var kind, var name] ? new(kind, name) : null;
}
