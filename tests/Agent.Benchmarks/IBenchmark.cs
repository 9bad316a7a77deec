namespace Agent.Benchmarks;

/// <summary>One comparison, printed as one table.</summary>
internal interface IBenchmark
{
    /// <summary>What the command line calls it.</summary>
    string Name { get; }

    /// <summary>The heading of its section: the name, and what was asked for that is not the usual.</summary>
    string Section => Name;

    /// <summary>Whether this machine has what it needs; one that is asked for by name says what it lacks.</summary>
    bool IsPossible => true;

    /// <summary>One line that says what is compared.</summary>
    string Description { get; }

    /// <summary>Measures and prints.</summary>
    /// <returns>False when something that was promised does not hold.</returns>
    bool Run(TextWriter output);
}
