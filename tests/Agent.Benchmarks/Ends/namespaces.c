/* namespaces COUNT: makes so many network namespaces, each with one process in it, as a pod's has, that does nothing. Prints the processes'
   ids once all are there, and ends with them when its standard input does. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1, made[2];
	pid_t *children = calloc(count, sizeof *children);
	char byte = 'x';

	if (!children || pipe(made))
		return 1;
	for (int i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (unshare(CLONE_NEWNET) || write(made[1], &byte, 1) != 1)
				_exit(1);
			close(made[0]);
			close(made[1]);
			while (1)
				pause();
		}
	}
	close(made[1]);
	for (int i = 0; i < count; i++)
		if (children[i] < 0 || read(made[0], &byte, 1) != 1)
			return 1;
	for (int i = 0; i < count; i++)
		printf("%d ", children[i]);
	printf("\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
