using System.Net;
using System.Net.Security;
using Agent.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Agent.Http;

/// <summary>How the agent's web server listens, and the limits that keep strangers from using it up.</summary>
internal static class KestrelSetup
{
    /// <summary>Of clients with a token: longer than any usual scrape interval, so that Prometheus keeps its connection.</summary>
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(130);

    /// <summary>The gate keeps half of it; the other half is for connections that it has ended and that are not gone yet.</summary>
    private const int MaxConnections = 2 * (ConnectionGate.PerClient + ConnectionGate.Strangers);

    /// <summary>Sets up the web server.</summary>
    /// <param name="kestrel">What is set.</param>
    /// <param name="listen">Http:Listen.</param>
    /// <param name="alsoLoopback">Whether the loopback address is listened on besides, where that is another one.</param>
    /// <param name="certificates">For TLS; null without.</param>
    /// <param name="gate">Decides who may be connected.</param>
    public static void Configure(
        KestrelServerOptions kestrel, ListenAddress listen, bool alsoLoopback, CertificateStore? certificates, ConnectionGate gate)
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
        kestrel.Limits.RequestHeadersTimeout = ClientConnection.HeadTimeout;
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: ClientConnection.HeadTimeout);
        Listen(kestrel, listen, alsoLoopback, options =>
        {
            // Scrapers speak HTTP/1.1; what is not offered cannot be attacked.
            options.Protocols = HttpProtocols.Http1;
            options.Use(next => connection => gate.AdmitAsync(connection, next));
            if (certificates is not null)
            {
                options.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = ClientConnection.HeadTimeout,
                    OnConnection = _ =>
                        ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificates.Current }),
                });
            }
        });
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress listen, bool alsoLoopback, Action<ListenOptions> configure)
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
                var address = IPAddress.TryParse(listen.Host, out var given) ? given : IPAddress.Loopback;
                kestrel.Listen(address, listen.Port, configure);
                if (alsoLoopback && !IPAddress.IsLoopback(address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
                {
                    kestrel.Listen(IPAddress.Loopback, listen.Port, configure);
                }

                break;
        }
    }
}
