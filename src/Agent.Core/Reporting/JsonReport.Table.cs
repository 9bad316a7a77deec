using System.Text.Json;
using Agent.Core.Model;

namespace Agent.Core.Reporting;

/// <content>Who fills the host's conntrack table.</content>
public static partial class JsonReport
{
    private static void WriteTableUse(Utf8JsonWriter json, ReportView view, ConntrackSummary conntrack, FlowSummary flows)
    {
        var use = flows.Use;
        var options = view.Input.Options;
        json.WriteStartArray("topPods");
        foreach (var user in use.Users.Where(user => IsSelected(user.Identity)))
        {
            json.WriteStartObject();
            WriteOwner(json, user.Identity);
            json.WriteNumber("entries", user.Entries.Total);
            json.WriteNumber("share", Math.Round((double)user.Entries.Total / flows.Total, 4));
            WriteRate(json, user.Entries.PerSecond);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("topDestinations");
        foreach (var destination in use.Destinations.Where(destination => IsSelected(destination.Owner)))
        {
            json.WriteStartObject();
            WriteOwner(json, destination.Owner);
            json.WriteString("direction", destination.Received ? "received" : "originated");
            WritePlace(json, destination.Place);
            json.WriteNumber("entries", destination.Entries);
            json.WriteNumber("maxError", destination.Error);
            json.WriteNumber("established", destination.Established);
            json.WriteNumber("timeWait", destination.TimeWait);
            json.WriteNumber("unreplied", destination.Unreplied);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("largestDestinationNotListed", use.LargestMissing);
        if (!options.IsFiltered)
        {
            WriteShared(json, use);
            WriteZones(json, use);
            WriteGrowth(json, conntrack, use);
        }

        bool IsSelected(PodIdentity? owner) => owner is null ? !options.IsFiltered : options.Selects(owner);
    }

    private static void WriteShared(Utf8JsonWriter json, TableUse use)
    {
        json.WriteStartArray("topTranslatedDestinations");
        foreach (var shared in use.Translated)
        {
            json.WriteStartObject();
            json.WriteStringIfKnown("translatedTo", shared.TranslatedTo?.ToString());
            WritePlace(json, shared.Place);
            json.WriteNumber("entries", shared.Entries);
            json.WriteNumber("maxError", shared.Error);
            json.WriteStartArray("pods");
            foreach (var holder in shared.Holders)
            {
                json.WriteStartObject();
                WriteOwner(json, holder.Identity);
                json.WriteNumber("entries", holder.Entries);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteZones(Utf8JsonWriter json, TableUse use)
    {
        json.WriteStartArray("zones");
        foreach (var zone in use.Zones)
        {
            json.WriteStartObject();
            json.WriteNumber("zone", zone.Zone);
            json.WriteNumber("entries", zone.Entries);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (use.BeyondZones > 0)
        {
            json.WriteNumber("entriesInOtherZones", use.BeyondZones);
        }
    }

    private static void WriteGrowth(Utf8JsonWriter json, ConntrackSummary conntrack, TableUse use)
    {
        if (use.PerSecond is not null)
        {
            json.WriteStartObject("growth");
            WriteRate(json, use.PerSecond);
            json.WriteSeconds("fullInSecondsEstimate", conntrack.FullIn);
            json.WriteEndObject();
        }
    }

    private static void WriteEntriesOf(Utf8JsonWriter json, PodSnapshot pod)
    {
        if (pod.Entries is not { } entries)
        {
            return;
        }

        json.WriteStartObject("conntrackEntries");
        json.WriteNumber("total", entries.Total);
        json.WriteStartObject("byProtocol");
        for (var slot = 0; slot < EntryProtocols.Count; slot++)
        {
            if (entries.Of(slot) > 0)
            {
                json.WriteNumber(EntryProtocols.Names[slot], entries.Of(slot));
            }
        }

        json.WriteEndObject();
        json.WriteNumber("originated", entries.Originated);
        json.WriteNumber("received", entries.Received);
        json.WriteNumber("established", entries.Established);
        json.WriteNumber("timeWait", entries.TimeWait);
        json.WriteNumber("unreplied", entries.Unreplied);
        json.WriteNumber("dns", entries.Dns);
        WriteRate(json, entries.PerSecond);
        json.WriteEndObject();
    }

    private static void WriteRate(Utf8JsonWriter json, double? perSecond)
    {
        if (perSecond is { } rate)
        {
            json.WriteNumber("entriesPerSecond", Math.Round(rate, 3));
        }
    }

    private static void WriteOwner(Utf8JsonWriter json, PodIdentity? owner)
    {
        json.WriteString("namespace", owner?.Namespace ?? "");
        json.WriteString("pod", owner?.Name ?? TableUse.NobodyName);
    }

    private static void WritePlace(Utf8JsonWriter json, TablePlace place)
    {
        json.WriteString("protocol", place.Protocol);
        json.WriteString("destination", place.Destination);
        json.WriteString("destinationKind", place.KindName);
        json.WriteStringIfKnown("destinationName", place.Target?.DisplayName);
    }
}
