using System.Collections.Immutable;
using System.Text.Json;
using Agent.Core.Remediation;
using Agent.Outside;

namespace Agent.Remediation;

/// <summary>
/// What kube-proxy's /configz says about conntrack. Releases differ: <c>conntrack.tcpCloseWaitTimeout</c>,
/// <c>Conntrack.TCPCloseWaitTimeout</c>, and the object is at the top or in <c>linux</c>; so names are found at any depth,
/// whatever their case.
/// </summary>
internal static class KubeProxyConfigz
{
    private const int MaxDepth = 8;

    private static readonly (string Field, string Sysctl)[] s_timeouts =
    [
        ("tcpCloseWaitTimeout", SysctlCatalog.CloseWait),
        ("tcpEstablishedTimeout", "nf_conntrack_tcp_timeout_established"),
        ("udpTimeout", "nf_conntrack_udp_timeout"),
        ("udpStreamTimeout", "nf_conntrack_udp_timeout_stream"),
    ];

    /// <summary>The values that it sets; zero and null mean that it leaves one alone.</summary>
    /// <returns>False when this is no such answer, or a value in it is not understood.</returns>
    public static bool TryParse(ReadOnlyMemory<byte> json, out ImmutableSortedDictionary<string, long> values)
    {
        values = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);
        try
        {
            using var document = OutsideJson.Parse(json);
            return Find(document.RootElement, "conntrack", MaxDepth) is { ValueKind: JsonValueKind.Object } conntrack
                && TryRead(conntrack, ref values);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryRead(JsonElement conntrack, ref ImmutableSortedDictionary<string, long> values)
    {
        foreach (var (field, sysctl) in s_timeouts)
        {
            if (Member(conntrack, field) is not { ValueKind: not JsonValueKind.Null } duration)
            {
                continue;
            }

            if (duration.AsText() is not { } text || !DurationValue.TryParseSeconds(text, out var seconds))
            {
                return false;
            }

            values = seconds > 0 ? values.Add(sysctl, seconds) : values;
        }

        if (Member(conntrack, "maxPerCore") is { ValueKind: JsonValueKind.Number } perCore
            && perCore.TryGetInt64(out var entries)
            && entries > 0)
        {
            var least = Member(conntrack, "min") is { ValueKind: JsonValueKind.Number } minimum && minimum.TryGetInt64(out var floor)
                ? floor
                : 0;
            values = values.Add(SysctlCatalog.TableLimit, Math.Max(entries, least));
        }

        if (Member(conntrack, "tcpBeLiberal") is { ValueKind: JsonValueKind.True })
        {
            values = values.Add("nf_conntrack_tcp_be_liberal", 1);
        }

        return true;
    }

    private static JsonElement? Find(JsonElement element, string name, int depth)
    {
        if (element.ValueKind != JsonValueKind.Object || depth == 0)
        {
            return null;
        }

        if (Member(element, name) is { } found)
        {
            return found;
        }

        foreach (var member in element.EnumerateObject())
        {
            if (Find(member.Value, name, depth - 1) is { } deeper)
            {
                return deeper;
            }
        }

        return null;
    }

    private static JsonElement? Member(JsonElement element, string name)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return member.Value;
            }
        }

        return null;
    }
}
