using System.Text.Json;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The YAML files of deploy/, as JSON (by Debian's python3-yaml).</summary>
internal static class Manifests
{
    private const string ToJson = "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(sys.stdin) if d]))";

    /// <summary>The documents of a file, by its path below deploy/.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ReadAsync(string path) =>
        await ParseAsync(await File.ReadAllTextAsync(Path.Combine(Repository.PathOf("deploy"), path)));

    /// <summary>The documents of a YAML stream.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ParseAsync(string yaml)
    {
        var json = (await Command.RunAsync(["/usr/bin/python3", "-c", ToJson], input: yaml)).Checked();
        using var document = JsonDocument.Parse(json.Output);
        return [.. document.RootElement.EnumerateArray().Select(element => element.Clone())];
    }

    /// <summary>What <c>kubectl apply -k</c> would apply, or null where there is no kubectl of this decade.</summary>
    public static Task<IReadOnlyList<JsonElement>?> BuildAsync(string folder) => BuildPathAsync(Repository.PathOf("deploy/" + folder));

    private static async Task<IReadOnlyList<JsonElement>?> BuildPathAsync(string path)
    {
        var version = await Command.RunAsync(["sh", "-c", "kubectl version --client 2>/dev/null | grep -q 'Kustomize Version: v[5-9]'"]);
        return version.ExitCode == 0 ? await ParseAsync((await Command.RunAsync(["kubectl", "kustomize", path])).Checked().Output) : null;
    }

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
