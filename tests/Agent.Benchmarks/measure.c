/* measure COMMAND ARGUMENTS: runs a command, throws its output away and prints three numbers:
   microseconds that passed, microseconds of CPU (user and system), KiB resident at most. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(struct timeval time) { return time.tv_sec * 1000000L + time.tv_usec; }

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage usage;
	int status;

	if (argc < 2)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%ld %ld %ld\n",
	       (end.tv_sec - begin.tv_sec) * 1000000L + (end.tv_nsec - begin.tv_nsec) / 1000,
	       microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss);
	return WEXITSTATUS(status);
}
