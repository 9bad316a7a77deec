using System.Buffers;
using System.Text.Json;

namespace Agent.Kubernetes;

/// <summary>What <see cref="JsonFramer.Read"/> came to.</summary>
internal enum JsonFrameResult
{
    /// <summary>All input is consumed; the next object is not complete yet.</summary>
    NeedsInput,

    /// <summary>A whole object is in <see cref="JsonFramer.Frame"/>.</summary>
    Frame,

    /// <summary>An object larger than the limit ended; its bytes were not kept.</summary>
    TooLarge,
}

/// <summary>
/// Cuts a stream of JSON into objects, wherever its reads happen to end, in bounded memory: either one object after the
/// other (a watch), or the objects of the array in a single object (the <c>items</c> of a list), of which the rest is kept
/// as the envelope. Only braces, brackets and strings are looked at; whether an object is valid JSON is for its reader.
/// </summary>
internal sealed class JsonFramer : IDisposable
{
    private const int InitialBytes = 16 * 1024;
    private const int KeptBytes = 256 * 1024;
    private const int MaxEnvelopeBytes = 64 * 1024;

    private static readonly SearchValues<byte> s_structure = SearchValues.Create("{}[]\""u8);
    private static readonly SearchValues<byte> s_stringEnd = SearchValues.Create("\"\\"u8);

    private readonly bool _isList;
    private readonly int _maxFrameBytes;
    private readonly ArrayBufferWriter<byte> _envelope = new();
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _length;
    private int _depth;
    private bool _inFrame;
    private bool _frameEnded;
    private bool _inArray;
    private bool _inString;
    private bool _escaped;
    private bool _tooLarge;

    private JsonFramer(bool isList, int maxFrameBytes)
    {
        _isList = isList;
        _maxFrameBytes = maxFrameBytes;
    }

    /// <summary>The object that <see cref="Read"/> completed; valid until its next call.</summary>
    public ReadOnlyMemory<byte> Frame => _buffer.AsMemory(0, _length);

    /// <summary>A list without its items: <c>{"kind":"PodList","metadata":{...},"items":[]}</c>.</summary>
    public ReadOnlyMemory<byte> Envelope => _envelope.WrittenMemory;

    /// <summary>True when nothing is open: the input may end here.</summary>
    public bool IsBetweenObjects => _depth == 0 && !_inString;

    /// <summary>The largest buffer that was needed so far.</summary>
    public int PeakBufferBytes { get; private set; } = InitialBytes;

    /// <summary>A stream of objects, as a watch sends.</summary>
    public static JsonFramer ForSequence(int maxFrameBytes) => new(isList: false, maxFrameBytes);

    /// <summary>One object with an array of objects, as a list is.</summary>
    public static JsonFramer ForList(int maxFrameBytes) => new(isList: true, maxFrameBytes);

    /// <summary>Takes input up to the end of the next object, and leaves the rest in <paramref name="input"/>.</summary>
    /// <exception cref="JsonException">The input can not be JSON of the expected shape.</exception>
    public JsonFrameResult Read(ref ReadOnlySpan<byte> input)
    {
        if (_frameEnded)
        {
            StartAnew();
        }

        while (!input.IsEmpty)
        {
            var taken = _inString ? TakeString(input) : TakeStructure(input);
            input = input[taken..];
            if (_frameEnded)
            {
                return _tooLarge ? JsonFrameResult.TooLarge : JsonFrameResult.Frame;
            }
        }

        return JsonFrameResult.NeedsInput;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private int TakeString(ReadOnlySpan<byte> input)
    {
        if (_escaped)
        {
            _escaped = false;
            Keep(input[..1]);
            return 1;
        }

        var end = input.IndexOfAny(s_stringEnd);
        var taken = end < 0 ? input.Length : end + 1;
        if (end >= 0)
        {
            _escaped = input[end] == (byte)'\\';
            _inString = _escaped;
        }

        Keep(input[..taken]);
        return taken;
    }

    private int TakeStructure(ReadOnlySpan<byte> input)
    {
        var at = input.IndexOfAny(s_structure);
        if (at != 0)
        {
            var taken = at < 0 ? input.Length : at;
            if (!IsBetweenItems)
            {
                Keep(input[..taken]);
            }

            return taken;
        }

        switch (input[0])
        {
            case (byte)'"':
                _inString = true;
                break;
            case (byte)'{':
            case (byte)'[':
                Open(isArray: input[0] == (byte)'[');
                break;
            default:
                Close();
                break;
        }

        Keep(input[..1]);
        _frameEnded = _inFrame && _depth == FrameDepth;
        return 1;
    }

    private int FrameDepth => _isList ? 2 : 0;

    /// <summary>The commas go with the items, so that the envelope stays JSON.</summary>
    private bool IsBetweenItems => _isList && _inArray && _depth == 2 && !_inFrame;

    private void Open(bool isArray)
    {
        if (!_inFrame && !isArray && _depth == FrameDepth && (!_isList || _inArray))
        {
            _inFrame = true;
        }
        else if (_depth == 1 && !_inFrame)
        {
            _inArray = isArray;
        }

        _depth++;
    }

    private void Close()
    {
        if (--_depth < 0)
        {
            throw new JsonException("a bracket closes that was never opened");
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_inFrame)
        {
            KeepInFrame(bytes);
        }
        else if (_isList)
        {
            KeepInEnvelope(bytes);
        }
        else if (bytes.ContainsAnyExcept(" \t\r\n"u8))
        {
            throw new JsonException("there is something else than objects");
        }
    }

    private void KeepInEnvelope(ReadOnlySpan<byte> bytes)
    {
        if (_envelope.WrittenCount + bytes.Length > MaxEnvelopeBytes)
        {
            throw new JsonException("there is more around the items than a list has");
        }

        _envelope.Write(bytes);
    }

    private void KeepInFrame(ReadOnlySpan<byte> bytes)
    {
        if (_tooLarge || bytes.Length > _maxFrameBytes - _length)
        {
            _tooLarge = true;
            _length = 0;
            return;
        }

        if (_length + bytes.Length > _buffer.Length)
        {
            Resize(Math.Max(_length + bytes.Length, Math.Min(_buffer.Length * 2, _maxFrameBytes)));
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void StartAnew()
    {
        _inFrame = _frameEnded = _tooLarge = false;
        _length = 0;
        if (_buffer.Length > KeptBytes)
        {
            Resize(InitialBytes);
        }
    }

    private void Resize(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        PeakBufferBytes = Math.Max(PeakBufferBytes, larger.Length);
    }
}
