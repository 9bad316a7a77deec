using System.Text.Json;
using Agent.Kernel.Net;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>Whose an address is, by what the API server answers.</summary>
internal static class PeerAnswers
{
    /// <summary>Twice what Kubernetes supports in a cluster; bounds what a confused server can make this program keep.</summary>
    public const int MaxServices = 20_000;

    /// <summary>The ClusterIPs of a ServiceList, each as <c>service shop/cart</c>.</summary>
    /// <exception cref="JsonException">This is no list.</exception>
    /// <exception cref="EndOfStreamException">It ends before the list does.</exception>
    public static async Task<Dictionary<IpAddress, string>> ReadServicesAsync(Stream stream, CancellationToken cancellationToken)
    {
        var names = new Dictionary<IpAddress, string>();
        await ObjectList.ReadAsync(stream, "services", item => TakeService(item, names), cancellationToken);
        return names;
    }

    /// <summary>
    /// The owner of an address by the PodList of its pods: the pod, or the node whose network several of them use. Null where that is
    /// nobody, or where two could be meant.
    /// </summary>
    /// <exception cref="JsonException">This is no list.</exception>
    /// <exception cref="EndOfStreamException">It ends before the list does.</exception>
    public static async Task<string?> ReadOwnerAsync(Stream stream, CancellationToken cancellationToken)
    {
        var owners = new HashSet<string>(StringComparer.Ordinal);
        await ObjectList.ReadAsync(stream, "pods", item => TakeOwner(item, owners), cancellationToken);
        return owners.Count == 1 ? owners.Single() : null;
    }

    private static bool TakeService(JsonElement item, Dictionary<IpAddress, string> names)
    {
        if (FullName(item) is not { } name || names.Count >= MaxServices)
        {
            return false;
        }

        var spec = item.Child("spec");
        Add(spec.Text("clusterIP"));
        foreach (var address in spec.Items("clusterIPs"))
        {
            Add(address.AsText());
        }

        return true;

        // A Service without an address of its own has "None", or an empty text.
        void Add(string? text)
        {
            if (IpAddress.TryParse(text, out var address))
            {
                names[address] = $"service {name}";
            }
        }
    }

    private static bool TakeOwner(JsonElement item, HashSet<string> owners)
    {
        // Of a pod that has ended the address may already be another's.
        if (FullName(item) is { } name && item.Child("status").Text("phase") is not ("Succeeded" or "Failed"))
        {
            var spec = item.Child("spec");
            owners.Add(spec.IsTrue("hostNetwork") && spec.Text("nodeName") is { } node ? $"node {node}" : name);
        }

        return true;
    }

    private static string? FullName(JsonElement item) =>
        item.Child("metadata") is var metadata && ApiPath.IsName(metadata.Text("namespace")) && ApiPath.IsName(metadata.Text("name"))
            ? $"{metadata.Text("namespace")}/{metadata.Text("name")}"
            : null;
}
