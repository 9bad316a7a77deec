using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting;
using Microsoft.Net.Http.Headers;

namespace Agent.Reporting;

/// <summary>
/// Asks the <c>closewatch run</c> of this machine for its report, where the configuration says that
/// it listens. Never waits long, and never takes another's answer for it.
/// </summary>
internal sealed class RunningAgent
{
    /// <summary>An agent answers from memory; whoever takes longer is not waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>More than the page of the largest node.</summary>
    private const int MaxReportBytes = 64 * 1024 * 1024;

    private static readonly SearchValues<char> s_sgrParameters = SearchValues.Create("0123456789;");
    private static readonly Encoding s_strictUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly HttpOptions _http;
    private readonly string _settings;
    private readonly string _bootId;
    private readonly TimeSpan _patience;

    /// <summary>Prepares to ask.</summary>
    /// <param name="options">The configuration of the command, which an agent must share.</param>
    /// <param name="bootId">The boot id of this machine.</param>
    /// <param name="patience">For all of it: connection, answer, and the next address when the first one fails.</param>
    public RunningAgent(AgentOptions options, string bootId, TimeSpan patience)
    {
        _http = options.Http;
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

        var answer = AgentAnswer.None($"Http:Listen = {_http.Listen} names no port to ask an agent at");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_patience);
        var isFirst = true;
        foreach (var address in Addresses(_http))
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

    /// <summary>Where an agent of this configuration can be asked: its address and the loopback, first what answers reports.</summary>
    internal static IEnumerable<IPEndPoint> Addresses(HttpOptions http)
    {
        if (ListenAddress.Parse(http.Listen, out _) is not { Port: > 0 } listen)
        {
            yield break;
        }

        var address = !IPAddress.TryParse(listen.Host, out var given) || given.Equals(IPAddress.Any) ? IPAddress.Loopback
            : given.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : given;
        IPAddress[] addresses = IPAddress.IsLoopback(address) ? [address]
            : http.Reports == ReportAccess.Loopback ? [IPAddress.Loopback, address]
            : [address, IPAddress.Loopback];
        foreach (var asked in addresses)
        {
            yield return new(asked, listen.Port);
        }
    }

    private async Task<AgentAnswer> AskAsync(IPEndPoint address, ReportQuery query, CancellationToken deadline)
    {
        try
        {
            // A plain connection first: where nobody listens, as on most machines, nothing else is even loaded.
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, deadline).ConfigureAwait(false);
            return await AskAsync(socket, address, query, deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return AgentAnswer.None($"{address} has not answered within {_patience.TotalSeconds:0.#} s");
        }
        catch (SocketException e)
        {
            return AgentAnswer.None(
                e.SocketErrorCode == SocketError.ConnectionRefused
                    ? $"no agent runs at {address}"
                    : $"no agent can be reached at {address} ({e.Message})");
        }
    }

    private async Task<AgentAnswer> AskAsync(Socket socket, IPEndPoint address, ReportQuery query, CancellationToken deadline)
    {
        try
        {
            var isTls = _http.CertificateFile.Length > 0;
            using var handler = new SocketsHttpHandler
            {
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                // The stream owns the socket: giving up closes it, and only that ends a read of an answer that does not come.
                ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(socket, ownsSocket: true)),
                SslOptions = isTls ? new() { RemoteCertificateValidationCallback = TrustOnly(_http.CertificateFile) } : new(),
            };
            using var client = new HttpClient(handler) { MaxResponseContentBufferSize = MaxReportBytes };
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"{(isTls ? "https" : "http")}://{address}/report{query.ToQueryString()}");
            if (_http.BearerTokenFile.Length > 0)
            {
                var token = await File.ReadAllTextAsync(_http.BearerTokenFile, deadline).ConfigureAwait(false);
                request.Headers.TryAddWithoutValidation(HeaderNames.Authorization, $"Bearer {token.Trim()}");
            }

            using var response = await client.SendAsync(request, deadline).ConfigureAwait(false);
            return Judge(response, await response.Content.ReadAsByteArrayAsync(deadline).ConfigureAwait(false), address);
        }
        catch (HttpRequestException e)
        {
            return AgentAnswer.None(e.HttpRequestError == HttpRequestError.SecureConnectionError
                ? $"what listens at {address} does not have the certificate of Http:CertificateFile"
                : $"what listens at {address} is no agent ({e.HttpRequestError})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return AgentAnswer.None($"the agent at {address} cannot be asked: {e.Message}");
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

    /// <summary>
    /// The agent shows the certificate of the configuration that it shares with this command; no authority is needed to know it.
    /// </summary>
    private static RemoteCertificateValidationCallback TrustOnly(string certificateFile)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(certificateFile));
        var expected = certificate.RawData;
        return (_, presented, _, _) => presented is not null && presented.GetRawCertData().AsSpan().SequenceEqual(expected);
    }
}
