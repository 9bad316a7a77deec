using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class ConntrackModuleTests
{
    private readonly ConntrackModule _module;
    private bool _isLoaded;
    private int _questions;

    public ConntrackModuleTests() => _module = new(() => _isLoaded);

    [Fact]
    public void Prepare_TheQuestionLoadsIt_IsSaidOfThatScanAlone()
    {
        Prepare(loads: true);
        Assert.True(_module.IsJustLoaded);
        Prepare(loads: true);
        Assert.False(_module.IsJustLoaded);
        Assert.Equal(1, _questions);
    }

    [Fact]
    public void Prepare_TheQuestionLoadsNothing_IsNotAskedAgain()
    {
        for (var scan = 0; scan < 3; scan++)
        {
            Prepare(loads: false);
            Assert.False(_module.IsJustLoaded);
        }

        Assert.Equal(1, _questions);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public void Prepare_LoadedOrKnown_AsksNothing(bool isLoaded, bool mayBeMissing)
    {
        _isLoaded = isLoaded;
        Prepare(loads: true, mayBeMissing);
        Assert.Equal(0, _questions);
        Assert.False(_module.IsJustLoaded);
    }

    /// <summary>Who could not enter the node's namespace at first has not asked.</summary>
    [Fact]
    public void Prepare_CanAskOnlyLater_AsksThen()
    {
        Prepare(loads: true, mayBeMissing: false);
        Prepare(loads: true);
        Assert.True(_module.IsJustLoaded);
    }

    private void Prepare(bool loads, bool mayBeMissing = true) => _module.Prepare(mayBeMissing, () =>
    {
        _questions++;
        _isLoaded |= loads;
    });
}
