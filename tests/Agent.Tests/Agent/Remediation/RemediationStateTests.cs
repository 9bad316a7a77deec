using Agent.Core.Remediation;
using Agent.Remediation;
using Xunit;

namespace Agent.Tests.Agent.Remediation;

public sealed class RemediationStateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cwstate").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Save_ThenLoad_KnowsTheSame()
    {
        var missing = Path.Combine(_directory, "not", "there");
        var state = new RemediationState(missing);
        Assert.Null(state.Load("boot"));
        state.Set(Value());

        Assert.Null(state.Save());

        var other = new RemediationState(missing);
        Assert.Null(other.Load("boot"));
        Assert.Equal(Value(), Assert.Single(other.Values).Value);
        Assert.Equal(["remediation.json"], Directory.GetFiles(missing).Select(Path.GetFileName));
    }

    [Fact]
    public void Load_OtherBoot_ForgetsWhatWas()
    {
        var state = new RemediationState(_directory);
        state.Load("boot");
        state.Set(Value());
        state.Save();

        var other = new RemediationState(_directory);

        Assert.Null(other.Load("next boot"));
        Assert.Empty(other.Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[1,2]")]
    [InlineData("""{"bootId":"boot","values":[null,{"scope":1}]}""")]
    [InlineData("""{"bootId":"boot","values":[null]}""")]
    [InlineData("""{"bootId":"boot","values":[{"scope":"host","namespace":"","name":"host","uid":"","namespaceInode":1,"sysctl":"../panic","original":1,"written":2,"writtenAt":"2026-11-21T03:00:00Z"}]}""")]
    [InlineData("""{"bootId":"boot","values":[{"scope":"host","namespace":"","name":"host","uid":"","namespaceInode":1,"sysctl":"nf_conntrack_max","original":-5,"written":65536,"writtenAt":"2026-11-21T03:00:00Z"}]}""")]
    public void Load_Corrupt_HasNothingAndCanBeReplaced(string text)
    {
        var state = new RemediationState(_directory);
        File.WriteAllText(state.FilePath, text);

        _ = state.Load("boot");
        Assert.Empty(state.Values);
        state.Set(Value());

        Assert.Null(state.Save());
        var other = new RemediationState(_directory);
        Assert.Null(other.Load("boot"));
        Assert.Single(other.Values);
    }

    [Fact]
    public void Save_DirectoryIsAFile_SaysSo()
    {
        var path = Path.Combine(_directory, "file");
        File.WriteAllText(path, "");
        var state = new RemediationState(path);
        state.Load("boot");
        state.Set(Value());

        Assert.Contains(path, state.Save(), StringComparison.Ordinal);
    }

    private static WrittenValue Value() => new()
    {
        Scope = SysctlTarget.PodScope,
        Namespace = "shop",
        Name = "web",
        Uid = "uid-web",
        NamespaceInode = 4026532000,
        Sysctl = SysctlCatalog.CloseWait,
        Original = 60,
        Written = 3600,
        WrittenAt = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero),
    };
}
