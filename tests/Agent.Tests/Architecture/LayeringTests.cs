using System.Text.RegularExpressions;
using System.Xml.Linq;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>Dependencies point one way: Agent, then Core, then the Kernel's plain structs; in each of them a folder uses only those above it in the list.</summary>
public sealed partial class LayeringTests
{
    /// <summary>What each folder may use of the others in its project. A new folder belongs here, and into docs/architecture.md.</summary>
    private static readonly Dictionary<string, (string Folder, string[] MayUse)[]> s_folders = new(StringComparer.Ordinal)
    {
        ["Agent.Kernel"] =
        [
            ("Interop", []),
            ("Terminals", ["Interop"]),
            ("Net", []),
            ("Netlink", ["Interop"]),
            ("SockDiag", ["Interop", "Net", "Netlink"]),
            ("ProcFs", ["Interop", "Net", "Netlink", "SockDiag"]),
            ("Memory", ["Interop", "ProcFs"]),
            ("Namespaces", ["Interop", "Netlink", "ProcFs"]),
            ("Ends", ["Interop", "Netlink", "SockDiag", "ProcFs", "Namespaces"]),
            ("Conntrack", ["Interop", "Net", "Netlink", "ProcFs"]),
        ],
        ["Agent.Core"] =
        [
            ("Model", []),
            ("Attribution", ["Model"]),
            ("Tallies", ["Model", "Attribution"]),
            ("Ends", ["Model", "Tallies"]),
            ("Snapshots", ["Model", "Attribution", "Tallies", "Ends"]),
            ("Diagnosis", ["Model"]),
            ("Remediation", ["Model"]),
            ("Metrics", ["Model", "Diagnosis", "Ends"]),
            ("Reporting", ["Model", "Diagnosis", "Ends"]),
            ("Tracing", ["Model", "Ends", "Reporting"]),
        ],
        // The last two put the parts together.
        ["Agent"] =
        [
            ("Outside", []),
            ("Configuration", ["Outside"]),
            ("Kubernetes", ["Configuration", "Outside"]),
            ("Sources", ["Configuration", "Kubernetes"]),
            ("Capture", ["Sources"]),
            ("Exporting", ["Configuration"]),
            ("Remediation", ["Configuration", "Outside"]),
            ("Reporting", ["Configuration"]),
            ("Tracing", ["Configuration", "Sources", "Reporting"]),
            ("Loop", ["Configuration", "Sources", "Exporting", "Remediation", "Reporting"]),
            ("Http", ["Configuration", "Exporting", "Loop", "Reporting", "Tracing"]),
            ("Hosting", ["Configuration", "Kubernetes", "Sources", "Exporting", "Remediation", "Reporting", "Tracing", "Loop", "Http"]),
            ("Commands", ["Configuration", "Kubernetes", "Sources", "Capture", "Exporting", "Remediation", "Reporting", "Tracing", "Loop", "Http",
                "Hosting"]),
        ],
    };

    public static TheoryData<string> Projects => [.. s_folders.Keys];

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

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_UseOnlyWhatTheyMay(string project)
    {
        var mayUse = s_folders[project].ToDictionary(static entry => entry.Folder, static entry => entry.MayUse, StringComparer.Ordinal);
        var offenders = from use in Usings(project)
                        where use.Namespace.StartsWith(project + ".", StringComparison.Ordinal)
                        let used = use.Namespace[(project.Length + 1)..].Split('.')[0]
                        let path = Path.GetRelativePath(SourceOf(project), use.File).Split('/')
                        // A file beside the folders is everybody's; only Program.cs may use them.
                        where path is not ["Program.cs"] && mayUse.ContainsKey(used) && used != path[0] && !mayUse.GetValueOrDefault(path[0], []).Contains(used)
                        select $"{string.Join('/', path)} uses {use.Namespace}";

        Assert.Empty(offenders);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_AllOfThem_AreInTheListWithoutCircles(string project)
    {
        var folders = s_folders[project];

        Assert.Equal(SourceFolders.In(project).Where(static folder => !folder.Contains('/', StringComparison.Ordinal)), folders.Select(static entry => entry.Folder).Order(StringComparer.Ordinal));
        Assert.All(folders.Index(), entry => Assert.Subset(
            folders.Take(entry.Index).Select(static above => above.Folder).ToHashSet(StringComparer.Ordinal),
            entry.Item.MayUse.ToHashSet(StringComparer.Ordinal)));
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

    private static string[] Files(string project) => Directory.GetFiles(SourceOf(project), "*.cs", SearchOption.AllDirectories);

    private static string SourceOf(string project) => Path.Combine(Golden.RepositoryRoot, "src", project);

    [GeneratedRegex(@"^using (?:static |\w+ = )?([A-Za-z.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"\bunsafe\b|\[LibraryImport|\[DllImport")]
    private static partial Regex UnsafeCode();
}
