using System.Text.Json;

namespace Agent.Core.Reporting;

/// <summary>What is unknown is left out.</summary>
internal static class JsonWriterExtensions
{
    public static void WriteStringIfKnown(this Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>Leaves the member out when the value is unknown.</summary>
    public static void WriteBooleanIfKnown(this Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
    }

    public static void WriteNumberIfKnown(this Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }

    public static void WriteNumberIfKnown(this Utf8JsonWriter json, string name, ulong? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }

    /// <summary>Seconds to the millisecond.</summary>
    public static void WriteSeconds(this Utf8JsonWriter json, string name, TimeSpan? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, Math.Round(known.TotalSeconds, 3));
        }
    }

    public static void WriteStrings(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
