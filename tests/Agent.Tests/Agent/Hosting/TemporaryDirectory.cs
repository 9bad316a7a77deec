namespace Agent.Tests.Agent.Hosting;

/// <summary>A directory of one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-test-");

    /// <summary>Writes a file as ConfigMaps do: the new one takes the place of the old one at once.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(_directory.FullName, name);
        var temporary = path + ".new";
        File.WriteAllText(temporary, content);
        File.Move(temporary, path, overwrite: true);
        return path;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
