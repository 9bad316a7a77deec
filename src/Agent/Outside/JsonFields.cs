using System.Globalization;
using System.Text.Json;

namespace Agent.Outside;

/// <summary>
/// Reading a field of an <see cref="OutsideJson"/> that may be absent, null or of another type than it should be: the answer is then
/// "unknown", never an exception.
/// </summary>
internal static class JsonFields
{
    /// <summary>The child of that name; undefined when this is no object or has none.</summary>
    public static JsonElement Child(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var child) ? child : default;

    /// <summary>The elements of the array of that name; none when there is no such array.</summary>
    public static JsonElement.ArrayEnumerator Items(this JsonElement element, string name)
    {
        var child = element.Child(name);
        return child.ValueKind == JsonValueKind.Array ? child.EnumerateArray() : default;
    }

    /// <summary>The members of the object of that name; none when there is no such object.</summary>
    public static JsonElement.ObjectEnumerator Members(this JsonElement element, string name)
    {
        var child = element.Child(name);
        return child.ValueKind == JsonValueKind.Object ? child.EnumerateObject() : default;
    }

    public static string? Text(this JsonElement element, string name) => element.Child(name).AsText();

    public static string? AsText(this JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    public static int? Number(this JsonElement element, string name)
    {
        var child = element.Child(name);
        return child.ValueKind == JsonValueKind.Number && child.TryGetInt32(out var number) ? number : null;
    }

    public static bool IsTrue(this JsonElement element, string name) => element.Child(name).ValueKind == JsonValueKind.True;

    /// <summary>A time of an age that clocks show: what is counted from it, in seconds of an int, is a time too.</summary>
    public static DateTimeOffset? Time(this JsonElement element, string name) =>
        DateTimeOffset.TryParse(element.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        && time.Year is >= 1970 and < 9000
            ? time
            : null;
}
