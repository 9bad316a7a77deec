using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

/// <summary>What the project file asks of the runtime: a property that is misspelt there is ignored in silence.</summary>
public class RuntimeSettingsTests
{
    [Theory]
    [InlineData("System.GC.Server", "false")]
    [InlineData("System.GC.Concurrent", "false")]
    [InlineData("System.GC.Gen0MaxBudget", "1048576")]
    public void Program_IsBuiltFor_ASmallHeap(string name, string expected)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "closewatch.runtimeconfig.json")));
        Assert.Equal(expected, settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties").GetProperty(name).GetRawText());
    }

    /// <summary>The published program's cannot be looked up: they are inside its one file.</summary>
    [Fact]
    public void Options_OfEveryBuild_AreKnownToTheRuntime()
    {
        var runtime = File.ReadAllBytes(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libcoreclr.so"));
        var options = XDocument.Load(Path.Combine(Golden.RepositoryRoot, "src", "Agent", "Agent.csproj"))
            .Descendants("RuntimeHostConfigurationOption").Select(static option => option.Attribute("Include")!.Value).ToList();

        Assert.NotEmpty(options);
        Assert.All(options, option => Assert.True(Has(runtime, Encoding.ASCII, option) || Has(runtime, Encoding.Unicode, option), option));
    }

    private static bool Has(byte[] file, Encoding encoding, string text) => file.AsSpan().IndexOf(encoding.GetBytes(text + "\0")) >= 0;
}
