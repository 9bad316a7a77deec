using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Configuration;
using Microsoft.Net.Http.Headers;

namespace Agent.Reporting;

/// <summary>One question to what listens where the configuration says that an agent does.</summary>
/// <param name="http">Section Http of the configuration, which command and agent share.</param>
internal sealed class AgentRequest(HttpOptions http)
{
    /// <summary>Where an agent of this configuration can be asked: its address and the loopback, first what answers reports.</summary>
    public IEnumerable<IPEndPoint> Addresses()
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

    /// <summary>Asks at one address.</summary>
    /// <param name="address">Where.</param>
    /// <param name="pathAndQuery">What.</param>
    /// <param name="maxBytes">How much of the answer is taken; null to read it as it comes.</param>
    /// <param name="patience">How long the deadline is, to be said.</param>
    /// <param name="deadline">For the connection and the answer, or its beginning.</param>
    /// <returns>What answered, to be disposed of, or why nothing did.</returns>
    public async Task<(AgentResponse? Response, string WhyNot)> SendAsync(
        IPEndPoint address, string pathAndQuery, int? maxBytes, TimeSpan patience, CancellationToken deadline)
    {
        Socket? socket = null;
        AgentResponse? response = null;
        try
        {
            // A plain connection first: where nobody listens, as on most machines, nothing else is even loaded.
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, deadline).ConfigureAwait(false);
#pragma warning disable CA2000 // The response disposes of its client.
            response = new AgentResponse(Client(socket, maxBytes));
#pragma warning restore CA2000
            var question = await MessageAsync(address, pathAndQuery, deadline).ConfigureAwait(false);
            await response.GetAsync(question, isWhole: maxBytes is not null, deadline).ConfigureAwait(false);
            var answered = response;
            (socket, response) = (null, null);
            return (answered, "");
        }
        catch (OperationCanceledException)
        {
            return (null, $"{address} has not answered within {patience.TotalSeconds:0.#} s");
        }
        catch (SocketException e)
        {
            return (null, e.SocketErrorCode == SocketError.ConnectionRefused
                ? $"no agent runs at {address}"
                : $"no agent can be reached at {address} ({e.Message})");
        }
        catch (HttpRequestException e)
        {
            return (null, e.HttpRequestError == HttpRequestError.SecureConnectionError
                ? $"what listens at {address} does not have the certificate of Http:CertificateFile"
                : $"what listens at {address} is no agent ({e.HttpRequestError})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return (null, $"the agent at {address} cannot be asked: {e.Message}");
        }
        finally
        {
            response?.Dispose();
            socket?.Dispose();
        }
    }

    private async Task<HttpRequestMessage> MessageAsync(IPEndPoint address, string pathAndQuery, CancellationToken deadline)
    {
        var scheme = http.CertificateFile.Length > 0 ? "https" : "http";
        var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{address}{pathAndQuery}");
        if (http.BearerTokenFile.Length > 0)
        {
            var token = await File.ReadAllTextAsync(http.BearerTokenFile, deadline).ConfigureAwait(false);
            request.Headers.TryAddWithoutValidation(HeaderNames.Authorization, $"Bearer {token.Trim()}");
        }

        return request;
    }

    private HttpClient Client(Socket socket, int? maxBytes)
    {
#pragma warning disable CA2000 // The client disposes of its handler.
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            // The stream owns the socket: giving up closes it, and only that ends a read of an answer that does not come.
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(socket, ownsSocket: true)),
            SslOptions = http.CertificateFile.Length > 0
                ? new() { RemoteCertificateValidationCallback = TrustOnly(http.CertificateFile) }
                : new(),
        };
#pragma warning restore CA2000
        var client = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        if (maxBytes is { } bytes)
        {
            client.MaxResponseContentBufferSize = bytes;
        }

        return client;
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
