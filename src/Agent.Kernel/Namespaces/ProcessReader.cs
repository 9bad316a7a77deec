using System.Text;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>Looks at one process: what it is, in which network namespace, and whose. Not thread-safe.</summary>
internal sealed class ProcessReader(DirectoryHandle root, CgroupClassification classify, INamespaceIdentity identity)
{
    // A line of stat is at most about 350 bytes; a cgroup file with a line for each of v1's controllers stays below 8 KiB.
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly Dictionary<string, string> _commands = [];

    /// <summary>Sets start, command and owner of a process.</summary>
    /// <param name="process">Is updated.</param>
    /// <param name="namespaceId">Its network namespace; 0 when it has none.</param>
    public ProcessStanding Read(NamespaceProcess process, out ulong namespaceId)
    {
        namespaceId = 0;
        var errno = root.Read(process.Pid, "stat"u8, _buffer, out var length);
        if (errno != 0)
        {
            return Standing(errno);
        }

        if (!ProcPidStat.TryParse(_buffer.AsSpan(0, length), out var stat))
        {
            return ProcessStanding.WithoutNamespace;
        }

        process.StartTicks = stat.StartTicks;
        process.Command = Command(stat.Command);
        if (stat.IsKernelThread || stat.IsZombie)
        {
            return stat.IsKernelThread ? ProcessStanding.KernelThread : ProcessStanding.WithoutNamespace;
        }

        errno = identity.Read(root, process.Pid, out namespaceId);
        if (errno != 0)
        {
            // Its files are there but not its tables: it is just ending.
            return errno == ErrnoText.ENOENT ? ProcessStanding.WithoutNamespace : Standing(errno);
        }

        errno = root.Read(process.Pid, "cgroup"u8, _buffer, out length);
        process.Owner = errno == 0 ? classify(_buffer.AsSpan(0, length)) : CgroupOwner.None;
        return errno is ErrnoText.ESRCH ? ProcessStanding.Gone : ProcessStanding.Member;
    }

    private static ProcessStanding Standing(int errno) =>
        errno is ErrnoText.EACCES or ErrnoText.EPERM ? ProcessStanding.Denied : ProcessStanding.Gone;

    private string Command(ReadOnlySpan<byte> name)
    {
        // comm has at most 15 bytes, but a captured tree may hold anything.
        Span<char> characters = stackalloc char[64];
        var count = Encoding.UTF8.GetChars(name[..Math.Min(name.Length, characters.Length)], characters);
        var lookup = _commands.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(characters[..count], out var known))
        {
            return known;
        }

        if (_commands.Count >= 4096)
        {
            _commands.Clear();
        }

        var command = characters[..count].ToString();
        _commands.Add(command, command);
        return command;
    }
}
