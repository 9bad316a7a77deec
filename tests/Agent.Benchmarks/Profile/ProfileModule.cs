using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Agent.Benchmarks.Profile;

/// <summary>Writes a profile for crossgen2's option --mibc: methods that it shall compile beyond what it finds by itself.</summary>
/// <remarks>
/// It is a module of IL that is only read. Its global method AssemblyDictionary has, for each group of methods, a string with the assemblies
/// that they are made of, each with a semicolon behind it and the one that defines them first, and the token of a global method that has the tokens
/// of the methods (src/coreclr/tools/aot/ILCompiler.ReadyToRun/IBC/MIbcProfileParser.cs in dotnet/runtime). Names are all that it
/// has, so that a method that is no more there, or of another version, is passed over. The same methods give the same bytes.
/// </remarks>
internal sealed class ProfileModule
{
    // What generic code is shared for. It is no type of an assembly: this name stands for it.
    private const string Canon = "System.__Canon";
    private const string CanonAssembly = "System.Private.Canon";
    private const int MaxStack = 8;

    private readonly MetadataBuilder _metadata = new();
    private readonly MethodBodyStreamEncoder _bodies = new(new BlobBuilder());
    private readonly Dictionary<string, AssemblyReferenceHandle> _assemblies = [];
    private readonly Dictionary<(EntityHandle Scope, string Namespace, string Name), TypeReferenceHandle> _types = [];
    private readonly SignatureCopier _copier;

    private ProfileModule() => _copier = new(Reference, Reference);

    /// <summary>Writes the profile.</summary>
    public static void Write(string path, IEnumerable<ProfiledMethod> methods)
    {
        var module = new ProfileModule();
        var dictionary = new InstructionEncoder(new BlobBuilder());
        module._metadata.AddTypeDefinition(
            default, default, module._metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        foreach (var group in methods.GroupBy(static method => method.Assemblies).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            dictionary.LoadString(module._metadata.GetOrAddUserString(group.Key));
            LoadToken(dictionary, module.AddGroup(group));
        }

        _ = module.AddGlobalMethod("AssemblyDictionary", dictionary);
        File.WriteAllBytes(path, module.ToArray());
    }

    private MethodDefinitionHandle AddGroup(IGrouping<string, ProfiledMethod> group)
    {
        var code = new InstructionEncoder(new BlobBuilder());
        foreach (var method in group.OrderBy(static method => method.Name, StringComparer.Ordinal).ThenBy(static method => MetadataTokens.GetToken(method.Handle)))
        {
            LoadToken(code, Reference(method));
        }

        return AddGlobalMethod(group.Key, code);
    }

    private static void LoadToken(InstructionEncoder code, EntityHandle handle)
    {
        code.OpCode(ILOpCode.Ldtoken);
        code.Token(handle);
        code.OpCode(ILOpCode.Pop);
    }

    private MethodDefinitionHandle AddGlobalMethod(string name, InstructionEncoder code)
    {
        code.OpCode(ILOpCode.Ret);
        var signature = new BlobBuilder();
        new BlobEncoder(signature).MethodSignature().Parameters(0, static returned => returned.Void(), static _ => { });
        return _metadata.AddMethodDefinition(
            MethodAttributes.Public | MethodAttributes.Static,
            MethodImplAttributes.IL,
            _metadata.GetOrAddString(name),
            _metadata.GetOrAddBlob(signature),
            _bodies.AddMethodBody(code, MaxStack),
            MetadataTokens.ParameterHandle(1));
    }

    private byte[] ToArray()
    {
        _metadata.AddModule(0, _metadata.GetOrAddString("profile"), _metadata.GetOrAddGuid(Guid.Empty), default, default);
        _metadata.AddAssembly(_metadata.GetOrAddString("profile"), new(), default, default, default, AssemblyHashAlgorithm.None);
        var file = new BlobBuilder();
        _ = new ManagedPEBuilder(PEHeaderBuilder.CreateLibraryHeader(), new(_metadata), _bodies.Builder, deterministicIdProvider: static _ => default).Serialize(file);
        return file.ToArray();
    }

    private EntityHandle Reference(ProfiledMethod method)
    {
        var (reader, type) = (method.Type.Reader, method.Type);
        var definition = reader.GetMethodDefinition(method.Handle);
        EntityHandle parent = type.Arguments.IsEmpty ? Reference(reader, type.Handle) : _metadata.AddTypeSpecification(_metadata.GetOrAddBlob(Signature(type)));
        var reference = _metadata.AddMemberReference(
            parent,
            _metadata.GetOrAddString(reader.GetString(definition.Name)),
            _metadata.GetOrAddBlob(SignatureCopier.Method(definition.DecodeSignature(_copier, null))));
        return method.Arguments.IsEmpty
            ? reference
            : _metadata.AddMethodSpecification(reference, _metadata.GetOrAddBlob(SignatureCopier.MethodInstantiation([.. method.Arguments.Select(Signature)])));
    }

    private byte[] Signature(ProfiledType type)
    {
        if (type.Rank != 0)
        {
            var element = Signature(type.Arguments[0]);
            return type.Rank < 0 ? _copier.GetSZArrayType(element) : _copier.GetArrayType(element, new(type.Rank, [], [.. new int[type.Rank]]));
        }

        if (type.Primitive is { } code)
        {
            return _copier.GetPrimitiveType(code);
        }

        var reference = type.Name == Canon ? Reference(Assembly(CanonAssembly), "System", "__Canon") : Reference(type.Reader, type.Handle);
        var bare = SignatureCopier.Type(type.IsValueType ? SignatureTypeKind.ValueType : SignatureTypeKind.Class, reference);
        return type.Arguments.IsEmpty ? bare : _copier.GetGenericInstantiation(bare, [.. type.Arguments.Select(Signature)]);
    }

    private EntityHandle Reference(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var scope = type.GetDeclaringType() is { IsNil: false } declaring
            ? Reference(reader, declaring)
            : Assembly(reader.GetString(reader.GetAssemblyDefinition().Name));
        return Reference(scope, reader.GetString(type.Namespace), reader.GetString(type.Name));
    }

    private EntityHandle Reference(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var scope = type.ResolutionScope.Kind == HandleKind.TypeReference
            ? Reference(reader, (TypeReferenceHandle)type.ResolutionScope)
            : Assembly(reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name));
        return Reference(scope, reader.GetString(type.Namespace), reader.GetString(type.Name));
    }

    private TypeReferenceHandle Reference(EntityHandle scope, string space, string name)
    {
        if (!_types.TryGetValue((scope, space, name), out var handle))
        {
            _types[(scope, space, name)] = handle = _metadata.AddTypeReference(scope, _metadata.GetOrAddString(space), _metadata.GetOrAddString(name));
        }

        return handle;
    }

    private AssemblyReferenceHandle Assembly(string name)
    {
        if (!_assemblies.TryGetValue(name, out var handle))
        {
            _assemblies[name] = handle = _metadata.AddAssemblyReference(_metadata.GetOrAddString(name), new(0, 0, 0, 0), default, default, default, default);
        }

        return handle;
    }
}
