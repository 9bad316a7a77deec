using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Agent.Benchmarks.Profile;

/// <summary>A type that a compiled method is made with.</summary>
/// <param name="Rank">0, or of an array the number of its dimensions, -1 for one that starts at 0; its element is the argument then.</param>
internal sealed record ProfiledType(MetadataReader Reader, TypeDefinitionHandle Handle, int Rank, ImmutableArray<ProfiledType> Arguments)
{
    private static readonly Dictionary<string, PrimitiveTypeCode> s_primitives =
        Enum.GetValues<PrimitiveTypeCode>().Except([PrimitiveTypeCode.TypedReference]).ToDictionary(static code => $"System.{code}");

    /// <summary>With namespace and what it is nested in, without its arguments.</summary>
    public string Name { get; } = NameOf(Reader, Handle);

    public string Assembly => Reader.GetString(Reader.GetAssemblyDefinition().Name);

    public PrimitiveTypeCode? Primitive =>
        Rank == 0 && Assembly == "System.Private.CoreLib" && s_primitives.TryGetValue(Name, out var code) ? code : null;

    public bool IsValueType
    {
        get
        {
            var parent = Reader.GetTypeDefinition(Handle).BaseType;
            var name = parent.Kind switch
            {
                HandleKind.TypeDefinition when !parent.IsNil => NameOf(Reader, (TypeDefinitionHandle)parent),
                HandleKind.TypeReference => NameOf(Reader.GetTypeReference((TypeReferenceHandle)parent)),
                _ => "",
            };
            return name is "System.Enum" || (name is "System.ValueType" && Name != "System.Enum");
        }
    }

    /// <summary>The assemblies of it and of its arguments.</summary>
    public IEnumerable<string> Assemblies =>
        Arguments.SelectMany(static argument => argument.Assemblies).Concat(Rank != 0 || Primitive is not null || Name == "System.__Canon" ? [] : [Assembly]);

    public override string ToString() => (Rank, Arguments) switch
    {
        (0, { IsEmpty: true }) => Name,
        (0, _) => $"{Name}[{string.Join(',', Arguments)}]",
        _ => $"{Arguments[0]}[{new string(',', Math.Max(0, Rank - 1))}]",
    };

    private string NameOf(TypeReference type) => $"{Reader.GetString(type.Namespace)}.{Reader.GetString(type.Name)}";

    private static string NameOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var name = reader.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } declaring ? $"{NameOf(reader, declaring)}+{name}"
            : type.Namespace.IsNil ? name : $"{reader.GetString(type.Namespace)}.{name}";
    }
}

/// <summary>A method of a generic type, or a generic method, with the types that it was compiled for.</summary>
internal sealed record ProfiledMethod(ProfiledType Type, MethodDefinitionHandle Handle, ImmutableArray<ProfiledType> Arguments)
{
    /// <summary>What it is called, with its types.</summary>
    public string Name { get; } = $"{Type}.{Type.Reader.GetString(Type.Reader.GetMethodDefinition(Handle).Name)}[{string.Join(',', Arguments)}]";

    /// <summary>What it is and no other, also of overloads.</summary>
    public string Key => $"{Type.Assembly} {Name} {MetadataTokens.GetRowNumber(Handle)}";

    /// <summary>The assembly that defines it, then all others that it is made of, each with a semicolon behind it.</summary>
    public string Assemblies
    {
        get
        {
            var others = Arguments.Prepend(Type).SelectMany(static type => type.Assemblies).Except([Type.Assembly]).Order(StringComparer.Ordinal);
            return string.Concat(others.Prepend(Type.Assembly).Select(static name => $"{name};"));
        }
    }
}
