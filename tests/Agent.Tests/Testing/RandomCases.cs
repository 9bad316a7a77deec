using Xunit;

namespace Agent.Tests.Testing;

/// <summary>How many random inputs a test tries: all of them in <c>make test</c>, a tenth in <c>make unit</c>, which is run after each change.</summary>
internal static class RandomCases
{
    private static readonly bool s_isQuick = Environment.GetEnvironmentVariable("CLOSEWATCH_QUICK") == "1";

    public static int Of(int all) => s_isQuick ? Math.Max(1, all / 10) : all;

    /// <inheritdoc cref="Some{T1,T2,T3}"/>
    public static TheoryData<T1, T2> Some<T1, T2>(TheoryData<T1, T2> all) =>
        s_isQuick ? [.. all.Where(static (_, number) => number % 3 == 0)] : all;

    /// <summary>All the cases of a test that are long simulations; in <c>make unit</c> every third.</summary>
    public static TheoryData<T1, T2, T3> Some<T1, T2, T3>(TheoryData<T1, T2, T3> all) =>
        s_isQuick ? [.. all.Where(static (_, number) => number % 3 == 0)] : all;
}
