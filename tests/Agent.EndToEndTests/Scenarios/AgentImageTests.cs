using Agent.EndToEndTests.Node;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The Dockerfile, built for real, and what is in the image.</summary>
public sealed class AgentImageTests(PodNode node) : NodeTest(node)
{
    [Fact]
    public async Task Image_Program_RunsWithoutShellAsAnyUserOnAReadOnlyRoot()
    {
        var image = await Node.GetAgentImageAsync();

        var pod = await Node.RunPodAsync(new PodSpec("kube-system", "version", new ContainerSpec("closewatch", image, "version")
        {
            Init = true,
            RunAsUser = 1000,
            DropCapabilities = ["ALL"],
            ReadOnlyRootFilesystem = true,
        }));

        var log = await Node.LogOfAsync(pod, "closewatch");
        Assert.Contains("closewatch", log, StringComparison.Ordinal);
    }
}
