using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Agent.Benchmarks.Profile;

/// <summary>Writes a signature again with another module's references in it (ECMA-335 II.23.2).</summary>
/// <param name="definition">The reference of the other module to a definition.</param>
/// <param name="reference">The reference of the other module to what is referred to.</param>
internal sealed class SignatureCopier(
    Func<MetadataReader, TypeDefinitionHandle, EntityHandle> definition,
    Func<MetadataReader, TypeReferenceHandle, EntityHandle> reference) : ISignatureTypeProvider<byte[], object?>
{
    /// <summary>A class or a value type.</summary>
    public static byte[] Type(SignatureTypeKind kind, EntityHandle handle) =>
        [(byte)kind, .. Compressed(CodedIndex.TypeDefOrRefOrSpec(handle))];

    public static byte[] Method(MethodSignature<byte[]> signature) =>
    [
        signature.Header.RawValue,
        .. signature.Header.IsGeneric ? Compressed(signature.GenericParameterCount) : [],
        .. Compressed(signature.ParameterTypes.Length),
        .. signature.ReturnType,
        .. signature.ParameterTypes.SelectMany(static type => type),
    ];

    /// <summary>The arguments of a generic method (II.23.2.15).</summary>
    public static byte[] MethodInstantiation(IReadOnlyCollection<byte[]> arguments) => [(byte)SignatureKind.MethodSpecification, .. Arguments(arguments)];

    private static byte[] Compressed(int value)
    {
        var blob = new BlobBuilder();
        blob.WriteCompressedInteger(value);
        return blob.ToArray();
    }

    public byte[] GetGenericInstantiation(byte[] genericType, ImmutableArray<byte[]> typeArguments) =>
        [(byte)SignatureTypeCode.GenericTypeInstance, .. genericType, .. Arguments(typeArguments)];

    private static byte[] Arguments(IReadOnlyCollection<byte[]> types) => [.. Compressed(types.Count), .. types.SelectMany(static type => type)];

    public byte[] GetArrayType(byte[] elementType, ArrayShape shape)
    {
        var blob = new BlobBuilder();
        blob.WriteByte((byte)SignatureTypeCode.Array);
        blob.WriteBytes(elementType);
        new ArrayShapeEncoder(blob).Shape(shape.Rank, shape.Sizes, shape.LowerBounds);
        return blob.ToArray();
    }

    public byte[] GetSZArrayType(byte[] elementType) => [(byte)SignatureTypeCode.SZArray, .. elementType];

    public byte[] GetByReferenceType(byte[] elementType) => [(byte)SignatureTypeCode.ByReference, .. elementType];

    public byte[] GetPointerType(byte[] elementType) => [(byte)SignatureTypeCode.Pointer, .. elementType];

    public byte[] GetPinnedType(byte[] elementType) => [(byte)SignatureTypeCode.Pinned, .. elementType];

    public byte[] GetFunctionPointerType(MethodSignature<byte[]> signature) =>
        [(byte)SignatureTypeCode.FunctionPointer, .. Method(signature)];

    public byte[] GetGenericMethodParameter(object? genericContext, int index) =>
        [(byte)SignatureTypeCode.GenericMethodParameter, .. Compressed(index)];

    public byte[] GetGenericTypeParameter(object? genericContext, int index) =>
        [(byte)SignatureTypeCode.GenericTypeParameter, .. Compressed(index)];

    public byte[] GetModifiedType(byte[] modifier, byte[] unmodifiedType, bool isRequired) =>
        [(byte)(isRequired ? SignatureTypeCode.RequiredModifier : SignatureTypeCode.OptionalModifier), .. modifier[1..], .. unmodifiedType];

    public byte[] GetPrimitiveType(PrimitiveTypeCode typeCode) => [(byte)typeCode];

    public byte[] GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
        Type((SignatureTypeKind)rawTypeKind, definition(reader, handle));

    public byte[] GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
        Type((SignatureTypeKind)rawTypeKind, reference(reader, handle));

    public byte[] GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
}
