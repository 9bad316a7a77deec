using Agent.Core.Attribution;
using Agent.Core.Model;

namespace Agent.Sources;

/// <summary>
/// The pods' names by uid, from the directories that the kubelet makes for their logs: known without any API, also while the
/// control plane is down.
/// </summary>
internal sealed class PodNames(string logRoot, TimeProvider time)
{
    /// <summary>A directory made in the same tick of the file system's clock as the listing would be missed for good.</summary>
    private static readonly TimeSpan s_clockTick = TimeSpan.FromSeconds(1);

    private Dictionary<string, (string Namespace, string Name)> _names = [];
    private DateTime _readAt;

    /// <summary>Names as of the last <see cref="Refresh"/>.</summary>
    public IReadOnlyDictionary<string, (string Namespace, string Name)> ByUid => _names;

    /// <summary>Lists the directory again when it has changed.</summary>
    /// <returns>Why it cannot be read; empty when it can.</returns>
    public string Refresh()
    {
        try
        {
            var changedAt = Directory.GetLastWriteTimeUtc(logRoot);
            if (changedAt == _readAt)
            {
                return "";
            }

            var names = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
            foreach (var directory in Directory.EnumerateDirectories(logRoot))
            {
                if (PodLogDirectoryName.TryParse(Path.GetFileName(directory.AsSpan()), out var name) && name is not null)
                {
                    names[name.Uid] = (name.Namespace, name.Name);
                }
            }

            _names = names;
            _readAt = time.GetUtcNow() - changedAt > s_clockTick ? changedAt : default;
            return "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _names = [];
            _readAt = default;
            return $"{logRoot}: {(exception is DirectoryNotFoundException ? "does not exist" : exception.Message)}";
        }
    }

    /// <summary>How the names fared.</summary>
    public static SourceReport Report(SourceClock clock, IReadOnlyCollection<Owner> owners, string refusal, SourceProblem conflicts)
    {
        var pods = owners.Count(static owner => owner.Identity.Kind == PodKind.Pod);
        var unnamed = owners.Count(static owner => owner.Identity is { Kind: PodKind.Pod, Namespace.Length: 0 });
        var why = refusal.Length > 0 ? $" ({refusal}; mount it read-only)" : "";
        var problem = unnamed == 0
            ? SourceProblem.None
            : new($"{unnamed} of {pods} pods are known by their uid only{why}", SourceNeeds.PodNames);
        return clock.Read("cgroup", problem.And(conflicts), pods);
    }
}
