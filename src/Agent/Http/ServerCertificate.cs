using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Agent.Http;

/// <summary>A certificate with its key and the chain that is sent with it.</summary>
/// <remarks>Handshakes that are under way may still use a replaced one: it is left to the finalizer.</remarks>
internal sealed class ServerCertificate : IDisposable
{
    private readonly X509Certificate2 _leaf;

    private ServerCertificate(string certificate, string key)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        _leaf = X509Certificate2.CreateFromPem(certificate, key);
        Context = SslStreamCertificateContext.Create(_leaf, chain, offline: true);
    }

    public SslStreamCertificateContext Context { get; }

    /// <summary>Reads PEM: the certificate first, then its chain; and the key.</summary>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public static ServerCertificate Parse(byte[] certificate, byte[] key)
    {
        try
        {
            return new(Encoding.ASCII.GetString(certificate), Encoding.ASCII.GetString(key));
        }
        catch (ArgumentException e)
        {
            // That is how a key of another certificate is reported.
            throw new CryptographicException("the key is not that of the certificate", e);
        }
    }

    public void Dispose() => _leaf.Dispose();
}
