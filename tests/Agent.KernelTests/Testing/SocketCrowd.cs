using System.Diagnostics;
using System.Globalization;

namespace Agent.KernelTests.Testing;

/// <summary>
/// Many half-closed connections in a network namespace, both of whose sockets are held, by as many processes as their limit of descriptors
/// takes: FIN_WAIT2 and CLOSE_WAIT. Clients that nobody held any more would be reset where the node has too many of those.
/// </summary>
internal sealed class SocketCrowd : IDisposable
{
    private const int PerProcess = 9_500;

    /// <summary>crowd COUNT PORT: connects to itself and half-closes the client's end; says "made" when every FIN is acknowledged.</summary>
    private const string Program =
        """
        #include <arpa/inet.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <unistd.h>
        static void check(int failed, const char *what) { if (failed) { perror(what); exit(1); } }
        int main(int count, char **words)
        {
            struct rlimit limit;
            struct tcp_info info;
            int many = atoi(words[1]), *clients = calloc(many, sizeof *clients);
            int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
            struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
            getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
            setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
            check(bind(listener, (struct sockaddr *)&server, sizeof server) || listen(listener, 128), "listen");
            for (int i = 0; i < many; i++) {
                clients[i] = socket(AF_INET, SOCK_STREAM, 0);
                check(connect(clients[i], (struct sockaddr *)&server, sizeof server), "connect");
                check(accept(listener, NULL, NULL) < 0, "accept");
                shutdown(clients[i], SHUT_WR);
            }
            for (int i = 0; i < many; i++) {
                for (;;) {
                    socklen_t length = sizeof info;
                    check(getsockopt(clients[i], IPPROTO_TCP, TCP_INFO, &info, &length), "TCP_INFO");
                    if (info.tcpi_state == TCP_FIN_WAIT2) {
                        break;
                    }
                    usleep(1000);
                }
            }
            close(listener);
            puts("made");
            fflush(stdout);
            getchar();
            return 0;
        }
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-crowd-");
    private readonly List<Process> _processes = [];

    /// <summary>Makes them; both of their ends are there when it returns.</summary>
    public SocketCrowd(NetworkNamespaceFixture network, int connections)
    {
        var program = Path.Combine(_directory.FullName, "crowd");
        File.WriteAllText(program + ".c", Program);
        using (var compiler = Process.Start("gcc", ["-O1", "-o", program, program + ".c"]))
        {
            compiler.WaitForExit();
        }

        network.Execute("sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 65000");
        for (var (port, left) = (10_000, connections); left > 0; port++, left -= PerProcess)
        {
            string[] words = [$"--net={network.Path}", program, Text(Math.Min(left, PerProcess)), Text(port)];
            _processes.Add(Process.Start(new ProcessStartInfo("nsenter", words) { RedirectStandardInput = true, RedirectStandardOutput = true })!);
        }

        foreach (var process in _processes)
        {
            if (process.StandardOutput.ReadLine() != "made")
            {
                Dispose();
                throw new InvalidOperationException($"not all of {connections} connections could be made");
            }
        }
    }

    /// <summary>Ends them all in a moment: the kernel closes what the processes held.</summary>
    public void End()
    {
        _processes.ForEach(static process => process.StandardInput.Close());
        foreach (var process in _processes)
        {
            process.WaitForExit();
            process.Dispose();
        }

        _processes.Clear();
    }

    public void Dispose()
    {
        End();
        _directory.Delete(recursive: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
