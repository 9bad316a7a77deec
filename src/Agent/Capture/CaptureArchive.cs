using System.Formats.Tar;
using System.IO.Compression;
using Agent.Kernel;
using Agent.Kernel.ProcFs;

namespace Agent.Capture;

/// <summary>
/// A tar.gz of files of /proc, in one directory. They have no size of their own there, so they are read before they are named.
/// </summary>
/// <param name="output">Receives the archive; it stays open.</param>
/// <param name="directory">The directory that everything is in.</param>
/// <param name="time">When the files were read.</param>
internal sealed class CaptureArchive(Stream output, string directory, DateTimeOffset time) : IDisposable
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TarWriter _tar =
        new(new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true), TarEntryFormat.Ustar, leaveOpen: false);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<string> _refusals = [];

    /// <summary>Files so far, links not counted.</summary>
    public int Files { get; private set; }

    /// <summary>Why files are missing that are there.</summary>
    public IReadOnlyList<string> Refusals => _refusals;

    /// <summary>Copies a file.</summary>
    /// <param name="name">Its name in the archive.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="cancellationToken">Ends the copying between two reads.</param>
    /// <returns>False when it is not there, or may not be read.</returns>
    public bool TryAddFile(string name, string path, CancellationToken cancellationToken)
    {
        using var spool = new CompressedSpool();
        try
        {
            using var file = ProcFile.Open(path);
            int count;
            while ((count = ProcFile.Read(file, _buffer, path)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                spool.Write(_buffer.AsSpan(0, count));
            }
        }
        catch (KernelException exception)
        {
            if (!exception.IsGone)
            {
                _refusals.Add(exception.Message);
            }

            return false;
        }

        using var content = spool.ToReader();
        _tar.WriteEntry(
            new UstarTarEntry(TarEntryType.RegularFile, Name(name)) { DataStream = content, Mode = FileMode, ModificationTime = time });
        Files++;
        return true;
    }

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string name, string target) =>
        _tar.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, Name(name)) { LinkName = target, ModificationTime = time });

    public void Dispose() => _tar.Dispose();

    private string Name(string name) => $"{directory}/{name}";
}
