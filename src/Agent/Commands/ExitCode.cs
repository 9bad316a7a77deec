namespace Agent.Commands;

/// <summary>What the program ends with.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>A finding at or above <c>--fail-on</c>.</summary>
    public const int FindingsAtOrAbove = 1;

    /// <summary>Wrong usage or configuration.</summary>
    public const int Usage = 2;

    /// <summary>No privilege, or no support by the kernel.</summary>
    public const int NothingRead = 3;

    public const int InternalError = 4;
}
