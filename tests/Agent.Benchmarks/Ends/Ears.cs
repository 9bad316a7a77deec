using System.Diagnostics;
using System.Globalization;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Ends;
using Agent.Kernel.SockDiag;
using Agent.Sources;

namespace Agent.Benchmarks.Ends;

/// <summary>What the agent does to hear ends: its listener, its book and its thread, as in the service.</summary>
internal sealed class Ears : IDisposable
{
    /// <summary>Where those listen whose connections are heard.</summary>
    public const ushort ServerPort = 900;

    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    private readonly ConnectionEndListener _listener = ConnectionEndListener.Open("/proc");
    private readonly ConnectionEndBook _book = new(TimeProvider.System, percent: 100, observer: null);
    private readonly ConnectionEndLookups _lookups = new(TimeSpan.FromSeconds(2));
    private readonly ConnectionEndThread _thread;

    /// <summary>Begins to listen in the calling thread's namespace, and in others.</summary>
    /// <param name="others">Attaches to other namespaces.</param>
    public Ears(Action<ConnectionEndListener> others)
    {
        others(_listener);
        // As the first scan does.
        _book.Attach(ConnectionEnd.HostNamespace, PodIdentity.Host, target: null)!.Network.AddListener(ServerPort, new PodEnds(PodIdentity.Host));
        _thread = new(_listener, _book, _lookups);
    }

    public ConnectionEndStatistics Heard => _listener.ReadStatistics();

    /// <summary>CPU time of the reading thread so far (/proc/PID/task/TID/schedstat).</summary>
    public static TimeSpan ReaderTime => TimeSpan.FromMicroseconds(Directory.GetDirectories("/proc/self/task")
        .Where(static task => File.ReadAllText($"{task}/comm") == "connection ends\n")
        .Sum(static task => long.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture)) / 1000.0);

    public bool HearsAllNamespaces => _listener.HearsAllNamespaces;

    /// <summary>Waits until so many ends were heard or missed, as long as more of them come.</summary>
    public void Await(long ends)
    {
        var (last, since) = (-1L, Stopwatch.GetTimestamp());
        while (Heard is var heard && heard.Ends + heard.Missed < ends)
        {
            if (heard.Ends + heard.Missed > last)
            {
                (last, since) = (heard.Ends + heard.Missed, Stopwatch.GetTimestamp());
            }
            else if (Stopwatch.GetElapsedTime(since) > s_silence)
            {
                throw new TimeoutException($"of {ends} ends, this was heard, and nothing more for {s_silence}: {heard}");
            }

            Thread.Sleep(10);
        }
    }

    public void Dispose()
    {
        _thread.Dispose();
        _lookups.Dispose();
        _listener.Dispose();
    }
}
