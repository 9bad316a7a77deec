using System.Buffers.Text;

namespace Agent.Kernel.ProcFs;

/// <summary>Splits a line of ASCII text into fields at blanks (spaces and tabs, any number of them).</summary>
public ref struct ProcFields
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts before the first field of a line, which may end in a line feed.</summary>
    public ProcFields(ReadOnlySpan<byte> line) => _rest = line;

    /// <summary>The field that <see cref="MoveNext"/> went to.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>What follows the current field, blanks and all.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Goes to the next field.</summary>
    /// <returns>False at the end of the line.</returns>
    public bool MoveNext()
    {
        var rest = _rest;
        var start = 0;
        while (start < rest.Length && IsBlank(rest[start]))
        {
            start++;
        }

        var end = start;
        while (end < rest.Length && !IsBlank(rest[end]))
        {
            end++;
        }

        Current = rest[start..end];
        _rest = rest[end..];
        return end > start;
    }

    /// <summary>The next field.</summary>
    /// <returns>False at the end of the line.</returns>
    public bool TryRead(out ReadOnlySpan<byte> field)
    {
        var found = MoveNext();
        field = Current;
        return found;
    }

    /// <summary>The next field as a decimal number.</summary>
    /// <returns>False at the end of the line, or when the field is anything else.</returns>
    public bool TryReadUInt64(out ulong value)
    {
        value = 0;
        return MoveNext() && TryParse(Current, out value);
    }

    /// <summary>The next field as a hexadecimal number without a prefix.</summary>
    /// <returns>False at the end of the line, or when the field is anything else.</returns>
    public bool TryReadHex(out ulong value)
    {
        value = 0;
        return MoveNext() && TryParseHex(Current, out value);
    }

    /// <summary>Passes over fields.</summary>
    /// <returns>False when the line has fewer.</returns>
    public bool Skip(int count)
    {
        while (count > 0 && MoveNext())
        {
            count--;
        }

        return count <= 0;
    }

    /// <summary>A whole field as a decimal number.</summary>
    public static bool TryParse(ReadOnlySpan<byte> field, out ulong value) =>
        Utf8Parser.TryParse(field, out value, out var consumed) && consumed == field.Length;

    /// <summary>A whole field as a decimal number that may be negative.</summary>
    public static bool TryParse(ReadOnlySpan<byte> field, out long value) =>
        Utf8Parser.TryParse(field, out value, out var consumed) && consumed == field.Length;

    /// <summary>A whole field as a hexadecimal number without a prefix.</summary>
    public static bool TryParseHex(ReadOnlySpan<byte> field, out ulong value) =>
        Utf8Parser.TryParse(field, out value, out var consumed, 'X') && consumed == field.Length;

    private static bool IsBlank(byte character) => character is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';
}
