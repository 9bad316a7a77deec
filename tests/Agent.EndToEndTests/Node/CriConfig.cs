using Agent.EndToEndTests.Cri;

namespace Agent.EndToEndTests.Node;

/// <summary>What a kubelet would ask the runtime for.</summary>
internal static class CriConfig
{
    public static SandboxConfig Sandbox(PodSpec spec)
    {
        var config = new SandboxConfig
        {
            Metadata = new SandboxMetadata { Name = spec.Name, Namespace = spec.Namespace, Uid = spec.Uid },
            Hostname = spec.HostNetwork ? "" : spec.Name,
            LogDirectory = spec.LogDirectory,
            Linux = new LinuxSandboxConfig
            {
                CgroupParent = $"{spec.CgroupParent}/pod{spec.Uid}",
                SecurityContext = new SandboxSecurityContext { NamespaceOptions = Namespaces(spec) },
            },
        };
        AddLabels(config.Labels, spec);
        return config;
    }

    public static ContainerConfig Container(PodSpec spec, ContainerSpec container)
    {
        var config = new ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = container.Name },
            Image = new ImageSpec { Image = container.Image },
            LogPath = $"{container.Name}/0.log",
            Linux = new LinuxContainerConfig
            {
                Resources = new LinuxContainerResources { CpuShares = 102, OomScoreAdj = 900 },
                SecurityContext = new ContainerSecurityContext
                {
                    NamespaceOptions = Namespaces(spec),
                    Capabilities = new Capability(),
                    ReadonlyRootfs = container.ReadOnlyRootFilesystem,
                    NoNewPrivs = container.NoNewPrivileges,
                },
            },
        };
        config.Command.AddRange(container.Command);
        config.Args.AddRange(container.Arguments);
        config.Envs.AddRange(container.Environment.Select(pair => new KeyValue { Key = pair.Key, Value = pair.Value }));
        config.Mounts.AddRange(container.Mounts.Select(mount => new Mount
        {
            HostPath = mount.HostPath,
            ContainerPath = mount.ContainerPath ?? mount.HostPath,
            Readonly = mount.ReadOnly,
        }));
        var security = config.Linux.SecurityContext;
        security.Capabilities.AddCapabilities.AddRange(container.AddCapabilities);
        security.Capabilities.DropCapabilities.AddRange(container.DropCapabilities);
        if (container.RunAsUser is { } user)
        {
            security.RunAsUser = new Int64Value { Value = user };
        }

        AddLabels(config.Labels, spec);
        config.Labels["io.kubernetes.container.name"] = container.Name;
        return config;
    }

    private static NamespaceOption Namespaces(PodSpec spec) => new()
    {
        Network = spec.HostNetwork ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = spec.HostPid ? NamespaceMode.Node : NamespaceMode.Container,
    };

    private static void AddLabels(IDictionary<string, string> labels, PodSpec spec)
    {
        labels["io.kubernetes.pod.name"] = spec.Name;
        labels["io.kubernetes.pod.namespace"] = spec.Namespace;
        labels["io.kubernetes.pod.uid"] = spec.Uid;
    }
}
