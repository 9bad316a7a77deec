using Agent.Core.Ends;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;

namespace Agent.Sources;

/// <summary>
/// Finds out for somebody who watches live who closed a connection first, without waiting for the next scan: looks for single sockets in
/// the namespaces of ends that this would settle. Costs microseconds an end. One round at a time.
/// </summary>
/// <param name="procRoot">A mounted proc file system that shows the processes of the namespaces.</param>
/// <param name="current">The book that asks and takes the answers: another one once listening was switched off and on.</param>
internal sealed class ConnectionEndProbe(string procRoot, Func<ConnectionEndBook> current) : IDisposable
{
    /// <summary>How often to look: a line of a trace comes so late at most.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>At most so many in one round; what is left waits for the next one.</summary>
    private const int MaxQuestions = 1024;

    private readonly NamespaceThread _thread = new(procRoot);
    private readonly NetlinkBuffer _buffer = new();
    private readonly EndQuestion[] _questions = new EndQuestion[MaxQuestions];

    /// <summary>Looks for whatever is asked, and settles what that tells.</summary>
    public void Run()
    {
        var book = current();
        var count = book.Ask(_questions);
        if (count > 0)
        {
            Array.Sort(_questions, 0, count, Comparer<EndQuestion>.Create(static (a, b) => a.NamespaceId.CompareTo(b.NamespaceId)));
            _thread.Run(visitor => Answer(visitor, book, _questions.AsSpan(0, count)));
        }

        book.Settle();
    }

    public void Dispose()
    {
        _thread.Dispose();
        _buffer.Dispose();
    }

    private void Answer(NamespaceVisitor visitor, ConnectionEndBook book, ReadOnlySpan<EndQuestion> questions)
    {
        while (!questions.IsEmpty)
        {
            var id = questions[0].NamespaceId;
            var count = 1;
            while (count < questions.Length && questions[count].NamespaceId == id)
            {
                count++;
            }

            // A namespace that is gone tells nothing any more.
            if (book.TargetOf(id) is { } target && visitor.TryEnter(target, out _))
            {
                TryAnswerHere(book, questions[..count]);
            }

            questions = questions[count..];
        }
    }

    private void TryAnswerHere(ConnectionEndBook book, ReadOnlySpan<EndQuestion> questions)
    {
        try
        {
            using var diag = SockDiagNetlink.Open(_buffer);
            foreach (ref readonly var question in questions)
            {
                var isFound = diag.TryFind(question.Tuple, out var socket);
                book.OnSocket(question, isFound && socket is { State: TcpState.TimeWait } or { State: TcpState.FinWait2, Inode: 0 });
            }
        }
        catch (KernelException)
        {
            // The next scan tells.
        }
    }
}
