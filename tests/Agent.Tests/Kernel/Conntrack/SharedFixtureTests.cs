using System.Text;
using Agent.Kernel.Conntrack;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.Conntrack;

/// <summary>Text collected from many kernels, distributions and vendors, where it is at hand: every line is read, or refused for a reason given here.</summary>
public sealed class SharedFixtureTests
{
    /// <summary>What a line that is no entry has in it, and why it is refused.</summary>
    private static readonly (string Mark, string Reason)[] s_refused =
    [
        ("src=x.x.x.x", "the address was made unreadable by who posted it"),
        ("src=5678", "an invented address that is none"),
        ("src=4.5 ", "an invented address that is none"),
        ("dst=fe80::: ", "an invented address that is none"),
        ("dst=2001:abcd:1234 ", "an invented address that is none"),
        ("[NEW]", "an event, not an entry"),
        ("[UPDATE]", "an event, not an entry"),
        ("[DESTROY]", "an event, not an entry"),
        ("active since", "conntrackd's cache, which has no protocol number"),
        ("mask-src", "an expectation, which has no reply"),
        ("helper=ftp", "an expectation, which has no protocol number"),
        ("09:14:29", "a clock time stands before the entry"),
        ("6 46 TIME_WAIT", "the protocol's name is cut off"),
        ("-A -t", "arguments of conntrack -R"),
        ("<", "XML"),
        ("timeout_", "a sysctl"),
    ];

    [Fact]
    public void ConntrackLineParser_EveryLine_IsReadOrRefusedForAReason()
    {
        var files = Directory.EnumerateFiles(Folder("conntrack"), "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Folder("local_capture"), "*nf_conntrack*"))
            .Where(static path => !path.Contains("/xml/", StringComparison.Ordinal) && !path.Contains("stat_nf", StringComparison.Ordinal));
        var read = 0;
        var unexplained = new List<string>();
        foreach (var (path, line) in files.SelectMany(static path => File.ReadLines(path, Encoding.Latin1).Select(line => (path, line))))
        {
            var flow = default(ConntrackFlow);
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (ConntrackLineParser.TryParse(Encoding.Latin1.GetBytes(line.Replace('\t', ' ')), ref flow))
            {
                read++;
            }
            else if (!s_refused.Any(refused => line.Contains(refused.Mark, StringComparison.Ordinal)))
            {
                unexplained.Add($"{Path.GetFileName(path)}: {line}");
            }
        }

        Assert.Empty(unexplained);
        Assert.True(read > 200, $"only {read} lines were read");
    }

    [Fact]
    public void NfConntrackStat_EveryFile_HasEntries()
    {
        foreach (var path in Directory.EnumerateFiles(Folder("stat")))
        {
            var stat = NfConntrackStat.Parse(File.ReadAllBytes(path));

            Assert.True(stat.Entries > 0, path);
            Assert.True(stat.Statistics.Found is not null, path);
        }
    }

    [Fact]
    public void Sysctl_EveryLine_IsReadOrNoNumber()
    {
        foreach (var line in Directory.EnumerateFiles(Folder("sysctl")).SelectMany(File.ReadLines))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || line.StartsWith('#'))
            {
                continue;
            }

            var value = line[(equals + 1)..].Trim();
            Assert.Equal(long.TryParse(value, out var expected), Sysctl.TryParse(Encoding.ASCII.GetBytes(value + "\n"), out var actual));
            Assert.Equal(expected, actual);
        }
    }

    private static string Folder(string name)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var candidate = Path.Combine(directory.FullName, "shared/fixtures", name);
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        Assert.Skip("the folder shared/fixtures is not beside this repository");
        return "";
    }
}
