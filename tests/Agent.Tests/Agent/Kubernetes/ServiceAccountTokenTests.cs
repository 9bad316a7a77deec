using System.Buffers.Text;
using System.Text;
using Agent.Kubernetes;
using Xunit;

namespace Agent.Tests.Agent.Kubernetes;

public sealed class ServiceAccountTokenTests
{
    private const string Subject = "\"sub\":\"system:serviceaccount:ops:default\"";

    [Fact]
    public void Claims_OfABoundToken_NameAccountAndPod() => Assert.Equal(
        new("ops:default", "ops/closewatch-x7k2p"),
        Parse($"{{{Subject},\"kubernetes.io\":{{\"pod\":{{\"name\":\"closewatch-x7k2p\",\"uid\":\"1\"}}}}}}"));

    [Theory]
    [InlineData($"{{{Subject}}}")]
    [InlineData($"{{{Subject},\"kubernetes.io\":7}}")]
    [InlineData($"{{{Subject},\"kubernetes.io\":{{\"pod\":[]}}}}")]
    [InlineData($"{{{Subject},\"kubernetes.io\":{{\"pod\":{{\"name\":\"x; reboot\"}}}}}}")]
    [InlineData($"{{{Subject},\"kubernetes.io\":{{\"pod\":{{\"name\":\"\\ud800\"}}}}}}")]
    public void Claims_WithoutAPodThatHasAName_NameTheAccountAlone(string claims) => Assert.Equal(new("ops:default", ""), Parse(claims));

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not JSON")]
    [InlineData("{\"sub\":\"somebody\"}")]
    [InlineData("{\"sub\":\"\\udc00\"}")]
    [InlineData("{\"sub\":\"system:serviceaccount:ops:$(reboot)\"}")]
    [InlineData("{\"sub\":\"system:serviceaccount:ops:a:b\"}")]
    public void Claims_OfAnotherIssuer_SayNothing(string claims) => Assert.Null(Parse(claims));

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.%%%.c")]
    public void Text_ThatIsNoToken_SaysNothing(string text) => Assert.Null(ServiceAccountToken.Parse(text));

    [Fact]
    public void Token_TooLong_IsNotRead() => Assert.Null(Parse($"{{{Subject},\"x\":\"{new string('x', 16 * 1024)}\"}}"));

    [Fact]
    public void Directory_WithoutAToken_SaysNothing()
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-token-");

        Assert.Null(ServiceAccountToken.Read(directory.FullName));
        directory.Delete();
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(16 * 1024, false)]
    public void File_OfAToken_IsReadUpToItsBound(int padding, bool isRead)
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-token-");
        File.WriteAllText(Path.Combine(directory.FullName, "token"), Token($"{{{Subject}}}") + new string(' ', padding));

        Assert.Equal(isRead ? new("ops:default", "") : null, ServiceAccountToken.Read(directory.FullName));
        directory.Delete(recursive: true);
    }

    [Fact]
    public void File_WithoutEnd_IsReadUpToItsBound()
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-token-");
        File.CreateSymbolicLink(Path.Combine(directory.FullName, "token"), "/dev/zero");

        Assert.Null(ServiceAccountToken.Read(directory.FullName));
        directory.Delete(recursive: true);
    }

    private static ServiceAccountToken? Parse(string claims) => ServiceAccountToken.Parse(Token(claims));

    private static string Token(string claims) => $"h.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.s\n";
}
