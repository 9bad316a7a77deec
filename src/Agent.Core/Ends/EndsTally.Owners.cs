using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <content>Whose a namespace is may be known later than its first ends.</content>
public sealed partial class EndsTally
{
    /// <summary>
    /// Says whose a namespace is. What was counted for its owner until then, who was nobody known, is this one's from now on.
    /// </summary>
    /// <param name="network">The namespace, whose owner is nobody else's.</param>
    /// <param name="identity">The owner.</param>
    public void Adopt(EndsNamespace network, PodIdentity identity)
    {
        var nobody = network.Owner;
        var owner = PodOf(identity);
        owner.Absorb(nobody);
        network.Owner = owner;
        for (var position = _ring.First; position < _ring.Next; position++)
        {
            ref var record = ref _ring[position];
            if (record.Pod == nobody)
            {
                record.Pod = owner;
                record.Port = owner.Port(record.Port.Role, record.Port.Port);
            }
        }
    }
}
