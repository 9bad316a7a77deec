using System.Globalization;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>What tests/run makes of its projects' results, with scripts in their place: an empty or shortened run must not pass.</summary>
public sealed class TestRunTests : IDisposable
{
    private const string Good = "passed One (1ms)\nTest run summary: Passed!\n  total: 1\n  failed: 0\n  succeeded: 1\n  skipped: 0\n";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-run-");

    public TestRunTests()
    {
        Directory.CreateDirectory(PathOf("tests"));
        Script("bin/dotnet", "exit 0");
        Script("tests/install-packages", "exit 0");
        Script("tests/lint", "exit 0");
        File.Copy(Repository.PathOf("tests/run"), PathOf("tests/run"));
        File.Copy(Repository.PathOf("tests/expected-skips"), PathOf("tests/expected-skips"));
        foreach (var project in (string[])["Agent.Tests", "Agent.KernelTests", "Agent.EndToEndTests"])
        {
            Project(project, Good);
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Run_EverythingPassed_Is0WithTheTotals()
    {
        var result = await RunAsync();

        Assert.Equal((0, "3 passed, 0 failed, 0 skipped"), (result.ExitCode, result.Lines.Last()));
    }

    [Theory]
    [InlineData("Test run summary: Passed!\n  total: 0\n  failed: 0\n  succeeded: 0\n  skipped: 0\n", "Agent.KernelTests ran no test")]
    [InlineData("Segmentation fault\n", "Agent.KernelTests ended without a summary")]
    [InlineData("skipped Two (1ms)\n  the moon is full\n  total: 2\n  failed: 0\n  succeeded: 1\n  skipped: 1\n", "skipped, though nothing in tests/expected-skips expects it")]
    [InlineData("failed Two (1ms)\n  total: 2\n  failed: 1\n  succeeded: 1\n  skipped: 0\n", "3 passed, 1 failed, 0 skipped")]
    public async Task Run_OneProjectWithout_Fails(string log, string said)
    {
        Script("artifacts/bin/Agent.KernelTests/release/Agent.KernelTests", $"cat <<'END'\n{log}END\nexit 2");

        var result = await RunAsync();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(said, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OneTestFailsBesideTheOthersAndPassesAlone_PassesAndNamesIt()
    {
        Script(
            "artifacts/bin/Agent.KernelTests/release/Agent.KernelTests",
            $"""
            case "$*" in *"--filter-method A.B.Two") exit 0 ;; esac
            cat <<'END'
            {Failed(1)}END
            exit 2
            """);

        var result = await RunAsync();

        Assert.Equal((0, "4 passed, 0 failed, 0 skipped"), (result.ExitCode, result.Lines.Last()));
        Assert.Contains("passed when repeated alone: A.B.Two", result.Output, StringComparison.Ordinal);
        Assert.Contains("failed A.B.Two(number: 1) (1ms)", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ThreeTestsFail_FailsWithoutRepeatingThem()
    {
        Script("artifacts/bin/Agent.KernelTests/release/Agent.KernelTests", $"case \"$*\" in *filter-method*) exit 0 ;; esac\ncat <<'END'\n{Failed(3)}END\nexit 2");

        var result = await RunAsync();

        Assert.Equal((1, "3 passed, 3 failed, 0 skipped"), (result.ExitCode, result.Lines.Last()));
    }

    [Fact]
    public async Task Run_LintFails_Fails()
    {
        Script("tests/lint", "exit 1");

        var result = await RunAsync();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("lint failed", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sleep 1; mkdir -p artifacts/image; touch artifacts/image/closewatch", "artifacts/image/closewatch")]
    [InlineData("sleep 1", "")] // no node, no image: the one that was built, not one of an earlier run
    public async Task Run_KernelTests_WaitForTheImagesProgram(string build, string expected)
    {
        Script("artifacts/image/closewatch", "exit 1");
        Script("artifacts/bin/Agent.EndToEndTests/release/Agent.EndToEndTests", $"{build}\ncat <<'END'\n{Good}END");
        Script("artifacts/bin/Agent.KernelTests/release/Agent.KernelTests", $"printf %s \"$CLOSEWATCH_PROGRAM\" >program\ncat <<'END'\n{Good}END");

        var result = await RunAsync();

        Assert.Equal((0, "3 passed, 0 failed, 0 skipped"), (result.ExitCode, result.Lines.Last()));
        Assert.Equal(expected.Length == 0 ? "" : PathOf(expected), await File.ReadAllTextAsync(PathOf("program"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Run_UnitTests_GiveWayToTheOthers()
    {
        foreach (var project in (string[])["Agent.Tests", "Agent.KernelTests", "Agent.EndToEndTests"])
        {
            Script($"artifacts/bin/{project}/release/{project}", $"nice >{project}.nice\ncat <<'END'\n{Good}END");
        }

        await RunAsync();

        Assert.Equal(NiceOf("Agent.EndToEndTests"), NiceOf("Agent.KernelTests"));
        Assert.InRange(NiceOf("Agent.Tests"), NiceOf("Agent.EndToEndTests") + 1, 19);

        int NiceOf(string project) => int.Parse(File.ReadAllText(PathOf($"{project}.nice")), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Run_ProgramThatIsNotThere_SaysWhichAndTheRemedy()
    {
        var result = await RunAsync("artifacts/publish/closewatch");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"CLOSEWATCH_PROGRAM: {PathOf("artifacts/publish/closewatch")} is no program: build it (make publish), or leave it out", result.Output, StringComparison.Ordinal);
    }

    private static string Failed(int count) =>
        string.Concat(Enumerable.Range(1, count).Select(static number => $"failed A.B.Two(number: {number}) (1ms)\n"))
        + $"  total: {count + 1}\n  failed: {count}\n  succeeded: 1\n  skipped: 0\n";

    private Task<CommandResult> RunAsync(string program = "") => Command.RunAsync(
        [PathOf("tests/run")],
        environment: new Dictionary<string, string>
        {
            ["PATH"] = $"{PathOf("bin")}:{Environment.GetEnvironmentVariable("PATH")}",
            ["CONFIGURATION"] = "Release",
            ["FILTER"] = "",
            ["CLOSEWATCH_PROGRAM"] = program,
        });

    private void Project(string name, string log) => Script($"artifacts/bin/{name}/release/{name}", $"cat <<'END'\n{log}END");

    private void Script(string name, string body)
    {
        var path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);
}
