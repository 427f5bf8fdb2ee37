/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/children.h"

#include "base/attr.h"
#include "role/options.h"

#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>

enum { CHILDREN_MAX = 3 };

static struct {
	const char *what;
	pid_t pid; /* 0: ended */
} children[CHILDREN_MAX];
static size_t count;

void children_start(const char *what, const char *const args[], char *secret)
{
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		sigset_t none;
		(void)sigemptyset(&none);
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		if (getppid() == parent && (!secret || putenv(secret) == 0))
			(void)execv("/proc/self/exe", (char *const *)(uintptr_t)args);
		_exit(EX_OSERR);
	}
	if (pid > 0 && count < CHILDREN_MAX) {
		children[count].what = what;
		children[count++].pid = pid;
	}
}

int children_miss(void)
{
	int status = 0;
	for (size_t i = 0; i < count; i++) {
		int ended;
		if (children[i].pid <= 0 ||
			waitpid(children[i].pid, &ended, WNOHANG) != children[i].pid)
			continue;
		children[i].pid = 0; /* it has said why */
		if (WIFEXITED(ended) && WEXITSTATUS(ended) == EX_USAGE)
			status = EX_USAGE;
		else
			(void)complain(0, "record: %s ended: recording goes on without it",
				children[i].what);
	}
	return status;
}

void children_end(void)
{
	for (size_t i = 0; i < count; i++)
		if (children[i].pid > 0)
			(void)kill(children[i].pid, SIGTERM);
	for (size_t i = 0; i < count; i++)
		if (children[i].pid > 0)
			(void)waitpid(children[i].pid, NULL, 0);
	count = 0;
}
