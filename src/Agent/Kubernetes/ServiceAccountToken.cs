using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Agent.Kernel;
using Agent.Kernel.ProcFs;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>What the token that the kubelet mounts says of the pod it is mounted in; nothing of it is a secret.</summary>
/// <param name="Account"><c>NAMESPACE:NAME</c> of the service account.</param>
/// <param name="Pod"><c>NAMESPACE/NAME</c> of the pod; empty in a token that is bound to none.</param>
internal sealed partial record ServiceAccountToken(string Account, string Pod)
{
    private const int MaxLength = 16 * 1024;
    private const string SubjectPrefix = "system:serviceaccount:";

    /// <summary>Reads the token of this container; null where there is none that can be read.</summary>
    public static ServiceAccountToken? Read(string serviceAccountDirectory)
    {
        var text = new byte[MaxLength + 1];
        try
        {
            return ProcFile.TryRead(Path.Combine(serviceAccountDirectory, "token"), text, out var length)
                ? Parse(Encoding.UTF8.GetString(text, 0, length))
                : null;
        }
        catch (KernelException)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads the claims of a JSON Web Token (RFC 7519), of which the middle part is base64url; null for what is none, or is of another
    /// issuer.
    /// </summary>
    public static ServiceAccountToken? Parse(string token)
    {
        if (token.Length > MaxLength || token.Trim().Split('.') is not [_, var payload, _])
        {
            return null;
        }

        try
        {
            using var claims = OutsideJson.Parse(Base64Url.DecodeFromChars(payload));
            return Text(claims.RootElement, "sub") is { } subject
                && subject.StartsWith(SubjectPrefix, StringComparison.Ordinal)
                && subject[SubjectPrefix.Length..].Split(':') is [var space, var name]
                && IsName(space) && IsName(name)
                ? new($"{space}:{name}", PodOf(claims.RootElement, space))
                : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or DecoderFallbackException)
        {
            return null;
        }
    }

    private static string PodOf(JsonElement claims, string space) =>
        claims.TryGetProperty("kubernetes.io", out var bound)
        && bound.ValueKind == JsonValueKind.Object
        && bound.TryGetProperty("pod", out var pod)
        && Text(pod, "name") is { } name && IsName(name)
            ? $"{space}/{name}"
            : "";

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static bool IsName(string text) => NamePattern().IsMatch(text);

    // A DNS subdomain (RFC 1123), as all names of these are.
    [GeneratedRegex(@"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\z")]
    private static partial Regex NamePattern();
}
