using System.Security.Cryptography;
using System.Text;
using Agent.Configuration;

namespace Agent.Reporting;

/// <summary>
/// What an agent says of a report in the headers of its answer, whatever the format: enough for <c>closewatch report</c> to tell whether it
/// is the report that it would have made itself, of this machine and by these settings, and what to exit with.
/// </summary>
/// <param name="Schema">The schema of the JSON report.</param>
/// <param name="BootId">The boot id of the machine that was scanned.</param>
/// <param name="Settings">See <see cref="SettingsOf"/>.</param>
/// <param name="Readable">Whether the agent could read what a report is for.</param>
/// <param name="Verdict">ok, info, warning or critical, of what the answer shows.</param>
internal sealed record AgentSignature(string Schema, string BootId, string Settings, bool Readable, string Verdict)
{
    private const string SchemaHeader = "Closewatch-Schema";
    private const string BootIdHeader = "Closewatch-Boot-Id";
    private const string SettingsHeader = "Closewatch-Settings";
    private const string ReadableHeader = "Closewatch-Readable";
    private const string VerdictHeader = "Closewatch-Verdict";

    private static readonly string[] s_sections =
        [nameof(AgentOptions.Collection), nameof(AgentOptions.Pods), nameof(AgentOptions.Diagnosis)];

    /// <summary>
    /// A digest of each section that decides what a report says, in the order of their names: two
    /// programs can compare them without showing them.
    /// </summary>
    public static string SettingsOf(AgentOptions options)
    {
        var (collection, pods) = options.Reading;
        return string.Join(' ', Digest(collection.ToString()), Digest(pods.ToString()), Digest(options.Diagnosis.ToString()));
    }

    /// <summary>The sections in which two agents' settings differ.</summary>
    public static string Differences(string mine, string theirs) =>
        string.Join(
            ", ",
            s_sections.Zip(mine.Split(' '), theirs.Split(' '))
                .Where(static section => section.Second != section.Third)
                .Select(static section => section.First));

    /// <summary>What and whose an answer is, where it is no report.</summary>
    public static void WriteOrigin(IHeaderDictionary headers, string schema, string bootId)
    {
        headers[SchemaHeader] = schema;
        headers[BootIdHeader] = bootId;
    }

    /// <summary>What and whose an answer is; null when it is not from an agent.</summary>
    public static (string Schema, string BootId)? ReadOrigin(HttpResponseMessage response) =>
        Header(response, SchemaHeader) is { } schema && Header(response, BootIdHeader) is { } bootId ? (schema, bootId) : null;

    public void Write(IHeaderDictionary headers)
    {
        WriteOrigin(headers, Schema, BootId);
        headers[SettingsHeader] = Settings;
        headers[ReadableHeader] = Readable ? "true" : "false";
        headers[VerdictHeader] = Verdict;
    }

    /// <summary>Null when the answer is not from an agent.</summary>
    public static AgentSignature? Read(HttpResponseMessage response)
    {
        return ReadOrigin(response) is var (schema, bootId)
            && Header(response, SettingsHeader) is { } settings
            && bool.TryParse(Header(response, ReadableHeader), out var readable)
            && Header(response, VerdictHeader) is { } verdict
                ? new(schema, bootId, settings, readable, verdict)
                : null;
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) && values.ToArray() is [var value] ? value : null;

    private static string Digest(string settings) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings)).AsSpan(0, 8));
}
