using System.Buffers;
using System.Text.Json;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>A list of objects as the API server sends it, read item by item: memory is that of the largest item.</summary>
internal static class ObjectList
{
    /// <summary>etcd refuses objects over 1.5 MiB; as JSON with managedFields one may be about twice as large.</summary>
    public const int MaxObjectBytes = 4 * 1024 * 1024;

    /// <summary>Hands on every item.</summary>
    /// <param name="stream">The answer.</param>
    /// <param name="what">What it is a list of, for a message: "pods".</param>
    /// <param name="take">Takes an item, which is gone afterwards; false: it is none of the list's kind, or there are too many.</param>
    /// <param name="cancellationToken">Ends it between two reads.</param>
    /// <returns>What stands around the items, and how many of them were too large, no JSON or not taken.</returns>
    /// <exception cref="EndOfStreamException">It ends before the list does.</exception>
    public static async Task<(ReadOnlyMemory<byte> Envelope, int Skipped)> ReadAsync(
        Stream stream, string what, Func<JsonElement, bool> take, CancellationToken cancellationToken)
    {
        using var framer = JsonFramer.ForList(MaxObjectBytes);
        var skipped = 0;
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                skipped += Take(framer, buffer.AsSpan(0, count), take);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return framer.IsBetweenObjects
            ? (framer.Envelope.ToArray(), skipped)
            : throw new EndOfStreamException($"the list of {what} ended in the middle");
    }

    private static int Take(JsonFramer framer, ReadOnlySpan<byte> input, Func<JsonElement, bool> take)
    {
        var skipped = 0;
        while (true)
        {
            switch (framer.Read(ref input))
            {
                case JsonFrameResult.NeedsInput:
                    return skipped;
                case JsonFrameResult.Frame when TryTake(framer.Frame, take):
                    break;
                default:
                    skipped++;
                    break;
            }
        }
    }

    private static bool TryTake(ReadOnlyMemory<byte> item, Func<JsonElement, bool> take)
    {
        try
        {
            using var document = OutsideJson.Parse(item);
            return take(document.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
