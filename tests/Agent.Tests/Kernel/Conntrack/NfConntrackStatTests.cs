using System.Text;
using Agent.Kernel.Conntrack;
using Xunit;

namespace Agent.Tests.Kernel.Conntrack;

public sealed class NfConntrackStatTests
{
    private const string Header618 =
        "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n";

    private const string Header54 =
        "entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n";

    private const string Row =
        "00000010  00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 0000000a 0000000b 0000000c  0000000d 0000000e 0000000f 00000010\n";

    private static readonly ConntrackStatistics s_common = new()
    {
        Found = 2,
        Invalid = 4,
        Insert = 8,
        InsertFailed = 9,
        Drop = 10,
        EarlyDrop = 11,
        Error = 12,
        SearchRestart = 16,
    };

    [Fact]
    public void Parse_Linux618_ReadsByName() =>
        Assert.Equal(new NfConntrackStat(s_common with { ClashResolve = 1, ChainTooLong = 7 }, 16), Parse(Header618 + Row));

    [Fact]
    public void Parse_Linux54_HasNoLaterCounters() => Assert.Equal(new NfConntrackStat(s_common, 16), Parse(Header54 + Row));

    [Fact]
    public void Parse_NoHeader_UsesWhatNeverChanged() => Assert.Equal(new NfConntrackStat(s_common, 16), Parse(Row));

    [Fact]
    public void Parse_TwoProcessors_AddsCountersButNotEntries()
    {
        var stat = Parse(Header618 + Row + Row);

        Assert.Equal(16, stat.Entries);
        Assert.Equal(8ul, stat.Statistics.Invalid);
    }

    [Fact]
    public void Parse_CountersAtTheirLimit_DoNotWrap() =>
        Assert.Equal(2ul * uint.MaxValue, Parse("entries found\n00000001 ffffffff\n00000001 ffffffff\n").Statistics.Found);

    [Fact]
    public void Parse_OtherColumns_ArePassedOver() =>
        Assert.Equal(5ul, Parse("entries novelty drop\n00000001 0000abcd 00000005 00000099\n").Statistics.Drop);

    [Fact]
    public void Parse_RowCutOff_KeepsWhatIsWhole()
    {
        var stat = Parse(Header618 + "00000004  00000000 00000007 00000000 00");

        Assert.Equal(4, stat.Entries);
        Assert.Equal(7ul, stat.Statistics.Found);
        Assert.Null(stat.Statistics.Invalid);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("no such file")]
    [InlineData(Header618)]
    [InlineData("fffffffffffffffff 1 2 3")]
    public void Parse_NoRow_KnowsNothing(string text) => Assert.Equal(new NfConntrackStat(new ConntrackStatistics(), null), Parse(text));

    [Fact]
    public void Read_FileOfLinux618_ReadsInsertions()
    {
        var stat = NfConntrackStat.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures/proc/linux-6.18/net/stat/nf_conntrack"));

        Assert.NotNull(stat);
        Assert.Equal(13, stat.Entries);
        Assert.Equal(13ul, stat.Statistics.Insert);
        Assert.Equal(0ul, stat.Statistics.ChainTooLong);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no such file")]
    [InlineData(Header618)]
    [InlineData("fffffffffffffffff 1 2 3")]
    [InlineData(Header618 + "00000004  00000000 00000007 00000000 00")]
    [InlineData("0000000d  00000000 00000007\n0000000d  00000000")]
    [InlineData(Header618 + "00000")]
    public void ParseEntries_AnyText_IsWhatTheWholeSays(string text) =>
        Assert.Equal(Parse(text).Entries, NfConntrackStat.ParseEntries(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public void ReadEntries_AnyNumberOfCpus_AreThose(int cpus)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, Header618 + string.Concat(Enumerable.Repeat("0000010a  00000000 00000007 00000000\n", cpus)));

            Assert.Equal(0x10a, NfConntrackStat.ReadEntries(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_NoFile_IsNull()
    {
        Assert.Null(NfConntrackStat.Read("/proc/no/such/file"));
        Assert.Null(NfConntrackStat.ReadEntries("/proc/no/such/file"));
    }

    private static NfConntrackStat Parse(string text) => NfConntrackStat.Parse(Encoding.ASCII.GetBytes(text));
}
