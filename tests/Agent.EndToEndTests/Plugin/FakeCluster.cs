namespace Agent.EndToEndTests.Plugin;

/// <summary>What the stand-in for kubectl answers, in a directory of its own; runs the plugin against it.</summary>
public sealed class FakeCluster : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-plugin-");

    public FakeCluster()
    {
        _directory.CreateSubdirectory("tmp");
        Write("agents", "closewatch agent-1 n1\nclosewatch agent-2 n2\n");
        Write("nodes", "n1\nn2\nn3\n");
        Write("pods/shop/cart", "shop Running n2");
        Write("pods/shop/waiting", "shop Pending ");
        Write("pods/default/web", "default Running n1");
    }

    /// <summary>The commands that were run in agents' containers, one a line.</summary>
    public string[] Ran => Read("ran");

    /// <summary>What was created, as it was sent.</summary>
    public string[] Created => Read("created");

    /// <summary>Pods that were deleted, one a line.</summary>
    public string[] Deleted => Read("deleted");

    /// <summary>How kubectl was called, one a line.</summary>
    public string[] Calls => Read("calls");

    public void Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void WriteReport(string agent, string verdict, int closeWait, int untracked, params string[] findings)
    {
        var objects = findings.Select(static id => $$"""{"id": "{{id}}", "severity": "warning", "title": "it says \"untracked\": 99"}""");
        Write(
            agent + ".json",
            $$$"""
            {
              "summary": {
                "causes": {
                  "critical": 0,
                  "warning": {{{findings.Length}}}
                }{{{(findings is [var worst, ..] ? $", \"worst\": \"{worst}\", \"doFirst\": \"of {worst}: say \\\"hello\\\"\"" : "")}}}
              },
              "pods": [
                {
                  "name": "a \"verdict\": \"ok\"",
                  "halfClosed": {"sockets": {"closeWait": {{{closeWait}}}, "finWait1": 0, "finWait2": 1}, "expiring": 2, "untracked": {{{untracked}}}}
                }
              ],
              "findings": [{{{string.Join(", ", objects)}}}],
              "verdict": "{{{verdict}}}"
            }
            """);
    }

    public Task<CommandResult> RunAsync(params string[] arguments) => RunInAsync(["/bin/sh"], arguments);

    /// <summary>Runs the plugin in a shell.</summary>
    public Task<CommandResult> RunInAsync(string[] shell, params string[] arguments) => Command.RunAsync(
        [.. shell, Repository.PathOf("deploy/plugin/kubectl-closewatch"), .. arguments],
        environment: new Dictionary<string, string>
        {
            ["KUBECTL"] = Repository.PathOf("tests/Agent.EndToEndTests/Plugin/fake-kubectl"),
            ["FAKE"] = _directory.FullName,
            ["TMPDIR"] = Path.Combine(_directory.FullName, "tmp"),
        });

    /// <summary>Temporary files that the plugin left behind.</summary>
    public IEnumerable<string> Leftovers => Directory.EnumerateFileSystemEntries(Path.Combine(_directory.FullName, "tmp"));

    public void Dispose() => _directory.Delete(recursive: true);

    private string[] Read(string name)
    {
        var path = Path.Combine(_directory.FullName, name);
        return File.Exists(path) ? File.ReadAllLines(path) : [];
    }
}
