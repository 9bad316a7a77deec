using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>What deploy/image/make-image asks a builder for, with a docker in its place that knows the digests of some images.</summary>
public sealed class ImageScriptTests : IDisposable
{
    private const string Digest = "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945";

    private static readonly string s_script = Repository.PathOf("deploy/image/make-image");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-image-");

    public ImageScriptTests()
    {
        File.WriteAllText(
            PathOf("docker"),
            $"""
            #!/bin/sh
            case "$*" in
              "buildx imagetools inspect"*unknown*) echo "not found" >&2; exit 1 ;;
              "buildx imagetools inspect"*nonsense*) echo "no digest at all" ;;
              "buildx imagetools inspect"*) echo {Digest} ;;
              build*) printf '%s\n' "$@" >>"$CALLS" ;;
            esac
            """);
        File.SetUnixFileMode(PathOf("docker"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Script_Shellcheck_IsClean() => (await Command.RunAsync(["shellcheck", s_script])).Checked();

    [Theory]
    [InlineData("registry.example:5000/sdk:10.0", "registry.example:5000/sdk@" + Digest)]
    [InlineData("registry.example:5000/sdk", "registry.example:5000/sdk@" + Digest)]
    [InlineData("registry.example/sdk@" + Digest, "registry.example/sdk@" + Digest)]
    [InlineData("registry.example/unknown:10.0", "registry.example/unknown:10.0")]
    [InlineData("registry.example/nonsense:10.0", "registry.example/nonsense:10.0")]
    public async Task BaseImages_ByWhateverName_AreTakenByDigestWhereItIsKnown(string name, string built)
    {
        var (result, arguments) = await BuildAsync(name, name);

        Assert.Contains("SDK_IMAGE=" + built, arguments);
        Assert.Contains("RUNTIME_IMAGE=" + built, arguments);
        Assert.Equal(!built.Contains('@', StringComparison.Ordinal), result.Error.Contains($"RUNTIME_IMAGE={name} is taken by its tag", StringComparison.Ordinal));
    }

    [Fact]
    public async Task BaseImages_Unset_AreTheDockerfiles()
    {
        var (_, arguments) = await BuildAsync("", "");

        Assert.Contains($"SDK_IMAGE=mcr.microsoft.com/dotnet/sdk@{Digest}", arguments);
        Assert.Contains("org.opencontainers.image.base.name=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled", arguments);
    }

    [Fact]
    public async Task Labels_OfAKnownBase_NameItAndTheCommit()
    {
        var (_, arguments) = await BuildAsync("registry.example/sdk:1", "registry.example/base:2");

        Assert.Equal(
            ["base.digest=" + Digest, "base.name=registry.example/base:2", "created=2001-09-09T01:46:40Z", "revision", "source=" + Homepage, "version=1.2.3"],
            Labels(arguments).Select(static label => label.StartsWith("revision=", StringComparison.Ordinal) ? "revision" : label).Order(StringComparer.Ordinal));
        Assert.Contains("VERSION=1.2.3", arguments);
        Assert.Equal(["--platform", "linux/arm64"], arguments.Skip(1).Take(2));
    }

    [Fact]
    public async Task Labels_OfAnUnknownDigest_AreLeftOut()
    {
        var (_, arguments) = await BuildAsync("registry.example/unknown:1", "registry.example/unknown:2");

        Assert.Contains("base.name=registry.example/unknown:2", Labels(arguments));
        Assert.DoesNotContain(Labels(arguments), static label => label.StartsWith("base.digest", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Spdx_OfTheImage_NamesBothBases()
    {
        await BuildAsync("registry.example:5000/sdk:1", "registry.example/unknown:2");

        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf("image.spdx.json")));
        var packages = document.RootElement.GetProperty("packages").EnumerateArray().ToDictionary(static package => package.GetProperty("SPDXID").GetString()!);
        Assert.Equal(Digest, packages["SPDXRef-image-sdk"].GetProperty("versionInfo").GetString());
        Assert.Equal(Digest[7..], packages["SPDXRef-image-sdk"].At("checksums", 0, "checksumValue").GetString());
        Assert.Equal("2", packages["SPDXRef-image-base"].GetProperty("versionInfo").GetString());
        Assert.False(packages["SPDXRef-image-base"].TryGetProperty("checksums", out _));
        Assert.Equal("1.2.3", packages["SPDXRef-closewatch"].GetProperty("versionInfo").GetString());
        Assert.All(packages.Keys, id => Assert.Contains(
            document.RootElement.GetProperty("relationships").EnumerateArray(),
            relation => relation.GetProperty("relatedSpdxElement").GetString() == id || relation.GetProperty("spdxElementId").GetString() == id));
    }

    private static string Homepage => File.ReadAllText(Repository.PathOf("deploy/release/homepage")).Trim();

    private static IEnumerable<string> Labels(IReadOnlyList<string> arguments) => arguments
        .Where(static argument => argument.StartsWith("org.opencontainers.image.", StringComparison.Ordinal))
        .Select(static argument => argument["org.opencontainers.image.".Length..]);

    private async Task<(CommandResult Result, IReadOnlyList<string> Arguments)> BuildAsync(string sdk, string runtime)
    {
        var result = (await Command.RunAsync([s_script, "registry.example/closewatch:1.0"], environment: new Dictionary<string, string>
        {
            ["BUILDER"] = PathOf("docker"),
            ["BUILD_FLAGS"] = "--platform linux/arm64",
            ["SDK_IMAGE"] = sdk,
            ["RUNTIME_IMAGE"] = runtime,
            ["VERSION"] = "1.2.3",
            ["SPDX"] = PathOf("image.spdx.json"),
            ["SOURCE_DATE_EPOCH"] = "1000000000",
            ["CALLS"] = PathOf("calls"),
            ["PATH"] = $"{_directory.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
        })).Checked();
        return (result, File.ReadAllLines(PathOf("calls")));
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);
}
