namespace Agent.Benchmarks;

/// <summary>One comparison, printed as one table.</summary>
internal interface IBenchmark
{
    /// <summary>What the command line calls it.</summary>
    string Name { get; }

    /// <summary>The heading of its section: the name, and what was asked for that is not the usual.</summary>
    string Section => Name;

    /// <summary>What this machine lacks for it, and how that is mended; null for nothing.</summary>
    string? Obstacle => null;

    /// <summary>One line that says what is compared.</summary>
    string Description { get; }

    /// <summary>Measures and prints.</summary>
    /// <returns>False when something that was promised does not hold.</returns>
    bool Run(TextWriter output);
}
