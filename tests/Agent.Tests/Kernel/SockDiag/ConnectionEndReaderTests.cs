using System.Buffers.Binary;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;
using static Agent.Kernel.SockDiag.ConnectionEndFields;

namespace Agent.Tests.Kernel.SockDiag;

public sealed class ConnectionEndReaderTests
{
    private const int InfoStart = 16 + 72 + 8 + 4;

    /// <summary>What a real kernel sent, by what had happened.</summary>
    private static readonly Dictionary<string, byte[][]> s_captured = File
        .ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Fixtures/sock_diag/connection-ends-6.18.txt"))
        .Where(static line => line[0] != '#')
        .Select(static line => line.Split(' '))
        .GroupBy(static words => words[0], static words => Convert.FromHexString(words[1]))
        .ToDictionary(static group => group.Key, static group => group.ToArray());

    [Fact]
    public void MoveNext_ServerThatClosedIdle_GivesEveryMember()
    {
        var reader = new ConnectionEndReader(s_captured["server_closed_idle-inet"][0], 7);

        Assert.True(reader.MoveNext());
        ref readonly var end = ref reader.Current;
        Assert.Equal("127.0.0.1:37273 > 127.0.0.1:42574", end.Tuple.ToString());
        Assert.Equal(7, end.NamespaceId);
        Assert.Equal(0x7E2UL, end.Cookie);
        Assert.Equal((0u, 0u), (end.ReceiveQueueBytes, end.SendQueueBytes));
        Assert.Equal((544u, 544u), (end.LastDataSentMilliseconds, end.LastDataReceivedMilliseconds));
        Assert.Equal((0u, 0u), (end.LastAckSentMilliseconds, end.LastAckReceivedMilliseconds));
        Assert.Equal((16UL, 10UL), (end.BytesAcked, end.BytesReceived)); // 15 and the FIN, 10
        Assert.Equal((15UL, 0UL), (end.BytesSent, end.BytesRetransmitted));
        Assert.Equal((1u, 1u), (end.DataSegmentsOut, end.DataSegmentsIn));
        Assert.Equal((0, 0), (end.Retransmits, end.Probes));
        Assert.Equal(Ages | BytesAcked | BytesSent, end.Present);
        Assert.False(reader.MoveNext());
        Assert.Equal((0, 0), (reader.NeverConnected, reader.Malformed));
    }

    [Theory]
    [InlineData("inet", "127.0.0.1")]
    [InlineData("inet6", "::1")]
    public void MoveNext_CapturedKinds_AreToldApart(string family, string address)
    {
        var unread = Single(s_captured[$"unread-{family}"][0]);
        Assert.Equal(address, unread.Tuple.Source.ToString());
        Assert.Equal((11u, 15UL, 15UL), (unread.ReceiveQueueBytes, unread.BytesAcked, unread.BytesSent));

        var late = Single(s_captured[$"late-{family}"][1]);
        Assert.Equal(address, late.Tuple.Destination.ToString());
        Assert.Equal((11u, 16UL), (late.SendQueueBytes, late.BytesReceived));
        Assert.Equal(late.Tuple, Single(s_captured[$"late-{family}"][0]).Tuple.Reversed);
    }

    [Theory]
    [InlineData("listener-inet")]
    [InlineData("listener-inet6")]
    public void MoveNext_Listener_IsPassedOverAndCounted(string name)
    {
        var reader = new ConnectionEndReader([.. s_captured[name][0], .. s_captured["unread-inet"][0]], ConnectionEnd.HostNamespace);

        Assert.True(reader.MoveNext());
        Assert.Equal(ConnectionEnd.HostNamespace, reader.Current.NamespaceId);
        Assert.False(reader.MoveNext());
        Assert.Equal((1, 0), (reader.NeverConnected, reader.Malformed));
    }

    [Theory]
    [InlineData(59, None)]
    [InlineData(60, Ages)]
    [InlineData(104, Ages)] // Linux 2.6
    [InlineData(135, Ages)]
    [InlineData(136, Ages | BytesAcked)]
    [InlineData(192, Ages | BytesAcked)] // Linux 4.9
    [InlineData(215, Ages | BytesAcked)]
    [InlineData(232, Ages | BytesAcked | BytesSent)] // Linux 5.4
    [InlineData(280, Ages | BytesAcked | BytesSent)] // Linux 6.18
    [InlineData(400, Ages | BytesAcked | BytesSent)] // one to come
    public void MoveNext_InfoOfAnyLength_GivesWhatItHolds(int length, ConnectionEndFields expected)
    {
        var end = Single(WithInfoOf(s_captured["server_closed_idle-inet"][0], length));

        Assert.Equal(expected, end.Present);
        Assert.Equal(end.Has(Ages) ? 544u : 0, end.LastDataSentMilliseconds);
        Assert.Equal(end.Has(BytesAcked) ? (16UL, 10UL) : (0, 0), (end.BytesAcked, end.BytesReceived));
        Assert.Equal(end.Has(BytesSent) ? 1u : 0, end.DataSegmentsIn);
        Assert.Equal(end.Has(BytesSent) ? 15UL : 0, end.BytesSent);
    }

    [Fact]
    public void MoveNext_NoInfoAtAll_GivesEndsAndQueues()
    {
        var socket = DiagBytes.Message(2, TcpState.Close, [1, 2, 3, 4], [5, 6, 7, 8], 80, 4000, receiveQueue: 3);

        var end = Single(DiagBytes.Netlink(20, 0, 0, socket));

        Assert.Equal(("1.2.3.4:80 > 5.6.7.8:4000", 3u, None), (end.Tuple.ToString(), end.ReceiveQueueBytes, end.Present));
    }

    [Fact]
    public void MoveNext_ShutdownAttribute_IsRead()
    {
        byte[] payload = [.. DiagBytes.Message(2, TcpState.Close, [1, 2, 3, 4], [5, 6, 7, 8], 80, 4000), 5, 0, 8, 0, 3, 0, 0, 0];

        var end = Single(DiagBytes.Netlink(20, 0, 0, payload));

        Assert.Equal((ConnectionEndFields.Shutdown, 3), (end.Present, end.Shutdown));
    }

    [Fact]
    public void MoveNext_WhatIsNoTcpSocket_IsCountedAndPassedOver()
    {
        var socket = DiagBytes.Message(2, TcpState.Close, [1, 2, 3, 4], [5, 6, 7, 8], 80, 4000);
        byte[] local = [1, .. socket[1..]];
        byte[] udp = [.. socket, 5, 0, 10, 0, 17, 0, 0, 0];
        byte[] cut = socket[..71];
        byte[] badAttribute = [.. socket, 3, 0, 2, 0];
        byte[] datagram =
        [
            .. DiagBytes.Netlink(20, 0, 0, local),
            .. DiagBytes.Netlink(20, 0, 0, udp),
            .. DiagBytes.Netlink(20, 0, 0, [.. cut, 0]),
            .. DiagBytes.Netlink(20, 0, 0, badAttribute),
            .. DiagBytes.Netlink(3, 0, 0, socket),
            .. DiagBytes.Netlink(20, 0, 0, socket),
            1, 2, 3,
        ];
        BinaryPrimitives.WriteInt32LittleEndian(datagram.AsSpan(16 + local.Length + 16 + udp.Length), 16 + 71);

        var reader = new ConnectionEndReader(datagram, 0);

        Assert.True(reader.MoveNext());
        Assert.Equal(80, reader.Current.Tuple.SourcePort);
        Assert.False(reader.MoveNext());
        Assert.Equal((0, 5), (reader.NeverConnected, reader.Malformed)); // four messages, and the rest that is none
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void MoveNext_AMillionRandomAndChangedDatagrams_NeverThrowsAndEnds()
    {
        var captured = s_captured.Values.SelectMany(static datagrams => datagrams).ToArray();
        var random = new Random(20_261_121);
        var buffer = new byte[900];
        var cases = RandomCases.Of(1_000_000);
        long ends = 0, passedOver = 0;
        for (var i = 0; i < cases; i++)
        {
            var bytes = Hostile(random, captured, buffer);
            var reader = new ConnectionEndReader(bytes, i);
            var count = 0;
            while (reader.MoveNext())
            {
                if (++count > bytes.Length / 16 || reader.Current.Tuple.DestinationPort == 0 || reader.Current.NamespaceId != i)
                {
                    Assert.Fail($"more ends than headers fit, no port, or another namespace: {Convert.ToHexString(bytes)}");
                }
            }

            ends += count;
            passedOver += reader.NeverConnected + reader.Malformed;
        }

        // Both what is understood and what is not was tried often.
        Assert.InRange(ends, cases / 5, 2 * cases);
        Assert.InRange(passedOver, cases / 5, 2 * cases);
    }

    [Fact]
    public void MoveNext_AnyNumberOfEnds_AllocatesNothing()
    {
        var datagram = s_captured["server_closed_idle-inet6"][0];
        var ends = 0;

        Assert.Equal(0, Allocations.LeastOf(() => ends = ReadMany(datagram, 100_000)));
        Assert.Equal(100_000, ends);
    }

    private static int ReadMany(byte[] datagram, int times)
    {
        var ends = 0;
        for (var i = 0; i < times; i++)
        {
            var reader = new ConnectionEndReader(datagram, 0);
            while (reader.MoveNext())
            {
                ends += reader.Current.Tuple.SourcePort != 0 ? 1 : 0;
            }
        }

        return ends;
    }

    private static Span<byte> Hostile(Random random, byte[][] captured, byte[] buffer)
    {
        if (random.Next(8) == 0)
        {
            var noise = buffer.AsSpan(0, random.Next(buffer.Length));
            random.NextBytes(noise);
            return noise;
        }

        var length = 0;
        for (var messages = random.Next(1, 3); messages > 0; messages--)
        {
            var datagram = captured[random.Next(captured.Length)];
            datagram.CopyTo(buffer, length);
            length += datagram.Length;
        }

        var bytes = buffer.AsSpan(0, random.Next(3) == 0 ? random.Next(length + 1) : length);
        for (var changes = random.Next(6); changes > 0 && !bytes.IsEmpty; changes--)
        {
            // Half of the changes meet headers, where lengths, types and the family are.
            bytes[random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, InfoStart) : bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    private static ConnectionEnd Single(byte[] datagram)
    {
        var reader = new ConnectionEndReader(datagram, 0);
        Assert.True(reader.MoveNext());
        var end = reader.Current;
        Assert.False(reader.MoveNext());
        return end;
    }

    /// <summary>The same message as a kernel sends it whose struct tcp_info has another length.</summary>
    private static byte[] WithInfoOf(byte[] datagram, int length)
    {
        var padded = (length + 3) & ~3;
        var bytes = new byte[InfoStart + padded];
        datagram.AsSpan(0, Math.Min(datagram.Length, InfoStart + length)).CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(InfoStart - 4), (ushort)(4 + length));
        return bytes;
    }
}
