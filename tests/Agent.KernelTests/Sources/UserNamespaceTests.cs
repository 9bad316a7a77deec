using System.Diagnostics;
using System.Globalization;
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
        // Where nobody may look into the folder of the tests, its files are still there.
        var program = Path.Combine(AppContext.BaseDirectory, "closewatch");
        string[] words = ["--reuid", Nobody, "--regid", Nobody, "--clear-groups", "unshare", "-Ur", program, "report", "--fresh"];
        var start = new ProcessStartInfo("setpriv", words) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.True(process.ExitCode == 3, string.Create(CultureInfo.InvariantCulture, $"exit code {process.ExitCode}: {error} {output.Result}"));
        Assert.Contains("user namespace", error, StringComparison.Ordinal);
        Assert.DoesNotContain("security module", error, StringComparison.Ordinal);
    }
}
