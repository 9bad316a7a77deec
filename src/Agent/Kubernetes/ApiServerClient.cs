using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Agent.Kubernetes;

/// <summary>
/// Asks the API server as the pod's service account. The token's file is read for every request (there are a few an
/// hour), so that a rotated token is used at once and nothing has to be watched.
/// </summary>
internal sealed class ApiServerClient : IDisposable
{
    /// <summary>How long an answer may take to begin.</summary>
    public static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(30);

    private const int MaxTokenBytes = 64 * 1024;
    private const int MaxErrorBodyBytes = 16 * 1024;

    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);

    private readonly ApiServerLocation _location;
    private readonly TimeProvider _time;
    private readonly SocketsHttpHandler _handler;
    private readonly HttpClient _http;
    private readonly ProductInfoHeaderValue _userAgent;

    /// <summary>Prepares to ask; connects with the first question.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="time">The clock of all waits but that for a connection.</param>
    /// <param name="connectTimeout">How long a connection with its handshake may take; by default ten seconds.</param>
    public ApiServerClient(ApiServerLocation location, TimeProvider time, TimeSpan? connectTimeout = null)
    {
        _location = location;
        _time = time;
        var version = typeof(ApiServerClient).Assembly.GetName().Version?.ToString(3);
        _userAgent = new ProductInfoHeaderValue("closewatch", version);
        _handler = CreateHandler(location, connectTimeout ?? s_connectTimeout);
        _http = new HttpClient(_handler, disposeHandler: true) { BaseAddress = location.Address, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Asks; the answer's body is still to be read.</summary>
    /// <param name="pathAndQuery">For example <c>/api/v1/pods</c>.</param>
    /// <param name="what">What that is, for a message: "the list of pods".</param>
    /// <param name="cancellationToken">Ends the wait for the headers.</param>
    /// <returns>A successful answer, with its headers read.</returns>
    /// <exception cref="ApiServerException">Any other outcome.</exception>
    public Task<HttpResponseMessage> GetAsync(string pathAndQuery, string what, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Get, pathAndQuery, null, HttpStatusCode.OK), what, cancellationToken);

    /// <summary>Creates an object.</summary>
    /// <param name="path">For example <c>/api/v1/namespaces/shop/events</c>.</param>
    /// <param name="json">The object.</param>
    /// <param name="what">What that is, for a message.</param>
    /// <param name="cancellationToken">Ends the wait for the headers.</param>
    /// <exception cref="ApiServerException">It was not created.</exception>
    public async Task PostAsync(string path, byte[] json, string what, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new(HttpMethod.Post, path, json, HttpStatusCode.Created), what, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(Question question, string what, CancellationToken cancellationToken)
    {
        var token = await ReadTokenAsync(cancellationToken);
        try
        {
            return await SendAsync(question, what, token, cancellationToken);
        }
        catch (ApiServerException exception) when (exception.Failure == ApiServerFailure.Unauthorized)
        {
            var newer = await ReadTokenAsync(cancellationToken);
            if (newer == token)
            {
                throw;
            }

            return await SendAsync(question, what, newer, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler CreateHandler(ApiServerLocation location, TimeSpan connectTimeout) => new()
    {
        SslOptions = new ApiServerTrust(location.CertificateAuthorityFile).CreateOptions(),
        // The token goes to the API server and nowhere else.
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = connectTimeout,
        // A fleet of agents spreads over the API servers again after one of them was restarted.
        PooledConnectionLifetime = TimeSpan.FromMinutes(30),
        // A peer that vanished without a word (power cut, a NAT that forgot the connection) is noticed within a minute.
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        ConnectCallback = ConnectAsync,
    };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Socket? socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            var stream = new NetworkStream(socket, ownsSocket: true);
            socket = null;
            return stream;
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Question question, string what, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(question.Method, question.PathAndQuery)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (question.Json is { } json)
        {
            request.Content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(_userAgent);

        using var patience = new Patience(HeadersTimeout, _time, cancellationToken);
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (response.StatusCode == question.Success)
            {
                return response;
            }

            using (response)
            {
                throw await DescribeAsync(response, what, patience.Token);
            }
        }
        catch (Exception exception) when (Translate(exception, what, patience) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>What went wrong on the way, in one line.</summary>
    /// <returns>Null for what is no failure of the API server: a wait that the caller ended, and what is described already.</returns>
    public ApiServerException? Translate(Exception exception, string what, Patience patience) => exception switch
    {
        ApiServerException => null,
        OperationCanceledException => patience.IsExhausted
            ? new(
                ApiServerFailure.TimedOut,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the API server at {Host} went silent during {what} (waited {patience.Limit.TotalSeconds:0} s)"),
                exception)
            // Nobody ended the wait: no connection within its own limit, behind a firewall or while the server starts.
            : patience.Token.IsCancellationRequested ? null : Unreachable(exception, what),
        HttpRequestException { InnerException: AuthenticationException } => new(
            ApiServerFailure.Untrusted,
            $"the certificate of the API server at {Host} is not valid for it, or not signed by {_location.CertificateAuthorityFile}",
            exception),
        HttpRequestException
        {
            InnerException: CryptographicException or UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException,
        } => new(
            ApiServerFailure.NoCredentials, $"{_location.CertificateAuthorityFile} can not be read as PEM certificates", exception),
        EndOfStreamException => new(ApiServerFailure.Unreachable, exception.Message, exception),
        HttpRequestException or IOException or SocketException => Unreachable(exception, what),
        JsonException => new(
            ApiServerFailure.Garbage, $"the answer of the API server at {Host} to {what} is not readable: {exception.Message}", exception),
        _ => null,
    };

    private string Host => _location.Address.Authority;

    private ApiServerException Unreachable(Exception exception, string what) => new(
        ApiServerFailure.Unreachable, $"the API server at {Host} can not be reached for {what}: {Innermost(exception).Message}", exception);

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }

    private static async Task<ApiServerException> DescribeAsync(
        HttpResponseMessage response, string what, CancellationToken cancellationToken)
    {
        var body = new byte[MaxErrorBodyBytes];
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var count = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        var retryAfter = response.Headers.RetryAfter?.Delta;
        return ApiServerStatus.Parse(response.StatusCode, body.AsMemory(0, count)).ToException(what, retryAfter);
    }

    private async Task<string> ReadTokenAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(_location.TokenFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            var bytes = new byte[MaxTokenBytes];
            var count = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            var token = Encoding.ASCII.GetString(bytes, 0, count).Trim();
            return token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~')
                ? token
                : throw new ApiServerException(ApiServerFailure.NoCredentials, $"{_location.TokenFile} holds no token");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ApiServerException(
                ApiServerFailure.NoCredentials,
                $"{_location.TokenFile} can not be read ({exception.Message}): set automountServiceAccountToken",
                exception);
        }
    }

    private sealed record Question(HttpMethod Method, string PathAndQuery, byte[]? Json, HttpStatusCode Success);
}
