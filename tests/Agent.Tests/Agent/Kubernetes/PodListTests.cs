using System.Text;
using System.Text.Json;
using Agent.Kubernetes;
using Agent.Outside;
using Agent.Tests.Kubernetes.Testing;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class PodListTests
{
    public static TheoryData<string> CapturedLists() => CapturedFiles.NamesIn("pods", ".json");

    public static TheoryData<string> CapturedWatches() => CapturedFiles.NamesIn("watch", "");

    [Theory]
    [MemberData(nameof(CapturedLists))]
    public async Task Read_CapturedList_KnowsEveryPod(string name)
    {
        var path = CapturedFiles.PathOf($"pods/{name}");
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        var items = document.RootElement.GetProperty("items").EnumerateArray().ToArray();
        await using var stream = File.OpenRead(path);
        var list = await PodList.ReadAsync(stream, TestContext.Current.CancellationToken);
        Assert.Equal(0, list.Skipped);
        Assert.Equal(items.Select(item => item.GetProperty("metadata").GetProperty("uid").GetString()).Order(), list.Pods.Keys.Order());
        foreach (var item in items)
        {
            var pod = list.Pods[item.GetProperty("metadata").GetProperty("uid").GetString()!];
            Assert.Equal(item.GetProperty("metadata").GetProperty("name").GetString(), pod.Name);
            Assert.Equal(item.GetProperty("status").Text("phase") ?? "", pod.Phase);
            Assert.True(pod.Containers.Length >= item.GetProperty("spec").GetProperty("containers").GetArrayLength());
            Assert.Equal(item.GetProperty("metadata").TryGetProperty("ownerReferences", out _), pod.Workload is not null);
        }
    }

    [Theory]
    [MemberData(nameof(CapturedWatches))]
    public async Task Read_CapturedWatch_EveryFrameIsOneOfTheKnownKinds(string name)
    {
        var bytes = await File.ReadAllBytesAsync(CapturedFiles.PathOf($"watch/{name}"), TestContext.Current.CancellationToken);
        using var framer = JsonFramer.ForSequence(ObjectList.MaxObjectBytes);
        var kinds = Frames(framer, bytes).Select(frame => WatchEvent.Parse(frame).Kind).ToArray();
        Assert.NotEmpty(kinds);
        if (name.Contains("pod_watch", StringComparison.Ordinal))
        {
            Assert.DoesNotContain(WatchEventKind.Unknown, kinds);
        }
    }

    [Fact]
    public async Task Read_ManyPods_KeepsAtMostTheLimit()
    {
        var text = PodJson.List("1", Enumerable.Range(0, PodList.MaxPods + 10).Select(i => PodJson.Pod("p", $"u{i}")));
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var list = await PodList.ReadAsync(stream, TestContext.Current.CancellationToken);
        Assert.Equal(PodList.MaxPods, list.Pods.Count);
        Assert.Equal(10, list.Skipped);
    }

    /// <summary>Whatever the bytes: a list, or one of the two documented exceptions.</summary>
    [Fact]
    public async Task Read_MutatedLists_NeverThrowAnythingElse()
    {
        var seed = Encoding.UTF8.GetBytes($$"""{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{{PodParserTests.Fixture("web.json")}},{{PodParserTests.Fixture("static.json")}}]}""");
        var random = new Random(20261121);
        var (lists, refused) = (0, 0);
        for (var round = 0; round < RandomCases.Of(4000); round++)
        {
            using var stream = new MemoryStream(Mutate(seed, random));
            try
            {
                await PodList.ReadAsync(stream, TestContext.Current.CancellationToken);
                lists++;
            }
            catch (Exception exception) when (exception is JsonException or EndOfStreamException)
            {
                refused++;
            }
        }

        Assert.True(lists > RandomCases.Of(100) && refused > RandomCases.Of(100), $"{lists} lists, {refused} refused: the mutations are too mild or too wild");
    }

    [Fact]
    public void Parse_MutatedFrames_NeverThrowAnythingElse()
    {
        var seed = Encoding.UTF8.GetBytes($$"""{"type":"MODIFIED","object":{{PodParserTests.Fixture("web.json")}}}""");
        var random = new Random(42);
        var parsed = 0;
        for (var round = 0; round < RandomCases.Of(4000); round++)
        {
            try
            {
                WatchEvent.Parse(Mutate(seed, random));
                parsed++;
            }
            catch (JsonException)
            {
                // The documented one.
            }
        }

        Assert.InRange(parsed, RandomCases.Of(100), RandomCases.Of(3999));
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = (byte[])seed.Clone();
        ReadOnlySpan<byte> interesting = "{}[]\",:\\0-9eE\0\xff u"u8;
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = interesting[random.Next(interesting.Length)];
                    break;
                case 2:
                    bytes = random.Next(8) == 0 ? bytes[..Math.Max(1, at)] : bytes;
                    break;
                default:
                    var from = random.Next(bytes.Length);
                    var length = Math.Min(random.Next(64), bytes.Length - Math.Max(at, from));
                    bytes.AsSpan(from, length).CopyTo(bytes.AsSpan(at));
                    break;
            }
        }

        return bytes;
    }

    private static List<byte[]> Frames(JsonFramer framer, byte[] bytes)
    {
        ReadOnlySpan<byte> input = bytes;
        var frames = new List<byte[]>();
        while (framer.Read(ref input) == JsonFrameResult.Frame)
        {
            frames.Add(framer.Frame.ToArray());
        }

        return frames;
    }
}
