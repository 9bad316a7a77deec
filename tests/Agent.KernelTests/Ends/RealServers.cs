using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Ends;

/// <summary>nginx, HAProxy, gunicorn and Node.js of this machine in a network namespace, with TLS; they close idle connections after a second.</summary>
internal sealed class RealServers : IDisposable
{
    /// <summary>The ports, as clients.py wants them.</summary>
    public static readonly string[] Ports = ["9001", "9002:h2", "9003", "9004:h2", "9005:slow", "9006:slow", "9007:h2", "9009:quiet"];

    /// <summary>The same of those without TLS.</summary>
    public static readonly string[] PlainPorts = ["9008:plain"];

    /// <summary>The one without TLS.</summary>
    public const int PlainPort = 9008;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-servers-");
    private readonly List<Process> _processes = [];

    /// <param name="starter">What starts a program where the servers are to be.</param>
    /// <param name="plainStarter">The same for those without TLS.</param>
    public RealServers(string[] starter, string[] plainStarter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=web", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var keyFile = Write("key.pem", key.ExportPkcs8PrivateKeyPem());
        var certificateFile = Write("certificate.pem", certificate.ExportCertificatePem());
        var both = Write("both.pem", $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");

        var nginx = Write("nginx.conf", $$"""
            daemon off;
            worker_processes 1;
            user root;
            pid {{_directory}}/nginx.pid;
            error_log {{_directory}}/nginx.log info;
            events {}
            http {
              access_log off;
              ssl_protocols TLSv1.2 TLSv1.3;
              ssl_certificate {{certificateFile}};
              ssl_certificate_key {{keyFile}};
              keepalive_timeout 1s;
              client_body_temp_path {{_directory}}/body; proxy_temp_path {{_directory}}/proxy; fastcgi_temp_path {{_directory}}/fastcgi;
              uwsgi_temp_path {{_directory}}/uwsgi; scgi_temp_path {{_directory}}/scgi;
              server { listen 9001 ssl; location / { return 200 "hello\n"; } }
              server { listen 9009 ssl; ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384; location / { return 200 "hello\n"; } }
              server { listen 9002 ssl http2; location / { return 200 "hello\n"; } }
            }
            """);
        var haProxy = Write("haproxy.cfg", $$"""
            defaults
              mode http
              timeout client 1s
              timeout http-keep-alive 1s
              timeout connect 5s
              timeout server 5s
            listen one
              bind :9003 ssl crt {{both}} alpn http/1.1
              http-request return status 200 content-type text/plain string "hello\n"
            listen two
              bind :9004 ssl crt {{both}} alpn h2
              http-request return status 200 content-type text/plain string "hello\n"

            """);
        Write("app.py", """
            import time
            def app(environ, start_response):
                if environ['PATH_INFO'] == '/slow':
                    time.sleep(2)
                start_response('200 OK', [('Content-Length', '6')])
                return [b'hello\n']
            """);
        var plain = Write("plain.conf", $$"""
            daemon off;
            worker_processes 1;
            user root;
            pid {{_directory}}/plain.pid;
            error_log {{_directory}}/plain.log info;
            events {}
            http {
              access_log off;
              keepalive_timeout 1s;
              client_body_temp_path {{_directory}}/body; proxy_temp_path {{_directory}}/proxy; fastcgi_temp_path {{_directory}}/fastcgi;
              uwsgi_temp_path {{_directory}}/uwsgi; scgi_temp_path {{_directory}}/scgi;
              server { listen 9008; location / { return 200 "hello\n"; } }
            }
            """);
        Start(starter, "nginx", "-c", nginx);
        Start(plainStarter, "nginx", "-c", plain);
        Start(starter, "haproxy", "-f", haProxy);
        Start(starter, "/usr/bin/gunicorn", "--chdir", _directory.FullName, "--worker-tmp-dir", _directory.FullName, "--certfile", certificateFile, "--keyfile", keyFile,
            "--keep-alive", "2", "--worker-class", "gthread", "--threads", "64", "--bind", "0.0.0.0:9005", "app:app");
        Start(starter, "node", Path.Combine(AppContext.BaseDirectory, "Ends", "server.js"), keyFile, certificateFile, "9006", "9007");
    }

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        _directory.Delete(recursive: true);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private void Start(string[] starter, params string[] command)
    {
        Assert.SkipUnless(Programs.Exist(command[0]), $"{command[0]} is not installed");
        var log = Path.Combine(_directory.FullName, $"{Path.GetFileName(command[0])}.out");
        _processes.Add(Process.Start(starter[0], [.. starter[1..], "sh", "-c", $"exec \"$@\" >{log} 2>&1", "sh", .. command]));
    }
}
