/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/books.h"

#include "base/clock.h"
#include "books/wanted.h"
#include "role/options.h"
#include "role/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pid_t helper; /* 0: none */

static void become(const char *path, const char *how, int socket, pid_t parent)
{
	const char *const args[] = {"plimsoll-books", how, NULL};
	sigset_t none;
	(void)sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (getppid() == parent &&
		(socket == BOOKS_FD ? fcntl(socket, F_SETFD, 0) >= 0 : dup2(socket, BOOKS_FD) >= 0))
		(void)execv(path, (char *const *)(uintptr_t)args);
	_exit(127);
}

/* Of a service that was given them for its helper; root keeps what it has. */
void books_without(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];
	const uint32_t gone = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL;
	if (geteuid() == 0 || syscall(SYS_capget, &head, has) < 0)
		return;
	has[0].effective &= ~gone;
	has[0].permitted &= ~gone;
	has[0].inheritable &= ~gone;
	(void)syscall(SYS_capset, &head, has);
}

static int start(struct reader *r, const char *how)
{
	char path[COMPANION_PATH];
	int pair[2];
	if (access(companion_path(path, "plimsoll-books"), X_OK) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become(path, how, pair[1], parent);
	int err = pid < 0 ? -errno : 0;
	(void)close(pair[1]);
	if (err < 0) {
		(void)close(pair[0]);
		return err;
	}
	helper = pid;
	reader_books_take(r, pair[0]);
	return 0;
}

int books_start(struct reader *r, bool stays)
{
	int err = start(r, stays ? "run" : "look");
	books_without();
	return err;
}

void books_end(void)
{
	const uint64_t step_ns = 5000000;
	for (unsigned i = 0; helper > 0 && i < 100; i++) {
		if (waitpid(helper, NULL, WNOHANG) == helper)
			helper = 0;
		else
			(void)clock_sleep_until(clock_mono_ns() + step_ns);
	}
	if (helper > 0) {
		(void)kill(helper, SIGKILL);
		(void)waitpid(helper, NULL, 0);
	}
	helper = 0;
}

void books_miss(void)
{
	if (helper <= 0 || waitpid(helper, NULL, WNOHANG) != helper)
		return;
	helper = 0;
	(void)complain(0, "record: asking servers ended: recording goes on without it");
}
