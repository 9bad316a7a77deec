using Agent.Kernel.Namespaces;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class HiddenNamespacesTests
{
    [Fact]
    public void Describe_NothingHidden_IsNothing() => Assert.False(HiddenNamespaces.Describe([], default, NamespaceListing.All, []).Exists);

    [Theory]
    [InlineData(2, 0, 0, "2 mount namespaces are not looked through")]
    [InlineData(0, 3, 0, "3 network namespaces that only a mount keeps are missing")]
    [InlineData(0, 0, 4, "4 processes have mounts that may not be looked at without CAP_SYS_PTRACE")]
    public void Describe_WhatMountsDoNotTell_IsSaid(int leftOut, int outOfReach, int denied, string expected) => Assert.Contains(
        expected,
        HiddenNamespaces.Describe([], new MountStatistics { LeftOut = leftOut, OutOfReach = outOfReach, Denied = denied }, default, []).Text,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(NamespaceListing.None, "sockets or descriptors")]
    [InlineData(NamespaceListing.Own, "sockets or descriptors")]
    [InlineData(NamespaceListing.All, "sockets")]
    public void Describe_NumbersAlone_NamesThreeAndCountsAll(NamespaceListing listing, string keepers) => Assert.StartsWith(
        $"5 network namespaces are kept by {keepers} alone (nsid 1, 2, 3)",
        HiddenNamespaces.Describe([], default, listing, [1, 2, 3, 4, 5]).Text,
        StringComparison.Ordinal);

    [Fact]
    public void Describe_MoreThanAreListed_IsSaid() => Assert.Contains(
        "the kernel lists more network namespaces than are looked through",
        HiddenNamespaces.Describe([], default, NamespaceListing.Oldest, []).Text,
        StringComparison.Ordinal);
}
