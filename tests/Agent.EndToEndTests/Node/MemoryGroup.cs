using System.Globalization;

namespace Agent.EndToEndTests.Node;

/// <summary>A memory cgroup of the node, v1 or v2, as the one of a container with a memory limit.</summary>
internal sealed class MemoryGroup : IAsyncDisposable
{
    private const string Fill = "/run/node/fill";
    private const string Name = "limited";

    private readonly PodNode _node;
    private readonly string _directory;
    private readonly bool _isSecond;

    private MemoryGroup(PodNode node, string directory, bool isSecond) => (_node, _directory, _isSecond) = (node, directory, isSecond);

    /// <summary>Words before a command of the node that make it run in the group.</summary>
    public IReadOnlyList<string> Enter => ["sh", "-c", $"echo 0 >{_directory}/cgroup.procs && exec \"$0\" \"$@\""];

    public static async Task<MemoryGroup> CreateAsync(PodNode node)
    {
        var isSecond = !Directory.Exists(node.Root + "/sys/fs/cgroup/memory");
        var directory = $"/sys/fs/cgroup/{(isSecond ? "" : "memory/")}{Name}";
        (await node.RunAsync("mkdir", directory)).Checked();
        return new(node, directory, isSecond);
    }

    /// <summary>
    /// Sets the limit a little above what is used, then fills it with pages that nobody can take back, until the kernel has to end a
    /// process of the group: the one with the most memory goes first.
    /// </summary>
    public async Task RunOutAsync()
    {
        const long room = 16 << 20;
        var used = long.Parse(await ReadAsync(_isSecond ? "memory.current" : "memory.usage_in_bytes"), CultureInfo.InvariantCulture);
        await WriteAsync(_isSecond ? "memory.swap.max" : "memory.swappiness", 0);
        await WriteAsync(_isSecond ? "memory.max" : "memory.limit_in_bytes", used + room);
        await _node.RunAsync([.. Enter, "dd", "if=/dev/zero", $"of={Fill}", "bs=1M", $"count={2 * (used + room) >> 20}"]); // the kernel may end it too
        (await _node.RunAsync("rm", Fill)).Checked();
    }

    /// <summary>How many of its processes the kernel has ended for want of memory.</summary>
    public async Task<int> KillsAsync()
    {
        var counters = await ReadAsync(_isSecond ? "memory.events" : "memory.oom_control");
        var line = counters.Split('\n').Single(static line => line.StartsWith("oom_kill ", StringComparison.Ordinal));
        return int.Parse(line.AsSpan("oom_kill ".Length), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync() =>
        await Eventually.TrueAsync("the group is empty", async () => (await _node.RunAsync("rmdir", _directory)).ExitCode == 0);

    private async Task<string> ReadAsync(string file) => (await _node.RunAsync("cat", $"{_directory}/{file}")).Checked().Output;

    private async Task WriteAsync(string file, long value) =>
        await _node.RunAsync("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"[ ! -e {_directory}/{file} ] || echo {value} >{_directory}/{file}"));
}
