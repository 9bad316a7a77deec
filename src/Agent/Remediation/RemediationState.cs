using System.Text.Json;
using System.Text.Json.Serialization;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.Outside;

namespace Agent.Remediation;

/// <summary>
/// What the values were before this program wrote them, kept in a small file across restarts. Good for one boot: a new one
/// begins with the kernel's own values. A file that cannot be used costs only the memory of what was before.
/// </summary>
/// <param name="directory">Where it is kept.</param>
internal sealed class RemediationState(string directory)
{
    private const long MaxFileLength = 4 << 20;

    private readonly Dictionary<SysctlKey, WrittenValue> _values = [];
    private string _bootId = "";

    public string FilePath { get; } = Path.Combine(directory, "remediation.json");

    public IReadOnlyDictionary<SysctlKey, WrittenValue> Values => _values;

    /// <summary>Reads the file again: another process of this program may have written since.</summary>
    /// <param name="bootId">The boot that is running.</param>
    /// <returns>Why it could not be used; null when all is well, also without a file.</returns>
    public string? Load(string bootId)
    {
        _bootId = bootId;
        try
        {
            if (!File.Exists(FilePath))
            {
                return null;
            }

            if (new FileInfo(FilePath).Length > MaxFileLength)
            {
                return $"{FilePath} is too long";
            }

            var json = OutsideJson.MakeWhole(File.ReadAllBytes(FilePath));
            var document = JsonSerializer.Deserialize(json.Span, StateJson.Default.StateDocument);
            if (document?.Values is not { } values || document.BootId != bootId)
            {
                return null;
            }

            foreach (var value in values.Where(IsPlausible))
            {
                if (!_values.TryGetValue(value.Key, out var known) || known.WrittenAt < value.WrittenAt)
                {
                    _values[value.Key] = value;
                }
            }

            return null;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            return $"{FilePath}: {exception.Message}";
        }
    }

    /// <summary>Whether something changed since the file was written: one that could not be written is tried again.</summary>
    public bool IsDirty { get; private set; }

    public void Set(WrittenValue value)
    {
        _values[value.Key] = value;
        IsDirty = true;
    }

    public void Remove(SysctlKey key) => IsDirty |= _values.Remove(key);

    /// <summary>Replaces the file: whoever reads it finds the old or the new one whole, also after a crash.</summary>
    /// <returns>Why it could not be written; null when it was.</returns>
    public string? Save()
    {
        var temporary = FilePath + ".new";
        try
        {
            Directory.CreateDirectory(directory);
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                JsonSerializer.Serialize(
                    file, new StateDocument { BootId = _bootId, Values = [.. _values.Values] }, StateJson.Default.StateDocument);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, FilePath, overwrite: true);
            IsDirty = false;
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"{FilePath}: {exception.Message}";
        }
    }

    private static bool IsPlausible(WrittenValue? value) =>
        value is { Uid: not null, Sysctl: not null, Name: not null, Namespace: not null }
            && value.Scope is SysctlTarget.HostScope or SysctlTarget.PodScope
        && SysctlCatalog.Find(value.Sysctl) is { } sysctl
        && sysctl.Allows(value.Written)
        && value.Original is >= 0 and <= int.MaxValue;
}

/// <summary>A value that this program wrote.</summary>
internal sealed record WrittenValue
{
    public required string Scope { get; init; }

    /// <summary>Namespace of the pod; empty for the host.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the pod, or <c>host</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Uid of the pod; empty for the host.</summary>
    public required string Uid { get; init; }

    public required ulong NamespaceInode { get; init; }

    public required string Sysctl { get; init; }

    /// <summary>What was there when this program first wrote.</summary>
    public required long Original { get; init; }

    /// <summary>What this program wrote last.</summary>
    public required long Written { get; init; }

    public required DateTimeOffset WrittenAt { get; init; }

    [JsonIgnore]
    public SysctlKey Key => new(Scope, Uid, NamespaceInode, Sysctl);

    [JsonIgnore]
    public SysctlTarget Target => new(
        Scope == SysctlTarget.HostScope ? PodIdentity.Host : new PodIdentity(PodKind.Pod, Namespace, Name, Uid), NamespaceInode);
}

internal sealed record StateDocument
{
    public string Schema { get; init; } = "closewatch.remediation/v1";

    public string? BootId { get; init; }

    public WrittenValue[]? Values { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StateDocument))]
internal sealed partial class StateJson : JsonSerializerContext;
