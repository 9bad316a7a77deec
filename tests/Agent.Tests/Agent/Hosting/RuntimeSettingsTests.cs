using System.Text.Json;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

/// <summary>What the project file asks of the runtime: a property that is misspelt there is ignored in silence.</summary>
public class RuntimeSettingsTests
{
    [Theory]
    [InlineData("System.GC.Server", "false")]
    [InlineData("System.GC.Concurrent", "false")]
    [InlineData("System.GC.Gen0MaxBudget", "2097152")]
    public void Program_IsBuiltFor_ASmallHeap(string name, string expected)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "closewatch.runtimeconfig.json")));
        Assert.Equal(expected, settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties").GetProperty(name).GetRawText());
    }
}
