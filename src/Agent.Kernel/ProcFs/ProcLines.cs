namespace Agent.Kernel.ProcFs;

/// <summary>Splits a file into its lines, without their line feeds. The last line may lack its line feed.</summary>
public ref struct ProcLines
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts before the first line.</summary>
    public ProcLines(ReadOnlySpan<byte> text) => _rest = text;

    /// <summary>The line that <see cref="MoveNext"/> went to; may be empty.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Goes to the next line.</summary>
    /// <returns>False at the end of the file.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            Current = default;
            return false;
        }

        var end = _rest.IndexOf((byte)'\n');
        if (end < 0)
        {
            Current = _rest;
            _rest = default;
        }
        else
        {
            Current = _rest[..end];
            _rest = _rest[(end + 1)..];
        }

        return true;
    }
}
