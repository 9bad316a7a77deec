using System.Security.Cryptography;
using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>What deploy/release/make-release makes, with a script in the program's place: publishing takes a minute, and is tested with the image.</summary>
public sealed class ReleaseTests : IAsyncLifetime
{
    private const string Version = "9.8.7-rc.1";
    private const string Package = "closewatch_9.8.7~rc.1_amd64.deb";

    private static readonly string s_script = Repository.PathOf("deploy/release/make-release");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-release-");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(PathOf("programs/linux-x64"));
        File.WriteAllText(PathOf("programs/linux-x64/closewatch"), "#!/bin/sh\necho the program\n");
        Directory.CreateDirectory(PathOf("programs/portable"));
        File.WriteAllText(PathOf("programs/portable/closewatch.dll"), "the library");
        File.WriteAllText(PathOf("programs/portable/closewatch.runtimeconfig.json"), "{}");
        (await MakeAsync("first", umask: "022", timeZone: "UTC")).Checked();
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Scripts_Shellcheck_AreClean() => (await Command.RunAsync(
        ["shellcheck", s_script, .. Paths("deploy/linux/make-deb", "deploy/linux/debian/postinst", "deploy/linux/debian/prerm", "deploy/linux/debian/postrm", "deploy/apply", "deploy/release/portable")])).Checked();

    [Fact]
    public async Task Release_MadeAgainElsewhere_IsTheSameBytes()
    {
        (await MakeAsync("again/elsewhere", umask: "077", timeZone: "Asia/Tokyo")).Checked();

        (await Command.RunAsync(["diff", "-r", PathOf("first"), PathOf("again/elsewhere")])).Checked();
    }

    [Fact]
    public async Task Release_Files_AreAllThereWithTheirSums()
    {
        string[] expected =
        [
            "NOTES.md", "SHA256SUMS", $"closewatch-{Version}.spdx.json", $"closewatch-{Version}-linux-x64.tar.gz", $"closewatch-{Version}-portable.tar.gz", $"closewatch-{Version}.tgz", "closewatch.yaml", Package, $"kubectl-closewatch-{Version}.tar.gz",
        ];

        Assert.Equal(expected.Order(StringComparer.Ordinal), Directory.GetFiles(PathOf("first")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length - 1, File.ReadAllLines(PathOf("first/SHA256SUMS")).Length);
        (await Command.RunAsync(["sh", "-c", "cd \"$0\" && sha256sum --check --strict --quiet SHA256SUMS", PathOf("first")])).Checked();
        var archive = (await Command.RunAsync(["tar", "tf", PathOf($"first/closewatch-{Version}-linux-x64.tar.gz")])).Checked().Lines;
        Assert.Equal(
            ["", "CHANGELOG.md", "LICENSE", "README.md", "closewatch", "closewatch.service", "kubectl-closewatch"],
            archive.Select(static name => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]));
        var portable = (await Command.RunAsync(["tar", "tf", PathOf($"first/closewatch-{Version}-portable.tar.gz")])).Checked().Lines;
        Assert.Superset(
            new HashSet<string>([$"closewatch-{Version}-portable/closewatch", $"closewatch-{Version}-portable/lib/closewatch.dll"]), portable.ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public void Spdx_Document_NamesEveryPackageOfTheLockFileWithItsSum()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf($"first/closewatch-{Version}.spdx.json")));
        using var locked = JsonDocument.Parse(File.ReadAllBytes(Repository.PathOf("src/Agent/packages.lock.json")));
        var expected = locked.RootElement.At("dependencies", "net10.0").EnumerateObject()
            .Where(static package => package.Value.GetProperty("type").GetString() != "Project")
            .ToDictionary(
                static package => $"{package.Name} {package.Value.GetProperty("resolved").GetString()}",
                static package => Convert.ToHexStringLower(package.Value.GetProperty("contentHash").GetBytesFromBase64()));
        var packages = document.RootElement.GetProperty("packages").EnumerateArray().ToList();

        var described = packages.Skip(1).ToDictionary(
            static package => $"{package.GetProperty("name").GetString()} {package.GetProperty("versionInfo").GetString()}",
            static package => package.At("checksums", 0, "checksumValue").GetString());
        Assert.Equal("SPDX-2.3", document.RootElement.GetProperty("spdxVersion").GetString());
        Assert.Equal(Version, packages[0].GetProperty("versionInfo").GetString());
        Assert.Equal(expected, described!);
        Assert.All(packages, package => Assert.Contains(
            document.RootElement.GetProperty("relationships").EnumerateArray(),
            relation => relation.GetProperty("relatedSpdxElement").GetString() == package.GetProperty("SPDXID").GetString()));
        Assert.Contains(packages, static package => package.GetProperty("licenseDeclared").GetString() == "MIT");
    }

    [Fact]
    public async Task KrewManifest_NamesThePluginThatIsThere()
    {
        var manifest = Assert.Single(await Manifests.ParseAsync(File.ReadAllText(PathOf("first/closewatch.yaml"))));
        var platform = manifest.At("spec", "platforms", 0);
        var plugin = PathOf($"first/kubectl-closewatch-{Version}.tar.gz");

        Assert.Equal("Plugin", manifest.GetProperty("kind").GetString());
        Assert.Equal("v" + Version, manifest.At("spec", "version").GetString());
        Assert.EndsWith($"/v{Version}/{Path.GetFileName(plugin)}", platform.GetProperty("uri").GetString(), StringComparison.Ordinal);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(plugin))), platform.GetProperty("sha256").GetString());
        var packed = (await Command.RunAsync(["tar", "tf", plugin])).Checked().Lines.ToList();
        Assert.Equal(packed, platform.GetProperty("files").EnumerateArray().Select(static file => file.GetProperty("from").GetString()));
        Assert.Contains(platform.GetProperty("bin").GetString(), packed);
    }

    [Fact]
    public async Task Chart_Packed_IsCompleteAndOfTheVersion()
    {
        (await Command.RunAsync(["tar", "xf", PathOf($"first/closewatch-{Version}.tgz"), "-C", _directory.FullName])).Checked();

        var chart = Assert.Single(await Manifests.ParseAsync(File.ReadAllText(PathOf("closewatch/Chart.yaml"))));
        Assert.Equal([Version, Version], [chart.GetProperty("version").GetString()!, chart.GetProperty("appVersion").GetString()!]);
        (await Command.RunAsync(["diff", "-r", "--exclude", "Chart.yaml", Repository.PathOf("deploy/helm"), PathOf("closewatch")])).Checked();
        Assert.DoesNotContain(Directory.EnumerateFiles(PathOf("closewatch"), "*", SearchOption.AllDirectories), static file => File.ResolveLinkTarget(file, false) is not null);
    }

    [Fact]
    public async Task Package_InstalledAndPurged_LeavesNothing()
    {
        var root = PathOf("root");
        Directory.CreateDirectory(root + "/var/lib/dpkg/updates");
        Directory.CreateDirectory(root + "/var/lib/dpkg/info");
        File.WriteAllText(root + "/var/lib/dpkg/status", "");
        string[] dpkg = ["dpkg", "--root=" + root, "--force-script-chrootless", "--force-depends"];

        (await Command.RunAsync([.. dpkg, "--install", PathOf("first/" + Package)])).Checked();

        Assert.Equal("the program\n", (await Command.RunAsync([root + "/usr/bin/closewatch"])).Checked().Output);
        Assert.True(File.Exists(root + "/etc/closewatch/closewatch.json"));
        (await Command.RunAsync([Repository.Closewatch, "config", "--config", root + "/etc/closewatch/closewatch.json"])).Checked();
        await AssertUnitIsCleanAsync(root);

        Directory.CreateDirectory(root + "/var/lib/closewatch");
        (await Command.RunAsync([.. dpkg, "--purge", "closewatch"])).Checked();

        Assert.Equal([root + "/var"], Directory.EnumerateFileSystemEntries(root));
        Assert.False(Directory.Exists(root + "/var/lib/closewatch"));
    }

    [Theory]
    [InlineData("1.2", "'1.2' is no version")]
    [InlineData("", "'' is no version")]
    [InlineData("99.0.0", "CHANGELOG.md says nothing of 99.0.0")]
    public async Task Version_ThatCannotBeReleased_IsRefusedWithTheRemedy(string version, string why)
    {
        var result = await Command.RunAsync([s_script, version, PathOf("refused")], environment: Environment());

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathOf("refused")));
    }

    /// <summary>The unit with the program where the package was unpacked: systemd complains of one that is not there.</summary>
    private async Task AssertUnitIsCleanAsync(string root)
    {
        var unit = File.ReadAllText(root + "/usr/lib/systemd/system/closewatch.service");
        File.WriteAllText(PathOf("closewatch.service"), unit.Replace("ExecStart=/usr", $"ExecStart={root}/usr", StringComparison.Ordinal));

        var verified = (await Command.RunAsync(["systemd-analyze", "verify", PathOf("closewatch.service")])).Checked();

        Assert.Equal("", verified.Output + verified.Error);
    }

    private Task<CommandResult> MakeAsync(string target, string umask, string timeZone) => Command.RunAsync(
        ["bash", "-c", $"umask {umask}; exec \"$0\" \"$@\"", s_script, Version, PathOf(target)],
        environment: new Dictionary<string, string>(Environment()) { ["TZ"] = timeZone });

    private Dictionary<string, string> Environment() => new() { ["PROGRAMS"] = PathOf("programs"), ["RIDS"] = "linux-x64 portable" };

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private static IEnumerable<string> Paths(params string[] names) => names.Select(Repository.PathOf);
}
