using System.Text.Json;
using Agent.Core.Ends;
using Agent.Core.Model;

namespace Agent.Core.Reporting;

/// <content>How connections ended.</content>
public static partial class JsonReport
{
    private static void WriteConnectionEnds(Utf8JsonWriter json, Snapshot snapshot)
    {
        if (snapshot.ConnectionEnds is not { } heard)
        {
            return;
        }

        json.WriteStartObject("connectionEnds");
        json.WriteNumber("seen", heard.Seen);
        json.WriteNumber("missed", heard.Missed);
        json.WriteNumber("watchedShare", Math.Round(heard.WatchedShare, 4));
        json.WriteSeconds("watchedSeconds", heard.Watched);
        json.WriteEndObject();
    }

    private static void WriteEnds(Utf8JsonWriter json, PodSnapshot pod)
    {
        if (pod.Ends is not { } ends)
        {
            return;
        }

        json.WriteStartObject("ends");
        json.WriteSeconds("watchedSeconds", ends.Watched);
        WriteKinds(json, EndRole.Server, ends.Server);
        WriteKinds(json, EndRole.Client, ends.Client);
        json.WriteNumber("lossUnknown", ends.LossUnknown);
        json.WriteEndObject();

        json.WriteStartArray("idleCloses");
        foreach (var closes in ends.IdleCloses.Where(static closes => closes.Count > 0))
        {
            json.WriteStartObject();
            json.WriteNumber("port", closes.Port);
            json.WriteNumber("count", closes.Count);
            json.WriteSeconds("p50Seconds", closes.Median);
            json.WriteSeconds("p90Seconds", closes.Percentile90);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("requestsLost");
        foreach (var lost in ends.RequestsLost)
        {
            json.WriteStartObject();
            json.WriteString("role", EndNames.Of(lost.Role));
            json.WriteString("cause", EndNames.Of(lost.Cause));
            json.WriteNumber("port", lost.Port);
            json.WriteNumber("count", lost.Count);
            json.WriteString("lastAt", Time(lost.LastAt));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteKinds(Utf8JsonWriter json, EndRole role, EndCounts counts)
    {
        json.WriteStartObject(EndNames.Of(role));
        foreach (var kind in EndNames.Kinds)
        {
            json.WriteNumber(CamelCase(EndNames.Of(kind)), counts[kind]);
        }

        json.WriteEndObject();
    }
}
