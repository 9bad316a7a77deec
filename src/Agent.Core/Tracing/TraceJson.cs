using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Net;

namespace Agent.Core.Tracing;

/// <summary>
/// One object a line: what <c>closewatch trace -o json</c> prints, and what a running agent sends. An end, or a notice of ends that are not
/// shown. What is unknown is left out.
/// </summary>
public static class TraceJson
{
    private static readonly JsonWriterOptions s_options = new() { SkipValidation = true };

    /// <summary>Writes an end as a line.</summary>
    public static void Write(IBufferWriter<byte> output, in JudgedEnd end)
    {
        using (var json = new Utf8JsonWriter(output, s_options))
        {
            json.WriteStartObject();
            json.WriteString("time", end.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("namespace", end.Pod.Namespace);
            json.WriteString("pod", end.Pod.Name);
            json.WriteString("role", EndNames.Of(end.Role));
            json.WriteString("local", end.Tuple.Source.ToString(end.Tuple.SourcePort));
            json.WriteString("remote", end.Tuple.Destination.ToString(end.Tuple.DestinationPort));
            json.WriteString("end", EndNames.Of(end.Kind));
            json.WriteSeconds("idleSeconds", end.Idle);
            if (end.Loss is not (LossCause.None or LossCause.Unknown))
            {
                json.WriteString("lost", EndNames.Of(end.Loss));
            }

            WriteIfTrue(json, "maybeLost", end.Loss == LossCause.Unknown);
            WriteIfTrue(json, "correction", end.IsCorrection);
            json.WriteNumberIfKnown("sentBytes", end.SentBytes);
            json.WriteNumberIfKnown("receivedBytes", end.ReceivedBytes);
            json.WriteNumber("unreadBytes", end.UnreadBytes);
            json.WriteNumber("unacknowledgedBytes", end.UnacknowledgedBytes);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>Writes a notice as a line: <c>{"missed":3}</c>.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="notice">What is missing.</param>
    public static void Write(IBufferWriter<byte> output, TraceNotice notice)
    {
        using (var json = new Utf8JsonWriter(output, s_options))
        {
            json.WriteStartObject();
            json.WriteNumber("missed", notice.Missed);
            json.WriteNumber("skipped", notice.Skipped);
            if (notice.WatchedShare is { } share)
            {
                json.WriteNumber("watchedShare", share);
            }

            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>
    /// Reads a line that <see cref="Write(IBufferWriter{byte}, in JudgedEnd)"/> or the other one wrote. Unknown members are ignored.
    /// </summary>
    /// <param name="line">Without its line break. May be anything: whoever has the agent's port may send it.</param>
    /// <param name="end">The end; only with a null <paramref name="notice"/>.</param>
    /// <param name="notice">The notice; null for an end.</param>
    /// <returns>False when it is neither.</returns>
    public static bool TryParse(ReadOnlyMemory<byte> line, out JudgedEnd end, out TraceNotice? notice)
    {
        (end, notice) = (default, null);
        try
        {
            using var document = JsonDocument.Parse(line, new() { MaxDepth = 2 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            if (document.RootElement.TryGetProperty("missed", out var missed))
            {
                notice = new(
                    missed.GetInt64(),
                    Number(document.RootElement, "skipped") is { } skipped ? (long)skipped : 0,
                    document.RootElement.TryGetProperty("watchedShare", out var share) ? Math.Clamp(share.GetDouble(), 0, 1) : null);
                return true;
            }

            return TryRead(document.RootElement, out end);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static bool TryRead(JsonElement json, out JudgedEnd end)
    {
        end = default;
        if (Text(json, "pod") is not { } pod || Text(json, "namespace") is not { } space
            || !DateTimeOffset.TryParse(Text(json, "time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            || !TryParseEndpoint(Text(json, "local"), out var local, out var localPort)
            || !TryParseEndpoint(Text(json, "remote"), out var remote, out var remotePort)
            || !EndNames.TryParse(Text(json, "role"), out EndRole role)
            || !EndNames.TryParse(Text(json, "end"), out EndKind kind))
        {
            return false;
        }

        end = new()
        {
            At = time,
            Pod = new(space.Length > 0 ? PodKind.Pod : PodKind.Host, space, pod, ""),
            Role = role,
            Tuple = new(local, remote, localPort, remotePort),
            Kind = kind,
            Idle = json.TryGetProperty("idleSeconds", out var idle) ? TimeSpan.FromMilliseconds(Math.Round(idle.GetDouble() * 1000)) : null,
            Loss = EndNames.TryParse(Text(json, "lost"), out LossCause cause) ? cause
                : IsTrue(json, "maybeLost") ? LossCause.Unknown
                : LossCause.None,
            IsCorrection = IsTrue(json, "correction"),
            SentBytes = Number(json, "sentBytes"),
            ReceivedBytes = Number(json, "receivedBytes"),
            UnreadBytes = (uint)Math.Min(Number(json, "unreadBytes") ?? 0, uint.MaxValue),
            UnacknowledgedBytes = (uint)Math.Min(Number(json, "unacknowledgedBytes") ?? 0, uint.MaxValue),
        };
        return true;
    }

    private static bool TryParseEndpoint(string? text, out IpAddress address, out ushort port)
    {
        (address, port) = (default, 0);
        var colon = text?.LastIndexOf(':') ?? -1;
        return colon > 0
            && IpAddress.TryParse(text.AsSpan(0, colon).Trim("[]"), out address)
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static ulong? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetUInt64() : null;

    private static bool IsTrue(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static void WriteIfTrue(Utf8JsonWriter json, string name, bool value)
    {
        if (value)
        {
            json.WriteBoolean(name, true);
        }
    }
}
