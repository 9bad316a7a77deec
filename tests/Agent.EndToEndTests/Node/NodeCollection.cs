using Xunit;

namespace Agent.EndToEndTests.Node;

/// <summary>The tests that share the node, one after the other: <c>[Collection(nameof(NodeCollection))]</c>.</summary>
[CollectionDefinition(nameof(NodeCollection))]
public sealed class NodeCollection : ICollectionFixture<PodNode>;
