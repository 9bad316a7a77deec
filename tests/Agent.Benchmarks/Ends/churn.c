/* churn PORT CONNECTIONS [A_SECOND [delete]]: opens and closes so many connections over loopback to a port, one after the other, as fast as it can or so
   many a second (0: as fast as it can). Every second one is closed by the client first. With "delete" each conntrack entry is deleted DELAY connections
   later, so that its destruction is told evenly. Prints microseconds of CPU (user and system) and microseconds that passed. */
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DELAY 200

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

struct attribute32 {
	struct nlattr header;
	unsigned int value;
};

struct attribute {
	struct nlattr header;
	unsigned char value[4];
};

/* IPCTNL_MSG_CT_DELETE of one entry by its original tuple. */
static void delete_entry(int table, unsigned short client, unsigned short server)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg netfilter;
		struct nlattr tuple, ip;
		struct attribute32 source, destination;
		struct nlattr protocol;
		struct attribute number, source_port, destination_port;
	} request = {
		.header = {sizeof request, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST, 0, 0},
		.netfilter = {AF_INET, NFNETLINK_V0, 0},
		.tuple = {sizeof request - offsetof(typeof(request), tuple), NLA_F_NESTED | CTA_TUPLE_ORIG},
		.ip = {sizeof(struct nlattr) + 2 * sizeof(struct attribute32), NLA_F_NESTED | CTA_TUPLE_IP},
		.source = {{sizeof(struct attribute32), CTA_IP_V4_SRC}, htonl(INADDR_LOOPBACK)},
		.destination = {{sizeof(struct attribute32), CTA_IP_V4_DST}, htonl(INADDR_LOOPBACK)},
		.protocol = {sizeof(struct nlattr) + 3 * sizeof(struct attribute), NLA_F_NESTED | CTA_TUPLE_PROTO},
		.number = {{sizeof(struct nlattr) + 1, CTA_PROTO_NUM}, {IPPROTO_TCP}},
		.source_port = {{sizeof(struct nlattr) + 2, CTA_PROTO_SRC_PORT}, {0}},
		.destination_port = {{sizeof(struct nlattr) + 2, CTA_PROTO_DST_PORT}, {0}},
	};
	memcpy(request.source_port.value, &client, sizeof client);
	memcpy(request.destination_port.value, &server, sizeof server);
	if (send(table, &request, sizeof request, 0) != sizeof request)
		fail("IPCTNL_MSG_CT_DELETE");
}

int main(int argc, char **argv)
{
	long connections = argc > 2 ? atol(argv[2]) : 1, rate = argc > 3 ? atol(argv[3]) : 0;
	int on = 1;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
	struct rusage usage;
	char byte = 'x';
	unsigned short ports[DELAY] = {0};
	int table = argc > 4 ? socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) : -1;
	struct sockaddr_in own;
	socklen_t length = sizeof own;

	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
	    || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128))
		fail("listen");
	long begin = now();
	for (long i = 0; i < connections; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(client, (struct sockaddr *)&address, sizeof address))
			fail("connect");
		int server = accept(listener, NULL, NULL);
		if (server < 0 || send(client, &byte, 1, 0) != 1 || recv(server, &byte, 1, 0) != 1)
			fail("connection");
		if (table >= 0) {
			if (i >= DELAY)
				delete_entry(table, ports[i % DELAY], address.sin_port);
			getsockname(client, (struct sockaddr *)&own, &length);
			ports[i % DELAY] = own.sin_port;
		}
		close(i % 2 ? server : client);
		close(i % 2 ? client : server);
		if (rate && i % 100 == 99) {
			long ahead = begin + (i + 1) * 1000000L / rate - now();
			if (ahead > 0)
				usleep(ahead);
		}
	}
	for (long i = connections; table >= 0 && i < connections + DELAY; i++)
		if (ports[i % DELAY])
			delete_entry(table, ports[i % DELAY], address.sin_port);
	long wall = now() - begin;
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld %ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime), wall);
	return 0;
}
