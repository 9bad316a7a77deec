using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Agent.EndToEndTests.Images;

/// <summary>
/// A container image of one layer made from files of this machine, written as a docker-archive, which containerd imports
/// without a registry.
/// </summary>
public sealed class ImageBuilder(string name)
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode OwnerWrites = UnixFileMode.UserWrite;

    // By path without the leading slash; ordinal order puts a directory before what is in it.
    private readonly SortedDictionary<string, TarEntry> _entries = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public IReadOnlyList<string> Environment { get; init; } = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

    /// <summary>Adds a program and the libraries that the dynamic linker loads for it, each at its own path.</summary>
    public Task<ImageBuilder> AddProgramAsync(string source, string target) =>
        AddFile(source, target, executable: true).AddLibrariesOfAsync(source);

    /// <summary>Adds the libraries that the dynamic linker loads for a program or library; none for a static program.</summary>
    public async Task<ImageBuilder> AddLibrariesOfAsync(string source)
    {
        var libraries = await Command.RunAsync(["ldd", source]);
        foreach (var library in libraries.Lines.SelectMany(line => line.Split(' ', '\t')).Where(word => word.StartsWith('/')))
        {
            AddFile(library, library, executable: true);
        }

        return this;
    }

    public ImageBuilder AddFile(string source, string target, bool executable = false) =>
        AddBytes(File.ReadAllBytes(source), target, executable);

    public ImageBuilder AddText(string text, string target, bool executable = false) =>
        AddBytes(Encoding.UTF8.GetBytes(text), target, executable);

    public ImageBuilder AddLink(string path, string to)
    {
        Add(new PaxTarEntry(TarEntryType.SymbolicLink, path.TrimStart('/')) { LinkName = to });
        return this;
    }

    /// <summary>A directory that everybody may write to.</summary>
    public ImageBuilder AddDirectory(string path)
    {
        Add(new PaxTarEntry(TarEntryType.Directory, path.Trim('/') + "/") { Mode = (UnixFileMode)0b001_111_111_111 });
        return this;
    }

    /// <summary>Writes the archive, with any number of images.</summary>
    public static void Save(string path, params IReadOnlyList<ImageBuilder> images)
    {
        using var stream = File.Create(path);
        using var archive = new TarWriter(stream);
        var manifest = new List<object>();
        for (var i = 0; i < images.Count; i++)
        {
            using var layer = images[i].Layer();
            var config = images[i].Config(SHA256.HashData(layer));
            layer.Position = 0;
            archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"layer{i}.tar") { DataStream = layer });
            WriteFile(archive, $"config{i}.json", config);
            manifest.Add(new { Config = $"config{i}.json", RepoTags = new[] { images[i].Name }, Layers = new[] { $"layer{i}.tar" } });
        }

        WriteFile(archive, "manifest.json", JsonSerializer.SerializeToUtf8Bytes(manifest));
    }

    private static void WriteFile(TarWriter archive, string name, byte[] content) =>
        archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });

    private MemoryStream Layer()
    {
        var stream = new MemoryStream();
        using (var layer = new TarWriter(stream, leaveOpen: true))
        {
            foreach (var entry in _entries.Values)
            {
                layer.WriteEntry(entry);
            }
        }

        stream.Position = 0;
        return stream;
    }

    private byte[] Config(byte[] layerDigest) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
        os = "linux",
        config = new { Env = Environment, Entrypoint },
        rootfs = new { type = "layers", diff_ids = new[] { "sha256:" + Convert.ToHexStringLower(layerDigest) } },
    });

    private ImageBuilder AddBytes(byte[] content, string target, bool executable)
    {
        Add(new PaxTarEntry(TarEntryType.RegularFile, target.TrimStart('/'))
        {
            DataStream = new MemoryStream(content),
            Mode = OwnerWrites | (executable ? Executable : Readable),
        });
        return this;
    }

    private void Add(TarEntry entry)
    {
        for (var slash = entry.Name.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = entry.Name.IndexOf('/', slash + 1))
        {
            _entries.TryAdd(entry.Name[..(slash + 1)], new PaxTarEntry(TarEntryType.Directory, entry.Name[..(slash + 1)]) { Mode = OwnerWrites | Executable });
        }

        _entries[entry.Name] = entry;
    }
}
