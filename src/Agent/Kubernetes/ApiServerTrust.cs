using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Agent.Kubernetes;

/// <summary>Trusts exactly the cluster's CA, as its file is at the time of each handshake: a rotated CA needs no restart.</summary>
internal sealed class ApiServerTrust(string certificateAuthorityFile)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The machine's own CAs count for nothing, and nothing is fetched from anywhere to complete a chain.</summary>
    public SslClientAuthenticationOptions CreateOptions() => new()
    {
        CertificateChainPolicy = CreatePolicy(),
        RemoteCertificateValidationCallback = Validate,
    };

    private static X509ChainPolicy CreatePolicy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        ApplicationPolicy = { new Oid(ServerAuthentication) },
    };

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 server || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(certificateAuthorityFile);
        try
        {
            // One by one: the old and the new CA of a rotation have the same name, and only one of them is the signer.
            return authorities.Any(authority => IsSigned(server, authority, sent));
        }
        finally
        {
            foreach (var authority in authorities)
            {
                authority.Dispose();
            }
        }
    }

    private static bool IsSigned(X509Certificate2 server, X509Certificate2 authority, X509Chain? sent)
    {
        using var chain = new X509Chain { ChainPolicy = CreatePolicy() };
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        }

        try
        {
            return chain.Build(server);
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }
}
