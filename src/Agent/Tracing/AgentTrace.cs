using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Agent.Configuration;
using Agent.Core.Tracing;
using Agent.Reporting;

namespace Agent.Tracing;

/// <summary>Lines from the agent that runs on this machine. Whatever sits at its port instead is not believed.</summary>
internal sealed class AgentTrace : ITraceFeed
{
    /// <summary>No line is longer: a pod's name and namespace have 253 characters and 63.</summary>
    public const int MaxLineBytes = 8 * 1024;

    /// <summary>An agent says something every five seconds.</summary>
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(20);

    private readonly AgentResponse _response;
    private readonly TimeProvider _time;

    private AgentTrace(AgentResponse response, IPEndPoint address, TimeProvider time)
    {
        _response = response;
        _time = time;
        Origin = $"by the agent at {address}";
    }

    public string Origin { get; }

    /// <summary>Asks the agent.</summary>
    /// <param name="options">The configuration of the command.</param>
    /// <param name="bootId">The boot id of this machine.</param>
    /// <param name="filter">What is wanted.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its lines, or why there are none.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<(AgentTrace? Trace, string WhyNot)> TryOpenAsync(
        AgentOptions options, string bootId, TraceFilter filter, TimeProvider time, CancellationToken cancellationToken)
    {
        var whyNot = $"Http:Listen = {options.Http.Listen} names no port to ask an agent at";
        var request = new AgentRequest(options.Http);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(RunningAgent.Patience);
        var isFirst = true;
        foreach (var address in request.Addresses())
        {
            var (response, reason) = await request
                .SendAsync(address, TraceQuery.ToPath(filter), maxBytes: null, RunningAgent.Patience, deadline.Token)
                .ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (response is not null)
            {
                reason = Refusal(response.Message, address, bootId);
                if (reason.Length == 0)
                {
                    return (new AgentTrace(response, address, time), "");
                }

                response.Dispose();
            }

            whyNot = isFirst ? reason : whyNot;
            isFirst = false;
        }

        return (null, whyNot);
    }

    public async IAsyncEnumerable<TraceItem> ReadAsync([EnumeratorCancellation] CancellationToken ending)
    {
        var reader = PipeReader.Create(await _response.Message.Content.ReadAsStreamAsync(ending).ConfigureAwait(false));
        while (await TryReceiveAsync(reader, ending).ConfigureAwait(false) is { } received)
        {
            var rest = received.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (Parse(rest.Slice(0, end)) is { } item)
                {
                    yield return item;
                }

                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > MaxLineBytes)
            {
                throw new TraceFailedException($"what {Origin} was sent is no trace: a line of more than {MaxLineBytes} bytes");
            }

            if (received.IsCompleted)
            {
                throw new TraceFailedException("the agent has ended the trace: it was stopped or restarted; run this command again");
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    public void Dispose() => _response.Dispose();

    private static string Refusal(HttpResponseMessage message, IPEndPoint address, string bootId) => message.StatusCode switch
    {
        HttpStatusCode.OK when AgentSignature.ReadOrigin(message) is not { Schema: TraceQuery.Schema } =>
            $"what listens at {address} is no agent of this version",
        HttpStatusCode.OK when AgentSignature.ReadOrigin(message)?.BootId != bootId || bootId.Length == 0 =>
            $"the agent at {address} is that of another machine",
        HttpStatusCode.OK => "",
        HttpStatusCode.Unauthorized => $"what listens at {address} wants another token than that of Http:BearerTokenFile",
        HttpStatusCode.Forbidden => $"what listens at {address} serves traces on the loopback address only",
        HttpStatusCode.NotFound => $"the agent at {address} is older and has no trace",
        HttpStatusCode.ServiceUnavailable => $"the agent at {address} cannot trace now",
        _ => $"what listens at {address} answered {(int)message.StatusCode}",
    };

    /// <returns>Null when the trace is to end.</returns>
    private async Task<ReadResult?> TryReceiveAsync(PipeReader reader, CancellationToken ending)
    {
        using var silence = new CancellationTokenSource(s_longestSilence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, ending);
        try
        {
            return await reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            throw new TraceFailedException(
                $"the agent has said nothing for {s_longestSilence.TotalSeconds:0} s: it hangs or is gone; run this command again");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new TraceFailedException(
                "the connection to the agent has broken: it was stopped or restarted; run this command again", e);
        }
    }

    /// <returns>Null for an empty line, which says that the agent lives.</returns>
    private TraceItem? Parse(ReadOnlySequence<byte> line)
    {
        if (line.Length <= 1)
        {
            return null;
        }

        return TraceJson.TryParse(line.ToArray(), out var end, out var notice)
            ? new(end, notice)
            : throw new TraceFailedException(
                $"what {Origin} was sent is no trace: {Encoding.UTF8.GetString(line.Slice(0, Math.Min(line.Length, 60)))}");
    }
}
