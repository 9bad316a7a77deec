using System.Collections.Concurrent;
using System.Reflection;
using Agent.Tests.Testing;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestFramework(typeof(LongestFirst))]

namespace Agent.Tests.Testing;

/// <summary>
/// Runs the classes that last longest first: one that began last would run alone in the end. xunit itself hands all of them to the thread
/// pool at once, which takes them from either end; here each is taken when another has ended. One of those that mostly wait runs beside as
/// many others as may run at a time.
/// </summary>
public sealed class LongestFirst : XunitTestFramework
{
    /// <summary>What starts first, then what lasts longest; otherwise as they are.</summary>
    internal static IEnumerable<T> Order<T>(IEnumerable<T> collections, Func<T, IEnumerable<Type>> classesOf) =>
        collections.OrderByDescending(collection => classesOf(collection).Max(static type => type.GetCustomAttribute<LastsAttribute>() switch
        {
            null => 0,
            { First: true } => int.MaxValue,
            var lasts => lasts.Seconds,
        }));

    /// <summary>Runs all, so many at a time and one that mostly waits.</summary>
    internal static Task RunAsync<T>(IEnumerable<T> collections, Func<T, IEnumerable<Type>> classesOf, int atATime, Func<T, Task> run)
    {
        var kinds = Order(collections, classesOf)
            .ToLookup(collection => classesOf(collection).All(static type => type.GetCustomAttribute<LastsAttribute>() is { Waiting: true }));
        var (waiting, others) = (new ConcurrentQueue<T>(kinds[true]), new ConcurrentQueue<T>(kinds[false]));
        return Task.WhenAll(Enumerable.Range(0, atATime + 1).Select(number => Task.Run(() => number == 0 ? WorkAsync(waiting) : WorkAsync(others, waiting))));

        async Task WorkAsync(params IReadOnlyList<ConcurrentQueue<T>> queues)
        {
            foreach (var queue in queues)
            {
                while (queue.TryDequeue(out var next))
                {
                    await run(next);
                }
            }
        }
    }

    protected override ITestFrameworkExecutor CreateExecutor(Assembly assembly) =>
        new Executor(new XunitTestAssembly(assembly, configFileName: null, assembly.GetName().Version));

    private sealed class Executor(IXunitTestAssembly assembly) : XunitTestFrameworkExecutor(assembly)
    {
        public override async ValueTask RunTestCases(
            IReadOnlyCollection<IXunitTestCase> testCases,
            IMessageSink executionMessageSink,
            ITestFrameworkExecutionOptions executionOptions,
            CancellationToken cancellationToken) =>
            await new Runner().Run(TestAssembly, testCases, executionMessageSink, executionOptions, cancellationToken);
    }

    private sealed class Runner : XunitTestAssemblyRunner
    {
        protected override async ValueTask<RunSummary> RunTestCollections(XunitTestAssemblyRunnerContext ctxt, Exception? exception)
        {
            var sums = new ConcurrentBag<RunSummary>();
            var collections = OrderTestCollections(ctxt);
            await LongestFirst.RunAsync(
                collections,
                static one => one.TestCases.Select(static testCase => testCase.TestMethod.TestClass.Class),
                ctxt.MaxParallelThreads > 0 ? ctxt.MaxParallelThreads : collections.Count,
                async next => sums.Add(exception is null
                    ? await RunTestCollection(ctxt, next.Collection, next.TestCases)
                    : await FailTestCollection(ctxt, next.Collection, next.TestCases, exception)));
            return sums.Aggregate(default(RunSummary), static (sum, next) =>
            {
                sum.Aggregate(next);
                return sum;
            });
        }
    }
}
