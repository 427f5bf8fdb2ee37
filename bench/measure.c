/*
 * SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC
 *
 * measure OUT COMMAND [ARGUMENT...] - what one command costs, as a line of JSON in the file OUT.
 *
 * CPU time and peak memory come from wait4(): all the command's processes that were waited for, by
 * itself or, as orphans, by us. Why not wait4() from a script: a child's ru_maxrss starts with what
 * its parent held before exec, so the parent has to be smaller than anything measured. Linked
 * statically this one holds less than 1 MiB.
 *
 * ru_maxrss is the largest single process. Where a command is several processes, vmhwm_kib says
 * what they hold together: the sum of VmHWM over those alive, looked at SAMPLE_MS apart; with one
 * process it confirms ru_maxrss from below.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_MS 20
#define MAX_DEPTH 8

struct cost {
	double user_s, system_s, wall_s;
	long maxrss_kib;
	long vmhwm_kib;
	int processes; /* the most seen at once */
	int left;      /* still running when the command had ended */
	int status;    /* of the command itself, as from waitpid() */
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Fills text from a file of /proc; false where the process is gone. */
static bool read_proc(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	return true;
}

/* Children started by the main thread: enough for a command line tool. */
static bool read_children(pid_t pid, char *text, size_t size)
{
	char file[32];

	snprintf(file, sizeof(file), "task/%d/children", (int)pid);
	return read_proc(pid, file, text, size);
}

static void add_tree(pid_t pid, int depth, long *kib, int *processes)
{
	char text[4096], *at, *end;

	if (!read_proc(pid, "status", text, sizeof(text)))
		return;
	at = strstr(text, "VmHWM:");
	if (!at) /* a zombie */
		return;
	*kib += strtol(at + strlen("VmHWM:"), NULL, 10);
	++*processes;
	if (depth == MAX_DEPTH || !read_children(pid, text, sizeof(text)))
		return;
	for (at = text; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end)
		add_tree(pid, depth + 1, kib, processes);
}

static void sample(pid_t pid, struct cost *cost)
{
	long kib = 0;
	int processes = 0;

	add_tree(pid, 0, &kib, &processes);
	if (kib > cost->vmhwm_kib)
		cost->vmhwm_kib = kib;
	if (processes > cost->processes)
		cost->processes = processes;
}

static void add_usage(const struct rusage *usage, struct cost *cost)
{
	cost->user_s += (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6;
	cost->system_s += (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
	if (usage->ru_maxrss > cost->maxrss_kib)
		cost->maxrss_kib = usage->ru_maxrss;
}

/* Waits for the command, and for what it orphaned. */
static void wait_for(pid_t command, const sigset_t *child_ended, struct cost *cost)
{
	const struct timespec tick = {.tv_nsec = SAMPLE_MS * 1000000L};
	struct rusage usage;
	bool running = true;
	pid_t pid;
	int status;

	while (running) {
		sample(command, cost);
		sigtimedwait(child_ended, NULL, &tick);
		while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
			add_usage(&usage, cost);
			if (pid == command) {
				cost->status = status;
				running = false;
			}
		}
	}
}

/* Ends what the command left behind: it is ours to clean up, and counted, since it would spoil the
 * figures. */
static void end_orphans(struct cost *cost)
{
	char text[4096], *at, *end;
	struct rusage usage;
	pid_t pid;
	int status;

	while (read_children(getpid(), text, sizeof(text)) && strtol(text, NULL, 10) > 0) {
		for (at = text; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end)
			kill(pid, SIGKILL);
		while ((pid = wait4(-1, &status, 0, &usage)) > 0) {
			add_usage(&usage, cost);
			cost->left++;
		}
	}
}

static int write_cost(const char *path, const struct cost *cost)
{
	FILE *out = fopen(path, "we");
	int error;

	if (!out)
		return -errno;
	fprintf(out,
		"{\"exit\":%d,\"signal\":%d,\"user_s\":%.6f,\"system_s\":%.6f,\"wall_s\":%.3f,"
		"\"maxrss_kib\":%ld,\"vmhwm_kib\":%ld,\"processes\":%d,\"left\":%d}\n",
		WIFEXITED(cost->status) ? WEXITSTATUS(cost->status) : -1,
		WIFSIGNALED(cost->status) ? WTERMSIG(cost->status) : 0, cost->user_s,
		cost->system_s, cost->wall_s, cost->maxrss_kib, cost->vmhwm_kib, cost->processes,
		cost->left);
	error = ferror(out) ? -EIO : 0;
	if (fclose(out) && !error)
		error = -errno;
	return error;
}

int main(int argc, char **argv)
{
	struct cost cost = {0};
	sigset_t child_ended, before;
	double started;
	pid_t command;
	int error;

	if (argc < 3) {
		fprintf(stderr, "usage: measure OUT COMMAND [ARGUMENT...]\n");
		return 64;
	}
	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

	started = now_s();
	command = fork();
	if (command < 0) {
		fprintf(stderr, "measure: fork: %s\n", strerror(errno));
		return 74;
	}
	if (command == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	wait_for(command, &child_ended, &cost);
	cost.wall_s = now_s() - started;
	end_orphans(&cost);

	error = write_cost(argv[1], &cost);
	if (error < 0) {
		fprintf(stderr, "measure: %s: %s\n", argv[1], strerror(-error));
		return 74;
	}
	return 0;
}
