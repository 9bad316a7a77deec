using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Agent.Kubernetes;

namespace Agent.Benchmarks.Fleet;

/// <summary>A kube-apiserver of its own with its etcd, on loopback ports, in a directory that goes with it.</summary>
internal sealed class ApiServer : IDisposable
{
    private const string Token = "of-the-benchmark";

    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(90);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-fleet-");
    private readonly List<Process> _processes = [];
    private readonly SocketsHttpHandler _handler;
    private readonly HttpClient _client;
    private readonly long _ticksASecond = long.Parse(ChildProgram.Execute("getconf", "CLK_TCK"), CultureInfo.InvariantCulture);
    private readonly Process _server;

    /// <summary>Starts both, and waits until the server is ready.</summary>
    /// <param name="programs">Where etcd and kube-apiserver are.</param>
    public ApiServer(string programs)
    {
        var (etcd, peers, port) = (FreePort(), FreePort(), FreePort());
        MakeCertificates();
        File.WriteAllText(PathOf("token"), Token);
        File.WriteAllText(PathOf("tokens.csv"), $"{Token},admin,admin,system:masters\n");
        Location = new(new($"https://127.0.0.1:{port}"), PathOf("token"), PathOf("ca.crt"));
        Start(programs, "etcd",
            "--data-dir", PathOf("etcd"), "--listen-client-urls", $"http://127.0.0.1:{etcd}", "--advertise-client-urls", $"http://127.0.0.1:{etcd}",
            "--listen-peer-urls", $"http://127.0.0.1:{peers}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peers}",
            "--initial-cluster", $"default=http://127.0.0.1:{peers}", "--unsafe-no-fsync");
        _server = Start(programs, "kube-apiserver",
            $"--etcd-servers=http://127.0.0.1:{etcd}", $"--secure-port={port}", "--bind-address=127.0.0.1", "--advertise-address=10.0.0.1", "--endpoint-reconciler-type=none",
            $"--tls-cert-file={PathOf("server.crt")}", $"--tls-private-key-file={PathOf("server.key")}", $"--token-auth-file={PathOf("tokens.csv")}", "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount", "--service-cluster-ip-range=10.96.0.0/16", "--service-account-issuer=https://kubernetes.default.svc",
            $"--service-account-key-file={PathOf("server.key")}", $"--service-account-signing-key-file={PathOf("server.key")}");
        _handler = new() { SslOptions = new ApiServerTrust(Location.CertificateAuthorityFile).CreateOptions() };
        _client = new(_handler)
        {
            BaseAddress = Location.Address,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Token) },
        };
        AwaitReady();
    }

    /// <summary>Where agents find it.</summary>
    public ApiServerLocation Location { get; }

    /// <summary>What the server has used of processors, without etcd.</summary>
    public TimeSpan Cpu
    {
        get
        {
            // utime and stime, the 14th and 15th field of proc(5)'s stat; the second, in parentheses, may contain spaces.
            var stat = File.ReadAllText($"/proc/{_server.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            return TimeSpan.FromSeconds((double)ticks / _ticksASecond);
        }
    }

    /// <summary>Memory of the server.</summary>
    public double ResidentMiB => long.Parse(
        File.ReadLines($"/proc/{_server.Id}/status").Single(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024.0;

    /// <summary>Sends an object.</summary>
    public async Task SendAsync(HttpMethod method, string path, string json, string contentType = "application/json")
    {
        using var content = new StringContent(json);
        content.Headers.ContentType = new(contentType);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await _client.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>How many bytes an answer has.</summary>
    public async Task<long> BytesAsync(string path) => (await _client.GetByteArrayAsync(path)).LongLength;

    public void Dispose()
    {
        _client.Dispose();
        _handler.Dispose();
        foreach (var process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        _directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string PathOf(string file) => Path.Combine(_directory.FullName, file);

    private Process Start(string programs, string program, params string[] arguments)
    {
        // Through a shell, which becomes the program: what it writes goes to a file.
        string[] command = ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", PathOf(program + ".log"), Path.Combine(programs, program), .. arguments];
        var process = Process.Start(new ProcessStartInfo("sh", command))!;
        _processes.Add(process);
        return process;
    }

    private void MakeCertificates() => ChildProgram.Execute("sh", "-ec", $"""
        cd '{_directory.FullName}'
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=fleet-ca 2>/dev/null
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=kube-apiserver 2>/dev/null
        echo 'subjectAltName=IP:127.0.0.1' >names
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt -extfile names 2>/dev/null
        """);

    private void AwaitReady()
    {
        var clock = Stopwatch.StartNew();
        while (!IsReady())
        {
            if (_server.HasExited || clock.Elapsed > s_startTimeout)
            {
                var log = File.ReadAllText(PathOf("kube-apiserver.log"));
                throw new InvalidOperationException($"kube-apiserver did not start: {log[Math.Max(0, log.Length - 2000)..]}");
            }

            Thread.Sleep(200);
        }
    }

    private bool IsReady()
    {
        try
        {
            return _client.GetAsync("/readyz").GetAwaiter().GetResult().IsSuccessStatusCode
                && _client.GetAsync("/api/v1/namespaces/default").GetAwaiter().GetResult().IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
