using System.Buffers.Binary;
using System.Text;

namespace Agent.Benchmarks.Profile;

/// <summary>The events of a file that the runtime's EventPipe wrote (DOTNET_EnableEventPipe=1): NetTrace, version 4.</summary>
/// <remarks>
/// The form is docs/specs of microsoft/perfview's NetTraceFormat_v5.md: "Nettrace", "!FastSerialization.1", then objects, of which
/// those named EventBlock and MetadataBlock hold events, each with a header of which only the differences to the one before are there.
/// </remarks>
internal sealed class TraceReader
{
    private const int MaxFileLength = 1 << 30;
    private const byte BeginObject = 5;
    private const byte EndObject = 6;
    private const byte Null = 1;
    private const int TraceObjectLength = 48;

    // Of a header's first byte: what follows it.
    private const int HasMetadataId = 1;
    private const int HasSequence = 2;
    private const int HasThread = 4;
    private const int HasStack = 8;
    private const int HasActivity = 16;
    private const int HasRelatedActivity = 32;
    private const int HasLength = 128;
    private const int ActivityLength = 16;

    private readonly byte[] _file;
    private readonly Dictionary<ulong, (string Provider, int Id)> _events = [];
    private int _position;

    private TraceReader(byte[] file) => _file = file;

    /// <summary>Called with the number of an event and what it holds.</summary>
    internal delegate void EventHandler(int id, ReadOnlySpan<byte> payload);

    /// <summary>Reads all events of one provider, in the order of the file.</summary>
    /// <exception cref="InvalidDataException">The file is no such trace, or it was cut.</exception>
    public static void Read(string path, string provider, EventHandler handle)
    {
        if (new FileInfo(path).Length > MaxFileLength)
        {
            throw new InvalidDataException($"{path} is longer than {MaxFileLength} bytes");
        }

        var reader = new TraceReader(File.ReadAllBytes(path));
        try
        {
            reader.ReadObjects(provider, handle);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new InvalidDataException($"{path} ends in the midst of something, after {reader._position} bytes", exception);
        }
    }

    private void ReadObjects(string provider, EventHandler handle)
    {
        if (Text(8) != "Nettrace" || Text(Int32()) != "!FastSerialization.1")
        {
            throw new InvalidDataException("this is no trace of version 4");
        }

        while (Byte() == BeginObject)
        {
            Skip(2 + (2 * sizeof(int)));
            var type = Text(Int32());
            Skip(1);
            if (type == "Trace")
            {
                Skip(TraceObjectLength);
            }
            else
            {
                var length = Int32();
                Skip(-_position & 3);
                var block = Take(length);
                if (type is "EventBlock" or "MetadataBlock")
                {
                    ReadBlock(block, provider, handle);
                }
            }

            if (Byte() != EndObject)
            {
                throw new InvalidDataException($"an object of the trace, {type}, does not end where it says");
            }
        }

        if (_file[_position - 1] != Null)
        {
            throw new InvalidDataException("the trace does not end with its end");
        }
    }

    private void ReadBlock(ReadOnlySpan<byte> block, string provider, EventHandler handle)
    {
        if ((BinaryPrimitives.ReadInt16LittleEndian(block[2..]) & 1) == 0)
        {
            throw new InvalidDataException("the headers of the trace are not compressed");
        }

        var rest = block[BinaryPrimitives.ReadInt16LittleEndian(block)..];
        var (metadata, length) = (0UL, 0UL);
        while (!rest.IsEmpty)
        {
            var flags = Next(ref rest);
            metadata = (flags & HasMetadataId) != 0 ? Variable(ref rest) : metadata;
            for (var skipped = ((flags & HasSequence) != 0 ? 3 : 0) + ((flags & HasThread) != 0 ? 1 : 0) + ((flags & HasStack) != 0 ? 1 : 0) + 1; skipped > 0; skipped--)
            {
                _ = Variable(ref rest);
            }

            rest = rest[(((flags & HasActivity) != 0 ? ActivityLength : 0) + ((flags & HasRelatedActivity) != 0 ? ActivityLength : 0))..];
            length = (flags & HasLength) != 0 ? Variable(ref rest) : length;
            var payload = rest[..checked((int)length)];
            rest = rest[payload.Length..];
            if ((metadata & int.MaxValue) == 0)
            {
                Describe(payload);
            }
            else if (_events.TryGetValue(metadata & int.MaxValue, out var known) && known.Provider == provider)
            {
                handle(known.Id, payload);
            }
        }
    }

    private void Describe(ReadOnlySpan<byte> payload)
    {
        var id = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        var provider = PayloadReader.ReadText(payload = payload[sizeof(int)..]);
        _events[id] = (provider, BinaryPrimitives.ReadInt32LittleEndian(payload[(sizeof(char) * (provider.Length + 1))..]));
    }

    private static byte Next(ref ReadOnlySpan<byte> rest)
    {
        var value = rest[0];
        rest = rest[1..];
        return value;
    }

    private static ulong Variable(ref ReadOnlySpan<byte> rest)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Next(ref rest);
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                break;
            }
        }

        return value;
    }

    private byte Byte() => Take(1)[0];

    private int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    private string Text(int length) => Encoding.UTF8.GetString(Take(length));

    private void Skip(int length) => Take(length);

    private ReadOnlySpan<byte> Take(int length)
    {
        var taken = _file.AsSpan(_position, length);
        _position += length;
        return taken;
    }
}
