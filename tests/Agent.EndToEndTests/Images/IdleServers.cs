using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Images;

/// <summary>Servers and balancers as Debian has them, each told to close connections that are idle for some seconds.</summary>
public static class IdleServers
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IdleServer> All { get; } =
    [
        new("nginx", "http", "keepalive_timeout 2s", """
            mkdir -p /var/log/nginx /tmp/n && echo 'daemon off; user root; pid /tmp/nginx.pid; error_log stderr; events {} http { access_log off;
              client_body_temp_path /tmp/n; proxy_temp_path /tmp/n; fastcgi_temp_path /tmp/n; uwsgi_temp_path /tmp/n; scgi_temp_path /tmp/n;
              server { listen 8080; keepalive_timeout 2s; location / { return 200 hello; } } }' >/tmp/nginx.conf
            exec nginx -c /tmp/nginx.conf
            """),
        new("HAProxy", "http", "timeout http-keep-alive 3s", """
            printf '%s\n' 'defaults' ' mode http' ' timeout client 60s' ' timeout server 60s' ' timeout connect 5s' ' timeout http-keep-alive 3s' \
              'frontend web' ' bind :8080' ' http-request return status 200 content-type text/plain string hello' >/tmp/haproxy.cfg
            exec haproxy -f /tmp/haproxy.cfg
            """),
        new("Apache", "http", "KeepAliveTimeout 2", """
            mkdir -p /tmp/www && echo hello >/tmp/www/index.html
            m=/usr/lib/apache2/modules; printf '%s\n' 'ServerRoot /tmp' 'ServerName web' 'PidFile /tmp/apache.pid' 'Listen 8080' 'ErrorLog /dev/stderr' \
              "LoadModule mpm_event_module $m/mod_mpm_event.so" "LoadModule authz_core_module $m/mod_authz_core.so" "LoadModule dir_module $m/mod_dir.so" \
              'KeepAlive On' 'KeepAliveTimeout 2' 'DocumentRoot /tmp/www' >/tmp/apache.conf
            exec apache2 -f /tmp/apache.conf -DFOREGROUND
            """),
        new("Node.js", "http", "keepAliveTimeout = 2000", "exec node /web/server.js 2000"),
        new("gunicorn", "http", "--keep-alive 2", """
            printf '%s\n' 'def app(environ, start):' '    start("200 OK", [("Content-Length", "6")])' '    return [b"hello\n"]' >/tmp/app.py
            exec gunicorn --chdir /tmp --worker-tmp-dir /tmp --worker-class gthread --threads 8 --keep-alive 2 --bind 0.0.0.0:8080 app:app
            """),
        new("uvicorn", "http", "--timeout-keep-alive 3", """
            printf '%s\n' 'async def app(scope, receive, send):' '    if scope["type"] != "http": return' \
              '    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})' \
              '    await send({"type": "http.response.body", "body": b"hello\n"})' >/tmp/app.py
            exec uvicorn --app-dir /tmp --host 0.0.0.0 --port 8080 --timeout-keep-alive 3 --log-level warning app:app
            """),
        new("Redis", "redis", "timeout 3", "exec redis-server --port 8080 --timeout 3 --save '' --protected-mode no --dir /tmp"),
        new("PostgreSQL behind PgBouncer", "postgres", "client_idle_timeout = 3", """
            echo 'postgres:x:70:70::/tmp:/bin/sh' >>/etc/passwd; mkdir -m 777 /tmp/pg
            cat >/tmp/pg.sh <<'SCRIPT'
            b=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
            $b/initdb -D /tmp/pg/data -A trust -N -E UTF8 --no-locale >/dev/null
            $b/postgres -D /tmp/pg/data -p 5432 -k /tmp/pg -c fsync=off -c listen_addresses=127.0.0.1 &
            printf '%s\n' '[databases]' '* = host=127.0.0.1 port=5432' '[pgbouncer]' 'listen_addr = 0.0.0.0' 'listen_port = 8080' 'unix_socket_dir =' \
              'auth_type = any' 'client_idle_timeout = 3' 'pool_mode = session' 'logfile =' >/tmp/pg/bouncer.ini
            sed -i 's/^\* = .*/* = host=127.0.0.1 port=5432 user=postgres/' /tmp/pg/bouncer.ini
            exec pgbouncer -q /tmp/pg/bouncer.ini
            SCRIPT
            exec setpriv --reuid 70 --regid 70 --clear-groups sh /tmp/pg.sh
            """),
        new("Exim", "smtp", "smtp_receive_timeout = 3s", """
            echo 'Debian-exim:x:101:101::/tmp:/bin/sh' >>/etc/passwd; echo 'Debian-exim:x:101:' >>/etc/group
            mkdir -p /tmp/spool /var/spool/exim4 /var/log/exim4 && chmod 777 /tmp/spool /var/spool/exim4 /var/log/exim4
            printf '%s\n' 'primary_hostname = mail' 'spool_directory = /tmp/spool' 'log_file_path = /tmp/spool/%slog' 'smtp_receive_timeout = 3s' \
              'daemon_smtp_ports = 8080' 'host_lookup =' 'rfc1413_query_timeout = 0s' 'exim_user = Debian-exim' 'exim_group = Debian-exim' \
              'begin acl' 'begin routers' 'begin transports' 'begin retry' >/etc/exim.conf
            exec exim4 -C /etc/exim.conf -bdf -q1h
            """),
    ];
}

/// <summary>One server.</summary>
/// <param name="Name">For people.</param>
/// <param name="Protocol">As idle.py has it.</param>
/// <param name="Setting">The time-out, as it is written for this server.</param>
/// <param name="Script">Starts it at port 8080.</param>
public sealed record IdleServer(string Name, string Protocol, string Setting, string Script)
{
    /// <summary>The name of its pod.</summary>
    public string PodName => Name.ToLowerInvariant().Replace(".", "", StringComparison.Ordinal).Split(' ')[0];

    /// <summary>Its pod.</summary>
    public PodSpec Pod => WebImage.Pod(PodName, "sh", "-c", Script);
}
