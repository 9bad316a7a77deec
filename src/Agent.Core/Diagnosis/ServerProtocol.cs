using System.Collections.Frozen;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// What is spoken at a listening port, as far as that decides which words fit: nobody puts an HTTP load balancer before a database. By what
/// the pod says of the port, by the port's number, then by the programs that run there.
/// </summary>
internal static class ServerProtocol
{
    // Names of services at IANA's registered ports that are not HTTP.
    private static readonly FrozenDictionary<int, string> s_byPort = new Dictionary<int, string>
    {
        [21] = "FTP",
        [22] = "SSH",
        [25] = "SMTP",
        [110] = "POP3",
        [143] = "IMAP",
        [389] = "LDAP",
        [465] = "SMTP",
        [587] = "SMTP",
        [636] = "LDAP",
        [993] = "IMAP",
        [995] = "POP3",
        [1433] = "SQL Server",
        [1521] = "Oracle",
        [1883] = "MQTT",
        [2181] = "ZooKeeper",
        [2525] = "SMTP",
        [3306] = "MySQL",
        [4222] = "NATS",
        [5432] = "PostgreSQL",
        [5671] = "AMQP",
        [5672] = "AMQP",
        [6379] = "Redis",
        [6380] = "Redis",
        [6432] = "PostgreSQL",
        [8883] = "MQTT",
        [9042] = "Cassandra",
        [9092] = "Kafka",
        [11211] = "memcached",
        [26379] = "Redis",
        [27017] = "MongoDB",
    }.ToFrozenDictionary();

    // Beginnings of program names (comm), 15 bytes at most.
    private static readonly (string Program, string Protocol)[] s_byProgram =
    [
        ("redis-server", "Redis"),
        ("valkey-server", "Redis"),
        ("postgres", "PostgreSQL"),
        ("pgbouncer", "PostgreSQL"),
        ("mysqld", "MySQL"),
        ("mariadbd", "MySQL"),
        ("mongod", "MongoDB"),
        ("memcached", "memcached"),
        ("smtpd", "SMTP"),
        ("master", "SMTP"),
        ("exim", "SMTP"),
        ("sendmail", "SMTP"),
        ("opensmtpd", "SMTP"),
        ("dovecot", "IMAP"),
        ("slapd", "LDAP"),
        ("mosquitto", "MQTT"),
        ("sshd", "SSH"),
    ];

    /// <summary>The name of a protocol that is not HTTP; null for HTTP, which is also what an unknown port is taken for.</summary>
    public static string? OtherThanHttp(PodSnapshot pod, ushort port)
    {
        if (IsProbedByHttp(pod, port))
        {
            return null;
        }

        return s_byPort.TryGetValue(port, out var known)
            ? known
            : s_byProgram
                .FirstOrDefault(known => pod.Programs.Any(name => name.StartsWith(known.Program, StringComparison.Ordinal)))
                .Protocol;
    }

    private static bool IsProbedByHttp(PodSnapshot pod, ushort port) => pod.Kubernetes is { } kubernetes
        && kubernetes.Containers
            .SelectMany(static container => new[] { container.ReadinessProbe, container.LivenessProbe })
            .Any(probe => probe is { Kind: ProbeKind.Http } && probe.Port == port);
}
