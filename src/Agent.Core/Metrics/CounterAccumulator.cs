using System.Runtime.InteropServices;

namespace Agent.Core.Metrics;

/// <summary>
/// Turns kernel counters of network namespaces into counters of groups. A pod's own series is its primary namespace's kernel value, so
/// that a namespace that is replaced starts a new one, and what its other namespaces grew by. A group that several pods share grows by
/// what its members grew. Neither goes down when a namespace or a pod leaves.
/// </summary>
/// <remarks>Not thread-safe. State is bounded: it forgets namespaces and groups that are gone.</remarks>
internal sealed class CounterAccumulator<TGroup>(int counters)
    where TGroup : struct, IEquatable<TGroup>, ICounterGroup
{
    /// <summary>A namespace that could not be read for so many updates is forgotten; until then its past is not counted twice.</summary>
    private const int Patience = 10;

    private readonly Dictionary<CounterKey, NamespaceState> _namespaces = [];
    private readonly Dictionary<TGroup, double?[]> _totals = [];
    private readonly Dictionary<TGroup, double[]> _others = [];
    private long _update;

    /// <summary>The values of each group after one more scan; null where no member's kernel has the counter.</summary>
    public Dictionary<TGroup, double?[]> Update(IEnumerable<CounterReading<TGroup>> readings)
    {
        _update++;
        var result = new Dictionary<TGroup, double?[]>();
        foreach (var reading in readings)
        {
            var target = TargetOf(reading.Group, result);
            ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(_namespaces, reading.Key, out _);
            state ??= new(new ulong?[counters]);
            state.SeenInUpdate = _update;
            for (var i = 0; i < counters; i++)
            {
                if (reading.Values[i] is { } value)
                {
                    var growth = state.Last[i] is { } last && value >= last ? value - last : value;
                    target[i] = (target[i] ?? 0) + (reading.Group.IsFolded ? growth : reading.IsPrimary ? value : 0);
                    state.Last[i] = value;
                    if (!reading.Group.IsFolded && !reading.IsPrimary)
                    {
                        OthersOf(reading.Group)[i] += growth;
                    }
                }
            }
        }

        AddOthers(result);
        Forget(result);
        return result;
    }

    private double?[] TargetOf(TGroup group, Dictionary<TGroup, double?[]> result)
    {
        if (result.TryGetValue(group, out var target))
        {
            return target;
        }

        if (!group.IsFolded || !_totals.TryGetValue(group, out target))
        {
            target = new double?[counters];
        }

        result[group] = target;
        return target;
    }

    private double[] OthersOf(TGroup group)
    {
        if (!_others.TryGetValue(group, out var others))
        {
            _others[group] = others = new double[counters];
        }

        return others;
    }

    private void AddOthers(Dictionary<TGroup, double?[]> result)
    {
        foreach (var (group, others) in _others)
        {
            if (!result.TryGetValue(group, out var target))
            {
                _others.Remove(group);
                continue;
            }

            for (var i = 0; i < counters; i++)
            {
                target[i] += others[i];
            }
        }
    }

    private void Forget(Dictionary<TGroup, double?[]> result)
    {
        foreach (var (key, state) in _namespaces)
        {
            if (_update - state.SeenInUpdate >= Patience)
            {
                _namespaces.Remove(key);
            }
        }

        _totals.Clear();
        foreach (var (group, values) in result)
        {
            if (group.IsFolded)
            {
                _totals[group] = values;
            }
        }
    }

    private sealed class NamespaceState(ulong?[] last)
    {
        public ulong?[] Last { get; } = last;

        public long SeenInUpdate { get; set; }
    }
}

/// <summary>Whose series a counter goes to.</summary>
internal interface ICounterGroup
{
    /// <summary>True when several may share it, so that its counters must outlive each of them.</summary>
    bool IsFolded { get; }
}

/// <summary>Identifies what counts, for as long as it lives.</summary>
/// <param name="Number"><see cref="Model.PodSnapshot.NamespaceInstance"/>, or a port.</param>
/// <param name="Owner"><see cref="Model.PodIdentity.Key"/>.</param>
internal readonly record struct CounterKey(ulong Number, string Owner);

/// <summary>Some counters in one scan.</summary>
/// <param name="Key">What counts.</param>
/// <param name="Group">Whose series they go to.</param>
/// <param name="Values">One for each counter; null where the kernel does not have it.</param>
/// <param name="IsPrimary">False for another namespace of a pod than its primary one.</param>
internal readonly record struct CounterReading<TGroup>(CounterKey Key, TGroup Group, ulong?[] Values, bool IsPrimary = true);
