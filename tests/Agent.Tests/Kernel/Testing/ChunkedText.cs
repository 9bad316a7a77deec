using Agent.Kernel.Conntrack;
using Xunit;

namespace Agent.Tests.Kernel.Testing;

/// <summary>Text of /proc/net/nf_conntrack as it comes out of reads that end anywhere.</summary>
internal static class ChunkedText
{
    /// <summary>Reads all of it through a buffer that may be shorter than a line.</summary>
    public static ConntrackLineStream Read(ReadOnlySpan<byte> bytes, byte[] buffer)
    {
        var lines = new ConntrackLineStream();
        var sink = new NoSink();
        var kept = 0;
        while (!bytes.IsEmpty)
        {
            var length = Math.Min(bytes.Length, buffer.Length - kept);
            bytes[..length].CopyTo(buffer.AsSpan(kept));
            bytes = bytes[length..];
            kept = lines.Read(buffer, kept + length, ref sink);
            Assert.InRange(kept, 0, buffer.Length - 1);
        }

        lines.End(buffer.AsSpan(0, kept), ref sink);
        return lines;
    }
}
