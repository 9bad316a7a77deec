namespace Agent.Kernel.ProcFs;

/// <summary>What is used of /proc/PID/stat. Source: proc_pid_stat(5). The name points into the text that was parsed.</summary>
public readonly ref struct ProcPidStat
{
    private const uint PF_KTHREAD = 0x0020_0000; // include/linux/sched.h

    /// <summary>(2) comm: the name of the program, at most 15 bytes, of any kind.</summary>
    public required ReadOnlySpan<byte> Command { get; init; }

    /// <summary>(3) state: R, S, D, Z, T, t, X, I ...</summary>
    public required byte State { get; init; }

    /// <summary>(9) flags has PF_KTHREAD.</summary>
    public required bool IsKernelThread { get; init; }

    /// <summary>(22) starttime: hundredths of a second from boot to the start of the process.</summary>
    public required ulong StartTicks { get; init; }

    /// <summary>Exited, its parent has not asked yet: it has no namespaces any more.</summary>
    public bool IsZombie => State is (byte)'Z' or (byte)'X';

    /// <summary>Takes the line apart. The name may hold spaces and parentheses: it ends at the last one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcPidStat stat)
    {
        stat = default;
        var open = text.IndexOf((byte)'(');
        var close = text.LastIndexOf((byte)')');
        if (open < 0 || close < open)
        {
            return false;
        }

        // state is field 3, flags 9, starttime 22.
        var fields = new ProcFields(text[(close + 1)..]);
        if (!fields.TryRead(out var state) || !fields.Skip(5) || !fields.TryReadUInt64(out var flags)
            || !fields.Skip(12) || !fields.TryReadUInt64(out var start))
        {
            return false;
        }

        stat = new()
        {
            Command = text[(open + 1)..close],
            State = state[0],
            IsKernelThread = (flags & PF_KTHREAD) != 0,
            StartTicks = start,
        };
        return true;
    }
}
