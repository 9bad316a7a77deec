using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Agent.Hosting;

/// <summary>A certificate with its key and the chain that is sent with it.</summary>
/// <remarks>Handshakes that are under way may still use a replaced one: it is left to the finalizer.</remarks>
internal sealed class ServerCertificate : IDisposable
{
    private readonly X509Certificate2 _leaf;

    private ServerCertificate(byte[] certificate, byte[] key)
    {
        var pem = Encoding.ASCII.GetString(certificate);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        _leaf = X509Certificate2.CreateFromPem(pem, Encoding.ASCII.GetString(key));
        Context = SslStreamCertificateContext.Create(_leaf, chain, offline: true);
    }

    public SslStreamCertificateContext Context { get; }

    /// <summary>Reads PEM: the certificate first, then its chain; and the key.</summary>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public static ServerCertificate Parse(byte[] certificate, byte[] key) => new(certificate, key);

    public void Dispose() => _leaf.Dispose();
}
