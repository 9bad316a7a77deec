namespace Agent.EndToEndTests.Node;

/// <summary>Pods that serve HTTP, such as those of <see cref="Images.WebImage"/>.</summary>
public static class NodeServers
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Starts a pod, and waits until it answers at a port.</summary>
    public static async Task<Pod> RunServerAsync(this PodNode node, PodSpec spec, int port = Images.WebImage.Port)
    {
        var pod = await node.RunPodAsync(spec);
        await node.AnswersAsync(pod.Ip, port);
        return pod;
    }

    /// <summary>Waits until a GET of / from the node is answered with success.</summary>
    public static Task AnswersAsync(this PodNode node, string address, int port) => Eventually.TrueAsync(
        $"{address}:{port} answers",
        async () => await node.TryGetAsync($"http://{address}:{port}/") is not null,
        s_patience);
}
