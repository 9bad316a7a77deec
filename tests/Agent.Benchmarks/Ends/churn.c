/* churn PORT CONNECTIONS [A_SECOND [reuse]]: opens and closes so many connections over loopback to a port, one after the other, as fast as it can or so
   many a second (0: as fast as it can). Every second one is closed by the client first. With "reuse" clients take PORTS ports in turn: the SYN on
   one whose entry is in TIME_WAIT makes conntrack destroy that entry, so that destruction is told evenly. It needs net.ipv4.tcp_max_tw_buckets=0.
   Prints microseconds of CPU (user and system) and microseconds that passed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS 200
#define FIRST_PORT 1000 /* none that connect(2) takes by itself */

static long microseconds(struct timeval time) { return time.tv_sec * 1000000L + time.tv_usec; }

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	long connections = argc > 2 ? atol(argv[2]) : 1, rate = argc > 3 ? atol(argv[3]) : 0;
	int on = 1;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
	struct rusage usage;
	char byte = 'x';
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
	    || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128))
		fail("listen");
	long begin = now();
	for (long i = 0; i < connections; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);
		own.sin_port = htons(FIRST_PORT + i % PORTS);
		if (argc > 4 && (setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
				 || bind(client, (struct sockaddr *)&own, sizeof own)))
			fail("bind");
		if (connect(client, (struct sockaddr *)&address, sizeof address))
			fail("connect");
		int server = accept(listener, NULL, NULL);
		if (server < 0 || send(client, &byte, 1, 0) != 1 || recv(server, &byte, 1, 0) != 1)
			fail("connection");
		close(i % 2 ? server : client);
		close(i % 2 ? client : server);
		if (rate && i % 100 == 99) {
			long ahead = begin + (i + 1) * 1000000L / rate - now();
			if (ahead > 0)
				usleep(ahead);
		}
	}
	long wall = now() - begin;
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld %ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime), wall);
	return 0;
}
