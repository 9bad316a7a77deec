namespace Agent.EndToEndTests.Cri;

/// <summary>A gRPC call ended with a status other than 0 (OK).</summary>
public sealed class GrpcException(string method, int status, string message)
    : Exception($"{method}: gRPC status {status}: {message}")
{
    public int Status { get; } = status;
}
