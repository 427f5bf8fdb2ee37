/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/keeper.h"

#include "base/attr.h"
#include "base/confine.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { LOOK_AGAIN_MS = 1000, FIRST_MS = 30000, NICE = 10, NOBODY = 65534 };

struct keeper {
	int fd;
	char path[PATH_MAX];
	struct stat seen; /* of the file, when it was read */
	struct accounts accounts;
	struct keeper_say say;
};

/* ---- in the process ---- */

/* The file is root's and nobody else's: of root's rights the one to read remains, where Landlock leaves the file's folder. */
static void give_up(const struct keeper *k)
{
	char folder[PATH_MAX];
	struct stat st;
	const struct passwd *nobody = getpwnam("nobody");
	uid_t uid = nobody ? nobody->pw_uid : NOBODY;
	gid_t gid = nobody ? nobody->pw_gid : NOBODY;
	uint64_t keep = UINT64_C(1) << CAP_DAC_READ_SEARCH;
	(void)snprintf(folder, sizeof folder, "%s", k->path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	if (stat(k->path, &st) == 0 && st.st_uid != 0) {
		uid = st.st_uid;
		gid = st.st_gid;
		keep = 0;
	}
	const char *const paths[] = {folder};
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)confine_user_but(uid, gid, keep);
	(void)confine_paths(paths, COUNTOF(paths));
	(void)confine_calls();
}

/* What of an account its server may know. */
static void say_accounts(struct keeper *k, int error, unsigned line)
{
	k->say = (struct keeper_say){.error = error, .line = line, .accounts = k->accounts};
	for (size_t i = 0; i < k->accounts.n; i++) {
		struct account *a = &k->say.accounts.rows[i];
		char mark[SECRET_HEX];
		if (a->kind != ACCOUNT_USER)
			continue;
		secret_hash_hex(a->hash, mark);
		memset(a->hash, 0, sizeof a->hash);
		memcpy(a->hash, mark, sizeof mark);
	}
	(void)send(k->fd, &k->say, sizeof k->say, MSG_NOSIGNAL);
}

/* A file that cannot be read lets nobody in. */
static void look(struct keeper *k, bool first)
{
	struct stat st = {0};
	unsigned line = 0;
	(void)stat(k->path, &st);
	if (!first && st.st_ino == k->seen.st_ino && st.st_size == k->seen.st_size &&
		st.st_mtim.tv_sec == k->seen.st_mtim.tv_sec &&
		st.st_mtim.tv_nsec == k->seen.st_mtim.tv_nsec && st.st_mode == k->seen.st_mode)
		return;
	k->seen = st;
	int r = accounts_read(k->path, &k->accounts, &line);
	if (r < 0)
		k->accounts.n = 0;
	say_accounts(k, r, line);
}

static void check(struct keeper *k, struct keeper_ask *ask)
{
	ask->name[sizeof ask->name - 1] = ask->password[sizeof ask->password - 1] = '\0';
	const struct account *a = accounts_find(&k->accounts, ask->name);
	bool is_user = a && a->kind == ACCOUNT_USER;
	k->say = (struct keeper_say){
		.id = ask->id, .good = secret_is_password(ask->password, is_user ? a->hash : NULL)};
	explicit_bzero(ask, sizeof *ask);
	(void)send(k->fd, &k->say, offsetof(struct keeper_say, accounts), MSG_NOSIGNAL);
}

static void serve(struct keeper *k)
{
	struct pollfd p = {.fd = k->fd, .events = POLLIN};
	struct keeper_ask ask;
	look(k, true);
	for (;;) {
		int r = poll(&p, 1, LOOK_AGAIN_MS);
		look(k, false);
		if (r <= 0)
			continue;
		ssize_t n = recv(k->fd, &ask, sizeof ask, 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			return; /* the server has ended */
		if (n == (ssize_t)sizeof ask && ask.id)
			check(k, &ask);
	}
}

/* ---- in the server ---- */

int keeper_start(const char *path, int *ret_fd)
{
	static struct keeper k; /* large, and of the process that is made */
	int pair[2];
	if (!realpath(path, k.path))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0) {
		int r = -errno;
		(void)close(pair[0]);
		(void)close(pair[1]);
		return r;
	}
	if (pid == 0) {
		for (int fd = 3; fd < 64; fd++) /* the socket that listens, above all */
			if (fd != pair[1])
				(void)close(fd);
		(void)signal(SIGPIPE, SIG_IGN);
		k.fd = pair[1];
		give_up(&k);
		if (geteuid() == 0)
			_exit(1); /* it may be no other user: then it does not run at all */
		if (secret_open(true) < 0)
			_exit(1);
		serve(&k);
		_exit(0);
	}
	(void)close(pair[1]);
	*ret_fd = pair[0];
	return 0;
}

int keeper_ask(int fd, const struct keeper_ask *ask)
{
	ssize_t n = send(fd, ask, sizeof *ask, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n == (ssize_t)sizeof *ask ? 0 : n < 0 ? -errno : -EIO;
}

int keeper_hear(int fd, struct keeper_say *ret)
{
	ssize_t n = recv(fd, ret, sizeof *ret, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	size_t want = n < (ssize_t)sizeof ret->id ? 0
		      : ret->id                   ? offsetof(struct keeper_say, accounts)
						  : sizeof *ret;
	if (n <= 0 || (size_t)n != want || (!ret->id && ret->accounts.n > ACCOUNTS_MAX))
		return -EPIPE;
	return 1;
}

int keeper_first(int fd, struct keeper_say *ret)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r = 0;
	while (r == 0 && (poll(&p, 1, FIRST_MS) > 0 || errno == EINTR))
		r = keeper_hear(fd, ret);
	return r == 1 ? 0 : -EPIPE;
}
