using System.Collections.Concurrent;

namespace Agent.EndToEndTests.Images;

/// <summary>Image archives, each written once for all nodes of a test run.</summary>
public sealed class ImageStore : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-images-");
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _archives = new(StringComparer.Ordinal);

    /// <summary>The path of the archive that holds an image; the first who asks has it written to the path that <paramref name="save"/> is given.</summary>
    public Task<string> GetAsync(string name, Func<string, Task> save) => _archives.GetOrAdd(name, _ => new(() => WriteAsync(save))).Value;

    public void Dispose() => _directory.Delete(recursive: true);

    private async Task<string> WriteAsync(Func<string, Task> save)
    {
        var path = Path.Combine(_directory.FullName, $"{Guid.NewGuid():N}.tar");
        await save(path);
        return path;
    }
}
