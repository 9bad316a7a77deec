using System.Collections.Immutable;
using System.Text;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Tracing;
using Agent.Reporting;
using Agent.Sources;
using Agent.Tests.Core.Reporting;
using Agent.Tracing;

namespace Agent.Tests.Agent.Commands;

/// <summary>Runs command lines inside this process.</summary>
internal sealed class CommandLine
{
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public INodeScanner Scanner { get; init; } = new FakeNodeScanner(ReportSamples.RichSnapshot(ReportSamples.Noon, 1));

    public DiagnosisResult Diagnosis { get; init; } = ReportSamples.RichDiagnosis();

    public ImmutableDictionary<string, string> Environment { get; init; } = ImmutableDictionary<string, string>.Empty.Add("LANG", "C.UTF-8");

    public bool IsTerminal { get; init; }

    public int? Columns { get; init; }

    public Stream BinaryOutput { get; init; } = Stream.Null;

    /// <summary>What the agent of this node is asked, and answers.</summary>
    public Func<ReportQuery, Task<AgentAnswer>> Agent { get; init; } = static _ => Task.FromResult(AgentAnswer.None("no agent runs in this test"));

    /// <summary>What the agent of this node sends of ends; null when there is no agent.</summary>
    public ITraceFeed? AgentTrace { get; init; }

    /// <summary>What a trace without an agent hears.</summary>
    public Func<TraceFilter, ITraceFeed> LocalTrace { get; init; } = static _ => throw new InvalidOperationException("traced without an agent");

    /// <summary>Output for what does not end by itself; null for the same as everything else.</summary>
    public Func<TextWriter>? LiveOutput { get; init; }

    public Func<bool> ReaderHasLeft { get; init; } = static () => false;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What a person at the terminal answers; null without one.</summary>
    public string? Answer { get; init; }

    public static CommandLine Of(params Snapshot[] snapshots) => new() { Scanner = new FakeNodeScanner(snapshots) };

    public async Task<int> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter(_output);
        using var error = new StringWriter(_error);
        return await Program.RunAsync(arguments, new()
        {
            Terminal = new()
            {
                Output = output,
                OpenBinaryOutput = () => BinaryOutput,
                Error = error,
                Environment = Environment,
                OpenLiveOutput = LiveOutput,
                ReaderHasLeft = ReaderHasLeft,
                OutputIsTerminal = IsTerminal,
                ErrorIsTerminal = IsTerminal,
                Columns = Columns,
            },
            CreateScanner = (_, _) => Scanner,
            Diagnose = (_, _) => Diagnosis,
            AskAgent = (_, query, _) => Agent(query),
            AskAgentForTrace = (_, _, _) => Task.FromResult((AgentTrace, AgentTrace is null ? "no agent runs in this test" : "")),
            TraceLocally = (_, _, filter) => LocalTrace(filter),
            Time = Time,
            Answers = Answer is null ? null : () => new StringReader(Answer),
            KubeProxyEndpoint = "http://127.0.0.1:9/configz",
            DefaultConfigurationFile = "/nonexistent/closewatch.json",
        });
    }
}
