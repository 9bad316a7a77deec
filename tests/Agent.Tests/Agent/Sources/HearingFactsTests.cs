using Agent.Core.Model;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class HearingFactsTests
{
    private static readonly SourceProblem s_noBroadcast = new("setsockopt(NETLINK_LISTEN_ALL_NSID): EPERM (1) (needs CAP_NET_BROADCAST)", SourceNeeds.NetBroadcast);

    [Fact]
    public void ToReport_OneSocket_IsOk()
    {
        var report = Report(new() { Heard = 7, Ends = 99 });

        Assert.Equal(("connection_ends", "sock_diag", SourceStatus.Ok, "", 99), (report.Name, report.Backend, report.Status, report.Detail, report.Records));
    }

    [Fact]
    public void ToReport_SocketInEach_IsOkAndSaysWhy()
    {
        var report = Report(new() { Heard = 7, OneSocketRefusal = s_noBroadcast });

        Assert.Equal(SourceStatus.Ok, report.Status);
        Assert.StartsWith("by a socket in each of 7 namespaces, because: ", report.Detail, StringComparison.Ordinal);
        Assert.Contains("CAP_NET_BROADCAST", report.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void ToReport_HostAlone_SaysWhatIsMissingAndWhatThatCosts()
    {
        var report = Report(new()
        {
            Heard = 1,
            Deaf = 12,
            OneSocketRefusal = s_noBroadcast,
            DeafReason = new("they could not be entered", SourceNeeds.EnterNamespaces),
        });

        Assert.Equal((SourceStatus.Degraded, SourceNeeds.EnterNamespaces), (report.Status, report.Needs));
        Assert.Equal("12 of 13 namespaces are not listened to, what ends and is lost there is unknown: they could not be entered", report.Detail);
    }

    [Fact]
    public void ToReport_TooManyNamespacesForSockets_NeedsTheCapabilityOrTheKey()
    {
        var report = Report(new() { Heard = 251, Deaf = 49, OneSocketRefusal = s_noBroadcast });

        Assert.Equal((SourceStatus.Degraded, SourceNeeds.NetBroadcast | SourceNeeds.ConnectionEndsEverywhere), (report.Status, report.Needs));
        Assert.Contains("auto opens no more than 250 sockets", report.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void ToReport_OverrunsAndTurns_AreBothSaid()
    {
        var report = Report(new() { Heard = 7, Missed = 5, WatchedShare = 0.4, BudgetPercent = 1.5 });

        Assert.Equal((SourceStatus.Degraded, SourceNeeds.CpuBudget), (report.Status, report.Needs));
        Assert.Equal(
            "5 ends since the last scan came faster than they were read and are not counted; "
            + "watched 40 % of the last minutes, more would cost over half of Collection:CpuBudgetPercent (1.5)",
            report.Detail);
    }

    private static SourceReport Report(HearingFacts facts) => facts.ToReport(new(SourceNames.ConnectionEnds, TimeProvider.System));
}
