using System.Net;

namespace Agent.Configuration;

/// <summary>
/// Where the agent listens: <c>http://127.0.0.1:9742</c>, <c>http://[::]:9742</c>, <c>http://*:9742</c>, <c>https://localhost:9742</c>.
/// </summary>
/// <param name="Host">An address, <c>localhost</c>, or <c>*</c> for all addresses.</param>
/// <param name="Port">Port; 0 lets the kernel choose.</param>
/// <param name="IsHttps">Whether the address asks for TLS.</param>
internal sealed record ListenAddress(string Host, int Port, bool IsHttps)
{
    /// <summary>Reads an address; says what is wrong with it otherwise.</summary>
    public static ListenAddress? Parse(string text, out string problem)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(text.Trim());
        }
        catch (FormatException)
        {
            problem = "is not of the form http://ADDRESS:PORT";
            return null;
        }

        var host = address.Host.Trim('[', ']');
        var isHttps = string.Equals(address.Scheme, "https", StringComparison.OrdinalIgnoreCase);
        problem = address switch
        {
            { IsUnixPipe: true } or { IsNamedPipe: true } => "is not a TCP address",
            _ when !isHttps && !string.Equals(address.Scheme, "http", StringComparison.OrdinalIgnoreCase) =>
                "begins with neither http:// nor https://",
            { PathBase.Length: > 0 } => "must not have a path",
            { Port: < 0 or > IPEndPoint.MaxPort } => "has no such port",
            _ when host is not ("*" or "+" or "localhost") && !IPAddress.TryParse(host, out _) =>
                "needs an IP address, localhost or * before the port",
            _ => "",
        };
        return problem.Length > 0 ? null : new(host, address.Port, isHttps);
    }
}
