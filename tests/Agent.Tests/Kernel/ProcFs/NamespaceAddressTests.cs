using System.Globalization;
using System.Text;
using Agent.Kernel.ProcFs;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class NamespaceAddressTests
{
    private const string Trie =
        """
        Main:
          +-- 0.0.0.0/0 3 0 5
             |-- 0.0.0.0
                /0 universe UNICAST
             +-- 127.0.0.0/8 2 0 2
                +-- 127.0.0.0/31 1 0 0
                   |-- 127.0.0.0
                      /8 host LOCAL
                   |-- 127.0.0.1
                      /32 host LOCAL
                |-- 127.255.255.255
                   /32 link BROADCAST
             +-- 192.0.2.0/24 2 0 2
                +-- 192.0.2.0/30 2 0 2
                   |-- 192.0.2.0
                      /24 link UNICAST
                   |-- 192.0.2.2
                      /32 link UNICAST
                      /32 host LOCAL
                |-- 192.0.2.255
                   /32 link BROADCAST
             |-- 169.254.1.1
                /32 host LOCAL
        Local:
          +-- 0.0.0.0/0 3 0 5
             |-- 192.0.2.2
                /32 host LOCAL
             |-- 10.244.1.7
                /32 host LOCAL

        """;

    [Fact]
    public void FibTrie_LocalAddresses_OnceWithoutLoopbackAndLinkLocal() => Assert.Equal(["192.0.2.2", "10.244.1.7"], FromTrie(Encoding.ASCII.GetBytes(Trie)));

    [Theory]
    [InlineData("   /32 host LOCAL\n")]
    [InlineData("|-- 1.2.3\n/32 host LOCAL\n")]
    [InlineData("|-- 1.2.3.256\n/32 host LOCAL\n")]
    [InlineData("|-- 1.2.3.4.5\n/32 host LOCAL\n")]
    [InlineData("|-- 1.2.3.4\n+-- 1.2.0.0/16 1 0 0\n/32 host LOCAL\n")]
    [InlineData("|-- 1.2.3.4\n/24 host LOCAL\n")]
    public void FibTrie_AnythingElse_AddsNothing(string text) => Assert.Empty(FromTrie(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData("fd000000000000000000000000000002 04 40 00 82     eth0\n", "fd00::2")]
    [InlineData("20010db8000000000000000000000001 1b7 80 00 00 e", "2001:db8::1")]
    public void IfInet6_GlobalAddress_IsAdded(string text, string expected) => Assert.Equal([expected], FromIfInet6(text));

    [Theory]
    [InlineData("")]
    [InlineData("00000000000000000000000000000001 01 80 10 80       lo\n")]
    [InlineData("fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n")]
    [InlineData("fd000000000000000000000000000002 04 40 00 88     eth0\n")] // somebody else has it
    [InlineData("fd00000000000000000000000000000 04 40 00 80     eth0\n")]
    [InlineData("fd00000000000000000000000000000z 04 40 00 80     eth0\n")]
    [InlineData("fd000000000000000000000000000002 04 40\n")]
    public void IfInet6_AnythingElse_AddsNothing(string text) => Assert.Empty(FromIfInet6(text));

    [Fact]
    public void Parse_RandomText_NeverThrows()
    {
        var random = new Random(20_261_121);
        var samples = new[] { Encoding.ASCII.GetBytes(Trie), [.. "fd000000000000000000000000000002 04 40 00 82     eth0\n00000000000000000000000000000001 01 80 10 80       lo\n"u8] };
        for (var i = 0; i < RandomCases.Of(30_000); i++)
        {
            var text = samples[i % 2].ToArray().AsSpan();
            for (var n = random.Next(1, 30); n > 0; n--)
            {
                text[random.Next(text.Length)] = (byte)random.Next(256);
            }

            var addresses = LocalAddresses.OfPod();
            FibTrie.Parse(text[..random.Next(text.Length)], addresses);
            IfInet6.Parse(text, addresses);
            Assert.All(addresses.All, address => Assert.False(address.IsLoopback));
        }
    }

    /// <summary>Any user can add so many to a namespace of its own; a list that is searched for each of them takes seconds.</summary>
    [Fact]
    public void Parse_AHundredThousandAddresses_KeepsTheFirst()
    {
        var many = RandomCases.Of(100_000);
        var trie = new StringBuilder("Local:\n");
        var inet6 = new StringBuilder();
        for (var i = 0; i < many; i++)
        {
            trie.Append(CultureInfo.InvariantCulture, $"  |-- 10.{i >> 16}.{(i >> 8) & 255}.{i & 255}\n     /32 host LOCAL\n");
            inet6.Append(CultureInfo.InvariantCulture, $"fd{i:x30} 04 40 00 82     eth0\n");
        }

        var addresses = new LocalAddresses(1024, 1 << 30);
        FibTrie.Parse(Encoding.ASCII.GetBytes(trie.ToString()), addresses);
        Assert.Equal((1024, true), (addresses.All.Count, addresses.IsCut));
        Assert.Equal(["10.0.0.0", "10.0.0.1"], addresses.All.Take(2).Select(static address => address.ToString()));

        addresses = new LocalAddresses(1024, 1 << 30);
        var list = Encoding.ASCII.GetBytes(inet6.ToString());
        IfInet6.Parse(list, addresses);
        Assert.Equal((1024, true), (addresses.All.Count, addresses.IsCut));
        addresses = new LocalAddresses(many, 1 << 30);
        IfInet6.Parse(list, addresses);
        Assert.Equal((many, false), (addresses.All.Count, addresses.IsCut));
    }

    private static List<string> FromTrie(byte[] text)
    {
        var addresses = LocalAddresses.OfPod();
        FibTrie.Parse(text, addresses);
        return [.. addresses.All.Select(static address => address.ToString())];
    }

    private static List<string> FromIfInet6(string text)
    {
        var addresses = LocalAddresses.OfPod();
        IfInet6.Parse(Encoding.ASCII.GetBytes(text), addresses);
        return [.. addresses.All.Select(static address => address.ToString())];
    }
}
