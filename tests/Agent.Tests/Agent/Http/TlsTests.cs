using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Core.Diagnosis;
using Agent.Hosting;
using Agent.Tests.Agent.Hosting;
using Xunit;

namespace Agent.Tests.Agent.Http;

public sealed class TlsTests
{
    [Fact]
    public async Task Certificate_ChangedThenBroken_NewOneServesBadOneIsRefused()
    {
        using var directory = new TemporaryDirectory();
        var first = NewCertificate();
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(
            scanner, "Http:Listen=https://127.0.0.1:0", $"Http:CertificateFile={directory.Write("tls.crt", first.Certificate)}", $"Http:KeyFile={directory.Write("tls.key", first.Key)}");
        await agent.ScannedAsync(scanner, 1);
        Assert.Equal(first.Thumbprint, await ThumbprintOf(agent));

        var second = NewCertificate();
        directory.Write("tls.crt", second.Certificate);
        agent.Reload();
        Assert.Equal(first.Thumbprint, await ThumbprintOf(agent)); // the key does not fit yet
        Assert.Single(agent.Log.Containing("the old one stays in force"));
        directory.Write("tls.key", second.Key);
        agent.Reload();
        Assert.Equal(second.Thumbprint, await ThumbprintOf(agent));

        directory.Write("tls.crt", "not a certificate");
        agent.Reload();
        agent.Reload();
        Assert.Equal(second.Thumbprint, await ThumbprintOf(agent));
        Assert.Equal(2, agent.Log.Containing("the old one stays in force").Length);
    }

    [Fact]
    public void Build_KeyOfAnotherCertificate_SaysWhichFile()
    {
        using var directory = new TemporaryDirectory();
        using var scanner = new FakeScanner();
        var certificate = directory.Write("tls.crt", NewCertificate().Certificate);
        var key = directory.Write("tls.key", NewCertificate().Key);
        var error = Assert.Throws<AgentStartException>(() => AgentHost.Build(new()
        {
            Configuration = TestAgent.Configure(null, $"Http:CertificateFile={certificate}", $"Http:KeyFile={key}"),
            CreateScanner = (_, _) => scanner,
            Diagnose = static (_, _) => new([], new(Verdict.Ok, "")),
        }));
        Assert.Contains(certificate, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static async Task<string> ThumbprintOf(TestAgent agent)
    {
        var thumbprint = "";
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                {
                    thumbprint = ((X509Certificate2)certificate!).Thumbprint;
                    return errors == SslPolicyErrors.RemoteCertificateChainErrors;
                },
            },
        };
        using var client = new HttpClient(handler);
        using var response = await client.GetAsync(new Uri(agent.Address, "/metrics"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return thumbprint;
    }

    private static (string Certificate, string Key, string Thumbprint) NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=closewatch", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), certificate.Thumbprint);
    }
}
