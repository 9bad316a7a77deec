using System.Diagnostics;

namespace Agent.Tests.Fuzzing;

/// <summary>
/// Reads one changed input after the other. Where the build notes what runs, an input that ran something new is kept, and changed further.
/// </summary>
internal sealed class Fuzzer(FuzzTarget target, Random random)
{
    /// <summary>An input that keeps a reader busy for so long is a defect: the longest takes a few milliseconds.</summary>
    private static readonly TimeSpan s_stuck = TimeSpan.FromSeconds(20);

    private readonly BranchFeedback _feedback = new();
    private readonly List<byte[]> _known = [];
    private readonly List<byte[]> _kept = [];
    private readonly ByteMutator _mutator = new(target.Seeds, random);
    private byte[] _current = [];
    private long _since;

    /// <summary>Those beside the seeds that ran something new, the shortest form that still does.</summary>
    public IReadOnlyList<byte[]> Kept => _kept;

    /// <summary>How many inputs were read.</summary>
    public long Inputs { get; private set; }

    /// <summary>How many statements have run.</summary>
    public int Statements => _feedback.Known;

    /// <summary>What the reader threw and must not, with the input in hexadecimal.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Reads the seeds, then what earlier runs kept, without that of it which runs nothing more than is known.</summary>
    public void Load(IEnumerable<byte[]> corpus)
    {
        foreach (var input in target.Seeds)
        {
            Try(input);
            _known.Add(input);
        }

        foreach (var input in corpus)
        {
            if (Try(input) || !BranchFeedback.IsThere)
            {
                _known.Add(input);
                _kept.Add(input);
            }
        }
    }

    /// <summary>Changes and reads for so many inputs, and so long.</summary>
    public void Run(long inputs, TimeSpan duration)
    {
        using var watchdog = new Timer(_ => EndIfStuck(), null, s_stuck, s_stuck);
        var clock = Stopwatch.StartNew();
        while (Inputs < inputs && clock.Elapsed < duration && Failures.Count < 20)
        {
            var input = _mutator.Next(_known[random.Next(_known.Count)], _known[random.Next(_known.Count)]);
            if (Try(input))
            {
                _known.Add(input);
                _kept.Add(input);
            }
        }

        Volatile.Write(ref _since, 0);
    }

    /// <summary>True when something ran that had not before.</summary>
    private bool Try(byte[] input)
    {
        Inputs++;
        _current = input;
        Volatile.Write(ref _since, Environment.TickCount64);
        _feedback.Clear();
        try
        {
            // Readers may not keep or change what they are given.
            target.Read([.. input]);
        }
        catch (Exception exception) when (target.IsDocumented(exception))
        {
        }
        catch (Exception exception)
        {
            Failures.Add($"{target.Name}: {Convert.ToHexString(input)}: {exception}");
        }

        return _feedback.TakeNew() > 0;
    }

    private void EndIfStuck()
    {
        if (Volatile.Read(ref _since) is > 0 and var since && Environment.TickCount64 - since > s_stuck.TotalMilliseconds)
        {
            Environment.FailFast($"{target.Name} does not come to an end with {Convert.ToHexString(_current)}");
        }
    }
}
