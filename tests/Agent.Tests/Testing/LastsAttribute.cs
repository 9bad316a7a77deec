namespace Agent.Tests.Testing;

/// <summary>About how long the tests of a class take, where that is half a minute or more: such classes start first (<see cref="LongestFirst"/>).</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LastsAttribute(int seconds) : Attribute
{
    public int Seconds { get; } = seconds;
}
