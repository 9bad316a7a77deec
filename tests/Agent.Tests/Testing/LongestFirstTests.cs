using Xunit;

namespace Agent.Tests.Testing;

public sealed class LongestFirstTests
{
    [Fact]
    public void Order_FirstThenLongest_TheRestAsItWas()
    {
        Type[][] collections = [[typeof(Plain)], [typeof(Short)], [typeof(Other)], [typeof(Plain), typeof(Long)], [typeof(AtOnce)]];

        var ordered = LongestFirst.Order(collections, static collection => collection).Select(static collection => collection[^1]);

        Assert.Equal([typeof(AtOnce), typeof(Long), typeof(Short), typeof(Plain), typeof(Other)], ordered);
    }

    private sealed class Plain;

    private sealed class Other;

    [Lasts(seconds: 20)]
    private sealed class Short;

    [Lasts(seconds: 60)]
    private sealed class Long;

    [Lasts(seconds: 5, First = true)]
    private sealed class AtOnce;
}
