using System.Text;
using System.Text.Json;
using Agent.Kubernetes;
using Agent.Tests.Kubernetes.Testing;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class JsonFramerTests
{
    private const string Sequence = """{"a":"}{\"]["} {"b":[{"c":{}}]}""" + "\r\n\t" + """{"d":"\\"}""";

    [Fact]
    public void Read_SequenceCutAtEveryByte_GivesTheSameObjects()
    {
        var bytes = Encoding.UTF8.GetBytes(Sequence);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            using var framer = JsonFramer.ForSequence(1024);
            var frames = Feed(framer, bytes[..cut]).Concat(Feed(framer, bytes[cut..])).ToArray();
            Assert.Equal(["""{"a":"}{\"]["}""", """{"b":[{"c":{}}]}""", """{"d":"\\"}"""], frames);
            Assert.True(framer.IsBetweenObjects);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Read_ListInSmallPieces_SeparatesItemsFromEnvelope(int size)
    {
        var list = """{ "metadata": {"resourceVersion":"7","x":{"y":[{}]}}, "items" : [ {"a":[{}]} , {"b":1}, {} ], "kind":"PodList" }""";
        using var framer = JsonFramer.ForList(1024);
        var frames = Encoding.UTF8.GetBytes(list).Chunk(size).SelectMany(chunk => Feed(framer, chunk)).ToArray();
        Assert.Equal(["""{"a":[{}]}""", """{"b":1}""", "{}"], frames);
        using var envelope = JsonDocument.Parse(framer.Envelope);
        Assert.Equal("PodList", envelope.RootElement.GetProperty("kind").GetString());
        Assert.Equal(0, envelope.RootElement.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public void Read_ObjectOverTheLimit_IsSkippedAndTheNextIsRead()
    {
        using var framer = JsonFramer.ForSequence(100);
        var frames = Feed(framer, Encoding.UTF8.GetBytes($$"""{"a":"{{new string('x', 200)}}"}{"b":1}""")).ToArray();
        Assert.Equal(["too large", """{"b":1}"""], frames);
    }

    [Fact]
    public void Read_ObjectOf100Megabytes_StaysWithinTheLimit()
    {
        using var framer = JsonFramer.ForSequence(ObjectList.MaxObjectBytes);
        var filler = new byte[64 * 1024];
        Array.Fill(filler, (byte)'x');
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(JsonFrameResult.NeedsInput, ReadOnce(framer, "{\"a\":\""u8));
        for (var i = 0; i < 1600; i++)
        {
            Assert.Equal(JsonFrameResult.NeedsInput, ReadOnce(framer, filler));
        }

        Assert.Equal(JsonFrameResult.TooLarge, ReadOnce(framer, "\"}"u8));
        Assert.Equal(JsonFrameResult.Frame, ReadOnce(framer, "{}"u8));
        Assert.Equal(ObjectList.MaxObjectBytes, framer.PeakBufferBytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 * ObjectList.MaxObjectBytes);
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("}")]
    [InlineData("\"{}\"")]
    [InlineData("{}<html>")]
    public void Read_SequenceOfSomethingElse_Throws(string text)
    {
        using var framer = JsonFramer.ForSequence(1024);
        Assert.Throws<JsonException>(() => Feed(framer, Encoding.UTF8.GetBytes(text)).ToArray());
    }

    [Fact]
    public void Read_EndlessEnvelope_Throws()
    {
        using var framer = JsonFramer.ForList(1024);
        Assert.Throws<JsonException>(() => Feed(framer, Encoding.UTF8.GetBytes("{\"kind\":\"" + new string('x', 100_000))).ToArray());
    }

    [Fact]
    public void Read_AListOfManyItems_AllocatesNothingForThem()
    {
        var item = Encoding.UTF8.GetBytes(PodJson.Pod("web", "u").ToJsonString() + ",");
        using var framer = JsonFramer.ForList(ObjectList.MaxObjectBytes);
        ReadOnce(framer, "{\"kind\":\"PodList\",\"items\":["u8);
        ReadOnce(framer, item);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            ReadOnce(framer, item);
        }

        // One object an item would be 24,000 bytes; a collection meanwhile counts what was left of an allocation context, up to 8 KiB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    private static JsonFrameResult ReadOnce(JsonFramer framer, ReadOnlySpan<byte> input) => framer.Read(ref input);

    private static List<string> Feed(JsonFramer framer, byte[] bytes)
    {
        ReadOnlySpan<byte> input = bytes;
        var frames = new List<string>();
        while (true)
        {
            switch (framer.Read(ref input))
            {
                case JsonFrameResult.NeedsInput:
                    return frames;
                case JsonFrameResult.TooLarge:
                    frames.Add("too large");
                    break;
                default:
                    frames.Add(Encoding.UTF8.GetString(framer.Frame.Span));
                    break;
            }
        }
    }
}
