using System.Text.Json;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting;
using Xunit;

namespace Agent.Tests.Core.Reporting;

public sealed class JsonReportTests
{
    /// <summary>The members that programs rely on, in the notation of the contract: additions are allowed, removals are not.</summary>
    private const string Contract = """
        schema, tool{version,commit}, node{name,kernel,bootId,takenAt,capturedTree},
        scan{durationSeconds,conntrackAgeSeconds},
        sources[]{name,backend,status,detail,durationSeconds,records},
        conntrack{entries,limit,buckets,flows,byProtocol{tcp,udp},byTcpState{established,timeWait,closeWait,finWait},statistics{found,invalid,insert,
            insertFailed,drop,earlyDrop,error,searchRestart,clashResolve,chainTooLong}},
        timeouts{host{tcp_timeout_close_wait},recommended{tcp_timeout_close_wait},pods[]{namespace,name,uid,values{tcp_timeout_close_wait}}},
        pods[]{namespace,name,uid,workload,hostNetwork,ready,phase,terminatingSeconds,restarts,addresses[],netns,
            halfClosed{sockets{closeWait,finWait1,finWait2},conntrack{host{closeWait,finWait},pod{closeWait,finWait}},
                closedByPeer,closedByPod,oldestSeconds,expiring,untracked,unreadBytes},
            tcp{established,synSent,synRecv,finWait1,finWait2,timeWait,close,closeWait,lastAck,listen,closing},
            counters{resetsSent,establishedResets,abortOnData,abortOnClose,abortOnTimeout,listenOverflows,listenDrops},
            listeners[]{port,address,queued,backlog,established,closedByPodFirst},
            idle{ceilingSeconds,samples,port},
            ends{watchedSeconds,server{closedFirst,closedFirstIdle,peerFirst,resetReceived,resetUnread,abandoned,timedOut,other},
                client{closedFirst,closedFirstIdle,peerFirst,resetReceived,resetUnread,abandoned,timedOut,other}},
            idleCloses[]{port,count,p50Seconds,p90Seconds},requestsLost[]{role,cause,port,count,lastAt}},
        connectionEnds{seen,missed,watchedShare},
        unattributed{halfClosedSockets,halfClosedFlows},
        connections[]{namespace,pod,local,remote,socketState,closedBy,ageSeconds,unreadBytes,process,
            conntrack{table,state,expiresInSeconds}},
        findings[]{id,severity,title,subject{kind,namespace,name},evidence[],why,fix[],reference},
        verdict
        """;

    [Fact]
    public void Write_RichSnapshot_HasEveryNameOfTheContract()
    {
        using var document = JsonDocument.Parse(ReportGoldenTests.Json(ReportSamples.Rich()));

        var missing = Paths(Contract).Where(path => !Exists(document.RootElement, path)).ToArray();

        Assert.Empty(missing);
    }

    [Fact]
    public void Write_UnreadableNode_LeavesOutWhatIsUnknown()
    {
        var input = new ReportInput(ReportSamples.Unreadable(), null, new([], new(Verdict.Unknown, "nothing")), new(), new(), new("1.2.3", "", ""));
        using var document = JsonDocument.Parse(ReportGoldenTests.Json(input));
        var root = document.RootElement;

        Assert.False(root.TryGetProperty("conntrack", out _));
        Assert.False(root.GetProperty("timeouts").TryGetProperty("host", out _));
        Assert.False(root.GetProperty("unattributed").TryGetProperty("halfClosedSockets", out _));
        Assert.False(root.GetProperty("node").TryGetProperty("bootId", out _));
        Assert.False(root.GetProperty("scan").TryGetProperty("conntrackAgeSeconds", out _));
    }

    [Fact]
    public void Write_SocketsUnread_LeavesTheirCountsOut()
    {
        var sample = ReportSamples.Rich();
        var blind = sample with { Current = sample.Current with { Sources = [.. sample.Current.Sources.Where(static source => source.Name != "sockets")] } };
        using var document = JsonDocument.Parse(ReportGoldenTests.Json(blind));

        var half = document.RootElement.GetProperty("pods")[0].GetProperty("halfClosed");

        Assert.False(half.TryGetProperty("sockets", out _));
        Assert.False(half.TryGetProperty("untracked", out _));
        Assert.True(half.GetProperty("conntrack").TryGetProperty("host", out _));
    }

    [Fact]
    public void Write_ByDefault_HasAllPods_TopLimitsThem()
    {
        using var all = JsonDocument.Parse(ReportGoldenTests.Json(ReportSamples.Rich()));
        using var one = JsonDocument.Parse(ReportGoldenTests.Json(ReportSamples.Rich(new() { Top = 1, Connections = 2 })));

        Assert.Equal(4, all.RootElement.GetProperty("pods").GetArrayLength());
        Assert.Equal("web-7d4b9c6f5-x2x5p", Assert.Single(one.RootElement.GetProperty("pods").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(2, one.RootElement.GetProperty("connections").EnumerateArray().Count(static connection => connection.GetProperty("pod").GetString() == "web-7d4b9c6f5-x2x5p"));
    }

    [Fact]
    public void Write_HostileNames_AreEscapedAndComeBackWhole()
    {
        var json = ReportGoldenTests.Json(ReportSamples.Rich());
        using var document = JsonDocument.Parse(json);

        Assert.DoesNotContain(json, static character => character < ' ' && character != '\n');
        Assert.Contains(document.RootElement.GetProperty("pods").EnumerateArray(), static pod => pod.GetProperty("name").GetString() == ReportSamples.Evil.Name);
    }

    /// <summary>Every path of the notation: <c>a{b,c[]{d}}</c> gives a.b, a.c and a.c.d.</summary>
    private static IEnumerable<string[]> Paths(string notation)
    {
        var path = new Stack<string>();
        var name = "";
        foreach (var character in notation.Where(static character => !char.IsWhiteSpace(character) && character is not ('[' or ']')).Append(','))
        {
            if (character is not ('{' or '}' or ','))
            {
                name += character;
                continue;
            }

            if (name.Length > 0)
            {
                yield return [.. path.Reverse(), name];
            }

            if (character == '{')
            {
                path.Push(name);
            }
            else if (character == '}')
            {
                path.Pop();
            }

            name = "";
        }
    }

    private static bool Exists(JsonElement element, ReadOnlySpan<string> path)
    {
        if (element.ValueKind == JsonValueKind.Array && path.Length > 0)
        {
            foreach (var item in element.EnumerateArray())
            {
                if (Exists(item, path))
                {
                    return true;
                }
            }

            return false;
        }

        return path.Length == 0 || (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(path[0], out var member) && Exists(member, path[1..]));
    }
}
