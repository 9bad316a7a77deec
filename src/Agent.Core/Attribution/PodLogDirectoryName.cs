namespace Agent.Core.Attribution;

/// <summary>The name of a pod's log directory below /var/log/pods: <c>NAMESPACE_NAME_UID</c>.</summary>
/// <remarks>
/// Source: BuildPodLogsDirectory in the kubelet (pkg/kubelet/kuberuntime/helpers.go). Kubernetes allows no underscore in any of the
/// three. A static pod's directory has the hash of its manifest as uid, as its cgroup does.
/// </remarks>
/// <param name="Namespace">metadata.namespace.</param>
/// <param name="Name">metadata.name.</param>
/// <param name="Uid">metadata.uid, or the hash of a static pod's manifest.</param>
public sealed record PodLogDirectoryName(string Namespace, string Name, string Uid)
{
    /// <summary>Takes a directory name apart.</summary>
    /// <returns>False when there are not exactly three parts, or one is empty.</returns>
    public static bool TryParse(ReadOnlySpan<char> directoryName, out PodLogDirectoryName? name)
    {
        name = null;
        var first = directoryName.IndexOf('_');
        var last = directoryName.LastIndexOf('_');
        if (first <= 0 || last == first || last == directoryName.Length - 1)
        {
            return false;
        }

        var podName = directoryName[(first + 1)..last];
        if (podName.IsEmpty || podName.Contains('_') || directoryName.Contains('/'))
        {
            return false;
        }

        name = new(directoryName[..first].ToString(), podName.ToString(), directoryName[(last + 1)..].ToString());
        return true;
    }
}
