namespace Agent.EndToEndTests.Node;

/// <summary>A pod to run, in the words of a pod's manifest.</summary>
public sealed record PodSpec(string Namespace, string Name, params IReadOnlyList<ContainerSpec> Containers)
{
    public string Uid { get; init; } = Guid.NewGuid().ToString();

    public bool HostNetwork { get; init; }

    public bool HostPid { get; init; }

    /// <summary>As the kubelet's cgroupfs driver has it: guaranteed pods are directly under kubepods.</summary>
    public string CgroupParent { get; init; } = "/kubepods/burstable";

    /// <summary>Where a kubelet has the pod's logs, which is also where its name can be read.</summary>
    public string LogDirectory => $"/var/log/pods/{Namespace}_{Name}_{Uid}";
}
