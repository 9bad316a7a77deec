namespace Agent.EndToEndTests.Node;

/// <summary>Settings of a network namespace that tests change.</summary>
public static class Sysctls
{
    public const string CloseWaitTimeout = "net.netfilter.nf_conntrack_tcp_timeout_close_wait";

    public const string EstablishedTimeout = "net.netfilter.nf_conntrack_tcp_timeout_established";

    /// <summary>Whether connections are picked up in their middle; where they are, forgetting one that nothing translates loses nothing.</summary>
    public const string Loose = "net.netfilter.nf_conntrack_tcp_loose";

    /// <summary>Whether packets outside the window pass as valid.</summary>
    public const string Liberal = "net.netfilter.nf_conntrack_tcp_be_liberal";
}
