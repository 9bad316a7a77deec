namespace Agent.Configuration;

/// <summary>
/// A file whose content is compared now and then. ConfigMaps and Secrets change by swapping symbolic links, which change
/// notifications miss; the files are small, so that reading them is simpler and always right.
/// </summary>
internal sealed class WatchedFile(string path)
{
    /// <summary>Bigger than any configuration, key or chain.</summary>
    private const int MaxBytes = 1024 * 1024;

    private byte[] _last = [];

    public string Path => path;

    /// <summary>Reads it. Returns whether it differs from the last time; a file that is missing now is no change.</summary>
    /// <exception cref="IOException">It cannot be read, or is too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public bool Read(out byte[] content)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            copy.Write(buffer, 0, count);
            if (copy.Length > MaxBytes)
            {
                throw new IOException($"{path} is larger than {MaxBytes} bytes");
            }
        }

        content = copy.ToArray();
        var changed = !content.AsSpan().SequenceEqual(_last);
        _last = content;
        return changed;
    }
}
