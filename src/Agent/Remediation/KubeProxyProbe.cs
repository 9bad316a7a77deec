using Agent.Core.Remediation;

namespace Agent.Remediation;

/// <summary>
/// Finds kube-proxy on this node and asks what it sets. k3s and others have it inside their own process, so its port is asked in any case.
/// </summary>
internal sealed class KubeProxyProbe : IDisposable
{
    public const string DefaultEndpoint = "http://127.0.0.1:10249/configz";

    private const int MaxAnswerLength = 1 << 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_validity = TimeSpan.FromMinutes(1);

    private readonly Uri _endpoint;
    private readonly TimeProvider _time;
    private readonly SocketsHttpHandler _handler =
        new() { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = s_patience };
    private readonly HttpClient _client;
    private KubeProxyState? _state;
    private bool _wasFound;
    private long _askedAt;

    public KubeProxyProbe(Uri endpoint, TimeProvider time)
    {
        _endpoint = endpoint;
        _time = time;
        _client = new(_handler, disposeHandler: false) { Timeout = s_patience, MaxResponseContentBufferSize = MaxAnswerLength };
    }

    /// <summary>What is known of kube-proxy; asked at most once a minute.</summary>
    /// <param name="runs">Whether its process was seen; null when this node's processes cannot all be seen.</param>
    public KubeProxyState Probe(bool? runs)
    {
        if (_state is null || _wasFound != (runs == true) || _time.GetElapsedTime(_askedAt) > s_validity)
        {
            _state = Ask(runs);
            _wasFound = runs == true;
            _askedAt = _time.GetTimestamp();
        }

        return _state;
    }

    public void Dispose()
    {
        _client.Dispose();
        _handler.Dispose();
    }

    private KubeProxyState Ask(bool? runs)
    {
        string problem;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _endpoint);
            using var response = _client.Send(request);
            if (response.IsSuccessStatusCode)
            {
                using var content = response.Content.ReadAsStream();
                using var body = new MemoryStream();
                content.CopyTo(body);
                if (KubeProxyConfigz.TryParse(body.GetBuffer().AsMemory(0, (int)body.Length), out var values))
                {
                    return KubeProxyState.With(values);
                }
            }

            problem = $"{_endpoint} answered {(int)response.StatusCode} without its conntrack settings";
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or IOException)
        {
            problem = $"{_endpoint} does not answer ({exception.Message.TrimEnd('.')})";
        }

        return runs switch
        {
            true => KubeProxyState.Unknown(problem),
            null => KubeProxyState.Unknown($"this node's processes cannot all be seen (hostPID, hidepid), and {problem}"),
            _ => KubeProxyState.Absent,
        };
    }
}
