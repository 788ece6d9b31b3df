/*
 * The measured command: it says when it started, works for a time, and says
 * that it ended. In C, for Go's own start takes longer than some of what is
 * measured. devbench does the same itself where there is no C compiler.
 *
 *   report __report SOCKET TAG HOLD
 *
 * HOLD is as Go writes a duration in milliseconds or seconds: 0s, 200ms.
 * Build: cc -O2 -o report report.c (with -static where that works)
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long long start = now();
	if (argc != 5)
		return 2;
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (strlen(argv[2]) >= sizeof to.sun_path)
		return 2;
	strcpy(to.sun_path, argv[2]);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[256];
	int n = snprintf(text, sizeof text, "%s start %d %lld", argv[3], (int)getpid(), start);
	if (fd < 0 || n >= (int)sizeof text || sendto(fd, text, n, 0, (struct sockaddr *)&to, sizeof to) < 0)
		return 1;
	char *unit;
	double hold = strtod(argv[4], &unit);
	if (!strcmp(unit, "ms"))
		usleep(hold * 1e3);
	else if (hold > 0)
		usleep(hold * 1e6);
	n = snprintf(text, sizeof text, "%s end %d %lld", argv[3], (int)getpid(), now());
	return sendto(fd, text, n, 0, (struct sockaddr *)&to, sizeof to) < 0;
}
