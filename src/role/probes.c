/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { GIVEN_FD = 3, PATIENCE_MS = 10000 };

const char *companion_path(char path[static COMPANION_PATH], const char *name)
{
	size_t len = strlen(name) + 1;
	ssize_t n = readlink("/proc/self/exe", path, COMPANION_PATH - len - 1);
	path[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash + 1, name, len);
		if (access(path, X_OK) == 0)
			return path;
	}
	(void)snprintf(path, COMPANION_PATH, "%s/%s", PLIMSOLL_LIBEXEC, name);
	return path;
}

static void become(const char *path, const char *what, int socket)
{
	const char *const args[] = {"plimsoll-bpf", what, NULL};
	sigset_t none;
	(void)sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (socket == GIVEN_FD ? fcntl(socket, F_SETFD, 0) >= 0 : dup2(socket, GIVEN_FD) >= 0)
		(void)execv(path, (char *const *)(uintptr_t)args);
	_exit(127);
}

int probes_start(struct reader *r, const char *what)
{
	char path[COMPANION_PATH];
	int pair[2], error = 0;
	if (access(companion_path(path, "plimsoll-bpf"), X_OK) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		become(path, what, pair[1]);
	(void)close(pair[1]);
	int err = pid < 0 ? -errno : reader_probes_take(r, pair[0], PATIENCE_MS, &error);
	(void)close(pair[0]);
	if (pid > 0) {
		if (err < 0)
			(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return err < 0 ? err : -error;
}
