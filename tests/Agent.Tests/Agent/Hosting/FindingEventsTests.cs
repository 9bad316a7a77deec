using Agent.Core.Diagnosis;
using Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

public sealed class FindingEventsTests
{
    [Fact]
    public void Of_CriticalFindingsOfPods_BecomeEventsWithTitleAndFirstFix()
    {
        var cart = TestSnapshots.Pod("cart", podNamespace: "shop", uid: "u-1");
        var snapshot = TestSnapshots.Of(cart, TestSnapshots.Pod("web", podNamespace: "shop", uid: ""));
        var findings = new DiagnosisResult(
            [
                Finding("half-closed-untracked", Severity.Critical, FindingSubject.Of(cart.Identity)),
                Finding("close-wait-leak", Severity.Warning, FindingSubject.Of(cart.Identity)),
                Finding("conntrack-drops", Severity.Critical, FindingSubject.Node(snapshot)),
                Finding("reset-on-reuse", Severity.Critical, new(SubjectKind.Pod, "shop", "web")), // its uid is not known
                Finding("reset-on-reuse", Severity.Critical, new(SubjectKind.Pod, "shop", "gone")),
            ],
            new(Verdict.Critical, ""));

        var one = Assert.Single(FindingEvents.Of(snapshot, findings));

        Assert.Equal(
            new("shop", "cart", "u-1", "half-closed-untracked", "title of half-closed-untracked. Do first sysctl: x=1. More: closewatch explain half-closed-untracked"), one);
    }

    private static Finding Finding(string id, Severity severity, FindingSubject subject) => new()
    {
        Id = id,
        Severity = severity,
        Title = $"title of {id}",
        Subject = subject,
        Evidence = [],
        Why = "",
        Fix = [new("sysctl", "x=1"), new("kube-proxy", "another")],
        Reference = "",
    };
}
