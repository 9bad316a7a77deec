using System.Text.RegularExpressions;
using System.Xml.Linq;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>Dependencies point one way: Agent, then Core, then the Kernel's plain structs.</summary>
public sealed partial class LayeringTests
{
    /// <summary>What each part of the executable may use of the others. Commands and Hosting put the parts together.</summary>
    private static readonly Dictionary<string, string[]> s_mayUse = new(StringComparer.Ordinal)
    {
        ["Configuration"] = [],
        ["Kubernetes"] = ["Configuration"],
        ["Sources"] = ["Configuration", "Kubernetes"],
        ["Capture"] = ["Sources"],
        ["Exporting"] = ["Configuration"],
        ["Remediation"] = ["Configuration"],
        ["Reporting"] = ["Configuration"],
        ["Loop"] = ["Configuration", "Sources", "Exporting", "Remediation", "Reporting"],
        ["Http"] = ["Configuration", "Exporting", "Loop", "Reporting"],
        ["Hosting"] = ["Configuration", "Kubernetes", "Sources", "Exporting", "Remediation", "Reporting", "Loop", "Http"],
        ["Commands"] = ["Configuration", "Capture", "Kubernetes", "Sources", "Exporting", "Remediation", "Reporting", "Loop", "Http", "Hosting"],
    };

    [Theory]
    [InlineData("Agent.Kernel")]
    [InlineData("Agent.Core", "Agent.Kernel")]
    [InlineData("Agent", "Agent.Core")]
    public void Project_References_OnlyTheLayerBelow(string project, params string[] expected)
    {
        var file = XDocument.Load(Path.Combine(Golden.RepositoryRoot, "src", project, $"{project}.csproj"));

        var references = file.Descendants("ProjectReference").Select(static reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));

        Assert.Equal(expected, references);
    }

    [Fact]
    public void Kernel_UsesNothingButTheRuntime() => Assert.All(
        typeof(KernelException).Assembly.GetReferencedAssemblies(),
        static assembly => Assert.True(assembly.Name!.StartsWith("System.", StringComparison.Ordinal) || assembly.Name == "Mono.Posix.NETStandard", $"Agent.Kernel uses {assembly.Name}"));

    [Fact]
    public void Core_UsesNothingButTheRuntimeAndTheKernel() => Assert.All(
        typeof(Snapshot).Assembly.GetReferencedAssemblies(),
        static assembly => Assert.True(assembly.Name!.StartsWith("System.", StringComparison.Ordinal) || assembly.Name == "Agent.Kernel", $"Agent.Core uses {assembly.Name}"));

    [Fact]
    public void Core_UsesTheKernelsStructs_NotItsSystemCalls() =>
        Assert.DoesNotContain(Usings("Agent.Core"), static use => use.Namespace is "Agent.Kernel.Interop" or "Agent.Kernel.Netlink");

    [Fact]
    public void UnsafeCode_IsInTheKernelOnly()
    {
        var offenders = from project in new[] { "Agent.Core", "Agent" }
                        from file in Files(project)
                        where UnsafeCode().IsMatch(File.ReadAllText(file))
                        select file;

        Assert.Empty(offenders);
    }

    [Fact]
    public void Agent_Parts_UseOnlyWhatTheyMay()
    {
        var source = Path.Combine(Golden.RepositoryRoot, "src", "Agent");
        var offenders = from use in Usings("Agent")
                        let part = Path.GetRelativePath(source, use.File).Split('/')[0]
                        where part != "Program.cs"
                        let used = use.Namespace.Split('.') is ["Agent", var name, ..] ? name : ""
                        where used != part && s_mayUse.ContainsKey(used) && !s_mayUse[part].Contains(used)
                        select $"{Path.GetRelativePath(source, use.File)} uses {use.Namespace}";

        Assert.Empty(offenders);
    }

    [Fact]
    public void NoProgram_IsEverStarted() => Assert.Empty(
        from project in new[] { "Agent.Kernel", "Agent.Core", "Agent" }
        from file in Files(project)
        where File.ReadAllText(file).Contains("Process.Start", StringComparison.Ordinal)
        select file);

    private static IEnumerable<(string File, string Namespace)> Usings(string project) =>
        from file in Files(project)
        from Match match in UsingDirective().Matches(File.ReadAllText(file))
        select (file, match.Groups[1].Value);

    private static string[] Files(string project) => Directory.GetFiles(Path.Combine(Golden.RepositoryRoot, "src", project), "*.cs", SearchOption.AllDirectories);

    [GeneratedRegex(@"^using (?:static )?([A-Za-z.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"\bunsafe\b|\[LibraryImport|\[DllImport")]
    private static partial Regex UnsafeCode();
}
