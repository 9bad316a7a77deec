using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Commands;

/// <summary>The program as a process of its own: signals and pipes.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _procRoot = Directory.CreateTempSubdirectory("closewatch-proc-").FullName;

    public ProcessTests()
    {
        Directory.CreateDirectory(Path.Combine(_procRoot, "net"));
        File.WriteAllText(
            Path.Combine(_procRoot, "net", "nf_conntrack"),
            "ipv4     2 tcp      6 55 CLOSE_WAIT src=10.0.0.9 dst=10.96.0.10 sport=40001 dport=80 src=10.244.1.5 dst=10.0.0.9 sport=8080 dport=40001 [ASSURED] mark=0 use=1\n");
    }

    public void Dispose() => Directory.Delete(_procRoot, recursive: true);

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public async Task Report_SignalWhileTheScanIsStuck_EndsAtOnce(string signal, int expected)
    {
        // A pipe in place of the table: the scan is known to be inside a read as soon as the pipe can be opened for writing.
        var table = Path.Combine(_procRoot, "net", "nf_conntrack");
        File.Delete(table);
        await RunAsync("mkfifo", table);

        // What starts the tests may itself ignore SIGINT, as a job in the background of a shell does, and a child inherits that (signal(7));
        // a shell cannot undo it (trap in POSIX), env can.
        using var process = Start($"trap '' INT; exec env --default-signal=INT {Programs.Closewatch} report --details --proc-root {_procRoot}");
        using var writer = await Task.Run(() => new FileStream(table, FileMode.Open, FileAccess.Write), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await RunAsync("kill", "-s", signal, process.Id.ToString(CultureInfo.InvariantCulture));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(expected, process.ExitCode);
        Assert.Empty(await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>On a terminal nothing but the output is written, so that JSON through <c>kubectl exec -t</c> is JSON.</summary>
    [Theory]
    [InlineData("version -o json")]
    [InlineData("explain -o json")]
    [InlineData("config -o json")]
    [InlineData("report -o json --fresh --proc-root $ROOT")]
    public async Task Terminal_Json_IsNothingButJson(string arguments)
    {
        var output = await OnTerminalAsync(arguments, 80);

        using var json = JsonDocument.Parse(output);
        Assert.NotEqual(JsonValueKind.Undefined, json.RootElement.ValueKind);
    }

    [Theory]
    [InlineData("version")]
    // Progress is on standard error.
    [InlineData("report --quiet --fresh --no-color --proc-root $ROOT 2>/dev/null")]
    [InlineData("help report")]
    public async Task Terminal_Text_HasNoEscapeSequences(string arguments)
    {
        var output = await OnTerminalAsync(arguments, 80);

        Assert.NotEmpty(output);
        Assert.DoesNotContain('\e', output);
    }

    [Theory]
    [InlineData(100, "", 100)]
    [InlineData(100, "--width 70", 70)]
    public async Task Terminal_Width_IsThatOfTheWindowUnlessAskedFor(int columns, string option, int expected)
    {
        var output = await OnTerminalAsync($"report --details --fresh --no-color {option} --proc-root $ROOT 2>/dev/null", columns);

        Assert.Contains(output.Split('\n'), line => line.TrimEnd('\r').Length == expected && line.Contains("Half-closed", StringComparison.Ordinal));
        Assert.DoesNotContain(output.Split('\n'), line => line.TrimEnd('\r').Length > expected && line.Contains("Half-closed", StringComparison.Ordinal));
    }

    /// <summary>One report in the place of the other, and Ctrl-C ends it.</summary>
    [Fact]
    public async Task Terminal_Watch_RedrawsUntilCtrlC()
    {
        const string redraw = "\e[H\e[2J";
        var command = $"exec env --default-signal=INT {Programs.Closewatch} report --watch 50ms --fresh --no-color --proc-root {_procRoot} 2>/dev/null";
        using var process = Start($"TERM=xterm exec script -qec '{command}' /dev/null");

        var output = new StringBuilder();
        var buffer = new char[4096];
        while (output.ToString().Split(redraw).Length <= 3)
        {
            var count = await process.StandardOutput.ReadAsync(buffer, TestContext.Current.CancellationToken);
            Assert.True(count > 0, $"it ended by itself: {output}");
            output.Append(buffer, 0, count);
        }

        await process.StandardInput.WriteAsync('\x03');
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, process.ExitCode);
        var reports = output.ToString().Split(redraw);
        Assert.DoesNotContain('\e', string.Concat(reports));
        Assert.All(reports[..3], static report => Assert.Contains("captured tree", report, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Report_ReaderGoesAway_EndsQuietly()
    {
        using var process = Start($"{Programs.Closewatch} report --details --proc-root {_procRoot} | head -n 1");

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.NotEmpty(await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Empty(await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Report_CapturedTree_SaysSoAndExits0()
    {
        using var process = Start($"{Programs.Closewatch} report --details --proc-root {_procRoot}");

        var report = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
        Assert.Contains("captured tree", report, StringComparison.Ordinal);
        Assert.Contains("10.0.0.9:40001", report, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', report);
    }

    /// <summary>What the program writes to a terminal of so many columns; script(1) makes one.</summary>
    private async Task<string> OnTerminalAsync(string arguments, int columns)
    {
        var command = $"stty cols {columns}; {Programs.Closewatch} {arguments.Replace("$ROOT", _procRoot, StringComparison.Ordinal)}";
        using var process = Start($"TERM=xterm script -qec '{command}' /dev/null </dev/null");
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    private static Process Start(string script) => Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
