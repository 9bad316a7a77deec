namespace Agent.Core.Model;

/// <summary>
/// An owner that is no more on the node, and what was counted of its connections' ends until the last of them was judged.
/// </summary>
/// <param name="Identity">Who it was.</param>
/// <param name="Kubernetes">What the API server told of it while it was there; null when that is unknown.</param>
/// <param name="Ends">Its counts.</param>
public sealed record GonePod(PodIdentity Identity, KubernetesPod? Kubernetes, EndsSummary Ends);
