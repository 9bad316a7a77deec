using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Agent.EndToEndTests.Page;

/// <summary>A headless Chromium with one page, spoken to over its debugging protocol.</summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly DirectoryInfo _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(4));
    private int _lastId;

    private Browser(Process process, DirectoryInfo profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>What the page wrote to its console, and every request it made besides the page itself.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Starts it with nothing loaded.</summary>
    public static async Task<Browser> StartAsync()
    {
        var profile = Directory.CreateTempSubdirectory("closewatch-browser-");
        // Without the switches about the network, it asks for updates at every start.
        string[] command =
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--hide-scrollbars", $"--user-data-dir={profile.FullName}", "--remote-debugging-port=0", "about:blank",
        ];
        var browser = new Browser(Process.Start(Command.StartInfo(command))!, profile);
        browser._process.BeginErrorReadLine();
        browser._process.BeginOutputReadLine();
        await browser.ConnectAsync();
        return browser;
    }

    /// <summary>Opens a file at a width in pixels, light or dark, and waits until it is loaded.</summary>
    public async Task OpenAsync(string path, int width, bool dark)
    {
        await CallAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await CallAsync("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }),
        });
        Complaints.Clear();
        await CallAsync("Page.navigate", new JsonObject { ["url"] = new Uri(path).AbsoluteUri });
        await Eventually.TrueAsync("the page is loaded", async () => (bool)(await EvaluateAsync($"document.readyState === 'complete' && location.protocol === 'file:'"))!, s_timeout);
        Complaints.RemoveAll(complaint => complaint == $"request {new Uri(path).AbsoluteUri}");
    }

    /// <summary>The value of an expression, awaited if it is a promise.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer["exceptionDetails"] is { } exception
            ? throw new InvalidOperationException(exception.ToJsonString())
            : answer["result"]!["value"];
    }

    /// <summary>The upper left part of the page as it is drawn, a PNG.</summary>
    public async Task<byte[]> PictureAsync(int width, int height)
    {
        var clip = new JsonObject { ["x"] = 0, ["y"] = 0, ["width"] = width, ["height"] = height, ["scale"] = 1 };
        var answer = await CallAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["clip"] = clip, ["captureBeyondViewport"] = true });
        return Convert.FromBase64String((string)answer["data"]!);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _limit.Dispose();
        // Its children may still be writing when it has ended.
        await Eventually.TrueAsync("the browser's profile is removed", () =>
        {
            try
            {
                _profile.Delete(recursive: true);
                return Task.FromResult(true);
            }
            catch (IOException)
            {
                return Task.FromResult(false);
            }
        });
    }

    private async Task ConnectAsync()
    {
        var portFile = Path.Combine(_profile.FullName, "DevToolsActivePort");
        await Eventually.TrueAsync("the browser listens", () => Task.FromResult(File.Exists(portFile) && File.ReadAllLines(portFile).Length > 1), s_timeout);
        var port = File.ReadAllLines(portFile)[0];
        using var http = new HttpClient();
        var address = "";
        await Eventually.TrueAsync("the browser has a page", async () =>
        {
            var targets = JsonNode.Parse(await http.GetStringAsync($"http://127.0.0.1:{port}/json/list", _limit.Token))!.AsArray();
            address = (string?)targets.FirstOrDefault(static target => (string?)target!["type"] == "page")?["webSocketDebuggerUrl"] ?? "";
            return address.Length > 0;
        }, s_timeout);
        await _socket.ConnectAsync(new Uri(address), _limit.Token);
        foreach (var domain in (string[])["Page", "Runtime", "Log", "Network"])
        {
            await CallAsync($"{domain}.enable", []);
        }
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters)
    {
        var id = ++_lastId;
        var request = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(request), WebSocketMessageType.Text, true, _limit.Token);
        while (true)
        {
            var message = await ReceiveAsync();
            if ((int?)message["id"] == id)
            {
                return message["error"] is { } error ? throw new InvalidOperationException($"{method}: {error.ToJsonString()}") : message["result"]!;
            }

            Note(message);
        }
    }

    private async Task<JsonNode> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await _socket.ReceiveAsync(buffer.AsMemory(), _limit.Token);
            message.Write(buffer.AsSpan(0, received.Count));
        }
        while (!received.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }

    private void Note(JsonNode message)
    {
        var details = message["params"];
        switch ((string?)message["method"])
        {
            case "Runtime.consoleAPICalled" or "Runtime.exceptionThrown" or "Log.entryAdded" or "Page.javascriptDialogOpening":
                Complaints.Add(details!.ToJsonString());
                break;
            case "Network.requestWillBeSent" when (string)details!["request"]!["url"]! is var url && !url.StartsWith("data:", StringComparison.Ordinal):
                Complaints.Add($"request {url}");
                break;
        }
    }
}
