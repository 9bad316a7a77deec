using System.Runtime.InteropServices;
using Agent.Kernel.Conntrack;
using Agent.Tests.Testing;
using Xunit;
using static Agent.Tests.Kernel.Testing.FlowBytes;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Conntrack;

/// <summary>
/// A message in the form in which the kernel writes it is decoded by comparing whole headers (<see cref="PlainTuples"/> and its like); any
/// other by a loop over its attributes. An attribute that nobody reads, put in front, leads the same message through the loop.
/// </summary>
public sealed class PlainFormTests
{
    private const int Messages = 40_000;
    private const ushort Unread = 63;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public void TryParse_RandomMessages_BothWaysAgree(int flippedBytes)
    {
        var random = new Random(7 + flippedBytes);
        var (plain, parsed) = (0, 0);
        for (var i = 0; i < RandomCases.Of(Messages); i++)
        {
            var attributes = Message(random);
            for (var flip = 0; flip < flippedBytes; flip++)
            {
                attributes[random.Next(attributes.Length)] ^= (byte)(1 << random.Next(8));
            }

            byte[] fast = [.. GenericInet, .. attributes];
            byte[] general = [.. GenericInet, .. Attribute(Unread, 1, 2, 3, 4), .. attributes];
            var (a, b) = (default(ConntrackFlow), default(ConntrackFlow));
            plain += PlainTuples.Read(attributes, ref a) > 0 ? 1 : 0;
            var both = (ConntrackFlowParser.TryParse(fast, ref a), ConntrackFlowParser.TryParse(general, ref b));
            parsed += both.Item1 ? 1 : 0;
            if (both.Item1 != both.Item2 || (both.Item1 && !Bytes(a).SequenceEqual(Bytes(b))))
            {
                Assert.Fail(Convert.ToHexString(attributes));
            }
        }

        // Otherwise nothing was compared.
        Assert.InRange(plain, RandomCases.Of(Messages) / 10, RandomCases.Of(Messages));
        Assert.InRange(parsed, RandomCases.Of(Messages) / 10, RandomCases.Of(Messages));
    }

    /// <summary>TCP information with one more attribute inside has not the plain form.</summary>
    [Fact]
    public void TryParse_RandomTcpInfo_BothWaysAgree()
    {
        var random = new Random(11);
        for (var i = 0; i < RandomCases.Of(Messages); i++)
        {
            var tuples = Join([.. Tuples(random, 6)]);
            var members = TcpMembers(random);
            var (a, b) = (default(ConntrackFlow), default(ConntrackFlow));
            Assert.True(ConntrackFlowParser.TryParse(Join(GenericInet, tuples, Nested(4, Nested(1, members))), ref a));
            Assert.True(ConntrackFlowParser.TryParse(Join(GenericInet, tuples, Nested(4, Nested(1, Join(members, Attribute(Unread, 1))))), ref b));
            if (!Bytes(a).SequenceEqual(Bytes(b)))
            {
                Assert.Fail(Convert.ToHexString(members));
            }
            Assert.True(a.Has(ConntrackFields.TcpState | ConntrackFields.TcpFlags));
        }
    }

    /// <summary>Counters, a time stamp, a helper, labels, sequence adjustment, and what an entry made by netlink has for SYN proxies.</summary>
    [Fact]
    public void SkipExtensions_PassesOverThemAlone()
    {
        var extensions = Join(
            Nested(9, Attribute(1, new byte[8]), Attribute(2, new byte[8])), Nested(10, Attribute(1, new byte[8])),
            Nested(20, Attribute(1, new byte[8])), Nested(5, Attribute(1, 102, 116, 112, 0)), Attribute(22, new byte[16]), Nested(15, Attribute(1, new byte[4])), Nested(16), Nested(24));

        Assert.Equal(extensions.Length, PlainMembers.SkipExtensions(extensions));
        Assert.Equal(extensions.Length, PlainMembers.SkipExtensions(Join(extensions, Attribute(3, new byte[4]))));
        Assert.Equal(extensions.Length, PlainMembers.SkipExtensions([.. extensions, 3, 0, 9, 0]));
        Assert.Equal(extensions.Length, PlainMembers.SkipExtensions([.. extensions, 8, 0, 9, 0]));
    }

    private static byte[] Message(Random random)
    {
        var protocol = (byte)(random.Next(4) switch { 0 => random.Next(2) == 0 ? 17 : 132, 1 => random.Next(256), _ => 6 });
        List<byte[]> parts = Tuples(random, protocol);
        foreach (var (type, length) in ((ushort, int)[])[(18, 2), (3, 4), (8, 4), (12, 4), (11, 4), (7, 4)])
        {
            if (random.Next(4) > 0)
            {
                parts.Add(Attribute(type, Random(random, length)));
            }
        }

        if (protocol == 6 && random.Next(8) > 0)
        {
            parts.Add(Nested(4, Nested(1, TcpMembers(random))));
        }

        if (protocol == 132)
        {
            parts.Add(Nested(4, Nested(3, Attribute(1, Random(random, 1)), Attribute(2, Random(random, 4)), Attribute(3, Random(random, 4)))));
        }

        foreach (var type in (ushort[])[9, 10, 20, 5, 22, 15, 16, 24])
        {
            if (random.Next(8) == 0)
            {
                parts.Add(Attribute(type, Random(random, random.Next(30))));
            }
        }

        if (random.Next(4) == 0)
        {
            // In another order, or one of them twice.
            parts.Insert(random.Next(parts.Count), parts[random.Next(parts.Count)]);
        }

        return Join([.. parts]);
    }

    /// <summary>Both of one form as a rule, as the kernel's are.</summary>
    private static List<byte[]> Tuples(Random random, byte protocol)
    {
        var (isInet6, form) = (random.Next(3) == 0, random.Next(6));
        var original = Tuple(random, 1, protocol, isInet6, form);
        return random.Next(8) == 0
            ? [original, Tuple(random, 2, protocol, random.Next(2) == 0, random.Next(6))]
            : [original, Tuple(random, 2, protocol, isInet6, form)];
    }

    private static byte[] Tuple(Random random, ushort type, byte protocol, bool isInet6, int form)
    {
        var length = isInet6 ? 16 : 4;
        var first = (ushort)(isInet6 ? 3 : 1);
        var addresses = Nested(1, Attribute(first, Random(random, length)), Attribute((ushort)(first + 1), Random(random, length)));
        var echo = (ushort)(isInet6 ? 7 : 4);
        return Nested(type, addresses, form switch
        {
            0 => Nested(2, Attribute(1, protocol)),
            1 => Nested(
                2,
                Attribute(1, protocol),
                Attribute(echo, Random(random, 2)),
                Attribute((ushort)(echo + 1), Random(random, 1)),
                Attribute((ushort)(echo + 2), Random(random, 1))),
            _ => Nested(2, Attribute(1, protocol), Attribute(2, Random(random, 2)), Attribute(3, Random(random, 2))),
        });
    }

    private static byte[] TcpMembers(Random random) => Join(
        Attribute(1, Random(random, 1)), Attribute(2, Random(random, 1)), Attribute(3, Random(random, 1)),
        Attribute(4, Random(random, 2)), Attribute(5, Random(random, 2)));

    private static byte[] Random(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static ReadOnlySpan<byte> Bytes(in ConntrackFlow flow) => MemoryMarshal.AsBytes(new ReadOnlySpan<ConntrackFlow>(in flow));
}
