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
        FromBothEnds([.. testCollections.OrderByDescending(static collection => SecondsOf(collection.TestCollectionDisplayName))]);

    // xunit hands them to the thread pool all at once, and of what is queued there one thread takes the last first, the others the first.
    private static TTestCollection[] FromBothEnds<TTestCollection>(TTestCollection[] longestFirst) =>
        [.. longestFirst.Where(static (_, index) => index % 2 == 0), .. longestFirst.Where(static (_, index) => index % 2 == 1).Reverse()];

    // "Test collection for Agent.Tests.Http.HttpTests (id: 5f0e...)": what xunit calls the collection of a class that names none.
    private static int SecondsOf(string collection) =>
        collection.Split(' ').Select(static word => typeof(LongestFirst).Assembly.GetType(word)).FirstOrDefault(static type => type is not null)
            ?.GetCustomAttribute<LastsAttribute>()?.Seconds ?? 0;
}
