using System.Formats.Tar;
using System.IO.Compression;
using Xunit;

namespace Agent.Tests.Agent.Commands;

public sealed class CaptureCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Capture_ThisMachine_IsATreeThatAReportReads()
    {
        var command = new CommandLine();
        var file = Path.Combine(_directory.FullName, "node.tar.gz");

        Assert.Equal(0, await command.RunAsync("capture", file));

        Assert.Contains(" network namespaces; there: tar -xzf node.tar.gz && closewatch report --proc-root closewatch-", command.Error, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using (var archive = new GZipStream(File.OpenRead(file), CompressionMode.Decompress))
        {
            TarFile.ExtractToDirectory(archive, _directory.FullName, overwriteFiles: false);
        }

        var tree = Assert.Single(_directory.GetDirectories()).FullName;
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease"), File.ReadAllText(Path.Combine(tree, "sys/kernel/osrelease")));
        Assert.NotEmpty(File.ReadAllBytes(Path.Combine(tree, "net/tcp")));
        Assert.Equal(2, await new CommandLine().RunAsync("capture", "again.tar.gz", $"--Collection:ProcRoot={tree}"));
    }

    [Fact]
    public async Task Capture_StandardOutput_IsTheArchive()
    {
        using var output = new MemoryStream();
        var command = new CommandLine { BinaryOutput = output };

        Assert.Equal(0, await command.RunAsync("capture", "-"));

        Assert.Empty(command.Output);
        using var reader = new TarReader(new GZipStream(new MemoryStream(output.ToArray()), CompressionMode.Decompress));
        Assert.EndsWith("/uptime", reader.GetNextEntry()!.Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nonexistent/node.tar.gz", false, "/nonexistent/node.tar.gz could not be written: ")]
    [InlineData("-", true, "an archive is nothing for a terminal; ")]
    public async Task Capture_CannotBeWritten_SaysWhyInOneLine(string file, bool isTerminal, string expected)
    {
        var command = new CommandLine { IsTerminal = isTerminal };

        Assert.Equal(2, await command.RunAsync("capture", file));

        Assert.Contains(expected, command.Error, StringComparison.Ordinal);
        Assert.Single(command.Error.TrimEnd().Split('\n'));
    }
}
