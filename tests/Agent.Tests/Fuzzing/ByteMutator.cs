using System.Text;
using System.Text.RegularExpressions;

namespace Agent.Tests.Fuzzing;

/// <summary>Makes an input from one or two that are known, with the words and numbers that stand in the seeds of its reader.</summary>
internal sealed partial class ByteMutator
{
    /// <summary>What no reader has to take at once; longer ones only cost time.</summary>
    private const int MaxLength = 8192;
    private const int MaxSteps = 6;

    private static readonly long[] s_edges = [0, 1, -1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 127, 128, 255, 256, short.MaxValue, ushort.MaxValue, int.MaxValue, uint.MaxValue, long.MaxValue, long.MinValue];

    private static readonly string[] s_texts =
    [
        "\0", "\n", "\r\n", " ", "\t", "\"", "\\", "\\ud800", "\ud83e\udd8a", "%00", "%", "..", "/", "[", "]", "{", "}", ":", ",", "=", "&", "null", "true", "-1", "1e999", "99999999999999999999",
        "0001-01-01T00:00:00+14:00", "fd00::1%eth0", "::ffff:1.2.3.4", "255.255.255.256", "[]", "{}", "[UNREPLIED]", "[OFFLOAD]", "[ASSURED]", "unknown", "icmp", "sctp", "udp",
    ];

    private readonly Random _random;
    private readonly byte[][] _words;

    public ByteMutator(IEnumerable<byte[]> seeds, Random random)
    {
        _random = random;
        _words = [.. seeds.SelectMany(static seed => Word().Matches(Encoding.Latin1.GetString(seed)).Select(static word => word.Value)).Concat(s_texts).Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
    }

    public byte[] Next(byte[] input, byte[] other)
    {
        var bytes = input;
        for (var steps = _random.Next(1, MaxSteps + 1); steps > 0; steps--)
        {
            bytes = Step(bytes, other);
        }

        return bytes.Length <= MaxLength ? bytes : bytes[..MaxLength];
    }

    private byte[] Step(byte[] bytes, byte[] other)
    {
        var at = _random.Next(bytes.Length + 1);
        var length = Math.Min(bytes.Length - at, 1 << _random.Next(7));
        switch (_random.Next(10))
        {
            case 0 when length > 0: // a bit
                return Replaced(bytes, at, 1, (byte)(bytes[at] ^ 1 << _random.Next(8)));
            case 1 when length > 0: // a byte
                return Replaced(bytes, at, 1, (byte)_random.Next(256));
            case 2: // a number in the kernel's order, or the network's
                var number = BitConverter.GetBytes(s_edges[_random.Next(s_edges.Length)])[..(1 << _random.Next(4))];
                return Replaced(bytes, at, Math.Min(bytes.Length - at, number.Length), _random.Next(2) == 0 ? number : [.. number.Reverse()]);
            case 3: // a number as text
                return Replaced(bytes, at, Math.Min(length, 3), Encoding.ASCII.GetBytes($"{s_edges[_random.Next(s_edges.Length)]}"));
            case 4: // without a part
                return Replaced(bytes, at, length);
            case 5: // a part twice
                return Replaced(bytes, at, 0, bytes.AsSpan(at, length));
            case 6: // the start of this, the end of the other
                return [.. bytes.AsSpan(0, at), .. other.AsSpan(_random.Next(other.Length + 1))];
            case 7: // a part of the other
                var from = _random.Next(other.Length + 1);
                return Replaced(bytes, at, 0, other.AsSpan(from, Math.Min(other.Length - from, 1 << _random.Next(8))));
            case 8: // a word in place of some bytes
                return Replaced(bytes, at, length, _words[_random.Next(_words.Length)]);
            default:
                return Replaced(bytes, at, 0, _words[_random.Next(_words.Length)]);
        }
    }

    private static byte[] Replaced(byte[] bytes, int at, int length, params ReadOnlySpan<byte> by) => [.. bytes.AsSpan(0, at), .. by, .. bytes.AsSpan(at + length)];

    [GeneratedRegex("[A-Za-z0-9_.:-]{2,40}")]
    private static partial Regex Word();
}
