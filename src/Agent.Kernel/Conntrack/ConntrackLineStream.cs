namespace Agent.Kernel.Conntrack;

/// <summary>
/// Cuts what was read of a table into lines and hands their entries to a sink. A line longer than the buffer is dropped and counted once.
/// </summary>
internal struct ConntrackLineStream
{
    private ConntrackFlow _flow;
    private bool _skipsLine;

    /// <summary>Lines that were entries.</summary>
    internal long Entries { get; private set; }

    /// <summary>Lines that were not.</summary>
    internal long Malformed { get; private set; }

    /// <summary>Takes the whole lines of a buffer and moves what is left of the last one to its front.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="length">How much of it is filled.</param>
    /// <param name="sink">Receives the entries.</param>
    /// <returns>How many bytes were kept: always less than the buffer's length.</returns>
    internal int Read<TSink>(Span<byte> buffer, int length, scoped ref TSink sink)
        where TSink : IConntrackSink, allows ref struct
    {
        ReadOnlySpan<byte> rest = buffer[..length];
        for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
        {
            OnLine(rest[..end], ref sink);
            rest = rest[(end + 1)..];
        }

        if (rest.Length == buffer.Length)
        {
            _skipsLine = true;
            return 0;
        }

        if (_skipsLine)
        {
            return 0;
        }

        rest.CopyTo(buffer);
        return rest.Length;
    }

    /// <summary>Takes the last line, which has no line feed.</summary>
    internal void End<TSink>(ReadOnlySpan<byte> line, scoped ref TSink sink)
        where TSink : IConntrackSink, allows ref struct
    {
        if (_skipsLine || !line.IsEmpty)
        {
            OnLine(line, ref sink);
        }
    }

    private void OnLine<TSink>(ReadOnlySpan<byte> line, scoped ref TSink sink)
        where TSink : IConntrackSink, allows ref struct
    {
        if (_skipsLine)
        {
            _skipsLine = false;
            Malformed++;
        }
        else if (ConntrackLineParser.TryParse(line, ref _flow))
        {
            Entries++;
            sink.OnFlow(in _flow);
        }
        else if (!line.Trim(" \t\r"u8).IsEmpty)
        {
            Malformed++;
        }
    }
}
