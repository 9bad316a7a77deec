using System.Net.Security;
using System.Security.Cryptography;
using Agent.Configuration;

namespace Agent.Http;

/// <summary>The certificate (with its chain) and the key of Http:CertificateFile and Http:KeyFile.</summary>
internal sealed class CertificateStore : IReloadable
{
    private readonly WatchedFile _certificateFile;
    private readonly WatchedFile _keyFile;
    private volatile ServerCertificate _current;

    private CertificateStore(string certificatePath, string keyPath)
    {
        (_certificateFile, _keyFile) = (new(certificatePath), new(keyPath));
        _ = _certificateFile.Read(out var certificate);
        _ = _keyFile.Read(out var key);
        _current = ServerCertificate.Parse(certificate, key);
    }

    /// <summary>What new connections are answered with. Connections that exist keep theirs.</summary>
    public SslStreamCertificateContext Current => _current.Context;

    /// <summary>Whether it is for a host of this name.</summary>
    public bool IsFor(string host) =>
        Uri.CheckHostName(host) == UriHostNameType.Dns
        && Current.TargetCertificate.MatchesHostname(host, allowWildcards: true, allowCommonName: false);

    public string What => $"Http:CertificateFile {_certificateFile.Path}";

    /// <summary>Reads both files.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public static CertificateStore Load(string certificatePath, string keyPath) => new(certificatePath, keyPath);

    public bool Reload()
    {
        var certificateChanged = _certificateFile.Read(out var certificate);
        var keyChanged = _keyFile.Read(out var key);
        if (!certificateChanged && !keyChanged)
        {
            return false;
        }

        _current = ServerCertificate.Parse(certificate, key);
        return true;
    }
}
