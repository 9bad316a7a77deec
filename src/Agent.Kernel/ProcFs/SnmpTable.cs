namespace Agent.Kernel.ProcFs;

/// <summary>
/// Reads /proc/net/snmp and netstat: for each protocol a line of names and a line of numbers, both starting with the protocol.
/// Columns are found by name: kernels add and move them.
/// </summary>
internal ref struct SnmpTable
{
    private ProcFields _names;
    private ProcFields _values;

    /// <summary>Finds the two lines of a protocol.</summary>
    /// <param name="text">The file.</param>
    /// <param name="protocol">With its colon, for example <c>Tcp:</c>.</param>
    /// <param name="table">Stands before the first column.</param>
    public static bool TryFind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> protocol, out SnmpTable table)
    {
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            if (lines.Current.StartsWith(protocol))
            {
                table = new() { _names = new(lines.Current[protocol.Length..]) };
                var isPair = lines.MoveNext() && lines.Current.StartsWith(protocol);
                table._values = isPair ? new(lines.Current[protocol.Length..]) : default;
                return isPair;
            }
        }

        table = default;
        return false;
    }

    /// <summary>The next column.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value; null when it is no counter (Tcp: MaxConn is -1).</param>
    /// <returns>False when either line has ended.</returns>
    public bool TryNext(out ReadOnlySpan<byte> name, out ulong? value)
    {
        value = null;
        if (!_names.TryRead(out name) || !_values.TryRead(out var text))
        {
            return false;
        }

        if (ProcFields.TryParse(text, out ulong number))
        {
            value = number;
        }

        return true;
    }
}
