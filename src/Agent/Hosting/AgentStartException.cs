namespace Agent.Hosting;

/// <summary>The agent cannot start with this configuration. The message is one line: the thing, the reason, the remedy.</summary>
internal sealed class AgentStartException(string message, Exception? inner = null) : Exception(message, inner);
