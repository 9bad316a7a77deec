using System.Numerics;
using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>
/// Connections as 64-bit numbers, other ones in each run: whoever chooses addresses and ports can not make two connections meet.
/// </summary>
internal static class TupleHash
{
    // HashCode is seeded at random in each process.
    private static readonly ulong s_seed = ((ulong)(uint)HashCode.Combine(1) << 32) | (uint)HashCode.Combine(2);

    public static ulong Of(in ConnectionTuple tuple)
    {
        var hash = Mix(tuple.Source.Low ^ s_seed);
        hash = Mix(hash ^ tuple.Destination.Low);
        hash = Mix(hash ^ ((ulong)tuple.SourcePort << 16) ^ tuple.DestinationPort ^ s_seed);
        var high = tuple.Source.High ^ BitOperations.RotateLeft(tuple.Destination.High, 29);
        return high == 0 ? hash : Mix(Mix(hash ^ tuple.Source.High) ^ tuple.Destination.High);
    }

    // The finalizer of MurmurHash3: each bit of the input changes half of the output's.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xFF51_AFD7_ED55_8CCD;
        value = (value ^ (value >> 33)) * 0xC4CE_B9FE_1A85_EC53;
        return value ^ (value >> 33);
    }
}
