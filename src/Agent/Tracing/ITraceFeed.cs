using Agent.Core.Ends;
using Agent.Core.Tracing;

namespace Agent.Tracing;

/// <summary>Where a trace's lines come from: the agent that runs here, or this program itself.</summary>
internal interface ITraceFeed : IDisposable
{
    /// <summary>Who watches, for people.</summary>
    string Origin { get; }

    /// <summary>
    /// Ends as they come. Once, until <paramref name="ending"/> or until there is nothing more to come; both end it quietly.
    /// </summary>
    /// <exception cref="TraceFailedException">It cannot go on.</exception>
    IAsyncEnumerable<TraceItem> ReadAsync(CancellationToken ending);
}

/// <summary>One line of a trace.</summary>
/// <param name="End">The end; nothing when there is a notice.</param>
/// <param name="Notice">What is missing; null for an end.</param>
internal readonly record struct TraceItem(JudgedEnd End, TraceNotice? Notice);

/// <summary>A trace cannot go on. The message is one line: the thing, the reason, the remedy.</summary>
internal sealed class TraceFailedException(string message, Exception? inner = null) : Exception(message, inner);
