using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Conntrack;

/// <summary>uid 0 without any capability: what the restricted manifest has.</summary>
public sealed class ConntrackPrivilegeTests : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly NetworkNamespaceFixture _namespace = new();

    public ConntrackPrivilegeTests() => _namespace.Execute(
        "conntrack", "-I", "-p", "udp", "--src", "10.0.0.1", "--dst", "10.0.0.2", "--sport", "1", "--dport", "53", "-t", "3600");

    public void Dispose() => _namespace.Dispose();

    [Fact]
    public void Dump_ByNetlinkWithoutCapabilities_NamesTheMissingOne()
    {
        var exception = _namespace.Inside(static () =>
        {
            Libc.KeepCapabilities(0);
            using var table = ConntrackNetlink.Open(s_timeout);
            var sink = new CountingSink();
            return Assert.Throws<KernelException>(() => table.Dump(0, ref sink, CancellationToken.None));
        });

        Assert.True(exception.IsDenied);
        Assert.Contains("CAP_NET_ADMIN", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dump_ByProcFsWithoutCapabilities_Works()
    {
        var result = _namespace.Inside(static () =>
        {
            Libc.KeepCapabilities(0);
            using var buffer = new NetlinkBuffer();
            var sink = new CountingSink();
            return ConntrackProcFs.Dump("/proc/thread-self/net/nf_conntrack", buffer, ref sink, CancellationToken.None);
        });

        Assert.Equal(new DumpResult(1, 0, false, 0), result);
    }
}
