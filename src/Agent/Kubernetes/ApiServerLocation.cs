using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Agent.Kubernetes;

/// <summary>Where the API server is, and the files that hold what is needed to talk to it.</summary>
/// <param name="Address">Scheme, host and port.</param>
/// <param name="TokenFile">Bearer token of the service account; the kubelet replaces it before it expires.</param>
/// <param name="CertificateAuthorityFile">PEM certificates of the cluster's CA; replaced when the CA rotates.</param>
internal sealed record ApiServerLocation(Uri Address, string TokenFile, string CertificateAuthorityFile)
{
    /// <summary>Where a pod finds its service account (kubernetes.io/docs/tasks/run-application/access-api-from-pod).</summary>
    public const string ServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>What every pod is told by its environment.</summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="serviceAccountDirectory">Holds <c>token</c> and <c>ca.crt</c>.</param>
    /// <returns>False outside a cluster, and in a pod without service links.</returns>
    public static bool TryFind(
        Func<string, string?> environment, string serviceAccountDirectory, [NotNullWhen(true)] out ApiServerLocation? location)
    {
        location = null;
        if (environment("KUBERNETES_SERVICE_HOST") is not { Length: > 0 } host
            || !ushort.TryParse(environment("KUBERNETES_SERVICE_PORT"), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return false;
        }

        location = new ApiServerLocation(
            new UriBuilder(Uri.UriSchemeHttps, host, port).Uri,
            Path.Combine(serviceAccountDirectory, "token"),
            Path.Combine(serviceAccountDirectory, "ca.crt"));
        return true;
    }
}
