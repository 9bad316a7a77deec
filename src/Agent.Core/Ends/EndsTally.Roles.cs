using Agent.Kernel.SockDiag;

namespace Agent.Core.Ends;

/// <content>
/// Ends of which neither the numbers nor the ports tell which side it was: a server that began to listen at a high port after the last
/// scan, or its client. The next scan tells.
/// </content>
public sealed partial class EndsTally
{
    /// <summary>
    /// How many of them wait. Beyond that the oldest is taken for what its ports make likelier, and no loss of it is known.
    /// </summary>
    public const int MaxOfUnknownRole = 1024;

    private readonly Queue<OfUnknownRole> _ofUnknownRole = [];

    /// <summary>All listening ports of a namespace have been noted (<see cref="EndsNamespace.AddListener"/>).</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="now">The time.</param>
    public void OnListeners(EndsNamespace network, EndClock now)
    {
        for (var left = _ofUnknownRole.Count; left > 0; left--)
        {
            var waiting = _ofUnknownRole.Dequeue();
            if (waiting.Network == network)
            {
                AddAfterAll(waiting, now);
            }
            else
            {
                _ofUnknownRole.Enqueue(waiting);
            }
        }
    }

    private void AwaitListeners(in ConnectionEnd end, EndsNamespace network, EndClock now)
    {
        if (_ofUnknownRole.Count == MaxOfUnknownRole)
        {
            AddAfterAll(_ofUnknownRole.Dequeue(), now);
        }

        _ofUnknownRole.Enqueue(new(end, network, now));
    }

    /// <summary>Nobody will tell any more of those that are old, or whose namespace is gone.</summary>
    private void GuessRoles(EndClock now, bool isLast)
    {
        while (_ofUnknownRole.TryPeek(out var oldest)
            && (isLast || oldest.Network.IsGone || now.Monotonic - oldest.At.Monotonic > s_closerPatience))
        {
            AddAfterAll(_ofUnknownRole.Dequeue(), now);
        }
    }

    private void AddAfterAll(in OfUnknownRole waiting, EndClock now)
    {
        var role = waiting.Network.RoleOf(waiting.End, out var isGuess);
        Add(waiting.End, waiting.Network, role, isGuess, waiting.At, now);
    }

    private readonly record struct OfUnknownRole(ConnectionEnd End, EndsNamespace Network, EndClock At);
}
