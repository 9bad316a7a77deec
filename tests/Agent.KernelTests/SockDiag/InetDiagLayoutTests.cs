using System.Diagnostics;
using Agent.Kernel.Interop;
using Xunit;
using static Agent.Kernel.Interop.SockDiagConstants;

namespace Agent.KernelTests.SockDiag;

/// <summary>Compares the offsets and numbers in use with the C headers of this machine.</summary>
public sealed class InetDiagLayoutTests
{
    [Fact]
    public void Constants_EqualTheHeaders()
    {
        (string Expression, long Value)[] expected =
        [
            ("TCPDIAG_GETSOCK", TCPDIAG_GETSOCK),
            ("SOCK_DIAG_BY_FAMILY", SOCK_DIAG_BY_FAMILY),
            ("NETLINK_SOCK_DIAG", NetlinkConstants.NETLINK_SOCK_DIAG),
            ("INET_DIAG_INFO", INET_DIAG_INFO),
            ("INET_DIAG_SHUTDOWN", INET_DIAG_SHUTDOWN),
            ("INET_DIAG_PROTOCOL", INET_DIAG_PROTOCOL),
            ("SKNLGRP_INET_TCP_DESTROY", SKNLGRP_INET_TCP_DESTROY),
            ("SKNLGRP_INET6_TCP_DESTROY", SKNLGRP_INET6_TCP_DESTROY),
            ("INET_DIAG_CGROUP_ID", INET_DIAG_CGROUP_ID),
            ("sizeof(struct inet_diag_req)", SizeofInetDiagReq),
            ("offsetof(struct inet_diag_req, idiag_ext)", IdiagExtOffset),
            ("offsetof(struct inet_diag_req, idiag_states)", IdiagStatesOffset),
            ("sizeof(struct inet_diag_req_v2)", SizeofInetDiagReqV2),
            ("offsetof(struct inet_diag_req_v2, sdiag_protocol)", V2ProtocolOffset),
            ("offsetof(struct inet_diag_req_v2, idiag_ext)", V2ExtOffset),
            ("offsetof(struct inet_diag_req_v2, idiag_states)", V2StatesOffset),
            ("sizeof(struct inet_diag_msg)", SizeofInetDiagMsg),
            ("offsetof(struct inet_diag_msg, idiag_state)", MsgStateOffset),
            ("offsetof(struct inet_diag_msg, idiag_timer)", MsgTimerOffset),
            ("offsetof(struct inet_diag_msg, id.idiag_sport)", MsgSportOffset),
            ("offsetof(struct inet_diag_msg, id.idiag_dport)", MsgDportOffset),
            ("offsetof(struct inet_diag_msg, id.idiag_src)", MsgSrcOffset),
            ("offsetof(struct inet_diag_msg, id.idiag_dst)", MsgDstOffset),
            ("offsetof(struct inet_diag_msg, id.idiag_cookie)", MsgCookieOffset),
            ("offsetof(struct inet_diag_msg, idiag_expires)", MsgExpiresOffset),
            ("offsetof(struct inet_diag_msg, idiag_rqueue)", MsgRqueueOffset),
            ("offsetof(struct inet_diag_msg, idiag_wqueue)", MsgWqueueOffset),
            ("offsetof(struct inet_diag_msg, idiag_uid)", MsgUidOffset),
            ("offsetof(struct inet_diag_msg, idiag_inode)", MsgInodeOffset),
            ("offsetof(struct tcp_info, tcpi_last_data_sent)", TcpiLastDataSentOffset),
            ("offsetof(struct tcp_info, tcpi_retransmits)", TcpiRetransmitsOffset),
            ("offsetof(struct tcp_info, tcpi_probes)", TcpiProbesOffset),
            ("offsetof(struct tcp_info, tcpi_last_ack_sent)", TcpiLastAckSentOffset),
            ("offsetof(struct tcp_info, tcpi_last_data_recv)", TcpiLastDataRecvOffset),
            ("offsetof(struct tcp_info, tcpi_last_ack_recv)", TcpiLastAckRecvOffset),
            ("offsetof(struct tcp_info, tcpi_bytes_acked)", TcpiBytesAckedOffset),
            ("offsetof(struct tcp_info, tcpi_bytes_received)", TcpiBytesReceivedOffset),
            ("offsetof(struct tcp_info, tcpi_data_segs_in)", TcpiDataSegsInOffset),
            ("offsetof(struct tcp_info, tcpi_data_segs_out)", TcpiDataSegsOutOffset),
            ("offsetof(struct tcp_info, tcpi_bytes_sent)", TcpiBytesSentOffset),
            ("offsetof(struct tcp_info, tcpi_bytes_retrans)", TcpiBytesRetransOffset),
            ("offsetof(struct statx, stx_ino)", 32),
            ("offsetof(struct statx, stx_mtime)", 112),
            ("offsetof(struct statx, stx_dev_major)", 136),
            ("offsetof(struct statx, stx_dev_minor)", 140),
            ("sizeof(struct statx)", 256),
            ("STATX_INO", DirectoryConstants.STATX_INO),
            ("STATX_MTIME", DirectoryConstants.STATX_MTIME),
            ("CLONE_NEWNET", DirectoryConstants.CLONE_NEWNET),
            ("PROC_SUPER_MAGIC", DirectoryConstants.PROC_SUPER_MAGIC),
            ("CGROUP2_SUPER_MAGIC", DirectoryConstants.CGROUP2_SUPER_MAGIC),
        ];

        var actual = Evaluate(expected.Select(static pair => pair.Expression));

        Assert.Equal(expected.Select(static pair => $"{pair.Expression} = {pair.Value}"), expected.Zip(actual, static (pair, value) => $"{pair.Expression} = {value}"));
    }

    private static string[] Evaluate(IEnumerable<string> expressions)
    {
        var directory = Directory.CreateTempSubdirectory("cwlayout");
        try
        {
            var source = Path.Combine(directory.FullName, "probe.c");
            var program = Path.Combine(directory.FullName, "probe");
            string[] headers = ["stddef.h", "stdio.h", "linux/inet_diag.h", "linux/magic.h", "linux/netlink.h", "linux/sched.h", "linux/sock_diag.h", "linux/stat.h", "linux/tcp.h"];
            File.WriteAllText(source, string.Concat(headers.Select(static header => $"#include <{header}>\n"))
                + "int main(void) {\n" + string.Concat(expressions.Select(static expression => $"printf(\"%lld\\n\", (long long)({expression}));\n")) + "return 0; }\n");
            Run("gcc", "-o", program, source);
            return Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
