using System.Globalization;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>A memory cgroup of its own, v1 or v2, with a limit as a container has it. Skips the test where none can be made.</summary>
internal sealed class MemoryLimit : IDisposable
{
    private readonly string _directory;
    private readonly string _peak;

    public MemoryLimit(long bytes)
    {
        var isSecond = !Directory.Exists("/sys/fs/cgroup/memory");
        _directory = string.Create(CultureInfo.InvariantCulture, $"/sys/fs/cgroup/{(isSecond ? "" : "memory/")}cwmemory-{Environment.ProcessId}");
        _peak = Path.Combine(_directory, isSecond ? "memory.peak" : "memory.max_usage_in_bytes");
        try
        {
            Directory.CreateDirectory(_directory);
            File.WriteAllText(Path.Combine(_directory, isSecond ? "memory.max" : "memory.limit_in_bytes"), bytes.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"no cgroup with a memory limit can be made: {exception.Message}");
        }
    }

    /// <summary>The most that its processes had at a time, the kernel's memory for them and their files' pages included.</summary>
    public long PeakBytes => long.Parse(File.ReadAllText(_peak), CultureInfo.InvariantCulture);

    /// <summary>What its processes have now that is no file's: pages of files count for whoever read them first.</summary>
    public long AnonymousBytes => File.ReadLines(Path.Combine(_directory, "memory.stat"))
        .Where(static line => line.StartsWith("rss ", StringComparison.Ordinal) || line.StartsWith("anon ", StringComparison.Ordinal))
        .Select(static line => long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture))
        .Single();

    /// <summary>Words before a command that make it run under the limit.</summary>
    public string[] Enter => ["sh", "-c", $"echo $$ >{_directory}/cgroup.procs && exec \"$0\" \"$@\""];

    public void Dispose() => Directory.Delete(_directory);
}
