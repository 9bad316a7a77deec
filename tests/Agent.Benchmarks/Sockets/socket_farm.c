/* socket_farm NAMESPACES SOCKETS: makes network namespaces, each with one process that holds about so many TCP sockets
   (a listener and connections over loopback, a tenth of them half-closed), prints the process ids, and keeps them until its
   standard input ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int fill(int sockets)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t length = sizeof(any);
	int control = socket(AF_INET, SOCK_DGRAM, 0);
	int listener = socket(AF_INET6, SOCK_STREAM, 0);

	if (ioctl(control, SIOCSIFFLAGS, &loopback) || bind(listener, (struct sockaddr *)&any, sizeof(any)) || listen(listener, 128) ||
	    getsockname(listener, (struct sockaddr *)&any, &length))
		return 1;
	local.sin_port = any.sin6_port;
	for (int i = 0; i < sockets / 2; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(client, (struct sockaddr *)&local, sizeof(local)) || accept(listener, NULL, NULL) < 0)
			return 1;
		if (i % 10 == 0)
			shutdown(client, SHUT_WR);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int namespaces = argc > 2 ? atoi(argv[1]) : 0, sockets = argc > 2 ? atoi(argv[2]) : 0;
	char end;

	for (int i = 0; i < namespaces; i++) {
		int ready[2];
		char state;

		if (pipe(ready))
			return 1;
		pid_t child = fork();
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(0);
			state = unshare(CLONE_NEWNET) || fill(sockets);
			if (write(ready[1], &state, 1) != 1 || state)
				return 1;
			for (;;)
				pause();
		}
		if (child < 0 || read(ready[0], &state, 1) != 1 || state)
			return 1;
		close(ready[0]);
		close(ready[1]);
		printf("%d ", child);
	}
	printf("\n");
	fflush(stdout);
	while (read(0, &end, 1) > 0)
		;
	return 0;
}
