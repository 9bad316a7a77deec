using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>
/// A network namespace of its own, with its loopback interface up, named so that programs can be started in it. Gone with
/// the fixture. Needs root.
/// </summary>
public sealed class NetworkNamespaceFixture : IDisposable
{
    private static int s_count;

    public NetworkNamespaceFixture()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "making a network namespace needs root");
        Name = string.Create(CultureInfo.InvariantCulture, $"cwtest-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
        Run("ip", null, "netns", "add", Name);
        _ = Inside(static () =>
        {
            Libc.SetLoopbackUp();
            return true;
        });
    }

    /// <summary>The name that <c>ip netns</c> knows it by.</summary>
    public string Name { get; }

    /// <summary>A file that names the namespace for setns(2).</summary>
    public string Path => $"/run/netns/{Name}";

    /// <summary>Its two numbers: <c>net:[NUMBER]</c>, and the one by which processes of one namespace are found.</summary>
    public (ulong Inode, ulong Id) Numbers =>
        Execute("stat", "-L", "-c", "%i", "/proc/self/ns/net", "/proc/self/net/tcp").Split('\n') is [var inode, var id, ..]
            ? (ulong.Parse(inode, CultureInfo.InvariantCulture), ulong.Parse(id, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException("stat printed something else than two numbers");

    /// <summary>Runs a function on a thread of its own inside the namespace.</summary>
    public T Inside<T>(Func<T> function)
    {
        var result = default(T);
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Libc.EnterNetworkNamespace(Path);
                result = function();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new AggregateException(failure);
    }

    /// <summary>Runs a program inside the namespace and returns what it prints; fails the test when the program fails.</summary>
    public string Execute(string program, params string[] arguments) => Run("nsenter", null, [$"--net={Path}", program, .. arguments]);

    /// <summary>Commands of ip(8) inside the namespace, all by one process.</summary>
    public void Ip(params string[] commands) => Run("ip", string.Join('\n', commands), "-n", Name, "-batch", "-");

    /// <summary>As <c>ip netns delete</c> does it.</summary>
    public void Dispose()
    {
        Libc.Unmount(Path);
        File.Delete(Path);
    }

    private static string Run(string program, string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = input is not null, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }

        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {errors.Result}");
    }
}
