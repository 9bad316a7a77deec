using Agent.Core.Attribution;
using Agent.Kernel.Net;
using Agent.Tests.Core.Tallies;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class AddressIndexTests
{
    [Fact]
    public void Find_ThousandsOfAddresses_FindsEachAndNoOther()
    {
        var index = new AddressIndex();
        for (var i = 0u; i < 5000; i++)
        {
            Assert.True(index.TryAdd(IpAddress.FromIPv4(0x0A00_0000 + i), (int)i));
            Assert.True(index.TryAdd(new IpAddress(0xFD00_0000_0000_0000, i + 1), (int)i));
        }

        Assert.Equal(10_000, index.Count);
        for (var i = 0u; i < 5000; i++)
        {
            Assert.Equal((int)i, index.Find(IpAddress.FromIPv4(0x0A00_0000 + i)));
            Assert.Equal((int)i, index.Find(new IpAddress(0xFD00_0000_0000_0000, i + 1)));
        }

        Assert.Equal(AddressIndex.None, index.Find(IpAddress.FromIPv4(0x0B00_0000)));
    }

    /// <summary>Tables of every size and filling; some addresses are beyond the table's end, at its beginning.</summary>
    [Fact]
    public void Find_AnyAddressesOfAnyNumber_FindsEach()
    {
        var random = new Random(5);
        for (var number = 1; number < 300; number++)
        {
            var addresses = Enumerable.Range(0, number).Select(_ => IpAddress.FromIPv4(0x0A00_0000 + (uint)random.Next(1 << 24))).Distinct().ToList();
            var index = new AddressIndex();
            addresses.ForEach(address => Assert.True(index.TryAdd(address, addresses.IndexOf(address))));

            Assert.All(addresses, (address, owner) => Assert.Equal(owner, index.Find(address)));
        }
    }

    [Fact]
    public void TryAdd_TakenAddress_KeepsTheFirstOwner()
    {
        var index = new AddressIndex();
        Assert.True(index.TryAdd(Make.Address("10.0.0.1"), 3));
        Assert.False(index.TryAdd(Make.Address("::ffff:10.0.0.1"), 4));
        Assert.Equal(3, index.Find(Make.Address("10.0.0.1")));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public void TryAdd_AddressOfEverybody_IsRefused(string text) => Assert.False(new AddressIndex().TryAdd(Make.Address(text), 0));
}
