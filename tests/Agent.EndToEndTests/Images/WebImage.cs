using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Images;

/// <summary>Containers that run this machine's own node, nginx and python3: its /usr is mounted, nothing of it is copied.</summary>
public static class WebImage
{
    /// <summary>An empty system around /usr, with the scripts of this folder in /web.</summary>
    public const string Name = "localhost/web:1";

    /// <summary>Where the servers listen, unless told otherwise.</summary>
    public const int Port = 8080;

    private static readonly string[] s_scripts = ["server.js", "clients.js", "traffic.js", "crash.js", "reuse.py", "ends.py", "idle.py", "lookalikes.py"];

    internal static ImageBuilder Create()
    {
        var image = new ImageBuilder(Name)
            .AddText("root:x:0:0:root:/root:/bin/sh\n", "/etc/passwd")
            .AddText("root:x:0:\n", "/etc/group")
            .AddDirectory("/tmp")
            .AddDirectory("/usr")
            .AddDirectory("/var/log/nginx");
        foreach (var folder in (string[])["bin", "sbin", "lib", "lib64"])
        {
            image.AddLink("/" + folder, "usr/" + folder);
        }

        foreach (var script in s_scripts)
        {
            image.AddFile(Repository.PathOf("tests/Agent.EndToEndTests/Images/" + script), "/web/" + script);
        }

        return image;
    }

    /// <summary>A pod of one container, app.</summary>
    public static PodSpec Pod(string name, params IReadOnlyList<string> command) =>
        new("shop", name, new ContainerSpec("app", Name) { Command = command, Mounts = [new HostMount("/usr")] });

    /// <summary>A server of Node.js at port 8080; <paramref name="arguments"/> as server.js has them.</summary>
    public static PodSpec NodeServer(string name, params IReadOnlyList<string> arguments) => Pod(name, ["node", "/web/server.js", .. arguments]);

    /// <summary>nginx.</summary>
    /// <param name="name">The pod's.</param>
    /// <param name="http">What is inside http { }; it writes its logs to standard output.</param>
    public static PodSpec Nginx(string name, string http) => Pod(name, "sh", "-c", $$"""
        cat >/tmp/nginx.conf <<'CONF'
        daemon off;
        user root;
        worker_processes 1;
        pid /tmp/nginx.pid;
        error_log /dev/stdout info;
        events {}
        http {
          log_format ports '$server_port $status';
          access_log /dev/stdout ports;
          client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
          {{http}}
        }
        CONF
        exec nginx -c /tmp/nginx.conf
        """);

    /// <summary>HAProxy.</summary>
    /// <param name="name">The pod's.</param>
    /// <param name="proxies">Its frontends and backends; it writes its log to standard output.</param>
    public static PodSpec HaProxy(string name, string proxies) => Pod(name, "sh", "-c", $$"""
        cat >/tmp/haproxy.cfg <<'CONF'
        global
          log stdout format raw local0
        defaults
          mode http
          log global
          log-format "%fp %ST"
          retries 0
          http-reuse always
          timeout connect 5s
          timeout client 60s
          timeout server 60s
        {{proxies}}
        CONF
        exec haproxy -f /tmp/haproxy.cfg
        """);

    /// <summary>gunicorn at port 8080, with threads, which keep connections alive.</summary>
    public static PodSpec Gunicorn(string name) => Pod(name, "sh", "-c", """
        cat >/tmp/app.py <<'APP'
        def app(environ, start_response):
            environ['wsgi.input'].read()
            start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '6')])
            return [b'hello\n']
        APP
        exec gunicorn --chdir /tmp --worker-tmp-dir /tmp --worker-class gthread --threads 16 --bind 0.0.0.0:8080 app:app
        """);
}
