using Agent.Core.Remediation;
using Xunit;

namespace Agent.Tests.Core.Remediation;

public sealed class LabelSelectorTests
{
    [Theory]
    [InlineData("app=")]
    [InlineData("a.b/c-d==x_1")]
    [InlineData("a in (x),b notin (y,z),!c")]
    public void TryParse_WhatKubectlTakes_IsTaken(string text) => Assert.True(LabelSelector.TryParse(text, out _));

    [Theory]
    [InlineData("app=web,")]
    [InlineData("app>1")]
    [InlineData("app=we b")]
    [InlineData("app in web")]
    [InlineData("app in (a")]
    [InlineData("=web")]
    [InlineData("app=a\nb")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(LabelSelector.TryParse(text, out _));

    [Fact]
    public void TryParse_TooLong_IsRefused() => Assert.False(LabelSelector.TryParse(new string('a', 2000), out _));
}
