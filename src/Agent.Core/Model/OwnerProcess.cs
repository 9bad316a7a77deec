namespace Agent.Core.Model;

/// <summary>A process that holds a socket.</summary>
/// <param name="Command">Its name, comm of proc_pid_stat(5): at most 15 bytes, chosen by the process itself.</param>
/// <param name="Pid">Process id in the node's namespace.</param>
public sealed record OwnerProcess(string Command, int Pid)
{
    /// <summary><c>name(pid)</c>.</summary>
    public string DisplayName => $"{Command}({Pid})";
}
