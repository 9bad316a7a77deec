using System.Globalization;
using Agent.Kernel.Memory;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class ProcSmapsTests
{
    private const string Program = "/usr/local/bin/closewatch";

    private static readonly string s_header = $"560a6e030000-560a6ed77000 r-xp 00010000 fe:01 1182                       {Program}";

    [Fact]
    public void Unchanged_CodeOfTheProgram_IsItsRange()
    {
        var range = Assert.Single(ProcSmaps.Unchanged(Mapping(s_header), Program));
        Assert.Equal((0x560a6e030000UL, 0xd47000UL, 1060L * 1024), (range.Start, range.Length, range.ResidentBytes));
    }

    [Theory]
    [InlineData("can be written", "rw-p", Program, 0)]
    [InlineData("cannot be read", "---p", Program, 0)]
    [InlineData("a page was changed: relocations, a debugger's breakpoint", "r-xp", Program, 4)]
    [InlineData("another file", "r-xp", "/lib/libc.so.6", 0)]
    [InlineData("a file with the same end", "r-xp", "/usr/local/bin/other/usr/local/bin/closewatch", 0)]
    [InlineData("a file that was replaced", "r-xp", "/usr/local/bin/closewatch (deleted)", 0)]
    [InlineData("no file", "r-xp", "", 0)]
    public void Unchanged_AnythingElse_IsLeftAlone(string why, string permissions, string file, int anonymous)
    {
        Assert.NotEmpty(why);
        var header = s_header.Replace("r-xp", permissions, StringComparison.Ordinal).Replace(Program, file, StringComparison.Ordinal);
        Assert.Empty(ProcSmaps.Unchanged(Mapping(header, anonymous: anonymous), Program));
    }

    [Fact]
    public void Unchanged_NothingInMemory_IsLeftAlone() => Assert.Empty(ProcSmaps.Unchanged(Mapping(s_header, resident: 0), Program));

    [Fact]
    public void Unchanged_SeveralMappings_ThoseThatAreUnchanged()
    {
        string[] smaps =
        [
            .. Mapping(s_header),
            .. Mapping(s_header.Replace("r-xp", "rw-p", StringComparison.Ordinal), anonymous: 760),
            .. Mapping("560b0853e000-560b08706000 rw-p 00000000 00:00 0                          [heap]", anonymous: 1096),
            .. Mapping(s_header.Replace("r-xp", "r--s", StringComparison.Ordinal), resident: 316),
        ];
        Assert.Equal([1060, 316], ProcSmaps.Unchanged(smaps, Program).Select(static range => range.ResidentBytes / 1024));
    }

    [Theory]
    [InlineData("560a6e030000 r-xp /usr/local/bin/closewatch")]
    [InlineData("560a6e030000-56zz r-xp /usr/local/bin/closewatch")]
    [InlineData("560a6ed77000-560a6e030000 r-xp /usr/local/bin/closewatch")]
    [InlineData("560a6e030000-560a6ed77000-1 r-xp /usr/local/bin/closewatch")]
    [InlineData("a /usr/local/bin/closewatch")]
    [InlineData("a")]
    [InlineData("")]
    public void Unchanged_NotTheKernels_IsPassedOver(string header) => Assert.Empty(ProcSmaps.Unchanged(Mapping(header), Program));

    /// <summary>What was given back is used again at once, by this very test.</summary>
    [Fact]
    public void Release_OfThisProgram_GoesOnWorking()
    {
        Assert.NotNull(ProgramPages.Release());
        Assert.Equal("1.5", 1.5.ToString(CultureInfo.InvariantCulture));
    }

    private static string[] Mapping(string header, int resident = 1060, int anonymous = 0) =>
    [
        header,
        "Size:              13596 kB",
        "KernelPageSize:        4 kB",
        $"Rss:                {resident} kB",
        "Private_Clean:      1060 kB",
        "Private_Dirty:         0 kB",
        $"Anonymous:             {anonymous} kB",
        "AnonHugePages:         0 kB",
        "VmFlags: rd ex mr mw me sd",
    ];
}
