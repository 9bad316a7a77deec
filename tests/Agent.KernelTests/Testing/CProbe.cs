using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Agent.KernelTests.Testing;

/// <summary>Asks the machine's C headers for the values of constant expressions (sizeof, offsetof, enumerators, macros) by compiling a program.</summary>
internal static class CProbe
{
    /// <summary>Evaluates expressions.</summary>
    /// <param name="headers">What to include, for example <c>linux/netlink.h</c>.</param>
    /// <param name="expressions">Integer constant expressions of C.</param>
    public static IReadOnlyDictionary<string, long> Evaluate(IEnumerable<string> headers, IEnumerable<string> expressions)
    {
        var source = new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n");
        foreach (var header in headers)
        {
            source.Append(CultureInfo.InvariantCulture, $"#include <{header}>\n");
        }

        source.Append("int main(void) {\n");
        foreach (var expression in expressions)
        {
            source.Append(CultureInfo.InvariantCulture, $"printf(\"%lld {expression}\\n\", (long long)({expression}));\n");
        }

        source.Append("return 0; }\n");

        var directory = Directory.CreateTempSubdirectory("closewatch-probe-").FullName;
        try
        {
            var program = Path.Combine(directory, "probe");
            File.WriteAllText(program + ".c", source.ToString());
            Run("gcc", "-o", program, program + ".c");
            return Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => line.Split(' ', 2))
                .ToDictionary(static parts => parts[1], static parts => long.Parse(parts[0], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {errors.Result}");
    }
}
