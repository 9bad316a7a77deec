using Google.Protobuf;

namespace Agent.EndToEndTests.Cri;

/// <summary>The calls of CRI's RuntimeService and ImageService that the tests make.</summary>
public sealed class ContainerRuntime(string socketPath) : IDisposable
{
    private readonly GrpcClient _client = new(socketPath);

    /// <summary>True once the runtime and its network plug-ins are ready.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            var response = await CallAsync<StatusResponse>("Status", new Empty(), cancellation);
            return response.Status.Conditions.Count > 0 && response.Status.Conditions.All(condition => condition.Status);
        }
        catch (Exception e) when (e is HttpRequestException or GrpcException)
        {
            return false; // starting
        }
    }

    public async Task<IReadOnlySet<string>> ListImageNamesAsync(CancellationToken cancellation)
    {
        var response = await _client.CallAsync<ListImagesResponse>("/runtime.v1.ImageService/ListImages", new Empty(), cancellation);
        return response.Images.SelectMany(image => image.RepoTags).ToHashSet();
    }

    public async Task<string> RunSandboxAsync(SandboxConfig config, CancellationToken cancellation) =>
        (await CallAsync<SandboxId>("RunPodSandbox", new RunSandboxRequest { Config = config }, cancellation)).Id;

    public Task<SandboxStatusResponse> GetSandboxStatusAsync(string id, CancellationToken cancellation) =>
        CallAsync<SandboxStatusResponse>("PodSandboxStatus", new SandboxStatusRequest { Id = id, Verbose = true }, cancellation);

    /// <summary>Ends all processes of the sandbox at once, takes its network away, and removes it.</summary>
    public Task RemoveSandboxAsync(string id, CancellationToken cancellation) =>
        CallAsync<Empty>("RemovePodSandbox", new SandboxId { Id = id }, cancellation);

    public async Task<string> StartContainerAsync(CreateContainerRequest request, CancellationToken cancellation)
    {
        var created = await CallAsync<ContainerId>("CreateContainer", request, cancellation);
        await CallAsync<Empty>("StartContainer", created, cancellation);
        return created.Id;
    }

    /// <summary>SIGTERM, and SIGKILL after <paramref name="grace"/>.</summary>
    public Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation) =>
        CallAsync<Empty>("StopContainer", new StopContainerRequest { Id = id, Timeout = (long)grace.TotalSeconds }, cancellation);

    public async Task<ContainerStatus> GetContainerStatusAsync(string id, CancellationToken cancellation) =>
        (await CallAsync<ContainerStatusResponse>("ContainerStatus", new ContainerStatusRequest { Id = id }, cancellation)).Status;

    public async Task<CommandResult> ExecAsync(string containerId, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation)
    {
        var request = new ExecSyncRequest { Id = containerId, Timeout = (long)Math.Ceiling(timeout.TotalSeconds) };
        request.Cmd.AddRange(command);
        var response = await CallAsync<ExecSyncResponse>("ExecSync", request, cancellation);
        return new CommandResult(string.Join(' ', command), response.ExitCode, response.Stdout.ToStringUtf8(), response.Stderr.ToStringUtf8());
    }

    public void Dispose() => _client.Dispose();

    private Task<TReply> CallAsync<TReply>(string method, IMessage request, CancellationToken cancellation)
        where TReply : IMessage<TReply>, new() =>
        _client.CallAsync<TReply>("/runtime.v1.RuntimeService/" + method, request, cancellation);
}
