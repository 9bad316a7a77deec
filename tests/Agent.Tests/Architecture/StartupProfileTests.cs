using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>The profile that the published program is compiled with (<c>make profile</c>) is one, and still of this program.</summary>
/// <remarks>crossgen2 passes over what it does not find: with a profile that is no more of this program nothing would fail, only starts would be slow.</remarks>
public sealed class StartupProfileTests : IDisposable
{
    private const double MinShareThere = 0.75;

    private static readonly string[] s_own = ["closewatch", "Agent.Core", "Agent.Kernel"];

    private readonly PEReader _file = new(File.OpenRead(Path.Combine(Golden.RepositoryRoot, "src", "Agent", "Startup.mibc")));

    public void Dispose() => _file.Dispose();

    [Fact]
    public void Profile_GroupsOfItsDictionary_AreMethodsOfIt()
    {
        var profile = _file.GetMetadataReader();
        var code = Code(profile.MethodDefinitions.Single(method => profile.GetString(profile.GetMethodDefinition(method).Name) == "AssemblyDictionary"));

        // ldstr NAMES, ldtoken GROUP, pop for each; the names begin with the assembly that defines the group's methods.
        var groups = new List<(string Names, MethodDefinitionHandle Group)>();
        while (code.RemainingBytes > 1)
        {
            Assert.Equal((byte)ILOpCode.Ldstr, code.ReadByte());
            var names = profile.GetUserString((UserStringHandle)MetadataTokens.Handle(code.ReadInt32()));
            Assert.Equal((byte)ILOpCode.Ldtoken, code.ReadByte());
            groups.Add((names, (MethodDefinitionHandle)MetadataTokens.Handle(code.ReadInt32())));
            Assert.Equal((byte)ILOpCode.Pop, code.ReadByte());
        }

        Assert.All(groups, static group => Assert.EndsWith(";", group.Names, StringComparison.Ordinal));
        Assert.Contains(groups, static group => group.Names.StartsWith("System.Linq;", StringComparison.Ordinal));
        Assert.Equal(profile.MethodDefinitions.Count - 1, groups.Select(static group => group.Group).Distinct().Count());
        Assert.All(groups, group => Assert.True(Code(group.Group).RemainingBytes > 1, $"{group.Names} has no method"));
    }

    [Fact]
    public void Profile_TypesOfThisProgram_AreStillThere()
    {
        var profile = _file.GetMetadataReader();
        var types = profile.TypeReferences.Select(type => Resolve(profile, type)).OfType<(string Name, bool IsThere)>().ToArray();
        var gone = types.Where(static type => !type.IsThere).Select(static type => type.Name).ToArray();

        Assert.True(types.Length > 0, "the profile names no type of this program: make profile writes it anew");
        Assert.True(
            gone.Length <= (1 - MinShareThere) * types.Length,
            $"of {types.Length} types that the profile names {gone.Length} are gone (make profile writes it anew): {string.Join(", ", gone)}");
    }

    /// <returns>null for a type of another program.</returns>
    private static (string Name, bool IsThere)? Resolve(MetadataReader profile, TypeReferenceHandle handle)
    {
        var type = profile.GetTypeReference(handle);
        var name = profile.GetString(type.Name);
        while (type.ResolutionScope.Kind == HandleKind.TypeReference)
        {
            type = profile.GetTypeReference((TypeReferenceHandle)type.ResolutionScope);
            name = $"{profile.GetString(type.Name)}+{name}";
        }

        name = type.Namespace.IsNil ? name : $"{profile.GetString(type.Namespace)}.{name}";
        var assembly = profile.GetString(profile.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name);
        return s_own.Contains(assembly) ? (name, Assembly.Load(assembly).GetType(name) is not null) : null;
    }

    private BlobReader Code(MethodDefinitionHandle method) =>
        _file.GetMethodBody(_file.GetMetadataReader().GetMethodDefinition(method).RelativeVirtualAddress).GetILReader();
}
