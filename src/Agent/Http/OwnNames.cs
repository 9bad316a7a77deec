using System.Net;
using System.Net.NetworkInformation;

namespace Agent.Http;

/// <summary>
/// Which Host headers mean this agent. A web page can have a browser ask any address under a name that its author chose and points
/// there (DNS rebinding), and then read the answer; it can not have the browser ask under one of these names.
/// </summary>
/// <param name="names">The names of this machine.</param>
/// <param name="certificates">The certificate, whose names are this agent's too; null without TLS.</param>
/// <param name="time">The clock.</param>
internal sealed class OwnNames(IEnumerable<string> names, CertificateStore? certificates, TimeProvider time)
{
    /// <summary>Addresses come and go with interfaces. Asked only where a Host header names another one than the connection's.</summary>
    private static readonly TimeSpan s_addressesLast = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _names =
        new(names.Append("localhost").Where(static name => name.Length > 0), StringComparer.OrdinalIgnoreCase);

    private readonly Lock _lock = new();
    private HashSet<IPAddress> _addresses = [];
    private long _addressesSince;

    /// <summary>Whether a request is for this agent. One without a Host header (HTTP/1.0) is: browsers always send one.</summary>
    public bool Include(HttpContext context)
    {
        var host = context.Request.Host.Host;
        if (IPAddress.TryParse(host.AsSpan().Trim("[]"), out var address))
        {
            return ClientAddress.Plain(address) is { } plain
                && (IPAddress.IsLoopback(plain)
                    || plain.Equals(ClientAddress.Plain(context.Connection.LocalIpAddress))
                    || Addresses().Contains(plain));
        }

        var name = host.TrimEnd('.');
        return host.Length == 0 || _names.Contains(name) || certificates?.IsFor(name) == true;
    }

    private HashSet<IPAddress> Addresses()
    {
        lock (_lock)
        {
            if (_addressesSince == 0 || time.GetElapsedTime(_addressesSince) > s_addressesLast)
            {
                _addressesSince = time.GetTimestamp();
                try
                {
                    var known = IPGlobalProperties.GetIPGlobalProperties().GetUnicastAddresses();
                    _addresses = [.. known.Select(static unicast => WithoutScope(unicast.Address))];
                }
                catch (NetworkInformationException)
                {
                    // Those of before; the address of the connection itself needs no list.
                    return _addresses;
                }
            }

            return _addresses;
        }
    }

    /// <summary>A Host header never has the scope of a link-local address (RFC 6874 is for the user's own eyes).</summary>
    private static IPAddress WithoutScope(IPAddress address) => address.IsIPv6LinkLocal ? new(address.GetAddressBytes()) : address;
}
