namespace Agent.Benchmarks.Profile;

/// <summary>A type as the runtime tells of it: a definition of a module, or an array, with what it is made of.</summary>
/// <param name="Module">The path of the file that defines it.</param>
/// <param name="Token">Its definition there, 0x02000000 and its row.</param>
/// <param name="Rank">0, or of an array the number of its dimensions, -1 for one that starts at 0.</param>
/// <param name="Arguments">Those of a generic type, or the element of an array.</param>
internal sealed record RuntimeType(string Module, int Token, int Rank, IReadOnlyList<ulong> Arguments);

/// <summary>A method that was compiled while the program ran.</summary>
/// <param name="Token">Its definition in its type's module, 0x06000000 and its row.</param>
internal sealed record CompiledMethod(ulong Type, int Token, IReadOnlyList<ulong> Arguments);

/// <summary>What a trace tells of methods that were compiled while the program ran, and of the types that they are made with.</summary>
/// <remarks>The events are those of the runtime's ClrEtwAll.man: keywords Loader, Jit, Type and MethodDiagnostic.</remarks>
internal sealed class CompiledMethods
{
    /// <summary>What DOTNET_EventPipeConfig must be.</summary>
    public const string Configuration = $"{Provider}:0x4000080018:5";

    private const string Provider = "Microsoft-Windows-DotNETRuntime";

    private const int BulkType = 15;
    private const int MethodDetails = 72;
    private const int MethodLoadVerbose = 143;
    private const int ModuleLoad = 152;

    private const uint IsDynamic = 1;
    private const uint IsJitted = 8;
    private const uint IsArray = 8;
    private const byte ElementTypeOfVector = 0x1D;
    private const int RankShift = 8;
    private const uint MaxRank = 0x3F;

    private readonly Dictionary<ulong, string> _modules = [];
    private readonly Dictionary<ulong, (ulong Module, int Token, int Rank, ulong[] Arguments)> _types = [];
    private readonly Dictionary<ulong, (ulong Type, ulong[] Arguments)> _details = [];
    private readonly Dictionary<ulong, int> _methods = [];

    public static CompiledMethods Read(string path)
    {
        var methods = new CompiledMethods();
        TraceReader.Read(path, Provider, methods.Handle);
        return methods;
    }

    /// <summary>Methods of generic types, and generic methods. All else is compiled beforehand in any case.</summary>
    public IEnumerable<CompiledMethod> Instantiated =>
        from method in _methods
        let details = _details.GetValueOrDefault(method.Key)
        where details.Arguments is { Length: > 0 } || (_types.TryGetValue(details.Type, out var type) && type.Arguments.Length > 0)
        select new CompiledMethod(details.Type, method.Value, details.Arguments);

    public int Count => _methods.Count;

    /// <summary>A type by its number; null when the trace does not tell.</summary>
    public RuntimeType? this[ulong type] => _types.TryGetValue(type, out var known)
        ? new(_modules.GetValueOrDefault(known.Module, ""), known.Token, known.Rank, known.Arguments)
        : null;

    private void Handle(int id, ReadOnlySpan<byte> payload)
    {
        var fields = new PayloadReader(payload);
        switch (id)
        {
            case ModuleLoad:
                var module = fields.UInt64();
                _ = fields.UInt64();
                _ = fields.UInt64();
                _modules[module] = fields.Text();
                break;
            case BulkType:
                ReadTypes(fields);
                break;
            case MethodDetails:
                var (detailed, type) = (fields.UInt64(), fields.UInt64());
                _ = fields.UInt32();
                var count = fields.UInt32();
                _ = fields.UInt64();
                _details[detailed] = (type, fields.UInt64s(count));
                break;
            case MethodLoadVerbose:
                var method = fields.UInt64();
                _ = fields.UInt64s(2);
                _ = fields.UInt32();
                var (token, flags) = ((int)fields.UInt32(), fields.UInt32());
                if ((flags & (IsJitted | IsDynamic)) == IsJitted)
                {
                    _methods[method] = token;
                }

                break;
        }
    }

    private void ReadTypes(PayloadReader fields)
    {
        var count = fields.UInt32();
        _ = fields.UInt16();
        for (var i = 0; i < count; i++)
        {
            var (type, module, token, flags) = (fields.UInt64(), fields.UInt64(), (int)fields.UInt32(), fields.UInt32());
            var elementType = fields.Byte();
            _ = fields.Text();
            var rank = (flags & IsArray) == 0 ? 0 : elementType == ElementTypeOfVector ? -1 : (int)(flags >> RankShift & MaxRank);
            _types[type] = (module, token, rank, fields.UInt64s(fields.UInt32()));
        }
    }
}
