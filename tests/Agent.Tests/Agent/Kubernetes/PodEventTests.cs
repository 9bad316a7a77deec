using System.Text;
using System.Text.Json;
using Agent.Kubernetes;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class PodEventTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 21, 3, 4, 5, 678, TimeSpan.FromHours(1));

    private static readonly PodEvent s_event = new("shop", "cart-0", "u-1", "half-closed-untracked", "it holds 7");

    [Fact]
    public void ToJson_IsAnEventOfThePod()
    {
        using var json = JsonDocument.Parse(s_event.ToJson("worker-1", s_now));
        var root = json.RootElement;
        Assert.Equal("v1 Event Warning HalfClosedUntracked", string.Join(' ', Texts(root, "apiVersion", "kind", "type", "reason")));
        Assert.Equal("v1 Pod shop cart-0 u-1", string.Join(' ', Texts(root.GetProperty("involvedObject"), "apiVersion", "kind", "namespace", "name", "uid")));
        Assert.Equal("closewatch worker-1", string.Join(' ', Texts(root.GetProperty("source"), "component", "host")));
        Assert.Equal("2026-11-21T02:04:05Z 2026-11-21T02:04:05Z it holds 7", string.Join(' ', Texts(root, "firstTimestamp", "lastTimestamp", "message")));
        Assert.Equal("shop", root.GetProperty("metadata").GetProperty("namespace").GetString());
        Assert.Equal(1, root.GetProperty("count").GetInt32());
        Assert.Equal("/api/v1/namespaces/shop/events", s_event.Path);
    }

    [Fact]
    public void ToJson_Name_IsAnotherForEachPodFindingAndTime()
    {
        string[] names =
        [
            Name(s_event, s_now), Name(s_event with { Uid = "u-2" }, s_now), Name(s_event with { FindingId = "close-wait-leak" }, s_now), Name(s_event, s_now.AddHours(1)),
        ];
        Assert.Equal(4, names.Distinct().Count());
        Assert.All(names, static name => Assert.Matches(@"^cart-0\.[0-9a-f]{16}$", name));
    }

    [Fact]
    public void ToJson_LongestNameOfAPod_StaysANameOfAnObject() =>
        Assert.Matches("^[a-z]([a-z0-9.-]{0,251}[a-z0-9])$", Name(s_event with { Name = new string('a', 219) + '.' + new string('b', 33) }, s_now));

    [Theory]
    [InlineData('x')]
    [InlineData('€')]
    public void ToJson_LongMessage_IsCutAtACharacterBelowTheApiServersLimit(char letter)
    {
        using var json = JsonDocument.Parse((s_event with { Message = new string(letter, 3000) }).ToJson("worker-1", s_now));
        var message = json.RootElement.GetProperty("message").GetString()!;
        Assert.InRange(Encoding.UTF8.GetByteCount(message), 1000, 1024);
        Assert.Equal(new string(letter, message.Length - 3) + "...", message);
    }

    private static string Name(PodEvent one, DateTimeOffset now)
    {
        using var json = JsonDocument.Parse(one.ToJson("worker-1", now));
        return json.RootElement.GetProperty("metadata").GetProperty("name").GetString()!;
    }

    private static IEnumerable<string?> Texts(JsonElement element, params string[] names) => names.Select(name => element.GetProperty(name).GetString());
}
