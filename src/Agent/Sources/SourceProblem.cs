using Agent.Core.Model;
using Agent.Kernel;

namespace Agent.Sources;

/// <summary>What went wrong with a source: in words for people, and what it needs.</summary>
/// <param name="Message">The words; null or empty for no problem, which the default value is.</param>
/// <param name="Needs">What would repair it.</param>
internal readonly record struct SourceProblem(string? Message, SourceNeeds Needs)
{
    public static SourceProblem None => default;

    public string Text => Message ?? "";

    public bool Exists => Text.Length > 0;

    /// <summary>What the kernel refused.</summary>
    public static SourceProblem Of(KernelException? exception) =>
        exception is null ? None : new(exception.Message, NeedsOf(exception.Denial));

    /// <summary>Both, when both exist.</summary>
    public SourceProblem And(SourceProblem other) =>
        !Exists ? other
        : !other.Exists ? this
        : new($"{Text}; {other.Text}", Needs | other.Needs);

    private static SourceNeeds NeedsOf(Denial? denial) => denial switch
    {
        null => SourceNeeds.None,
        { IsInUserNamespace: true } => SourceNeeds.NodeUserNamespace,
        { IsHeld: true } => SourceNeeds.Unconfined,
        { Needed: Capability.NetAdmin } => SourceNeeds.NetAdmin,
        { Needed: Capability.NetBroadcast } => SourceNeeds.NetBroadcast,
        _ => SourceNeeds.EnterNamespaces,
    };
}
