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
/// pool at once, which takes them from either end; here each is taken when another has ended.
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
            var waiting = new ConcurrentQueue<(IXunitTestCollection Collection, List<IXunitTestCase> TestCases)>(
                Order(OrderTestCollections(ctxt), static one => one.TestCases.Select(static testCase => testCase.TestMethod.TestClass.Class)));
            var sums = await Task.WhenAll(Enumerable.Range(0, ctxt.MaxParallelThreads > 0 ? ctxt.MaxParallelThreads : waiting.Count).Select(_ => Task.Run(RunAsync)));
            return sums.Aggregate(static (sum, next) =>
            {
                sum.Aggregate(next);
                return sum;
            });

            async Task<RunSummary> RunAsync()
            {
                var sum = default(RunSummary);
                while (waiting.TryDequeue(out var next))
                {
                    sum.Aggregate(exception is null
                        ? await RunTestCollection(ctxt, next.Collection, next.TestCases)
                        : await FailTestCollection(ctxt, next.Collection, next.TestCases, exception));
                }

                return sum;
            }
        }
    }
}
