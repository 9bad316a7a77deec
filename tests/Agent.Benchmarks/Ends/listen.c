/* listen COUNT: hears the ends of so many TCP connections of its network namespace, reads their messages every 20 ms and does nothing with them: the
   least that hearing costs. Prints "ready", and at the end microseconds of CPU (user and system). Ends with 1 when nothing came for 10 s. */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define SIZE 1024
#define PAUSE 20000

static long microseconds(struct timeval time) { return time.tv_sec * 1000000L + time.tv_usec; }

int main(int argc, char **argv)
{
	static char data[BATCH][SIZE];
	static struct iovec vectors[BATCH];
	static struct mmsghdr headers[BATCH];
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY}, room = 8 << 20;
	struct rusage usage;
	long left = argc > 1 ? atol(argv[1]) : 1, silent = 0;

	int listener = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	if (bind(listener, (struct sockaddr *)&address, sizeof address)
	    || setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)
	    || setsockopt(listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[0], sizeof groups[0])
	    || setsockopt(listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[1], sizeof groups[1])) {
		perror("listen");
		return 1;
	}
	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){data[i], SIZE};
		headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	printf("ready\n");
	fflush(stdout);
	while (left > 0) {
		int received = recvmmsg(listener, headers, BATCH, MSG_DONTWAIT, NULL);
		if (received > 0)
			left -= received;
		silent = received > 0 ? 0 : silent + PAUSE;
		if (silent > 10000000)
			return 1;
		if (received < BATCH)
			usleep(PAUSE);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime));
	return 0;
}
