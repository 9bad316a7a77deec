using System.Collections.Immutable;
using System.Text.Json;
using Agent.Outside;

namespace Agent.Configuration;

/// <summary>Reads all sources into one list of entries, the ones that win last.</summary>
internal static class ConfigurationReader
{
    private const string EnvironmentPrefix = "CLOSEWATCH__";

    /// <param name="input">Where to read.</param>
    /// <param name="errors">Gets what cannot be read.</param>
    /// <param name="file">The file that was read, or is to be; null when there is none.</param>
    public static ImmutableArray<ConfigurationEntry> Read(ConfigurationInput input, List<ConfigurationError> errors, out string? file)
    {
        file = input.File ?? (File.Exists(input.DefaultFile) ? input.DefaultFile : null);
        return
        [
            .. NodeName(input),
            .. file is null ? [] : ReadFile(file, errors),
            .. Environment(input),
            .. Arguments(input, errors),
            .. input.Overrides,
        ];
    }

    private static IEnumerable<ConfigurationEntry> NodeName(ConfigurationInput input)
    {
        if (input.Environment.TryGetValue("NODE_NAME", out var name) && name.Length > 0)
        {
            yield return new("Pods:NodeName", name, "environment NODE_NAME");
        }
        else if (input.HostName.Length > 0)
        {
            yield return new("Pods:NodeName", input.HostName, "host name");
        }
    }

    private static List<ConfigurationEntry> ReadFile(string file, List<ConfigurationError> errors)
    {
        try
        {
            _ = new WatchedFile(file).Read(out var content);
            if (!OutsideJson.IsWhole(content))
            {
                errors.Add(new(
                    "configuration",
                    null,
                    $"file {file}",
                    "holds text that is none: bytes that are not UTF-8, or \\uD800 to \\uDFFF alone",
                    "correct it there"));
                return [];
            }

            using var stream = new MemoryStream(content, writable: false);
            var root = new ConfigurationBuilder().AddJsonStream(stream).Build();
            return root.AsEnumerable()
                .Where(entry => entry.Value is not null || !root.GetSection(entry.Key).GetChildren().Any())
                .Select(entry => new ConfigurationEntry(entry.Key, entry.Value, $"file {file}"))
                .OrderBy(static entry => entry.Name, StringComparer.OrdinalIgnoreCase)
                .ToList();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = e is FileNotFoundException or DirectoryNotFoundException ? "does not exist"
                : e is UnauthorizedAccessException ? "is a directory or may not be read"
                : $"cannot be read: {e.Message}";
            errors.Add(new("configuration", null, $"file {file}", reason, "give a readable JSON file with --config"));
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or JsonException)
        {
            // The provider wraps the parser's error, which says line and column.
            var detail = (e.InnerException as JsonException ?? e as JsonException)?.Message ?? e.Message;
            errors.Add(
                new(
                    "configuration",
                    null,
                    $"file {file}",
                    $"is not valid JSON: {detail.ReplaceLineEndings(" ").TrimEnd('.')}",
                    "correct it there"));
        }

        return [];
    }

    private static IEnumerable<ConfigurationEntry> Environment(ConfigurationInput input) =>
        input.Environment
            .Where(static pair => pair.Key.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            .OrderBy(static pair => pair.Key, StringComparer.Ordinal)
            .Select(static pair => new ConfigurationEntry(
                pair.Key[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal), pair.Value, $"environment {pair.Key}"));

    private static List<ConfigurationEntry> Arguments(ConfigurationInput input, List<ConfigurationError> errors)
    {
        var entries = new List<ConfigurationEntry>();
        foreach (var argument in input.Arguments)
        {
            var name = argument.TrimStart('-');
            var equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                errors.Add(new(name, null, "command line", "has no value", $"write --{name}=VALUE"));
                continue;
            }

            entries.Add(new(name[..equals], name[(equals + 1)..], "command line"));
        }

        return entries;
    }
}
