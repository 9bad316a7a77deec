using System.Text;
using System.Text.Json;
using Agent.Outside;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Outside;

public sealed class OutsideJsonTests
{
    [Theory]
    [InlineData("""["\ud800"]""", "[\"\ufffd\"]")]
    [InlineData("""["a\udc00b"]""", "[\"a\ufffdb\"]")]
    [InlineData("""["\ud83d\ude00"]""", "[\"😀\"]")]
    [InlineData("""["\ud83d\ud83d\ude00\ude00"]""", "[\"\ufffd😀\ufffd\"]")]
    [InlineData("""["\\ud800"]""", """["\\ud800"]""")]
    [InlineData("""["\\\ud800"]""", "[\"\\\\\ufffd\"]")]
    [InlineData("""["\uD800\u0041"]""", "[\"\ufffdA\"]")]
    [InlineData("""{"k\ud800":1}""", "{\"k\ufffd\":1}")]
    public void Parse_HalfAPair_IsTheReplacementCharacter(string json, string expected)
    {
        using var document = OutsideJson.Parse(Encoding.UTF8.GetBytes(json));
        using var wanted = JsonDocument.Parse(expected);
        Assert.True(JsonElement.DeepEquals(wanted.RootElement, document.RootElement), document.RootElement.GetRawText());
        Assert.Equal(json.Contains("\\ud83d\\ude00\"", StringComparison.Ordinal) || json.Contains("[\"\\\\ud800", StringComparison.Ordinal), OutsideJson.IsWhole(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void Parse_BytesThatAreNotUtf8_AreReplacementCharacters()
    {
        byte[] json = [.. "{\"a\":\""u8, 0xff, 0xc0, 0x80, .. "\"}"u8];
        using var document = OutsideJson.Parse(json);
        Assert.Equal("\ufffd\ufffd\ufffd", document.RootElement.GetProperty("a").GetString());
        Assert.False(OutsideJson.IsWhole(json));
    }

    [Fact]
    public void MakeWhole_TextThatIsText_IsNotCopied()
    {
        var json = Encoding.UTF8.GetBytes("""{"a":"\u00e9\n\"é\ud83d\ude00"}""");
        Assert.True(OutsideJson.IsWhole(json));
        Assert.True(OutsideJson.MakeWhole(json).Span == json);
    }

    /// <summary>Everything that can be asked of a document: names, values, members by name.</summary>
    [Fact]
    public void Parse_Hostile_ThrowsNothingAfterwards() => Hostile.Try(
        10_000,
        static random => Hostile.Json("""{"kind":"Pod","metadata":{"labels":{"a":"b","é":"\u0041"}},"list":[1,"two",{"three":null}]}""", random),
        static json =>
        {
            using var document = OutsideJson.Parse(json);
            Ask(document.RootElement);
        },
        static exception => exception is JsonException);

    private static void Ask(JsonElement element)
    {
        _ = element.AsText();
        _ = element.Text("kind");
        _ = element.Child("k\ufffd");
        _ = element.Time("metadata");
        _ = element.Number("metadata");
        foreach (var member in element.ValueKind == JsonValueKind.Object ? [.. element.EnumerateObject()] : Array.Empty<JsonProperty>())
        {
            _ = member.Name;
            Ask(member.Value);
        }

        foreach (var item in element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : Array.Empty<JsonElement>())
        {
            Ask(item);
        }
    }
}
