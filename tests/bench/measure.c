/*
 * measure FD CMD [ARG]... - run a command and write what it took to FD:
 * "STATUS WALL USER SYSTEM PEAK", seconds but for the status and the peak,
 * which is the resident set, in KiB, of the largest process.
 *
 * User and system are those of the command and all its children that were
 * waited for.  It is a program of its own because a peak starts at that of
 * whoever forks: an interpreter's would hide a small command's.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	struct rusage use;
	double start = now();
	int fd, status;
	pid_t child;

	if (argc < 3)
		errx(64, "usage: measure FD CMD [ARG]...");
	fd = atoi(argv[1]);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	child = fork();
	if (child == -1)
		err(71, "fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(fd);
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	while (wait4(child, &status, 0, &use) == -1)
		if (errno != EINTR)
			err(71, "wait");
	if (dprintf(fd, "%d %.6f %.6f %.6f %ld\n", status_of(status),
		now() - start, seconds(&use.ru_utime), seconds(&use.ru_stime),
		use.ru_maxrss) < 0)
		err(74, "write");
	return 0;
}
