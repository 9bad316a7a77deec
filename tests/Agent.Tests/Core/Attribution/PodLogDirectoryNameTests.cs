using Agent.Core.Attribution;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class PodLogDirectoryNameTests
{
    [Theory]
    [InlineData("kube-system_coredns-5d78c9869d-abcde_8712f785-1a3e-41ec-a00b-e2dcc77431cb", "kube-system", "coredns-5d78c9869d-abcde", "8712f785-1a3e-41ec-a00b-e2dcc77431cb")]
    [InlineData("kube-system_etcd-node.example.com_487a0dc6dccaeefbcfedba7a7ce1ca18", "kube-system", "etcd-node.example.com", "487a0dc6dccaeefbcfedba7a7ce1ca18")]
    public void TryParse_NameOfThreeParts_TakesThemApart(string directory, string @namespace, string name, string uid)
    {
        Assert.True(PodLogDirectoryName.TryParse(directory, out var parsed));
        Assert.Equal(new(@namespace, name, uid), parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("_")]
    [InlineData("__")]
    [InlineData("a_b")]
    [InlineData("_b_c")]
    [InlineData("a__c")]
    [InlineData("a_b_")]
    [InlineData("a_b_c_d")]
    [InlineData("lost+found")]
    public void TryParse_AnythingElse_IsRefused(string directory)
    {
        Assert.False(PodLogDirectoryName.TryParse(directory, out var parsed));
        Assert.Null(parsed);
    }
}
