using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Tracing;
using Agent.Kubernetes;
using Agent.Remediation;
using Agent.Reporting;
using Agent.Sources;
using Agent.Tracing;

namespace Agent.Commands;

/// <summary>What the commands work with.</summary>
internal sealed record CommandServices
{
    public required Terminal Terminal { get; init; }

    /// <summary>Makes what reads the node; the pods are null where the API server is not asked.</summary>
    public required Func<AgentOptions, IKubernetesPods?, INodeScanner> CreateScanner { get; init; }

    public Func<DiagnosisContext, ImmutableArray<Finding>, DiagnosisResult> Diagnose { get; init; } =
        static (context, alsoFound) => DiagnosisEngine.Evaluate(context, alsoFound);

    /// <summary>Asks the agent that runs on this node.</summary>
    public Func<AgentOptions, ReportQuery, CancellationToken, Task<AgentAnswer>> AskAgent { get; init; } =
        static (options, query, cancellationToken) =>
            new RunningAgent(options, NodeReader.ReadBootId(options.Collection.ProcRoot), RunningAgent.Patience)
                .AskAsync(query, cancellationToken);

    /// <summary>Asks the agent that runs on this node for a trace.</summary>
    public Func<AgentOptions, TraceFilter, CancellationToken, Task<(ITraceFeed? Feed, string WhyNot)>> AskAgentForTrace { get; init; } =
        static async (options, filter, cancellationToken) => await AgentTrace
            .TryOpenAsync(options, NodeReader.ReadBootId(options.Collection.ProcRoot), filter, TimeProvider.System, cancellationToken)
            .ConfigureAwait(false);

    /// <summary>Traces without an agent; the scanner becomes the trace's.</summary>
    public Func<INodeScanner, CollectionOptions, TraceFilter, ITraceFeed> TraceLocally { get; init; } =
        static (scanner, options, filter) => new LocalTrace(scanner, options, filter, TimeProvider.System);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Opens where a person answers questions; null when nobody is there.</summary>
    public Func<TextReader>? Answers { get; init; }

    public string KubeProxyEndpoint { get; init; } = KubeProxyProbe.DefaultEndpoint;

    /// <summary>Arguments of the form <c>--Section:Key=value</c>.</summary>
    public ImmutableArray<string> Settings { get; init; } = [];

    public string DefaultConfigurationFile { get; init; } = ConfigurationInput.DefaultPath;

    /// <summary>Reads the configuration; lists what is wrong with it and returns null when something is.</summary>
    public AgentConfiguration? LoadConfiguration(string? file, ImmutableArray<ConfigurationEntry> overrides = default)
    {
        var configuration = AgentConfiguration.Load(new()
        {
            File = file,
            DefaultFile = DefaultConfigurationFile,
            Environment = Terminal.Environment,
            Arguments = Settings,
            Overrides = overrides.IsDefault ? [] : overrides,
            HostName = Environment.MachineName,
        });
        foreach (var error in configuration.Errors)
        {
            Terminal.WriteError(error.ToString());
        }

        return configuration.IsValid ? configuration : null;
    }
}
