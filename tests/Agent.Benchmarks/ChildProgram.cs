using System.Diagnostics;
using System.Globalization;

namespace Agent.Benchmarks;

/// <summary>Programs that are compared: C sources beside the benchmarks, compiled once, and what is installed.</summary>
internal static class ChildProgram
{
    private static readonly Lazy<string> s_measure = new(() => Compile("measure.c"));

    /// <summary>Compiles a C source of this project with <c>gcc -O2</c>.</summary>
    /// <returns>The program's path.</returns>
    public static string Compile(string source)
    {
        var program = Path.Combine(AppContext.BaseDirectory, Path.ChangeExtension(source, null));
        Execute("gcc", "-O2", "-Wall", "-o", program, Path.Combine(AppContext.BaseDirectory, source));
        return program;
    }

    /// <summary>Runs a program with its output thrown away, in the calling thread's network namespace, and measures it with wait4(2).</summary>
    public static Sample Measure(params string[] command)
    {
        var numbers = Execute(s_measure.Value, command).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new(Microseconds(numbers[0]), Microseconds(numbers[1]), 1024 * long.Parse(numbers[2], CultureInfo.InvariantCulture));
    }

    /// <summary>Runs a program and returns what it prints.</summary>
    public static string Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}");
    }

    private static TimeSpan Microseconds(string text) => TimeSpan.FromMicroseconds(long.Parse(text, CultureInfo.InvariantCulture));
}
