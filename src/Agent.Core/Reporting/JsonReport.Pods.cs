using System.Text.Json;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Reporting;

/// <content>Pods and their connections.</content>
public static partial class JsonReport
{
    private static readonly (string Name, TcpState State)[] s_tcpStates =
    [
        ("established", TcpState.Established),
        ("synSent", TcpState.SynSent),
        ("synRecv", TcpState.SynRecv),
        ("finWait1", TcpState.FinWait1),
        ("finWait2", TcpState.FinWait2), ("timeWait", TcpState.TimeWait), ("close", TcpState.Close), ("closeWait", TcpState.CloseWait),
        ("lastAck", TcpState.LastAck), ("listen", TcpState.Listen), ("closing", TcpState.Closing),
    ];

    private static void WritePods(Utf8JsonWriter json, ReportView view)
    {
        json.WriteStartArray("pods");
        foreach (var pod in view.Pods.Take(view.Input.Options.Top ?? int.MaxValue))
        {
            json.WriteStartObject();
            WriteIdentity(json, pod.Identity);
            WriteKubernetes(json, view.Snapshot, pod);
            json.WriteBoolean("hostNetwork", pod.HostNetwork);
            json.WriteStrings("addresses", pod.Addresses.Select(static address => address.ToString()));
            if (pod.NamespaceInode != 0)
            {
                json.WriteNumber("netns", pod.NamespaceInode);
            }

            WriteHalfClosed(json, view, pod);
            WriteTcp(json, view, pod);
            WriteListeners(json, pod);
            WriteEnds(json, pod);
            WriteEntriesOf(json, pod);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteKubernetes(Utf8JsonWriter json, Snapshot snapshot, PodSnapshot pod)
    {
        if (pod.Kubernetes is not { } kubernetes)
        {
            return;
        }

        json.WriteStringIfKnown("workload", kubernetes.Workload?.DisplayName);
        if (kubernetes.Ready is { } ready)
        {
            json.WriteBoolean("ready", ready);
        }

        json.WriteStringIfKnown("phase", kubernetes.Phase);
        json.WriteSeconds("terminatingSeconds", snapshot.TakenAt - kubernetes.DeletionRequestedAt);
        json.WriteNumber("restarts", kubernetes.Restarts);
    }

    private static void WriteHalfClosed(Utf8JsonWriter json, ReportView view, PodSnapshot pod)
    {
        var half = pod.HalfClosed;
        json.WriteStartObject("halfClosed");
        if (view.SocketsKnown)
        {
            json.WriteStartObject("sockets");
            json.WriteNumber("closeWait", half.CloseWaitSockets);
            json.WriteNumber("finWait1", half.FinWait1Sockets);
            json.WriteNumber("finWait2", half.FinWait2Sockets);
            json.WriteEndObject();
        }

        json.WriteStartObject("conntrack");
        WriteEntries("host", ConntrackTableKind.Host, view.FlowsKnown);
        WriteEntries("pod", ConntrackTableKind.Pod, pod.OwnTableIsKnown);
        json.WriteEndObject();
        if (view.SocketsKnown)
        {
            json.WriteNumber("closedByPeer", half.ClosedByPeer);
            json.WriteNumber("closedByPod", half.ClosedByPod);
            json.WriteSeconds("oldestSeconds", half.Oldest);
            if (pod.IsTracked is not null || half.Expiring + half.Untracked > 0)
            {
                json.WriteNumber("expiring", half.Expiring);
                json.WriteNumber("untracked", half.Untracked);
            }

            json.WriteNumber("unreadBytes", half.UnreadBytes);
        }

        json.WriteEndObject();

        void WriteEntries(string name, ConntrackTableKind table, bool known)
        {
            if (known || half.Entries.Sum(table) > 0)
            {
                json.WriteStartObject(name);
                json.WriteNumber("closeWait", half.Entries.Sum(table, closeWait: true));
                json.WriteNumber("finWait", half.Entries.Sum(table, closeWait: false));
                json.WriteEndObject();
            }
        }
    }

    private static void WriteTcp(Utf8JsonWriter json, ReportView view, PodSnapshot pod)
    {
        if (pod.Tcp is { } tcp)
        {
            json.WriteStartObject("tcp");
            foreach (var (name, state) in s_tcpStates)
            {
                // A request socket is SYN_RECV to everybody but the kernel.
                json.WriteNumber(name, tcp[state] + (state == TcpState.SynRecv ? tcp[TcpState.NewSynRecv] : 0));
            }

            json.WriteEndObject();
            json.WriteSeconds("socketsAgeSeconds", pod.SocketsAge);
        }

        if (pod.Counters is { } counters)
        {
            json.WriteStartObject("counters");
            foreach (var counter in PodCounters.All)
            {
                json.WriteNumberIfKnown(counter.JsonName, counter.Read(counters));
            }

            json.WriteEndObject();
            WriteRates(
                json,
                view,
                view.Earlier(pod)?.Counters,
                counters,
                PodCounters.All.Select(static counter => (counter.JsonName, counter.Read)));
        }
    }

    private static void WriteListeners(Utf8JsonWriter json, PodSnapshot pod)
    {
        json.WriteStartArray("listeners");
        foreach (var listener in pod.Listeners)
        {
            json.WriteStartObject();
            json.WriteNumber("port", listener.Port);
            json.WriteString("address", listener.Address.ToString());
            json.WriteNumber("queued", listener.Queued);
            json.WriteNumber("backlog", listener.Backlog);
            json.WriteNumber("established", listener.Established);
            json.WriteNumber("closedByPodFirst", listener.ClosedByPodFirst);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        var watched = pod.Listeners.Where(static listener => listener.Idle is not null);
        if (watched.MaxBy(static listener => listener.Idle!.Samples) is { Idle: { } idle } sampled)
        {
            json.WriteStartObject("idle");
            json.WriteSeconds("ceilingSeconds", idle.Ceiling);
            json.WriteNumber("samples", idle.Samples);
            json.WriteNumber("port", sampled.Port);
            json.WriteEndObject();
        }
    }

    private static void WriteConnections(Utf8JsonWriter json, ReportView view)
    {
        json.WriteStartArray("connections");
        foreach (var connection in view.Connections)
        {
            json.WriteStartObject();
            json.WriteString("namespace", connection.Owner.Namespace);
            json.WriteString("pod", connection.Owner.Name);
            json.WriteString("local", connection.Tuple.Source.ToString(connection.Tuple.SourcePort));
            json.WriteString("remote", connection.Tuple.Destination.ToString(connection.Tuple.DestinationPort));
            json.WriteStringIfKnown("remoteName", view.Peers.Find(connection));
            json.WriteStringIfKnown("remoteTranslated", connection.RealPeer?.ToString());
            json.WriteString("socketState", StateNames.Of(connection.State));
            json.WriteString("closedBy", connection.ClosedBy.ToString().ToLowerInvariant());
            if (connection.ConntrackClosedBy != ClosedBy.Unknown)
            {
                json.WriteString("conntrackClosedBy", connection.ConntrackClosedBy.ToString().ToLowerInvariant());
            }

            json.WriteSeconds("ageSeconds", connection.Age);
            if (connection is { Age: not null, AgeIsMinimum: true })
            {
                json.WriteBoolean("ageIsMinimum", true);
            }

            json.WriteSeconds("idleBeforeCloseSeconds", connection.IdleBeforeClose);
            json.WriteNumber("unreadBytes", connection.UnreadBytes);
            json.WriteStringIfKnown("process", connection.Process?.DisplayName);
            json.WriteString("tracking", connection.Tracking.ToString().ToLowerInvariant());
            if (connection.Entry is { } entry)
            {
                json.WriteStartObject("conntrack");
                json.WriteString("table", entry.Table.ToString().ToLowerInvariant());
                json.WriteString("state", StateNames.Of(entry.State));
                json.WriteSeconds("expiresInSeconds", entry.ExpiresIn);
                json.WriteNumber("zone", entry.Zone);
                json.WriteBooleanIfKnown("translated", connection.Translated);
                json.WriteEndObject();
            }
            else
            {
                // Its entry is gone; what it was is remembered.
                json.WriteBooleanIfKnown("translated", connection.Translated);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHalfClosedFlows(Utf8JsonWriter json, ReportView view)
    {
        if (view.Snapshot.Conntrack?.Flows is not { } flows || view.Input.Options.IsFiltered)
        {
            return;
        }

        json.WriteStartObject("halfClosedFlows");
        json.WriteNumber("finWait", flows.HalfClosed.FinWait);
        json.WriteNumber("closeWait", flows.HalfClosed.CloseWait);
        json.WriteNumber("closedByInitiator", flows.HalfClosed.ClosedByInitiator);
        json.WriteNumber("closedByResponder", flows.HalfClosed.ClosedByResponder);
        json.WriteNumber("closedByUnknown", flows.HalfClosed.ClosedByUnknown);
        json.WriteStartArray("sample");
        foreach (var sample in flows.HalfClosedSample)
        {
            var flow = sample.Flow;
            json.WriteStartObject();
            json.WriteString("initiator", flow.Original.Source.ToString(flow.Original.SourcePort));
            json.WriteString("destination", flow.Original.Destination.ToString(flow.Original.DestinationPort));
            json.WriteString("responder", flow.Reply.Source.ToString(flow.Reply.SourcePort));
            json.WriteString("state", StateNames.Of(flow.TcpState));
            json.WriteStringIfKnown(
                "closedBy", flow.OriginalClosedFirst switch { true => "initiator", false => "responder", null => null });
            json.WriteSeconds("expiresInSeconds", flow.Has(ConntrackFields.Timeout) ? TimeSpan.FromSeconds(flow.TimeoutSeconds) : null);
            json.WriteStringIfKnown("initiatorPod", sample.Initiator?.DisplayName);
            json.WriteStringIfKnown("responderPod", sample.Responder?.DisplayName);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
