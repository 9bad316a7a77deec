using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Agent.Benchmarks.Service;

/// <summary>A service that is scraped. Its sockets, as those of this class, are in the calling thread's network namespace.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly IPEndPoint _address;
    private readonly byte[] _request;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<double> _milliseconds = [];
    private readonly long _started;

    private ServiceProcess(string name, Process process, int port)
    {
        Name = name;
        _process = process;
        _address = new(IPAddress.Loopback, port);
        _request = Encoding.ASCII.GetBytes($"GET /metrics HTTP/1.1\r\nHost: {_address}\r\nConnection: close\r\n\r\n");
        _started = Stopwatch.GetTimestamp();
    }

    public string Name { get; }

    public TimeSpan FirstScrape { get; private set; }

    public TimeSpan CpuPerMinute { get; set; }

    /// <summary>Length of the last answer.</summary>
    public int Bytes { get; private set; }

    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The most that was noted.</summary>
    public double ResidentMiB { get; private set; }

    /// <summary>The most that was noted, without mapped files.</summary>
    public double AnonymousMiB { get; private set; }

    /// <summary>The same at the end of the start: of <see cref="AwaitFirstScrape"/>, or of <see cref="AwaitMetric"/> after it.</summary>
    public double StartMiB { get; private set; }

    /// <summary>The same at the end of <see cref="ScrapeMany"/>.</summary>
    public double ScrapedMiB { get; private set; }

    /// <summary>Starts a service, where it is to see named network namespaces in their mount namespace.</summary>
    public static ServiceProcess Start(string name, int port, NamedNamespaces? pods, string command)
    {
        string[] shell = ["sh", "-c", $"exec {command} >/dev/null 2>&1"];
        return new(name, pods is null ? Process.Start(shell[0], shell[1..]) : Process.Start("nsenter", [$"--mount=/proc/{pods.Pid}/ns/mnt", .. shell]), port);
    }

    public void AwaitFirstScrape()
    {
        while (!TryScrape(out _))
        {
            if (Stopwatch.GetElapsedTime(_started) > s_patience || _process.HasExited)
            {
                throw new TimeoutException($"{Name} does not answer");
            }

            // Connecting is work for the machine, and answering "not yet" for the service.
            Thread.Sleep(5);
        }

        FirstScrape = Stopwatch.GetElapsedTime(_started);
        StartMiB = Status("RssAnon:");
    }

    /// <summary>Scrapes until a metric has a value.</summary>
    public void AwaitMetric(string name)
    {
        var since = Stopwatch.GetTimestamp();
        using var answer = new MemoryStream();
        do
        {
            if (Stopwatch.GetElapsedTime(since) > s_patience)
            {
                throw new TimeoutException($"{Name} does not show {name}");
            }

            // Not without a pause: what hundreds of answers a second take would be counted as the service's.
            Thread.Sleep(TimeSpan.FromMilliseconds(50));
            answer.SetLength(0);
            _ = TryScrape(out _, answer);
        }
        while (!Encoding.ASCII.GetString(answer.GetBuffer(), 0, (int)answer.Length).Contains($"\n{name} ", StringComparison.Ordinal));
        StartMiB = Status("RssAnon:");
    }

    public void Scrape() => _ = TryScrape(out var _) ? true : throw new InvalidOperationException($"{Name} stopped answering");

    public void NoteMemory() =>
        (ResidentMiB, AnonymousMiB) = (Math.Max(ResidentMiB, Status("VmRSS:")), Math.Max(AnonymousMiB, Status("RssAnon:")));

    public void ScrapeMany(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _milliseconds.Add(TryScrape(out var time) ? time.TotalMilliseconds : throw new InvalidOperationException($"{Name} stopped answering"));
        }

        ScrapedMiB = Status("RssAnon:");
        _milliseconds.Sort();
    }

    /// <summary>Milliseconds of a scrape from connecting to the last byte.</summary>
    public double Percentile(double share) => _milliseconds[(int)((_milliseconds.Count - 1) * share)];

    /// <summary>Asks it to end, and waits until it has.</summary>
    public void End()
    {
        ChildProgram.Execute("kill", _process.Id.ToString(CultureInfo.InvariantCulture));
        _process.WaitForExit();
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private bool TryScrape(out TimeSpan time, Stream? copy = null)
    {
        var start = Stopwatch.GetTimestamp();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(_address);
            socket.Send(_request);
            var (total, status) = (0, "");
            int count;
            while ((count = socket.Receive(_buffer)) > 0)
            {
                status = total == 0 ? Encoding.ASCII.GetString(_buffer, 0, Math.Min(count, 12)) : status;
                total += count;
                copy?.Write(_buffer, 0, count);
            }

            (Bytes, time) = (total, Stopwatch.GetElapsedTime(start));
            return status == "HTTP/1.1 200";
        }
        catch (SocketException)
        {
            time = default;
            return false;
        }
    }

    private double Status(string field)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) / 1024;
    }
}
