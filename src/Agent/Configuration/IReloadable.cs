namespace Agent.Configuration;

/// <summary>Something read from files that may change while the agent runs.</summary>
internal interface IReloadable
{
    /// <summary>What it is, for the log.</summary>
    string What { get; }

    /// <summary>Reads it again. Returns whether it has changed; on an exception the old one stays in force.</summary>
    bool Reload();
}
