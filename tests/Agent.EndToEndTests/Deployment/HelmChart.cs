using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>Renders deploy/helm by helm/render.go, which is built once, with Debian's Go and sprig.</summary>
public sealed class HelmChart : IAsyncLifetime
{
    private static readonly string s_source = Repository.PathOf("tests/Agent.EndToEndTests/Deployment/helm/render.go");
    private static readonly TimeSpan s_buildTimeout = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-helm-");

    private string Renderer => Path.Combine(_directory.FullName, "render");

    public async ValueTask InitializeAsync()
    {
        var environment = new Dictionary<string, string>
        {
            ["GO111MODULE"] = "off",
            ["GOPATH"] = "/usr/share/gocode",
            ["GOCACHE"] = Path.Combine(_directory.FullName, "cache"),
        };
        (await Command.RunAsync(["go", "build", "-o", Renderer, s_source], timeout: s_buildTimeout, environment: environment)).Checked();
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>The objects of the chart with values (YAML), in namespace closewatch unless told otherwise.</summary>
    public async Task<IReadOnlyList<JsonElement>> RenderAsync(string values, string release = "closewatch", string releaseNamespace = "closewatch") =>
        await Manifests.ParseAsync((await RunAsync(values, release, releaseNamespace)).Checked().Output);

    /// <summary>The same as text: objects on standard output, the notes on standard error.</summary>
    public Task<CommandResult> RunAsync(string values, string release = "closewatch", string releaseNamespace = "closewatch") =>
        Command.RunAsync([Renderer, Repository.PathOf("deploy/helm"), release, releaseNamespace], input: values);
}
