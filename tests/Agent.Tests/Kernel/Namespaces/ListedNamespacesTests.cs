using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Xunit;

namespace Agent.Tests.Kernel.Namespaces;

public sealed class ListedNamespacesTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly FakeListing _kernel = new();
    private readonly ListedNamespaces _listed;

    public ListedNamespacesTests() => _listed = new(_kernel);

    [Theory]
    [InlineData(2)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1024)]
    [InlineData(ListedNamespaces.MaxListed - 1)]
    public void Refresh_AnyNumber_FindsEachOnceWithItsInode(int count)
    {
        _kernel.Ids.AddRange(Enumerable.Range(1, count).Select(static number => (ulong)number * 3));
        Assert.True(_listed.Refresh(s_minute));
        Assert.Equal(NamespaceListing.All, _listed.Reach);
        Assert.Equal(_kernel.Ids.Select(static id => new ListedNamespace(id, id + 1000)), _listed.Found);
    }

    [Fact]
    public void Refresh_MoreThanAreLookedThrough_TakesTheOldestAndSaysSo()
    {
        _kernel.Ids.AddRange(Enumerable.Range(1, ListedNamespaces.MaxListed + 600).Select(static number => (ulong)number));
        _listed.Refresh(s_minute);
        Assert.Equal(NamespaceListing.Oldest, _listed.Reach);
        Assert.Equal(ListedNamespaces.MaxListed, _listed.Found.Count);
        Assert.Equal(ListedNamespaces.MaxListed, _listed.Found.Max(static found => (int)found.Id));
    }

    [Theory]
    [InlineData(ErrnoText.ENOSYS)]
    [InlineData(ErrnoText.EPERM)]
    public void Refresh_NoSuchCall_IsNotTriedAgain(int errno)
    {
        _kernel.Errno = errno;
        Assert.True(_listed.Refresh(s_minute));
        Assert.Equal((NamespaceListing.None, 0), (_listed.Reach, _listed.Found.Count));
        Assert.False(_listed.Refresh(s_minute * 5));
        Assert.Equal(1, _kernel.Calls);
    }

    /// <summary>In a node that is itself a container the list would be the machine's.</summary>
    [Fact]
    public void Refresh_ProcessIdsAreNotTheMachines_ListsNothing()
    {
        _kernel.IsOfThisNode = false;
        _kernel.Ids.AddRange([1, 2, 3]);
        _listed.Refresh(s_minute);
        Assert.Equal((NamespaceListing.None, 0, 0), (_listed.Reach, _listed.Found.Count, _kernel.Calls));
    }

    [Fact]
    public void Refresh_OwnAlone_IsNotAll()
    {
        _kernel.Ids.Add(7);
        _listed.Refresh(s_minute);
        Assert.Equal(NamespaceListing.Own, _listed.Reach);
    }

    [Fact]
    public void Refresh_OnceAMinute_OpensOnlyWhatIsNewAndForgetsWhatIsGone()
    {
        _kernel.Ids.AddRange([1, 2, 3]);
        _listed.Refresh(s_minute);
        Assert.False(_listed.Refresh(s_minute * 1.9));
        Assert.Equal(3, _kernel.Opened);

        _kernel.Ids.Remove(2);
        _kernel.Ids.Add(9);
        Assert.True(_listed.Refresh(s_minute * 2));
        Assert.Equal([1, 3, 9], _listed.Found.Select(static found => found.Id));
        Assert.Equal(4, _kernel.Opened);
    }

    [Fact]
    public void Refresh_GoneBetweenListAndLook_IsLeftOut()
    {
        _kernel.Ids.AddRange([1, 2, 3]);
        _kernel.Gone = 2;
        _listed.Refresh(s_minute);
        Assert.Equal([1, 3], _listed.Found.Select(static found => found.Id));
    }

    /// <summary>As listns(2) answers: ids above the last one; ENOENT where there is none.</summary>
    private sealed class FakeListing : INamespaceListing
    {
        public List<ulong> Ids { get; } = [];

        public bool IsOfThisNode { get; set; } = true;

        public int Errno { get; set; }

        public ulong Gone { get; set; }

        public int Calls { get; private set; }

        public int Opened { get; private set; }

        public int List(ulong after, Span<ulong> ids, out int errno)
        {
            Calls++;
            var rest = Ids.Where(id => id > after).Take(ids.Length).ToArray();
            errno = Errno != 0 ? Errno : rest.Length == 0 && after > 0 ? ErrnoText.ENOENT : 0;
            rest.CopyTo(ids);
            return errno == 0 ? rest.Length : 0;
        }

        public ulong InodeOf(ulong id)
        {
            Opened++;
            return id == Gone ? 0 : id + 1000;
        }
    }
}
