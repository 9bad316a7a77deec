using Agent.Kernel.Namespaces;
using Xunit;

namespace Agent.Tests.Kernel.Namespaces;

public sealed class NamespaceNumberTableTests
{
    private const int Number = 5;
    private const ulong Tables = 4_026_531_900;

    private readonly NamespaceNumberTable _table = new();

    [Fact]
    public void Find_NumberNobodySpokeOf_IsOneNamespaceUntilItEnds()
    {
        var id = _table.Find(Number);

        Assert.True(id > 0);
        Assert.Equal(id, _table.Find(Number));
        Assert.Equal(id, _table.Hold(Number, Tables));
        Assert.NotEqual(id, _table.Find(Number + 1));
        Assert.True(_table.IsLive(id));
    }

    [Fact]
    public void Find_AfterTheEnd_StillMeansItUntilAllMessagesAreRead()
    {
        var id = _table.Find(Number);
        _table.Apply(new(Number, IsAssigned: false));

        Assert.Equal(id, _table.Find(Number));
        Assert.True(_table.IsLive(id));
        _table.CatchUp();

        Assert.False(_table.IsLive(id));
        Assert.NotEqual(id, _table.Find(Number));
    }

    [Fact]
    public void Find_NumberGivenAgainBeforeAllMessagesAreRead_NamesNobody()
    {
        var first = _table.Find(Number);
        _table.Apply(new(Number, IsAssigned: false));
        _table.Apply(new(Number, IsAssigned: true));

        Assert.Equal(NamespaceNumberTable.Unknown, _table.Find(Number));
        Assert.False(_table.IsLive(first));
        _table.CatchUp();

        var second = _table.Find(Number);
        Assert.NotEqual(first, second);
        Assert.True(_table.IsLive(second));
    }

    [Fact]
    public void Find_NumberGivenAgainAfterAllMessagesAreRead_IsTheNewOneAtOnce()
    {
        var first = _table.Find(Number);
        _table.Apply(new(Number, IsAssigned: false));
        _table.CatchUp();
        _table.Apply(new(Number, IsAssigned: true));

        Assert.NotEqual(NamespaceNumberTable.Unknown, _table.Find(Number));
        Assert.NotEqual(first, _table.Find(Number));
    }

    [Fact]
    public void Apply_BeginningToldBeforeTheEndOfTheOther_NeverNamesTheOther()
    {
        var first = _table.Find(Number);
        _table.Apply(new(Number, IsAssigned: true));
        _table.Apply(new(Number, IsAssigned: false));

        Assert.Equal(NamespaceNumberTable.Unknown, _table.Find(Number));
        _table.CatchUp();

        Assert.NotEqual(first, _table.Find(Number));
        Assert.False(_table.IsLive(first));
    }

    [Fact]
    public void Hold_NumberWhoseEndWasToldLate_IsANewNamespace()
    {
        var first = _table.Find(Number);
        _table.Apply(new(Number, IsAssigned: false));

        var held = _table.Hold(Number, Tables);

        Assert.NotEqual(first, held);
        Assert.Equal(NamespaceNumberTable.Unknown, _table.Find(Number));
        _table.CatchUp();
        Assert.Equal(held, _table.Find(Number));
    }

    [Fact]
    public void Hold_NewNamespace_IsTheOneThatItsEndsWereCountedFor()
    {
        _table.Apply(new(Number, IsAssigned: true));
        var counted = _table.Find(Number);

        Assert.Equal(counted, _table.Hold(Number, Tables));
    }

    [Fact]
    public void TryHold_HeldBefore_UntilItsEndIsTold()
    {
        Assert.False(_table.TryHold(Tables, out _));
        var held = _table.Hold(Number, Tables);

        Assert.True(_table.TryHold(Tables, out var again));
        Assert.Equal(held, again);
        Assert.False(_table.TryHold(Tables + 1, out _));

        _table.Apply(new(Number, IsAssigned: false));
        Assert.False(_table.TryHold(Tables, out _));
        _table.CatchUp();
        Assert.False(_table.TryHold(Tables, out _));
    }

    [Fact]
    public void TryHold_NumberThatAnotherOneHasNow_IsNotIts()
    {
        _table.Hold(Number, Tables);
        _table.Apply(new(Number, IsAssigned: false));
        _table.Apply(new(Number, IsAssigned: true));

        Assert.False(_table.TryHold(Tables, out _));
    }

    [Fact]
    public void TryHold_InodeThatAnotherOneHasNow_IsThatOne()
    {
        _table.Hold(Number, Tables);
        _table.Apply(new(Number, IsAssigned: false));
        var second = _table.Hold(Number + 1, Tables);
        _table.CatchUp();

        Assert.True(_table.TryHold(Tables, out var held));
        Assert.Equal(second, held);
    }

    [Fact]
    public void TryHold_ChangesLost_AsksAgain()
    {
        _table.Hold(Number, Tables);
        _table.Forget();

        Assert.False(_table.TryHold(Tables, out _));
    }

    [Fact]
    public void TryHold_InodeUnknown_AsksEachTime()
    {
        _table.Hold(Number, 0);

        Assert.False(_table.TryHold(0, out _));
    }

    [Fact]
    public void Forget_ChangesLost_NamesNobodyUntilAllMessagesAreRead()
    {
        var first = _table.Find(Number);
        _table.Forget();

        Assert.False(_table.IsLive(first));
        Assert.Equal(NamespaceNumberTable.Unknown, _table.Find(Number));
        var held = _table.Hold(Number, Tables);
        Assert.Equal(NamespaceNumberTable.Unknown, _table.Find(Number));
        _table.CatchUp();

        Assert.Equal(held, _table.Find(Number));
        Assert.NotEqual(first, held);
    }

    /// <summary>
    /// A kernel that makes and ends namespaces at random, with one number for several, and tells of it late: whatever is named is right.
    /// </summary>
    [Fact]
    public void Find_AnyOrderOfEventsAndMessages_NeverNamesAnotherNamespace()
    {
        var random = new Random(20_261_121);
        var namedBy = new Dictionary<int, int>(); // id to the namespace that it stands for
        var owners = new int[3]; // by number: the namespace that has it; 0 for none
        var tables = new ulong[owners.Length]; // by number: the inode of the tables of the namespace that has it
        var freeTables = new List<ulong> { 1, 2, 3, 4 };
        var messages = new Queue<(int Number, int Owner)>();
        var changes = new Queue<NamespaceNumberChange>();
        int namespaces = 0, named = 0, heldAgain = 0;
        for (var step = 0; step < 300_000; step++)
        {
            var number = random.Next(owners.Length);
            switch (random.Next(6))
            {
                case 0 when owners[number] == 0:
                    owners[number] = ++namespaces;
                    tables[number] = freeTables[random.Next(freeTables.Count)];
                    freeTables.Remove(tables[number]);
                    changes.Enqueue(new(number, IsAssigned: true));
                    break;
                case 1 when owners[number] != 0 && random.Next(4) == 0:
                    owners[number] = 0;
                    freeTables.Add(tables[number]);
                    changes.Enqueue(new(number, IsAssigned: false));
                    break;
                case 2 or 3 when owners[number] != 0:
                    messages.Enqueue((number, owners[number]));
                    break;
                case 4 when owners[number] != 0:
                    ApplyAll();
                    var isHeldAgain = _table.TryHold(tables[number], out var id);
                    heldAgain += isHeldAgain ? 1 : 0;
                    Check(isHeldAgain ? id : _table.Hold(number, tables[number]), owners[number]);
                    break;
                case 5:
                    // As the listener reads: some messages, then all changes, then what the messages say; at last nothing is left.
                    var chunk = random.Next(messages.Count + 1);
                    ApplyAll();
                    for (; chunk > 0; chunk--)
                    {
                        var (from, owner) = messages.Dequeue();
                        Check(_table.Find(from), owner);
                    }

                    if (messages.Count == 0)
                    {
                        _table.CatchUp();
                    }

                    break;
            }
        }

        Assert.InRange(named, 50_000, 300_000);
        Assert.InRange(heldAgain, 10_000, named);

        void ApplyAll()
        {
            while (changes.TryDequeue(out var change))
            {
                _table.Apply(change);
            }
        }

        void Check(int id, int owner)
        {
            if (id != NamespaceNumberTable.Unknown)
            {
                named++;
                Assert.Equal(owner, namedBy.GetValueOrDefault(id, owner));
                namedBy[id] = owner;
            }
        }
    }
}
