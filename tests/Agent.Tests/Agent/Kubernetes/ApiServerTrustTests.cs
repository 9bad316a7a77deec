using System.Net;
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
        using var authority = TestCertificates.Authority("kubernetes");
        using var certificate = TestCertificates.Server(authority, IPAddress.Loopback);
        await using var rig = await WatcherRig.CreateAsync(certificate);
        File.WriteAllText(rig.CertificateAuthorityFile, authority.ExportCertificatePem());
        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        Assert.Equal(SourceStatus.Ok, (await rig.UntilPodsAsync("a")).Status);
    }

    [Fact]
    public async Task Connect_CertificateOfAnotherCa_IsRefusedUntilTheFileIsRotated()
    {
        using var authority = TestCertificates.Authority("kubernetes");
        using var other = TestCertificates.Authority("kubernetes");
        using var certificate = TestCertificates.Server(authority, IPAddress.Loopback);
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
        using var authority = TestCertificates.Authority("kubernetes");
        using var certificate = TestCertificates.Server(authority, IPAddress.Parse("10.96.0.1"));
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
        using var authority = TestCertificates.Authority("kubernetes");
        using var certificate = TestCertificates.Server(authority, IPAddress.Loopback);
        await using var rig = await WatcherRig.CreateAsync(certificate);
        if (content is not null)
        {
            File.WriteAllText(rig.CertificateAuthorityFile, content);
        }

        await rig.StartAsync();
        await rig.UntilAsync(view => view.Detail.Contains(rig.CertificateAuthorityFile, StringComparison.Ordinal));
    }
}
