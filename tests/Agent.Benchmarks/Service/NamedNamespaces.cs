using System.Diagnostics;

namespace Agent.Benchmarks.Service;

/// <summary>Named network namespaces in a mount namespace of their own, where nobody else sees them.</summary>
internal sealed class NamedNamespaces : IDisposable
{
    private readonly Process _keeper;

    public NamedNamespaces(int count)
    {
        var script = $"mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && for i in $(seq {count}); do ip netns add pod-$i || exit 1; done; echo made; exec sleep infinity";
        _keeper = Process.Start(new ProcessStartInfo("unshare", ["--mount", "sh", "-c", script]) { RedirectStandardOutput = true })!;
        if (_keeper.StandardOutput.ReadLine() != "made")
        {
            throw new InvalidOperationException($"{count} network namespaces could not be made: {script}");
        }
    }

    /// <summary>The process that keeps them.</summary>
    public int Pid => _keeper.Id;

    public void Dispose()
    {
        _keeper.Kill();
        _keeper.WaitForExit();
        _keeper.Dispose();
    }
}
