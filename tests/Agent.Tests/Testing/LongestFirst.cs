using System.Reflection;
using Agent.Tests.Testing;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Agent.Tests.Testing;

/// <summary>Starts the classes that last longest first: one that began last would run alone in the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : notnull, ITestCollection =>
        [.. testCollections.OrderByDescending(static collection => SecondsOf(collection.TestCollectionDisplayName))];

    // "Test collection for Agent.Tests.Http.HttpTests (id: 5f0e...)": what xunit calls the collection of a class that names none.
    private static int SecondsOf(string collection) =>
        collection.Split(' ').Select(static word => typeof(LongestFirst).Assembly.GetType(word)).FirstOrDefault(static type => type is not null)
            ?.GetCustomAttribute<LastsAttribute>()?.Seconds ?? 0;
}
