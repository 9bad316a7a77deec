using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Agent.Benchmarks.Profile;

/// <summary>The assemblies that a program was made of, after trimming: what the numbers of a trace of it mean.</summary>
internal sealed class TrimmedAssemblies(string directory) : IDisposable
{
    private readonly Dictionary<string, PEReader?> _files = [];

    /// <summary>Names a method.</summary>
    /// <returns>null for one that a profile cannot name: of a pointer, of an array's own methods, or of code that is made at run time.</returns>
    public ProfiledMethod? Find(CompiledMethods methods, CompiledMethod method)
    {
        var type = Find(methods, method.Type);
        var arguments = method.Arguments.Select(argument => Find(methods, argument)).ToImmutableArray();
        return type is not { Rank: 0 } || arguments.Contains(null) ? null : new(type, (MethodDefinitionHandle)MetadataTokens.EntityHandle(method.Token), arguments!);
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file?.Dispose();
        }
    }

    private ProfiledType? Find(CompiledMethods methods, ulong id)
    {
        if (methods[id] is not { } type)
        {
            return null;
        }

        var arguments = type.Arguments.Select(argument => Find(methods, argument)).ToImmutableArray();
        if (arguments.Contains(null))
        {
            return null;
        }

        // An array has no definition of its own; that of its element stands there.
        return type.Rank != 0 ? arguments[0]! with { Rank = type.Rank, Arguments = arguments! }
            : MetadataTokens.EntityHandle(type.Token) is { Kind: HandleKind.TypeDefinition, IsNil: false } handle && Open(type.Module) is { } file
            ? new(file.GetMetadataReader(), (TypeDefinitionHandle)handle, 0, arguments!)
            : null;
    }

    private PEReader? Open(string module)
    {
        var path = Path.Combine(directory, Path.GetFileName(module));
        if (!_files.TryGetValue(path, out var file))
        {
            _files[path] = file = File.Exists(path) ? new PEReader(ImmutableArray.Create(File.ReadAllBytes(path))) : null;
        }

        return file;
    }
}
