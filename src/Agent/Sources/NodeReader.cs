using System.Text;
using Agent.Core.Model;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>Which machine this is, or was: a directory that is not a live /proc is a captured tree.</summary>
internal sealed class NodeReader
{
    private readonly string _procRoot;

    public NodeReader(string procRoot, string nodeName, bool isLive)
    {
        _procRoot = procRoot;
        var capturedName = isLive ? "" : Line("sys/kernel/hostname");
        // A captured tree names its own machine; what is configured names the one that reads it.
        var name = capturedName.Length > 0 ? capturedName
            : nodeName.Length > 0 ? nodeName
            : Environment.GetEnvironmentVariable("NODE_NAME") is { Length: > 0 } fromEnvironment ? fromEnvironment
            : Environment.MachineName;
        Info = new NodeInfo(name, Line("sys/kernel/osrelease"), ReadBootId(procRoot), !isLive);
    }

    public NodeInfo Info { get; }

    /// <summary>The id that the kernel made up when it started: another one on every machine; empty when unknown.</summary>
    public static string ReadBootId(string procRoot) => Line(procRoot, "sys/kernel/random/boot_id");

    private string Line(string file) => Line(_procRoot, file);

    private static string Line(string procRoot, string file)
    {
        Span<byte> text = stackalloc byte[256];
        return ProcFile.TryRead(Path.Combine(procRoot, file), text, out var length) ? Encoding.UTF8.GetString(text[..length]).Trim() : "";
    }
}
