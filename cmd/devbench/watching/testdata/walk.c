/*
 * The floor of getting ready: one thread that walks a tree and puts a watch on
 * each directory, before it is read, as everybody must who wants to miss
 * nothing. It looks at no file, no pattern and no ignore rule.
 *
 *   walk DIR PROGRAM ARG...
 *
 * When every directory is watched it starts PROGRAM once, which is how
 * devbench learns of it, and stays until it is killed, so that its memory and
 * its watches can be counted. Build: cc -O2 -o walk walk.c
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[4096];
static int in;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* walk watches and reads the directory of length len in path; at is its parent. */
static void walk(int at, const char *name, size_t len)
{
	if (inotify_add_watch(in, path, IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR) < 0)
		die(path);
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		die(path);
	struct dirent *e;
	while ((e = readdir(dir))) {
		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		size_t n = strlen(e->d_name);
		if (len + n + 2 > sizeof path)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, e->d_name, n + 1);
		walk(fd, e->d_name, len + 1 + n);
		path[len] = 0;
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	if (argc < 3 || strlen(argv[1]) >= sizeof path)
		return 2;
	if ((in = inotify_init1(IN_CLOEXEC)) < 0)
		die("inotify_init1");
	strcpy(path, argv[1]);
	walk(AT_FDCWD, argv[1], strlen(path));
	pid_t pid = vfork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	for (;;)
		pause();
}
