using System.Security.Cryptography;
using System.Text;
using Agent.Configuration;

namespace Agent.Http;

/// <summary>
/// The token of Http:BearerTokenFile. Kept and compared as a digest: the comparison takes the same time whatever is sent.
/// </summary>
internal sealed class BearerToken : IReloadable
{
    private const string Scheme = "Bearer ";

    private readonly WatchedFile _file;
    private volatile byte[] _digest;

    private BearerToken(WatchedFile file, byte[] digest) => (_file, _digest) = (file, digest);

    /// <summary>Reads the token.</summary>
    /// <exception cref="IOException">The file cannot be read, or is empty.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static BearerToken Load(string path)
    {
        var file = new WatchedFile(path);
        _ = file.Read(out var content);
        return new(file, DigestOf(path, content));
    }

    public string What => $"Http:BearerTokenFile {_file.Path}";

    public bool Reload()
    {
        if (!_file.Read(out var content))
        {
            return false;
        }

        _digest = DigestOf(_file.Path, content);
        return true;
    }

    public bool Allows(string? authorization) =>
        authorization is not null
        && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim())), _digest);

    private static byte[] DigestOf(string path, byte[] content)
    {
        var token = content.AsSpan().Trim(" \t\r\n"u8);
        return token.IsEmpty ? throw new IOException($"{path} is empty") : SHA256.HashData(token);
    }
}
