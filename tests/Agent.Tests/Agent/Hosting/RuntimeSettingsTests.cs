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
    [InlineData("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit", "0")]
    public void Program_IsBuiltFor_LittleMemoryAndProcessorTime(string name, string expected)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "closewatch.runtimeconfig.json")));
        Assert.Equal(expected, settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties").GetProperty(name).GetRawText());
    }

    /// <summary>The published program's cannot be looked up: they are inside its one file.</summary>
    [Fact]
    public void Options_OfEveryBuild_AreKnownToTheRuntime()
    {
        var runtime = File.ReadAllBytes(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libcoreclr.so"));
        var library = File.ReadAllBytes(typeof(object).Assembly.Location);
        var options = XDocument.Load(Path.Combine(Golden.RepositoryRoot, "src", "Agent", "Agent.csproj"))
            .Descendants("RuntimeHostConfigurationOption").Select(static option => option.Attribute("Include")!.Value).ToList();

        Assert.NotEmpty(options);
        Assert.All(options, option => Assert.True(
            Has(runtime, Encoding.ASCII.GetBytes(option + "\0")) || Has(runtime, Encoding.Unicode.GetBytes(option + "\0")) || Has(library, Literal(option)),
            option));
    }

    /// <summary>As an assembly holds it: its length in bytes and one more in front (ECMA-335, II.24.2.4).</summary>
    private static byte[] Literal(string text)
    {
        var length = (2 * text.Length) + 1;
        return [.. length < 0x80 ? [(byte)length] : new[] { (byte)(0x80 | (length >> 8)), (byte)length }, .. Encoding.Unicode.GetBytes(text)];
    }

    private static bool Has(byte[] file, byte[] text) => file.AsSpan().IndexOf(text) >= 0;
}
