using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public class NamespaceMemoryTests
{
    private static readonly TimeSpan s_start = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(true, 15, true)]
    [InlineData(false, 15, false)]
    [InlineData(true, 300, false)]
    [InlineData(false, 300, false)]
    [InlineData(false, 601, true)]
    public void SettingsAreDue_SecondsAfterTheyWereRead_EarlyOnlyWhereTheyMayStillBeMade(bool isNew, double seconds, bool due)
    {
        var memory = new NamespaceMemory(s_start, isNew);
        Assert.True(memory.SettingsAreDue(s_start));
        memory.SetSettings(null, s_start);
        Assert.Equal(due, memory.SettingsAreDue(s_start + TimeSpan.FromSeconds(seconds)));
    }
}
