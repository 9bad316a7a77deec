using System.Net;
using System.Net.Security;
using Agent.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Agent.Http;

/// <summary>How the agent's web server listens, and the limits that keep strangers from using it up.</summary>
internal static class KestrelSetup
{
    /// <summary>A client that has sent nothing, or no whole request head, for so long is cut off.</summary>
    public static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Longer than any usual scrape interval, so that Prometheus keeps its connection.</summary>
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(130);

    /// <summary>200 scrapers at once and room to spare; each connection costs some 20 KB.</summary>
    private const int MaxConnections = 512;

    public static void Configure(KestrelServerOptions kestrel, ListenAddress listen, CertificateStore? certificates)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
        kestrel.Limits.MaxRequestLineSize = 2 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.KeepAliveTimeout = s_keepAlive;
        kestrel.Limits.RequestHeadersTimeout = HeadTimeout;
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: HeadTimeout);
        Listen(kestrel, listen, options =>
        {
            // Scrapers speak HTTP/1.1; what is not offered cannot be attacked.
            options.Protocols = HttpProtocols.Http1;
            options.Use(static next => connection => FirstByte.AwaitAsync(connection, next, HeadTimeout));
            if (certificates is not null)
            {
                options.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = HeadTimeout,
                    OnConnection = _ =>
                        ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificates.Current }),
                });
            }
        });
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress listen, Action<ListenOptions> configure)
    {
        switch (listen.Host)
        {
            case "*" or "+":
                kestrel.ListenAnyIP(listen.Port, configure);
                break;

            // A port that the kernel chooses would be another one for each of localhost's two addresses.
            case "localhost" when listen.Port != 0:
                kestrel.ListenLocalhost(listen.Port, configure);
                break;
            default:
                kestrel.Listen(IPAddress.TryParse(listen.Host, out var address) ? address : IPAddress.Loopback, listen.Port, configure);
                break;
        }
    }
}
