using System.Buffers;
using System.Net;
using System.Text;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting;

namespace Agent.Reporting;

/// <summary>
/// Asks the <c>closewatch run</c> of this machine for its report, where the configuration says that
/// it listens. Never waits long, and never takes another's answer for it.
/// </summary>
internal sealed class RunningAgent
{
    /// <summary>
    /// An agent answers from memory, on a starved node after a while, where its answer is worth the wait; whoever takes longer is not
    /// waited for.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>More than the page of the largest node.</summary>
    private const int MaxReportBytes = 64 * 1024 * 1024;

    private static readonly SearchValues<char> s_sgrParameters = SearchValues.Create("0123456789;");
    private static readonly Encoding s_strictUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _listen;
    private readonly AgentRequest _request;
    private readonly string _settings;
    private readonly string _bootId;
    private readonly TimeSpan _patience;

    /// <summary>Prepares to ask.</summary>
    /// <param name="options">The configuration of the command, which an agent must share.</param>
    /// <param name="bootId">The boot id of this machine.</param>
    /// <param name="patience">For all of it: connection, answer, and the next address when the first one fails.</param>
    public RunningAgent(AgentOptions options, string bootId, TimeSpan patience)
    {
        _listen = options.Http.Listen;
        _request = new(options.Http);
        _settings = AgentSignature.SettingsOf(options);
        _bootId = bootId;
        _patience = patience;
    }

    /// <summary>Its report, or why there is none.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<AgentAnswer> AskAsync(ReportQuery query, CancellationToken cancellationToken)
    {
        if (_bootId.Length == 0)
        {
            return AgentAnswer.None("this machine has no boot id to know its agent by");
        }

        var answer = AgentAnswer.None($"Http:Listen = {_listen} names no port to ask an agent at");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_patience);
        var isFirst = true;
        foreach (var address in _request.Addresses())
        {
            var next = await AskAsync(address, query, deadline.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (next.Report is not null)
            {
                return next;
            }

            // What the first one said tells more than that nobody is on the other one.
            answer = isFirst ? next : answer;
            isFirst = false;
        }

        return answer;
    }

    private async Task<AgentAnswer> AskAsync(IPEndPoint address, ReportQuery query, CancellationToken deadline)
    {
        var (response, whyNot) = await _request
            .SendAsync(address, $"/report{query.ToQueryString()}", MaxReportBytes, _patience, deadline)
            .ConfigureAwait(false);
        using (response)
        {
            if (response is null)
            {
                return AgentAnswer.None(whyNot);
            }

            // It is here as a whole.
            var report = await response.Message.Content.ReadAsByteArrayAsync(CancellationToken.None).ConfigureAwait(false);
            return Judge(response.Message, report, address);
        }
    }

    private AgentAnswer Judge(HttpResponseMessage response, byte[] body, IPEndPoint address)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var reason = response.StatusCode switch
            {
                HttpStatusCode.Unauthorized => ": it wants another token than that of Http:BearerTokenFile",
                HttpStatusCode.Forbidden => ": it serves reports on the loopback address only",
                HttpStatusCode.NotFound => ": it does not know this pod",
                HttpStatusCode.ServiceUnavailable => ": it has no fresh scan",
                _ => "",
            };
            return AgentAnswer.None($"what listens at {address} answered {(int)response.StatusCode}{reason}");
        }

        if (AgentSignature.Read(response) is not { Schema: JsonReport.Schema } signature)
        {
            return AgentAnswer.None($"what listens at {address} is no agent of this version");
        }

        if (signature.BootId != _bootId)
        {
            return AgentAnswer.None($"the agent at {address} is that of another machine");
        }

        if (signature.Settings != _settings)
        {
            return AgentAnswer.None(
                $"the agent at {address} has other settings ({AgentSignature.Differences(_settings, signature.Settings)})");
        }

        if (!signature.Readable)
        {
            return AgentAnswer.None($"the agent at {address} may not read the conntrack table");
        }

        return Printable(body) is { } report && Worst(signature.Verdict) is (true, var worst)
            ? new(report, worst, "")
            : AgentAnswer.None($"the agent at {address} sent what is no report");
    }

    private static (bool IsKnown, Severity? Worst) Worst(string verdict) => verdict switch
    {
        "ok" => (true, null),
        "info" => (true, Severity.Info),
        "warning" => (true, Severity.Warning),
        "critical" => (true, Severity.Critical),
        _ => (false, null),
    };

    /// <summary>
    /// Text that does nothing to a terminal but colour it; null for anything else. Any local user
    /// may listen on the agent's port while the agent does not.
    /// </summary>
    internal static string? Printable(byte[] body)
    {
        string text;
        try
        {
            text = s_strictUtf8.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) && text[i] is not ('\n' or '\r' or '\t'))
            {
                var length = SgrLength(text.AsSpan(i));
                if (length == 0)
                {
                    return null;
                }

                i += length - 1;
            }
        }

        return text;
    }

    /// <summary>The length of a colour (SGR of ECMA-48, <c>ESC [ 1;31 m</c>) at the beginning; 0 when there is none.</summary>
    private static int SgrLength(ReadOnlySpan<char> text)
    {
        if (!text.StartsWith("\e["))
        {
            return 0;
        }

        var parameters = text[2..].IndexOfAnyExcept(s_sgrParameters);
        return parameters >= 0 && text[2 + parameters] == 'm' ? parameters + 3 : 0;
    }
}
