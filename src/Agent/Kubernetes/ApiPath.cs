using System.Buffers;

namespace Agent.Kubernetes;

/// <summary>A path of the API server's of segments that others chose, each of which stays one segment.</summary>
internal static class ApiPath
{
    /// <summary>U+FFFD stands for text that was none.</summary>
    private static readonly SearchValues<char> s_inNoName = SearchValues.Create("/%\uFFFD");

    /// <summary>
    /// Whether it can be the name of an object. "." and ".." mean other resources even when escaped, since an escaped dot is a dot
    /// (RFC 3986 section 6.2.2.2); Kubernetes allows no object to be called so (k8s.io/apimachinery/pkg/api/validation/path).
    /// </summary>
    public static bool IsName(string? name) =>
        name is not (null or "" or "." or "..") && !name.AsSpan().ContainsAny(s_inNoName);

    /// <returns>Null when a segment can be no name.</returns>
    public static string? Of(params ReadOnlySpan<string> segments)
    {
        var path = "";
        foreach (var segment in segments)
        {
            if (!IsName(segment))
            {
                return null;
            }

            path += "/" + Uri.EscapeDataString(segment);
        }

        return path;
    }
}
