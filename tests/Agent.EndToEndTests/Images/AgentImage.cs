using System.Formats.Tar;
using System.Runtime.InteropServices;
using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Images;

/// <summary>
/// The image of the agent, built by <c>make image</c> in the node, where there is no network. The base images are
/// stand-ins: libraries of this machine, to which the build adds this machine's SDK and package folder as volumes.
/// </summary>
internal static class AgentImage
{
    public const string Name = "localhost/closewatch:e2e";

    public const string RuntimeImage = "localhost/runtime-deps:e2e";

    private const string SdkImage = "localhost/sdk:e2e";

    private static readonly TimeSpan s_buildTimeout = TimeSpan.FromMinutes(20);

    // /usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.0/
    private static readonly string s_dotnet = Path.GetFullPath(RuntimeEnvironment.GetRuntimeDirectory() + "../../..").TrimEnd('/');

    private static readonly string s_packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");

    // In the node's memory, so that nothing of it stays.
    private static readonly string[] s_buildah = ["buildah", "--root", "/run/node/buildah", "--runroot", "/run/node/buildah-run", "--storage-driver", "overlay"];

    /// <summary>What it is made of, beside its archive.</summary>
    public static string Spdx(string path) => path + ".spdx.json";

    /// <summary>Builds it in a node and writes it to an archive of this machine.</summary>
    public static async Task SaveAsync(PodNode node, string path)
    {
        await FetchPackagesAsync();
        ImageBuilder.Save($"{node.Root}/run/node/sdk.tar", await SdkAsync());
        ImageBuilder.Save($"{node.Root}/run/node/runtime-deps.tar", await AddRuntimeLibrariesAsync(new ImageBuilder(RuntimeImage)));
        foreach (var archive in (string[])["sdk", "runtime-deps"])
        {
            (await node.RunAsync([.. s_buildah, "pull", $"docker-archive:/run/node/{archive}.tar"])).Checked();
        }

        // --isolation chroot: the build needs no containers of its own, which not every machine allows. nice: the compiler takes
        // all the processors that it gets, while servers of other tests have to be in time, where these do not wait for it.
        (await node.RunAsync(
            s_buildTimeout,
            "nice",
            "-n",
            Repository.TestsTheImage ? "0" : "19",
            "make",
            "-C",
            Repository.Root,
            "image",
            $"BUILDER={string.Join(' ', s_buildah)}",
            $"BUILD_FLAGS=--isolation chroot -v {s_dotnet}:{s_dotnet}:ro -v {s_packages}:/root/.nuget/packages:O",
            $"SDK_IMAGE={SdkImage}",
            $"RUNTIME_IMAGE={RuntimeImage}",
            $"SPDX={Spdx(path)}",
            $"IMAGE={Name}")).Checked();
        (await node.RunAsync([.. s_buildah, "push", Name, $"docker-archive:{path}:{Name}"])).Checked();
    }

    /// <summary>Writes the program of a saved image to a file.</summary>
    public static async Task SaveProgramAsync(string archive, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var layers = new TarReader(File.OpenRead(archive));
        while (await layers.GetNextEntryAsync() is { } layer)
        {
            if (!layer.Name.EndsWith(".tar", StringComparison.Ordinal) || layer.DataStream is null)
            {
                continue;
            }

            await using var files = new TarReader(layer.DataStream);
            while (await files.GetNextEntryAsync() is { } file)
            {
                if (file.Name == "usr/local/bin/closewatch")
                {
                    await file.ExtractToFileAsync(path + ".new", overwrite: true);
                    File.Move(path + ".new", path, overwrite: true);
                    return;
                }
            }
        }

        throw new InvalidOperationException($"{archive} has no layer with usr/local/bin/closewatch");
    }

    /// <summary>So that the restore inside the build finds all it needs without a network.</summary>
    private static async Task FetchPackagesAsync()
    {
        var scratch = Directory.CreateTempSubdirectory("closewatch-e2e-");
        try
        {
            (await Command.RunAsync(
                ["dotnet", "restore", Repository.PathOf("src/Agent"), $"-p:RuntimeIdentifier={RuntimeInformation.RuntimeIdentifier}", "-p:RestoreLockedMode=true", "--artifacts-path", scratch.FullName],
                timeout: s_buildTimeout)).Checked();
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<ImageBuilder> SdkAsync()
    {
        var image = new ImageBuilder(SdkImage)
        {
            Environment = [$"PATH={s_dotnet}:/bin", "HOME=/root", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", "DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_NOLOGO=1"],
        };
        image.AddText("root:x:0:0:root:/root:/bin/sh\n", "/etc/passwd").AddDirectory("/root");
        return await AddRuntimeLibrariesAsync(await image.AddBusyboxAsync());
    }

    /// <summary>What .NET loads: by the dynamic linker, and OpenSSL by name.</summary>
    private static async Task<ImageBuilder> AddRuntimeLibrariesAsync(ImageBuilder image)
    {
        var known = (await Command.RunAsync(["ldconfig", "-p"])).Checked();
        var openSsl = known.Lines.Where(line => line.Contains("libssl.so.", StringComparison.Ordinal)).Select(line => line.Split(' ')[^1]).First();
        await image.AddProgramAsync(openSsl, openSsl);
        await image.AddLibrariesOfAsync(Path.Combine(s_dotnet, "dotnet"));
        return await image.AddLibrariesOfAsync(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libcoreclr.so"));
    }
}
