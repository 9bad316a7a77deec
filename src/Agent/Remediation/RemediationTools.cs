using Agent.Configuration;

namespace Agent.Remediation;

/// <summary>What remediation works with, for one set of options.</summary>
internal sealed class RemediationTools : IDisposable
{
    private readonly string _procRoot;
    private readonly string _stateDirectory;

    public RemediationTools(AgentOptions options, TimeProvider time)
    {
        _procRoot = options.Collection.ProcRoot;
        _stateDirectory = options.Remediation.StateDirectory;
        Processes = new NodeProcesses(_procRoot, time);
        Writer = new SysctlWriter(Processes.Table, _procRoot, SysctlWriter.SysctlRoot(_procRoot), time);
        State = new RemediationState(_stateDirectory);
    }

    public NodeProcesses Processes { get; }

    public SysctlWriter Writer { get; }

    public RemediationState State { get; }

    /// <summary>False for a captured tree.</summary>
    public bool IsLive => Processes.Table.IsLive;

    public bool Fits(AgentOptions options) =>
        options.Collection.ProcRoot == _procRoot && options.Remediation.StateDirectory == _stateDirectory;

    public void Dispose()
    {
        Writer.Dispose();
        Processes.Dispose();
    }
}
