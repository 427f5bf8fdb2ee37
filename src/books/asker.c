/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* asker: enters the server's network namespace, becomes the server's user, and only then looks at what the server's side wrote: its configuration
 * with the right to read files and nothing else, its answers with no right at all. Paths of the server are looked up below its root, which
 * stays open as a descriptor: once the rights are gone, /proc/PID/root is closed to us. */
#include "books/asker.h"

#include "base/attr.h"
#include "base/confine.h"
#include "base/num.h"
#include "books/book.h"
#include "books/conf.h"
#include "books/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { NOBODY = 65534, SOCKET_AT = 3, FILES_MAX = 64, MEMORY_MAX_MB = 512, CPU_S = 30, NICE = -5 };

/* ---- before the rights go ---- */

static void limit(int what, rlim_t soft, rlim_t hard)
{
	const struct rlimit l = {soft, hard};
	(void)setrlimit((__rlimit_resource_t)what, &l);
}

static void set_limits(void)
{
	limit(RLIMIT_NOFILE, FILES_MAX, FILES_MAX);
	limit(RLIMIT_CORE, 0, 0);
	limit(RLIMIT_FSIZE, 0, 0);
	/* Of its whole life: then it ends, and another one begins. */
	limit(RLIMIT_CPU, CPU_S, CPU_S + 1);
#if !defined(__SANITIZE_ADDRESS__)
	limit(RLIMIT_AS, (rlim_t)MEMORY_MAX_MB << 20, (rlim_t)MEMORY_MAX_MB << 20);
#endif
}

/* Of what the helper has open it keeps its own socket, as descriptor 3. */
static int only(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < SOCKET_AT; fd++)
		(void)dup2(null, fd);
	if (socket != SOCKET_AT && dup2(socket, SOCKET_AT) < 0)
		return -errno;
	if (syscall(SYS_close_range, SOCKET_AT + 1, ~0u, 0) < 0)
		for (int fd = SOCKET_AT + 1; fd < 1024; fd++)
			(void)close(fd);
	return 0;
}

static int enter_network(const struct book_wanted *w)
{
	char path[48];
	struct stat there, here;
	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", w->pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &there) < 0 || stat("/proc/self/ns/net", &here) < 0)
		return -errno;
	if (there.st_ino != w->netns)
		return -ESRCH; /* it moved, or is another process by now */
	if (there.st_ino == here.st_ino)
		return 0;
	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

/* Second of the four numbers of a line like "Uid:": the effective one. */
static bool effective(const char *status, const char *key, uint32_t *ret)
{
	const char *at = strstr(status, key);
	struct scan s = scan_over(at ? at + 1 : "", at ? strlen(at + 1) : 0), word;
	uint64_t real, v;
	if (!scan_word(&s, &word) || !scan_u64(&s, &real) || !scan_u64(&s, &v) || v >= UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

void asker_user(const struct book_wanted *w, uid_t *ret_uid, gid_t *ret_gid)
{
	char path[48], text[2048];
	*ret_uid = w->uid ? w->uid : NOBODY;
	*ret_gid = NOBODY;
	(void)snprintf(path, sizeof path, "/proc/%d/status", w->worker);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	text[n > 0 ? n : 0] = '\0';
	uint32_t uid, gid;
	if (!effective(text, "\nUid:", &uid) || !effective(text, "\nGid:", &gid) || uid == 0)
		return;
	*ret_uid = uid;
	if (gid)
		*ret_gid = gid;
}

static struct book_target target_of(const struct book_wanted *w)
{
	struct book_target t = {
		.pid = w->pid, .netns = w->netns, .address = w->address, .port = w->port};
	char path[48];
	const struct book_kind *k = book_kind_named(w->kind);
	t.kind = k ? k->name : "";
	memcpy(t.program, w->program, sizeof t.program);
	memcpy(t.path, w->path, sizeof t.path);
	(void)snprintf(path, sizeof path, "/proc/%d/root", w->pid);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)snprintf(t.root, sizeof t.root, "/proc/self/fd/%d", fd);
	else
		(void)snprintf(t.root, sizeof t.root, "/proc/%d/root", w->pid);
	return t;
}

/* ---- asking ---- */

static _Noreturn void serve(const struct book_kind *k, struct book_target *t)
{
	static struct book book;
	char how;
	while (!t->again && recv(SOCKET_AT, &how, 1, 0) == 1) {
		t->full_unix = how & ASK_FULL_UNIX;
		k->ask(t, how & ASK_FULL, &book);
		if (send(SOCKET_AT, book.text, book.n, MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

_Noreturn void asker_run(const struct book_wanted *w, int socket)
{
	const struct book_kind *named = book_kind_named(w->kind);
	const uint64_t to_read = UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_SYS_PTRACE;
	uid_t uid;
	gid_t gid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	int r = named ? only(socket) : -ENOENT;
	if (r == 0)
		r = enter_network(w);
	struct book_target t = target_of(w);
	reach_through(SOCKET_AT);
	asker_user(w, &uid, &gid);
	set_limits();
	/* Unprivileged there is nothing to give up; with rights that do not go it must not go on. */
	if (r == 0)
		r = confine_user_but(uid, gid, to_read);
	/* Libraries begin with no more rights than they will be used with, and before new code in memory is forbidden. */
	struct book_kind kind = {.name = NULL};
	if (r == 0)
		kind = book_kind_load(named);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)confine_asker_calls();
	if (r >= 0 && !kind.open)
		r = -ENOSYS;
	if (r < 0) {
		(void)send(SOCKET_AT, &r, sizeof r, MSG_NOSIGNAL);
		_exit(1);
	}
	r = kind.open(&t);
	t.unread = conf_unread();
	if (confine_user(uid, gid) < 0)
		_exit(1);
	(void)confine_asker_again();
	if (send(SOCKET_AT, &r, sizeof r, MSG_NOSIGNAL) < 0)
		_exit(0);
	serve(&kind, &t);
}
