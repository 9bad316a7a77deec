using System.Collections.Concurrent;
using System.Text.Json;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The YAML files of deploy/, as JSON (by Debian's python3-yaml).</summary>
internal static class Manifests
{
    private static readonly Python s_toJson = new("import yaml", "[d for d in yaml.load_all(request, yaml.CSafeLoader) if d]");

    // Of the repository as it is, for all tests.
    private static readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<JsonElement>?>>> s_built = new(StringComparer.Ordinal);

    private static readonly Lazy<Task<bool>> s_hasKustomize = new(static async () =>
        (await Command.RunAsync(["sh", "-c", "kubectl version --client 2>/dev/null | grep -q 'Kustomize Version: v[5-9]'"])).ExitCode == 0);

    /// <summary>The documents of a file, by its path below deploy/.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ReadAsync(string path) =>
        await ParseAsync(await File.ReadAllTextAsync(Path.Combine(Repository.PathOf("deploy"), path)));

    /// <summary>The documents of a YAML stream.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ParseAsync(string yaml) => [.. (await s_toJson.AskAsync(yaml)).EnumerateArray()];

    /// <summary>What <c>kubectl apply -k</c> would apply, or null where there is no kubectl of this decade.</summary>
    public static Task<IReadOnlyList<JsonElement>?> BuildAsync(string folder) =>
        s_built.GetOrAdd(folder, static folder => new(() => BuildPathAsync(Repository.PathOf("deploy/" + folder)))).Value;

    private static async Task<IReadOnlyList<JsonElement>?> BuildPathAsync(string path) =>
        await s_hasKustomize.Value ? await ParseAsync((await Command.RunAsync(["kubectl", "kustomize", path])).Checked().Output) : null;

    /// <summary>The same for several folders of deploy/ with a component.</summary>
    public static async Task<IReadOnlyList<JsonElement>?> BuildWithAsync(string component, params string[] folders)
    {
        var scratch = Directory.CreateTempSubdirectory("closewatch-kustomize-");
        try
        {
            string Relative(string folder) => Path.GetRelativePath(scratch.FullName, Repository.PathOf("deploy/" + folder));
            await File.WriteAllTextAsync(
                Path.Combine(scratch.FullName, "kustomization.yaml"),
                $$"""
                apiVersion: kustomize.config.k8s.io/v1beta1
                kind: Kustomization
                resources: [{{string.Join(", ", folders.Select(Relative))}}]
                components: [{{Relative(component)}}]
                """);
            return await BuildPathAsync(scratch.FullName);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    public static JsonElement OfKind(this IEnumerable<JsonElement> documents, string kind) =>
        documents.Single(document => document.GetProperty("kind").GetString() == kind);

    /// <summary>The value at a path of property names and indices.</summary>
    public static JsonElement At(this JsonElement element, params IReadOnlyList<object> path) =>
        path.Aggregate(element, (at, step) => step is int index ? at[index] : at.GetProperty((string)step));

    public static IEnumerable<string?> Strings(this JsonElement element) => element.EnumerateArray().Select(item => item.GetString());
}
