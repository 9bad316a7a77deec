using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>deploy/apply, with a script in the place of kubectl.</summary>
public sealed class ApplyTests
{
    private static readonly string s_apply = Repository.PathOf("deploy/apply");

    /// <summary>Two clusters, from one clone: the second one is served while kubectl has not read yet what is for the first.</summary>
    [Fact]
    public async Task Render_WhileAnotherIsMade_IsItsOwn()
    {
        var scratch = Directory.CreateTempSubdirectory("closewatch-apply-");
        try
        {
            var kubectl = Path.Combine(scratch.FullName, "kubectl");
            File.WriteAllText(
                kubectl,
                $"""
                #!/bin/sh
                if [ -z "$INNER" ]; then INNER=yes COMPONENTS= {s_apply} second.example/closewatch:2 || exit; fi
                cat "$2/kustomization.yaml"
                """);
            File.SetUnixFileMode(kubectl, UnixFileMode.UserRead | UnixFileMode.UserExecute);

            var result = (await Command.RunAsync(
                [s_apply, "first.example/closewatch:1"],
                environment: new Dictionary<string, string> { ["RENDER"] = "yes", ["COMPONENTS"] = "tls", ["KUBECTL"] = kubectl })).Checked();

            var (first, second) = (result.Output.IndexOf("first.example", StringComparison.Ordinal), result.Output.IndexOf("second.example", StringComparison.Ordinal));
            Assert.True(second >= 0 && first > second, result.Output);
            Assert.Contains("components/tls", result.Output[second..], StringComparison.Ordinal);
            Assert.DoesNotContain("components/tls", result.Output[..second], StringComparison.Ordinal);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }
}
