using System.Diagnostics;

namespace Agent.EndToEndTests;

/// <summary>Runs programs of this machine.</summary>
public static class Command
{
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Starts <paramref name="command"/> and waits for its end; it is killed when <paramref name="timeout"/> passes.</summary>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> command, string? input = null, TimeSpan? timeout = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Process.Start(StartInfo(command, environment))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(timeout ?? s_defaultTimeout);
        try
        {
            await process.StandardInput.WriteAsync((input ?? "").AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
        }
        catch (IOException)
        {
            await process.WaitForExitAsync(limit.Token); // it did not want its input
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{string.Join(' ', command)}' did not end in time: {await error}");
        }

        return new CommandResult(string.Join(' ', command), process.ExitCode, await output, await error);
    }

    /// <summary>How to start a program with all three standard streams redirected.</summary>
    public static ProcessStartInfo StartInfo(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        return info;
    }
}
