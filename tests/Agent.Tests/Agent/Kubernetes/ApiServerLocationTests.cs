using Agent.Kubernetes;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class ApiServerLocationTests
{
    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("fd00:10:96::1", "6443", "https://[fd00:10:96::1]:6443/")]
    [InlineData("kubernetes.default.svc", "443", "https://kubernetes.default.svc/")]
    public void TryFind_InACluster_IsTheServiceOfTheApiServer(string host, string port, string expected)
    {
        Assert.True(ApiServerLocation.TryFind(name => name == "KUBERNETES_SERVICE_HOST" ? host : port, "/sa", out var location));
        Assert.Equal(expected, location.Address.AbsoluteUri);
        Assert.Equal("/sa/token", location.TokenFile);
        Assert.Equal("/sa/ca.crt", location.CertificateAuthorityFile);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", "443")]
    [InlineData("10.96.0.1", null)]
    [InlineData("10.96.0.1", "https")]
    [InlineData("not a host", "443")]
    public void TryFind_OutsideACluster_IsFalse(string? host, string? port)
    {
        Assert.False(ApiServerLocation.TryFind(name => name == "KUBERNETES_SERVICE_HOST" ? host : port, "/sa", out _));
    }
}
