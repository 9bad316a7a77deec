using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Core.Model;
using Agent.Tests.Kubernetes.Testing;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class ApiServerTrustTests
{
    private static readonly string s_list = PodJson.List("1", PodJson.Pod("a", "1"));

    [Fact]
    public async Task Connect_CertificateOfTheClustersCa_IsTrusted()
    {
        using var authority = Authority("kubernetes");
        using var certificate = Server(authority, IPAddress.Loopback);
        await using var rig = await WatcherRig.CreateAsync(certificate);
        File.WriteAllText(rig.CertificateAuthorityFile, authority.ExportCertificatePem());
        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        Assert.Equal(SourceStatus.Ok, (await rig.UntilPodsAsync("a")).Status);
    }

    [Fact]
    public async Task Connect_CertificateOfAnotherCa_IsRefusedUntilTheFileIsRotated()
    {
        using var authority = Authority("kubernetes");
        using var other = Authority("kubernetes");
        using var certificate = Server(authority, IPAddress.Loopback);
        await using var rig = await WatcherRig.CreateAsync(certificate);
        File.WriteAllText(rig.CertificateAuthorityFile, other.ExportCertificatePem());
        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Detail.Contains("not signed by", StringComparison.Ordinal));
        Assert.Equal(SourceStatus.Failed, view.Status);

        // During a rotation the file holds both.
        File.WriteAllText(rig.CertificateAuthorityFile, other.ExportCertificatePem() + "\n" + authority.ExportCertificatePem());
        await rig.UntilPodsAsync("a");
    }

    [Fact]
    public async Task Connect_CertificateOfAnotherHost_IsRefused()
    {
        using var authority = Authority("kubernetes");
        using var certificate = Server(authority, IPAddress.Parse("10.96.0.1"));
        await using var rig = await WatcherRig.CreateAsync(certificate);
        File.WriteAllText(rig.CertificateAuthorityFile, authority.ExportCertificatePem());
        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Status == SourceStatus.Failed);
        Assert.Contains("certificate", view.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no certificate")]
    public async Task Connect_CaFileMissingOrUnreadable_NamesTheFile(string? content)
    {
        using var authority = Authority("kubernetes");
        using var certificate = Server(authority, IPAddress.Loopback);
        await using var rig = await WatcherRig.CreateAsync(certificate);
        if (content is not null)
        {
            File.WriteAllText(rig.CertificateAuthorityFile, content);
        }

        await rig.StartAsync();
        await rig.UntilAsync(view => view.Detail.Contains(rig.CertificateAuthorityFile, StringComparison.Ordinal));
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static X509Certificate2 Server(X509Certificate2 authority, IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        names.AddDnsName("kubernetes.default.svc");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var signed = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow.AddMinutes(30), [1, 2, 3]);
        return signed.CopyWithPrivateKey(key);
    }
}
