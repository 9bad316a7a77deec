using System.Text;
using Agent.Tests.Testing;

namespace Agent.Tests.Fuzzing;

/// <summary>The inputs of a reader that were worth keeping, one a line, in base64: each ran something that those above it did not.</summary>
internal static class FuzzCorpus
{
    public static IReadOnlyList<byte[]> Read(string name) =>
        File.Exists(PathOf(name)) ? [.. File.ReadAllLines(PathOf(name)).Select(Convert.FromBase64String)] : [];

    public static void Write(string name, IEnumerable<byte[]> inputs)
    {
        var text = new StringBuilder();
        foreach (var input in inputs)
        {
            text.Append(Convert.ToBase64String(input)).Append('\n');
        }

        File.WriteAllText(PathOf(name), text.ToString());
    }

    private static string PathOf(string name) => Path.Combine(Golden.RepositoryRoot, "tests", "Agent.Tests", "Fixtures", "fuzz", name + ".txt");
}
