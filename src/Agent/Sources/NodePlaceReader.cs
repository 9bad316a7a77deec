using System.Collections.Immutable;
using System.Text;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;
using Agent.Kubernetes;

namespace Agent.Sources;

/// <summary>What decides which repairs this node takes: its operating system, and which of the programs that set its tables run.</summary>
internal sealed class NodePlaceReader(string procRoot, bool isLive)
{
    private const int MaxFileBytes = 4096;
    private const int MaxIdLength = 64;

    // The pod of kubectl debug ends with its command: nobody can ask there again.
    private const string DebugPod = "/node-debugger-";

    // These have kube-proxy inside their own process, unless it is switched off.
    private static readonly ImmutableArray<string> s_withKubeProxyInside = ["k3s", "k3s-server", "k3s-agent", "microk8s", "kubelite"];

    private readonly bool? _inPod = isLive ? Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 } : null;

    private readonly ServiceAccountToken? _token =
        isLive ? ServiceAccountToken.Read(ApiServerLocation.ServiceAccountDirectory) : null;

    private string? _operatingSystem;

    /// <summary>What is known now.</summary>
    /// <param name="processes">Those in the node's network namespace.</param>
    /// <param name="seesAll">Whether every process of the node can be seen.</param>
    public NodePlace Read(IReadOnlyList<NamespaceProcess> processes, bool seesAll)
    {
        _operatingSystem ??= OperatingSystemId(seesAll);
        bool Runs(string program) => processes.Any(process => process.Command == program);
        var place = new NodePlace
        {
            KubeProxy = Runs("kube-proxy") ? true
                : !seesAll || s_withKubeProxyInside.Any(Runs) ? null
                : false,
            Cilium = Runs("cilium-agent") ? true : seesAll ? false : null,
            OperatingSystem = _operatingSystem,
            AgentInPod = _inPod,
            AgentPod = _token?.Pod is { } pod && !pod.Contains(DebugPod, StringComparison.Ordinal) ? pod : "",
        };
        return _token is null ? place : place with { ServiceAccount = _token.Account };
    }

    /// <summary>ID of os-release(5), unquoted and in lower case; empty when the file is not there or says none.</summary>
    internal static string ParseId(ReadOnlySpan<byte> osRelease)
    {
        foreach (var line in Encoding.UTF8.GetString(osRelease).Split('\n'))
        {
            if (line.StartsWith("ID=", StringComparison.Ordinal))
            {
                var id = line["ID=".Length..].Trim().Trim('"', '\'').ToLowerInvariant();
                return id.Length <= MaxIdLength && id.All(static letter => char.IsAsciiLetterOrDigit(letter) || "-_.".Contains(letter))
                    ? id
                    : "";
            }
        }

        return "";
    }

    /// <summary>
    /// The node's own, not this container's: through process 1 where it is the node's, or where the node's root is mounted.
    /// </summary>
    private string OperatingSystemId(bool seesAll)
    {
        if (!isLive)
        {
            return "";
        }

        string[] ofInit = seesAll ? [$"{procRoot.TrimEnd('/')}/1/root"] : [];
        string[] own = _inPod == false ? [""] : [];
        string[] roots = [.. ofInit, "/host", .. own];
        return roots.SelectMany(static root => new[] { $"{root}/usr/lib/os-release", $"{root}/etc/os-release" })
            .Select(ReadId)
            .FirstOrDefault(static id => id.Length > 0, "");
    }

    private static string ReadId(string file)
    {
        Span<byte> text = stackalloc byte[MaxFileBytes];
        try
        {
            return ProcFile.TryRead(file, text, out var length) ? ParseId(text[..length]) : "";
        }
        catch (KernelException)
        {
            // An ordinary user, or a sandbox, may not look below /proc/1/root: the system then stays unknown, and the scan goes on.
            return "";
        }
    }
}
