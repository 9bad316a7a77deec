using System.Formats.Tar;
using System.IO.Compression;
using Agent.Capture;
using Xunit;

namespace Agent.Tests.Agent.Capture;

public sealed class CaptureArchiveTests : IDisposable
{
    private static readonly DateTimeOffset s_time = new(2026, 11, 21, 14, 2, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(3_000_000)]
    public void TryAddFile_AnyLength_IsCopiedByteForByte(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var path = Path.Combine(_directory.FullName, "file");
        File.WriteAllBytes(path, bytes);

        var entries = Archive(archive => Assert.True(archive.TryAddFile("42/stat", path, CancellationToken.None)));

        var (entry, content) = Assert.Single(entries);
        Assert.Equal("node/42/stat", entry.Name);
        Assert.Equal(s_time, entry.ModificationTime);
        Assert.Equal(bytes, content);
    }

    /// <summary>The kernel says 0 for every file of /proc, whatever it holds.</summary>
    [Fact]
    public void TryAddFile_FileOfProc_HasWhatCatShows()
    {
        Assert.Equal(0, new FileInfo("/proc/version").Length);

        var entries = Archive(static archive => Assert.True(archive.TryAddFile("version", "/proc/version", CancellationToken.None)));

        Assert.Equal(File.ReadAllBytes("/proc/version"), Assert.Single(entries).Content);
    }

    [Fact]
    public void TryAddFile_NoSuchFile_IsLeftOutWithoutAWord()
    {
        var entries = Archive(archive =>
        {
            Assert.False(archive.TryAddFile("x", Path.Combine(_directory.FullName, "absent"), CancellationToken.None));
            Assert.Empty(archive.Refusals);
            Assert.Equal(0, archive.Files);
        });

        Assert.Empty(entries);
    }

    [Fact]
    public void TryAddFile_MayNotBeRead_IsNoted()
    {
        // A directory opens and does not read, for root too.
        var entries = Archive(archive =>
        {
            Assert.False(archive.TryAddFile("x", _directory.FullName, CancellationToken.None));
            Assert.Contains("EISDIR", Assert.Single(archive.Refusals), StringComparison.Ordinal);
        });

        Assert.Empty(entries);
    }

    [Fact]
    public void AddLink_Target_IsKept()
    {
        var (entry, _) = Assert.Single(Archive(static archive => archive.AddLink("1/ns/net", "net:[4026531840]")));

        Assert.Equal((TarEntryType.SymbolicLink, "node/1/ns/net", "net:[4026531840]"), (entry.EntryType, entry.Name, entry.LinkName));
    }

    private static List<(TarEntry Entry, byte[] Content)> Archive(Action<CaptureArchive> write)
    {
        using var output = new MemoryStream();
        using (var archive = new CaptureArchive(output, "node", s_time))
        {
            write(archive);
        }

        if (output.Length == 0)
        {
            return [];
        }

        output.Position = 0;
        using var reader = new TarReader(new GZipStream(output, CompressionMode.Decompress));
        var entries = new List<(TarEntry, byte[])>();
        while (reader.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            entries.Add((entry, content.ToArray()));
        }

        return entries;
    }
}
