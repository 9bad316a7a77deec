// Both ends of half-closed connections, and a stand-in for a service mesh's proxy. One static program, so that an image
// of it needs nothing else.
//
//   peer pause                          does nothing, as the pause container does; reaps what is handed to it
//   peer serve ADDRESS PORT [SECONDS]   says hello; after the client's FIN it keeps its side open for ever (a leak), or
//                                       answers "late" after SECONDS and closes; 0 closes at once, as a good server does;
//                                       "told" answers when it is told
//   peer tell                           tells the servers of its container to answer
//   peer busy ADDRESS PORT BACKLOG      listens and never accepts
//   peer crowd ADDRESS PORT             opens a connection every 20 ms for ever, whether the last one was accepted or not
//   peer open WAY ADDRESS PORT COUNT    opens COUNT connections and reads the hello, then by WAY
//                                         request     sends 8 bytes, then as half-close
//                                         half-close  sends FIN, waits until it is acknowledged and keeps the sockets
//                                         abandon     closes the sockets (orphans: FIN_WAIT2 that no process owns)
//                                         hold        keeps them established
//                                       and returns; a child keeps the sockets until it is killed
//   peer stray late|reset ADDRESS PORT  sends a packet to an IPv6 address every 20 ms for ever that fits no connection:
//                                         late   data of an established connection, anywhere but in its window
//                                         reset  the reset of a connection that is not
//   peer ask ADDRESS PORT SECONDS       sends FIN, then prints what came within SECONDS, or "no answer"
//   peer proxy PORT in|out              takes REDIRECTed connections to where they were going (in: to the same port on
//                                       loopback), passing half-closes on both ways
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SO_ORIGINAL_DST 80 /* linux/netfilter_ipv4.h and, with SOL_IPV6, linux/netfilter_ipv6/ip6_tables.h */

static void fail(const char *what)
{
    fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void wait_for_ever(void)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        pause();
    }
}

static struct sockaddr_storage parse_address(const char *address, const char *port, socklen_t *length)
{
    struct sockaddr_storage result = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&result;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&result;
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(atoi(port));
        *length = sizeof *four;
    } else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(atoi(port));
        *length = sizeof *six;
    } else {
        fprintf(stderr, "peer: %s is not an address\n", address);
        exit(2);
    }
    return result;
}

static int listen_at(const char *address, const char *port, int backlog)
{
    socklen_t length;
    struct sockaddr_storage at = parse_address(address, port, &length);
    int yes = 1, no = 0, fd = socket(at.ss_family, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (at.ss_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no); /* [::] also serves IPv4 clients, as most servers do */
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) < 0 || listen(fd, backlog) < 0) {
        fail("listen");
    }
    return fd;
}

static int connect_to(const struct sockaddr_storage *to, socklen_t length)
{
    int fd = socket(to->ss_family, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)to, length) == 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static int accept_next(int listener)
{
    int fd;
    while ((fd = accept(listener, NULL, NULL)) < 0) {
        if (errno != EINTR && errno != ECONNABORTED) {
            fail("accept");
        }
    }
    return fd;
}

static void serve(const char *address, const char *port, const char *seconds)
{
    int listener = listen_at(address, port, 4096);
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGUSR1);
    sigprocmask(SIG_BLOCK, &told, NULL);
    for (;;) {
        int fd = accept_next(listener);
        if (write(fd, "hello\n", 6) != 6) {
            close(fd);
        } else if (seconds != NULL) {
            if (fork() == 0) {
                char buffer[4096];
                close(listener);
                while (read(fd, buffer, sizeof buffer) > 0) {
                }
                if (strcmp(seconds, "told") == 0) {
                    sigwaitinfo(&told, NULL);
                } else {
                    sleep(atoi(seconds));
                }
                if (strcmp(seconds, "0") != 0) {
                    if (write(fd, "late\n", 5) != 5) {
                        perror("peer: the late answer");
                    }
                }
                exit(0);
            }
            close(fd);
        } /* otherwise the descriptor is leaked on purpose */
    }
}

static void crowd(const char *address, const char *port)
{
    socklen_t length;
    struct sockaddr_storage server = parse_address(address, port, &length);
    for (;;) {
        int fd = socket(server.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (fd < 0 || (connect(fd, (struct sockaddr *)&server, length) < 0 && errno != EINPROGRESS)) {
            fail("connect");
        }
        usleep(20000);
    }
}

static int greeted_by(const struct sockaddr_storage *server, socklen_t length)
{
    char hello[6];
    int fd = connect_to(server, length);
    if (fd < 0) {
        fail("connect");
    }
    if (recv(fd, hello, sizeof hello, MSG_WAITALL) != sizeof hello) {
        fail("no hello");
    }
    return fd;
}

/* Until the other side has acknowledged the FIN, which it may delay. */
static void wait_for_fin_wait2(int fd)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    while (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_FIN_WAIT1) {
        usleep(1000);
    }
}

static void open_many(const char *way, const char *address, const char *port, int count)
{
    socklen_t length;
    struct sockaddr_storage server = parse_address(address, port, &length);
    int *opened = calloc(count, sizeof *opened);
    for (int i = 0; i < count; i++) {
        opened[i] = greeted_by(&server, length);
        if (strcmp(way, "request") == 0 && write(opened[i], "request\n", 8) != 8) {
            fail("request");
        }
    }
    int halfway = strcmp(way, "half-close") == 0 || strcmp(way, "request") == 0;
    for (int i = 0; i < count; i++) {
        if (halfway) {
            shutdown(opened[i], SHUT_WR);
        } else if (strcmp(way, "abandon") == 0) {
            close(opened[i]);
        }
    }
    for (int i = 0; i < count && halfway; i++) {
        wait_for_fin_wait2(opened[i]);
    }
    /* The caller returns once all of this has happened; a child of its own session holds the descriptors. */
    if (fork() == 0) {
        setsid();
        close(0);
        close(1);
        close(2);
        wait_for_ever();
    }
}

static void stray(const char *way, const char *address, const char *port)
{
    struct segment {
        struct tcphdr header;
        char data[8];
    } segment = {0};
    socklen_t length, own = sizeof(struct sockaddr_in6);
    struct sockaddr_storage server = parse_address(address, port, &length), local = {0};
    int at = offsetof(struct tcphdr, check), raw = socket(AF_INET6, SOCK_RAW, IPPROTO_TCP);
    if (raw < 0 || setsockopt(raw, IPPROTO_IPV6, IPV6_CHECKSUM, &at, sizeof at) < 0) { /* the kernel fills in the sum */
        fail("raw socket");
    }
    segment.header.doff = sizeof segment.header / 4;
    segment.header.dest = htons(atoi(port));
    segment.header.window = htons(1024);
    if (strcmp(way, "late") == 0) {
        getsockname(greeted_by(&server, length), (struct sockaddr *)&local, &own);
        segment.header.source = ((struct sockaddr_in6 *)&local)->sin6_port;
        segment.header.ack = segment.header.psh = 1;
    } else {
        segment.header.source = htons(1);
        segment.header.rst = 1;
    }
    ((struct sockaddr_in6 *)&server)->sin6_port = 0; /* as raw(7) wants it */
    for (unsigned sequence = 0;; sequence += 0x20000000) {
        segment.header.seq = htonl(sequence);
        if (sendto(raw, &segment, sizeof segment, 0, (struct sockaddr *)&server, length) < 0) {
            fail("sendto");
        }
        usleep(20000);
    }
}

static void ask(const char *address, const char *port, int seconds)
{
    char answer[256];
    socklen_t length;
    struct sockaddr_storage server = parse_address(address, port, &length);
    struct pollfd one = {.fd = greeted_by(&server, length), .events = POLLIN};
    ssize_t got = 0;
    shutdown(one.fd, SHUT_WR);
    if (poll(&one, 1, seconds * 1000) == 1) {
        got = read(one.fd, answer, sizeof answer - 1);
    }
    if (got > 0) {
        fwrite(answer, 1, got, stdout);
    } else {
        puts(got < 0 ? strerror(errno) : "no answer");
    }
}

static void pump(int from, int to)
{
    char buffer[16384];
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        for (ssize_t sent = 0, n; sent < got; sent += n) {
            if ((n = write(to, buffer + sent, got - sent)) <= 0) {
                return;
            }
        }
    }
    shutdown(to, SHUT_WR);
}

/* One child for each direction, so that either half can stay open alone. */
static void relay(int client, const char *way)
{
    struct sockaddr_storage to = {0};
    socklen_t length = sizeof to, own = sizeof to;
    struct sockaddr_storage me;
    getsockname(client, (struct sockaddr *)&me, &own);
    int level = me.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)&me)->sin6_addr) ? SOL_IPV6 : SOL_IP;
    if (getsockopt(client, level, SO_ORIGINAL_DST, &to, &length) < 0) {
        fail("SO_ORIGINAL_DST");
    }
    if (strcmp(way, "in") == 0) {
        if (to.ss_family == AF_INET6) {
            ((struct sockaddr_in6 *)&to)->sin6_addr = in6addr_loopback;
        } else {
            ((struct sockaddr_in *)&to)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
    }
    int server = connect_to(&to, length);
    if (server < 0) {
        fail("upstream");
    }
    if (fork() == 0) {
        pump(server, client);
    } else {
        pump(client, server);
        wait(NULL);
    }
    exit(0);
}

static void proxy(const char *port, const char *way)
{
    int listener = listen_at("::", port, 4096);
    for (;;) {
        int client = accept_next(listener);
        if (fork() == 0) {
            signal(SIGCHLD, SIG_DFL);
            close(listener);
            relay(client, way);
        }
        close(client);
    }
}

int main(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "";
    struct rlimit files = {65536, 65536};
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_NOFILE, &files);
    if (strcmp(verb, "pause") == 0) {
        wait_for_ever();
    } else if (strcmp(verb, "serve") == 0 && count >= 4) {
        serve(words[2], words[3], words[4]);
    } else if (strcmp(verb, "tell") == 0) {
        kill(-1, SIGUSR1); /* neither this process nor the container's first gets it */
    } else if (strcmp(verb, "busy") == 0 && count == 5) {
        listen_at(words[2], words[3], atoi(words[4]));
        wait_for_ever();
    } else if (strcmp(verb, "crowd") == 0 && count == 4) {
        crowd(words[2], words[3]);
    } else if (strcmp(verb, "open") == 0 && count == 6) {
        open_many(words[2], words[3], words[4], atoi(words[5]));
    } else if (strcmp(verb, "stray") == 0 && count == 5) {
        stray(words[2], words[3], words[4]);
    } else if (strcmp(verb, "ask") == 0 && count == 5) {
        ask(words[2], words[3], atoi(words[4]));
    } else if (strcmp(verb, "proxy") == 0 && count == 4) {
        proxy(words[2], words[3]);
    } else {
        fputs("peer: pause | serve ADDRESS PORT [SECONDS|told] | tell | busy ADDRESS PORT BACKLOG | crowd ADDRESS PORT | "
              "open request|half-close|abandon|hold ADDRESS PORT COUNT | stray late|reset ADDRESS PORT | ask ADDRESS PORT SECONDS | "
              "proxy PORT in|out\n", stderr);
        return 2;
    }
    return 0;
}
