using System.Diagnostics;
using System.Globalization;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Sources;

/// <summary>Root of a user namespace of one's own looks like root and is refused the table: exit code 3, and the reason is that namespace.</summary>
public sealed class UserNamespaceTests
{
    private const string Nobody = "65534";

    [Fact]
    public void Report_RootOfItsOwnUserNamespace_Is3AndBlamesNoSecurityModule()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "becoming another user needs root");
        var (exitCode, output, error) = Report("setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "unshare", "-Ur");

        Assert.True(exitCode == 3, string.Create(CultureInfo.InvariantCulture, $"exit code {exitCode}: {error} {output}"));
        Assert.Contains("user namespace", error, StringComparison.Ordinal);
        Assert.DoesNotContain("security module", error, StringComparison.Ordinal);
    }

    /// <summary>Of a copy: nobody may not look into a folder of root's.</summary>
    private static (int ExitCode, string Output, string Error) Report(string starter, params string[] words)
    {
        var copy = Directory.CreateTempSubdirectory("closewatch-nobody-").FullName;
        try
        {
            using (var cp = Process.Start("cp", ["-r", Path.GetDirectoryName(Programs.Closewatch) + "/.", copy]))
            {
                cp.WaitForExit();
            }

            // cp gives the folder the mode of the one that it copies.
            File.SetUnixFileMode(copy, (UnixFileMode)0b111_101_101);
            string[] all = [.. words, Path.Combine(copy, "closewatch"), "report", "--fresh"];
            var start = new ProcessStartInfo(starter, all) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output.Result, error);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
