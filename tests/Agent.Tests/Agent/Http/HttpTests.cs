using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Agent.Hosting;
using Agent.Http;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Http;

[Lasts(seconds: 10)]
public sealed class HttpTests
{
    private static readonly string[] s_pages = ["/metrics", "/healthz", "/readyz", "/report", "/report.json", "/"];

    [Fact]
    public async Task Get_BeforeFirstScan_OnlyHealthIsGood()
    {
        using var release = new SemaphoreSlim(0);
        using var scanner = new FakeScanner((_, _, cancellation) =>
        {
            release.Wait(Eventually.Limit, cancellation);
            return TestSnapshots.Of();
        });
        await using var agent = await TestAgent.StartAsync(scanner);
        foreach (var page in s_pages)
        {
            Assert.Equal(page == "/healthz" ? 200 : 503, (await agent.GetAsync(page)).Status);
        }

        release.Release();
        await agent.ScannedAsync(scanner, 1);
        foreach (var page in s_pages)
        {
            Assert.Equal(200, (await agent.GetAsync(page)).Status);
        }
    }

    [Theory]
    [InlineData("POST", "/metrics", 405)]
    [InlineData("DELETE", "/", 405)]
    [InlineData("OPTIONS", "/healthz", 405)]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("POST", "/nothing", 404)]
    [InlineData("GET", "/metrics/", 404)]
    [InlineData("GET", "/Metrics", 404)]
    [InlineData("GET", "/../etc/passwd", 404)]
    public async Task Request_NotOffered_IsRefused(string method, string path, int status)
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        using var request = new HttpRequestMessage(new(method), new Uri(path, UriKind.Relative));
        using var response = await agent.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 405, response.Content.Headers.Allow.SequenceEqual(["GET", "HEAD"]));
    }

    [Fact]
    public async Task Head_AnyPage_SameHeadersNoBody()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        foreach (var page in s_pages)
        {
            using var get = await agent.Client.GetAsync(new Uri(page, UriKind.Relative), TestContext.Current.CancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(page, UriKind.Relative));
            using var head = await agent.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
            Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("*/*", false)]
    [InlineData("text/plain", false)]
    [InlineData("text/html,*/*;q=0.1", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.9", false)]
    [InlineData("application/openmetrics-text;version=9.0.0", false)]
    [InlineData("application/openmetrics-text;q=0", false)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", true)]
    [InlineData("this is no media type", false)]
    public void FormatFor_Accept_IsWhatTheScraperLikesBest(string accept, bool openMetrics) =>
        Assert.Equal(openMetrics ? global::Agent.Exporting.MetricsFormat.OpenMetrics : global::Agent.Exporting.MetricsFormat.Text, MetricsEndpoint.FormatFor(accept));

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("deflate, GZIP;q=0.5", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("", false)]
    [InlineData("identity", false)]
    public void TakesGzip_AcceptEncoding_IsRead(string header, bool expected) => Assert.Equal(expected, MetricsEndpoint.TakesGzip(header));

    [Fact]
    public async Task Metrics_GzipAndOpenMetrics_SameSeries()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        var plain = await agent.GetAsync("/metrics");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/metrics", UriKind.Relative));
        request.Headers.Accept.Add(new("application/openmetrics-text"));
        request.Headers.AcceptEncoding.Add(new("gzip"));
        using var response = await agent.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        await using var unzipped = new GZipStream(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), CompressionMode.Decompress);
        using var reader = new StreamReader(unzipped);
        var openMetrics = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("# EOF\n", openMetrics, StringComparison.Ordinal);
        Assert.Equal(SamplesOf(plain.Body), SamplesOf(openMetrics));
    }

    [Fact]
    public async Task Report_AllForms_ArePages()
    {
        using var scanner = new FakeScanner(static (_, _, _) => TestSnapshots.Of(TestSnapshots.Pod("web", closeWait: 3), TestSnapshots.Pod("api", closeWait: 1, podNamespace: "shop")));
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);

        using var json = JsonDocument.Parse((await agent.GetAsync("/report.json")).Body);
        Assert.Equal("closewatch.report/v1", json.RootElement.GetProperty("schema").GetString());
        Assert.Contains("default/web", (await agent.GetAsync("/report?details=true")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("default/web", (await agent.GetAsync("/report?details=true&namespace=shop")).Body, StringComparison.Ordinal);
        Assert.StartsWith("#", (await agent.GetAsync("/report?output=markdown")).Body, StringComparison.Ordinal);
        Assert.Equal(404, (await agent.GetAsync("/report?pod=nobody")).Status);
        Assert.Equal(400, (await agent.GetAsync("/report?top=-1")).Status);
        Assert.Equal(400, (await agent.GetAsync("/report?colour=red")).Status);

        using var html = await agent.Client.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("text/html; charset=utf-8", html.Content.Headers.ContentType?.ToString());
        Assert.StartsWith("default-src 'none'", html.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("DENY", html.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("nosniff", html.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(html.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Metrics_TwoHundredScrapersAtOnce_AllGetOneWholeSnapshot()
    {
        using var scanner = new FakeScanner(static (_, number, _) => TestSnapshots.Of(
            Enumerable.Range(1, 250).Select(pod => TestSnapshots.Pod($"pod-{pod}", closeWait: number))));
        // In sum less than a client may take for its question: the agent's clock goes on before all have asked.
        await using var agent = await TestAgent.StartAsync(scanner, "Collection:Interval=1s");
        await agent.ScannedAsync(scanner, 1);
        var scrapes = Enumerable.Range(0, RandomCases.Of(200)).Select(async _ =>
        {
            var (status, body) = await agent.GetAsync("/metrics");
            return (status, SamplesOf(body).Where(static line => line.StartsWith("closewatch_pod_half_closed_sockets{", StringComparison.Ordinal)).Select(static line => line[(line.LastIndexOf(' ') + 1)..]).ToArray());
        }).ToArray();
        for (var scan = 2; scan <= 5; scan++)
        {
            agent.Time.Advance(TimeSpan.FromSeconds(1));
            await agent.ScannedAsync(scanner, scan);
        }

        foreach (var (status, values) in await Task.WhenAll(scrapes))
        {
            Assert.Equal(200, status);
            Assert.Equal(250, values.Length);
            Assert.Single(values.Distinct());
        }
    }

    [Theory]
    [InlineData(3_000, 0, "414")]
    [InlineData(10, 20_000, "431")]
    public async Task Request_HugeHead_IsRefused(int target, int header, string status)
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        using var client = await RawClient.ConnectAsync(agent.Address);
        var head = $"GET /{new string('a', target)} HTTP/1.1\r\nHost: x\r\nX-Big: {new string('b', header)}\r\n\r\n";
        await client.SendAsync(head);
        Assert.StartsWith($"HTTP/1.1 {status}", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_Set_GuardsAllButHealth()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("token", "sesame-1\n");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner, $"Http:BearerTokenFile={file}");
        await agent.ScannedAsync(scanner, 1);
        foreach (var page in s_pages)
        {
            Assert.Equal(page is "/healthz" or "/readyz" ? 200 : 401, (await agent.GetAsync(page)).Status);
        }

        Assert.Equal(401, (await agent.GetAsync("/nothing")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await WithToken(agent, "sesame-2"));
        Assert.Equal(HttpStatusCode.Unauthorized, await WithToken(agent, ""));
        Assert.Equal(HttpStatusCode.OK, await WithToken(agent, "sesame-1"));

        // Rotated: the new one counts, the old one no more.
        directory.Write("token", "sesame-2");
        agent.Reload();
        Assert.Equal(HttpStatusCode.OK, await WithToken(agent, "sesame-2"));
        Assert.Equal(HttpStatusCode.Unauthorized, await WithToken(agent, "sesame-1"));

        // An empty file is refused, not an open door.
        directory.Write("token", "\n");
        agent.Reload();
        Assert.Equal(HttpStatusCode.OK, await WithToken(agent, "sesame-2"));
        Assert.Equal(HttpStatusCode.Unauthorized, await WithToken(agent, ""));
        Assert.Single(agent.Log.Containing("is empty"));
        Assert.Empty(agent.Log.Containing("sesame"));
    }

    [Fact]
    public async Task Start_PortInUse_OneLineThatNamesIt()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        var error = await Assert.ThrowsAsync<AgentStartException>(() => TestAgent.StartAsync(scanner, $"Http:Listen=http://127.0.0.1:{agent.Address.Port}"));
        Assert.Contains("the port is in use", error.Message, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{agent.Address.Port}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("http://[::1]:0")]
    [InlineData("http://*:0")]
    [InlineData("http://localhost:0")]
    public async Task Listen_OtherForms_AreServed(string listen)
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner, $"Http:Listen={listen}");
        await agent.ScannedAsync(scanner, 1);
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
    }

    internal static string[] SamplesOf(string exposition) => [.. exposition.Split('\n').Where(static line => line.Length > 0 && line[0] != '#')];

    private static async Task<HttpStatusCode> WithToken(TestAgent agent, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/metrics", UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await agent.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
