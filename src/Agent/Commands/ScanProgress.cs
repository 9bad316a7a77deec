using System.Globalization;

namespace Agent.Commands;

/// <summary>Shows on a terminal that a long scan is at work.</summary>
internal static class ScanProgress
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(0.2);

    /// <summary>Waits for the work; writes after half a second, and wipes it away at the end.</summary>
    public static async Task ShowAsync(Task work, string what, Terminal terminal, TimeProvider time)
    {
        if (!terminal.ErrorIsTerminal)
        {
            return;
        }

        var start = time.GetTimestamp();
        var written = false;
        while (await Task.WhenAny(work, Task.Delay(written ? s_step : s_quiet, time)).ConfigureAwait(false) != work)
        {
            terminal.Error.Write(
                string.Create(CultureInfo.InvariantCulture, $"\r{what} ... {time.GetElapsedTime(start).TotalSeconds:0.0} s"));
            written = true;
        }

        if (written)
        {
            // EL, erase in line (ECMA-48).
            terminal.Error.Write("\r\e[K");
        }
    }
}
