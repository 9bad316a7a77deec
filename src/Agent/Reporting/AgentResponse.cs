namespace Agent.Reporting;

/// <summary>What answered a question, and the connection that it came by.</summary>
/// <param name="client">Disposed of with this object.</param>
internal sealed class AgentResponse(HttpClient client) : IDisposable
{
    private HttpRequestMessage? _request;
    private HttpResponseMessage? _message;

    /// <summary>The answer; only once it came.</summary>
    public HttpResponseMessage Message => _message ?? throw new InvalidOperationException("nothing was asked");

    public async Task GetAsync(HttpRequestMessage request, bool isWhole, CancellationToken deadline)
    {
        _request = request;
        var completion = isWhole ? HttpCompletionOption.ResponseContentRead : HttpCompletionOption.ResponseHeadersRead;
        _message = await client.SendAsync(request, completion, deadline).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _message?.Dispose();
        _request?.Dispose();
        client.Dispose();
    }
}
