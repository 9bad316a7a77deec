using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Agent.Hosting;

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
        listen.Bind(kestrel, options =>
        {
            // Scrapers speak HTTP/1.1; what is not offered cannot be attacked.
            options.Protocols = HttpProtocols.Http1;
            options.Use(static next => connection => FirstByte.AwaitAsync(connection, next, HeadTimeout));
            if (certificates is not null)
            {
                options.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = HeadTimeout,
                    OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificates.Current }),
                });
            }
        });
    }
}
