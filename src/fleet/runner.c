/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/runner.h"

#include "base/attr.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MAX = 8 << 20, NOBODY = 65534, STEP_MS = 20 };

struct runner {
	int fd;
	pid_t pid;
	pthread_mutex_t one;
};

struct request {
	uint32_t target, len;
};

/* ---- both sides ---- */

static bool move(int fd, void *bytes, size_t n, bool out)
{
	for (char *p = bytes; n;) {
		ssize_t did = out ? send(fd, p, n, MSG_NOSIGNAL) : recv(fd, p, n, 0);
		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		p += did;
		n -= (size_t)did;
	}
	return true;
}

/* ---- the runner ---- */

static const struct passwd *user_of(const struct target *t)
{
	return getpwnam(t->user ? t->user : "nobody");
}

static void become(const struct target *t)
{
	if (geteuid() != 0)
		return;
	const struct passwd *p = user_of(t);
	uid_t uid = p ? p->pw_uid : NOBODY;
	gid_t gid = p ? p->pw_gid : NOBODY;
	bool root = t->user && uid == 0;
	if ((!root && (t->user && p ? initgroups(p->pw_name, gid) : setgroups(0, NULL)) < 0) ||
		setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(126);
}

static void start_command(const struct target *t, int in, int out)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C.UTF-8";
	char *const environment[] = {path, locale, NULL};
	sigset_t none;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)setpgid(0, 0);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || chdir("/") < 0)
		_exit(126);
	/* of a service without root that has capabilities all the same, nothing is inherited */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	become(t);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)execve(t->args[0], t->args, environment);
	_exit(127);
}

/* Hands the text over as far as it is taken, and waits until the end or the deadline. */
static int watch(pid_t pid, int to, const char *text, size_t len, uint64_t deadline_ns)
{
	uint64_t end = clock_mono_ns() + deadline_ns;
	for (int status = 0;;) {
		while (to >= 0 && len) {
			ssize_t n = write(to, text, len);
			if (n > 0) {
				text += n;
				len -= (size_t)n;
				continue;
			}
			if (n < 0 && errno == EAGAIN)
				break;
			len = 0; /* it does not want to know */
		}
		if (to >= 0 && !len) {
			(void)close(to);
			to = -1;
		}
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid || ended < 0) {
			if (to >= 0)
				(void)close(to);
			(void)kill(-pid, SIGKILL); /* what it left behind */
			return ended < 0           ? RUN_NOT
			       : WIFEXITED(status) ? WEXITSTATUS(status)
						   : 128 + WTERMSIG(status);
		}
		if (clock_mono_ns() >= end) {
			if (to >= 0)
				(void)close(to);
			(void)kill(-pid, SIGKILL);
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			return RUN_LATE;
		}
		(void)poll(NULL, 0, STEP_MS);
	}
}

static int run_command(const struct target *t, const char *text, size_t len)
{
	int in[2], nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere < 0)
		return RUN_NOT;
	if (pipe2(in, O_CLOEXEC) < 0) {
		(void)close(nowhere);
		return RUN_NOT;
	}
	(void)fcntl(in[1], F_SETFL, O_NONBLOCK);
	pid_t pid = fork();
	if (pid == 0)
		start_command(t, in[0], nowhere);
	(void)close(in[0]);
	(void)close(nowhere);
	if (pid < 0) {
		(void)close(in[1]);
		return RUN_NOT;
	}
	(void)setpgid(pid, pid);
	return watch(pid, in[1], text, len, t->deadline_ns);
}

static void serve(const struct target *targets, size_t n, int fd)
{
	struct request q;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN); /* it ends when nobody can ask any more */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	while (move(fd, &q, sizeof q, false)) {
		char *text = q.target < n && q.len <= TEXT_MAX ? malloc(q.len + 1u) : NULL;
		if (!text || !move(fd, text, q.len, false)) {
			free(text);
			break;
		}
		int32_t status = run_command(&targets[q.target], text, q.len);
		free(text);
		if (!move(fd, &status, sizeof status, true))
			break;
	}
	_exit(0);
}

/* ---- who asks ---- */

const char *runner_problem(const struct target *t)
{
	if (t->user && !getpwnam(t->user))
		return "no such user";
	if (t->user && geteuid() != 0 && getpwnam(t->user)->pw_uid != geteuid())
		return "only root can become another user";
	return access(t->args[0], X_OK) < 0 ? strerror(errno) : NULL;
}

int runner_start(const struct target *targets, size_t n, struct runner **ret)
{
	bool any = false;
	*ret = NULL;
	for (size_t i = 0; i < n; i++)
		any |= targets[i].kind == TARGET_COMMAND;
	if (!any)
		return 0;
	int pair[2];
	struct runner *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		int error = errno;
		free(r);
		return -error;
	}
	r->pid = fork();
	if (r->pid == 0) {
		(void)close(pair[0]);
		serve(targets, n, pair[1]);
	}
	(void)close(pair[1]);
	if (r->pid < 0) {
		int error = errno;
		(void)close(pair[0]);
		free(r);
		return -error;
	}
	r->fd = pair[0];
	(void)pthread_mutex_init(&r->one, NULL);
	*ret = r;
	return 0;
}

void runner_end(struct runner *r)
{
	if (!r)
		return;
	(void)close(r->fd);
	(void)waitpid(r->pid, NULL, 0);
	(void)pthread_mutex_destroy(&r->one);
	free(r);
}

int runner_run(struct runner *r, size_t target, const char *text, size_t len)
{
	struct request q = {(uint32_t)target, (uint32_t)len};
	int32_t status = RUN_NOT;
	if (!r || len > TEXT_MAX)
		return RUN_NOT;
	(void)pthread_mutex_lock(&r->one);
	if (!move(r->fd, &q, sizeof q, true) || !move(r->fd, (void *)(uintptr_t)text, len, true) ||
		!move(r->fd, &status, sizeof status, false))
		status = RUN_NOT;
	(void)pthread_mutex_unlock(&r->one);
	return status;
}
