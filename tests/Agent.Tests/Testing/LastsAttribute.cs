namespace Agent.Tests.Testing;

/// <summary>About how long the tests of a class take, where that is a quarter of a minute or more: such classes start first (<see cref="LongestFirst"/>).</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LastsAttribute(int seconds) : Attribute
{
    public int Seconds { get; } = seconds;

    /// <summary>Starts before all others, which wait for something that it does not need.</summary>
    public bool First { get; init; }

    /// <summary>Mostly waits, and takes little of a processor: one such runs beside as many others as may run at a time.</summary>
    public bool Waiting { get; init; }
}
