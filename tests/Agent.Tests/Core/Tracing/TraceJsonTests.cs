using System.Buffers;
using System.Text;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Tracing;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Tracing;

public sealed class TraceJsonTests
{
    [Fact]
    public void Write_LostRequest_IsTheContractsObject() => Assert.Equal(
        """
        {"time":"2026-03-01T14:03:23.104Z","namespace":"shop","pod":"web-7d4b9c6f5-x2x5p","role":"server","local":"10.244.1.5:8080","remote":"10.0.0.1:41234","end":"reset_unread","idleSeconds":0,"lost":"unread_at_close","sentBytes":430,"receivedBytes":120,"unreadBytes":44,"unacknowledgedBytes":0}

        """,
        Line(TraceSamples.Lost));

    [Fact]
    public void Write_WhatIsUnknown_IsLeftOut() => Assert.Equal(
        """
        {"time":"2026-03-01T14:03:22.104Z","namespace":"","pod":"host","role":"client","local":"[fd00::1]:50000","remote":"[fd00::2]:5432","end":"reset_received","maybeLost":true,"unreadBytes":0,"unacknowledgedBytes":24}

        """,
        Line(TraceSamples.Client));

    [Fact]
    public void TryParse_WhatWasWritten_IsTheSame()
    {
        var ends = from kind in Enum.GetValues<EndKind>()
                   from loss in Enum.GetValues<LossCause>()
                   from end in new[] { TraceSamples.IdleClose, TraceSamples.Lost, TraceSamples.Client }
                   select end with { Kind = kind, Loss = loss, IsCorrection = kind == EndKind.Other, Pod = end.Pod with { Uid = "" } };
        foreach (var end in ends)
        {
            Assert.True(TraceJson.TryParse(Encoding.UTF8.GetBytes(Line(end)), out var parsed, out var notice));
            Assert.Null(notice);
            Assert.Equal(end, parsed);
        }
    }

    [Fact]
    public void TryParse_Notice_IsNoEnd()
    {
        var buffer = new ArrayBufferWriter<byte>();
        TraceJson.Write(buffer, new TraceNotice(3, 4));

        Assert.Equal("{\"missed\":3,\"skipped\":4}\n", Encoding.UTF8.GetString(buffer.WrittenSpan));
        Assert.True(TraceJson.TryParse(buffer.WrittenMemory, out _, out var notice));
        Assert.Equal(new TraceNotice(3, 4), notice);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("[]")]
    [InlineData("3")]
    [InlineData("{}")]
    [InlineData("{\"missed\":\"3\"}")]
    [InlineData("{\"missed\":99999999999999999999}")]
    [InlineData("{\"time\":\"2026-03-01T14:03:23.104Z\"}")]
    [InlineData("[[[[[[[[[[")]
    public void TryParse_AnythingElse_IsFalse(string line) => Assert.False(TraceJson.TryParse(Encoding.UTF8.GetBytes(line), out _, out _));

    [Fact]
    public void TryParse_BytesChangedAtRandom_NeverThrows()
    {
        var random = new Random(13);
        var line = Encoding.UTF8.GetBytes(Line(TraceSamples.Lost));
        for (var i = 0; i < RandomCases.Of(20_000); i++)
        {
            var changed = line[..random.Next(line.Length + 1)];
            for (var j = random.Next(4); j > 0 && changed.Length > 0; j--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            _ = TraceJson.TryParse(changed, out _, out _);
        }
    }

    private static string Line(in JudgedEnd end)
    {
        var buffer = new ArrayBufferWriter<byte>();
        TraceJson.Write(buffer, end);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
