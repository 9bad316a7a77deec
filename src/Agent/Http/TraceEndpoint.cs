using System.Buffers;
using System.IO.Pipelines;
using Agent.Core.Model;
using Agent.Core.Tracing;
using Agent.Loop;
using Agent.Reporting;
using Agent.Tracing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace Agent.Http;

/// <summary>
/// GET /trace: ends of connections as they come, one JSON object a line, until the reader leaves. Whoever reads too slowly loses lines and
/// is told how many; nothing waits for him but his own connection, and that not for long.
/// </summary>
internal sealed class TraceEndpoint(TraceHub hub, SnapshotStore store, TimeProvider time, CancellationToken stopping)
{
    private const int LinesPerFlush = 256;

    /// <summary>An empty line comes so often: who reads knows that the agent lives, and the agent that the reader does.</summary>
    private static readonly TimeSpan s_pulse = TimeSpan.FromSeconds(5);

    /// <summary>Whoever takes nothing for so long gives up his place.</summary>
    private static readonly TimeSpan s_longestWrite = TimeSpan.FromSeconds(30);

    /// <summary>Answers.</summary>
    public async Task WriteAsync(HttpContext context, Published published)
    {
        if (TraceQuery.Parse(context.Request.Query, out var problem) is not { } filter)
        {
            await HttpAnswer.WriteLineAsync(context, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
            return;
        }

        if (!published.Snapshot.HasSource(SourceNames.ConnectionEnds))
        {
            var why = published.Snapshot.Source(SourceNames.ConnectionEnds)?.Detail ?? "nothing listens to the ends of connections";
            await HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, why).ConfigureAwait(false);
            return;
        }

        using var reader = HttpMethods.IsHead(context.Request.Method) ? null : hub.TryAttach(filter);
        if (reader is null && !HttpMethods.IsHead(context.Request.Method))
        {
            var why = $"{TraceHub.MaxReaders} traces run already: end one of them";
            await HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, why).ConfigureAwait(false);
            return;
        }

        Begin(context, published);
        if (reader is not null)
        {
            await StreamAsync(context, reader, Missed() ?? 0).ConfigureAwait(false);
        }
    }

    private static void Begin(HttpContext context, Published published)
    {
        var response = context.Response;
        response.ContentType = "application/x-ndjson";
        response.Headers[HeaderNames.CacheControl] = "no-store";
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        AgentSignature.WriteOrigin(response.Headers, TraceQuery.Schema, published.Snapshot.Node.BootId);
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            // Most of the time there is nothing to send.
            rate.MinDataRate = null;
        }
    }

    private async Task StreamAsync(HttpContext context, TraceReader reader, long missedBefore)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var body = context.Response.BodyWriter;
        var shareBefore = 1.0;
        try
        {
            await context.Response.StartAsync(ending.Token).ConfigureAwait(false);
            while (true)
            {
                await FlushAsync(body, ending.Token).ConfigureAwait(false);
                if (!await reader.WaitAsync(s_pulse, time, ending.Token).ConfigureAwait(false))
                {
                    body.Write("\n"u8);
                }

                for (var left = LinesPerFlush; left > 0 && reader.TryRead(out var end); left--)
                {
                    TraceJson.Write(body, end);
                }

                var heard = store.Current?.Snapshot.ConnectionEnds;
                var missed = heard?.Missed ?? missedBefore;
                var share = Math.Round(heard?.WatchedShare ?? shareBefore, 2);
                var notice = new TraceNotice(missed - missedBefore, reader.TakeSkipped(), share == shareBefore ? null : share);
                (missedBefore, shareBefore) = (missed, share);
                if (!notice.IsEmpty)
                {
                    TraceJson.Write(body, notice);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The reader has left, or takes nothing any more, or the agent ends: what is left to be sent is not waited for.
            if (!stopping.IsCancellationRequested)
            {
                context.Abort();
            }
        }
    }

    private async Task FlushAsync(PipeWriter body, CancellationToken ending)
    {
        using var deadline = new CancellationTokenSource(s_longestWrite, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ending);
        await body.FlushAsync(either.Token).ConfigureAwait(false);
    }

    private long? Missed() => store.Current?.Snapshot.ConnectionEnds?.Missed;
}
