using System.Reflection;
using System.Runtime.InteropServices;
using Agent.Core.Model;

namespace Agent.Hosting;

/// <summary>What is running, from the assembly: the SDK writes <c>version+commit</c> into it.</summary>
internal static class AgentBuild
{
    public static BuildInfo Current { get; } = Read();

    private static BuildInfo Read()
    {
        var text = typeof(AgentBuild).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        return new(plus < 0 ? text : text[..plus], plus < 0 ? "" : text[(plus + 1)..], RuntimeInformation.FrameworkDescription);
    }
}
