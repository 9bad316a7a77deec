namespace Agent.KernelTests.Model;

/// <summary>How far a connection of the random history has come.</summary>
internal enum ConnectionPhase
{
    Open,
    ClientClosed,
    ServerClosed,
    Ended,
}
