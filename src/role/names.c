/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/names.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/intern.h"
#include "names/message.h"
#include "role/commands.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>

enum {
	ROWS_MAX = 1 << 13,
	SLOTS = 2 * ROWS_MAX,
	DNS_A_SECOND =
		2000, /* messages that are handed on: a busy server of names would cost more than it tells */
	NS_PER_S = 1000000000,
};

struct name_row {
	struct address address;
	bool answered;
	struct talk_name name;
};

struct names {
	int fd;
	pid_t pid;
	struct name_row *rows;
	uint32_t *slots;
	uint32_t count, next; /* next: the first that was not asked for */
	uint32_t answers;
	uint64_t second;
	unsigned told; /* messages of DNS in this second */
};

static void become_child(int fd, pid_t parent)
{
	static char name[] = "plimsoll-net", role[] = "names";
	char *argv[] = {name, role, NULL};
	sigset_t none;
	(void)sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGINT, SIG_IGN); /* of the terminal: the table is still to be printed */
	if (getppid() == parent && dup2(fd, STDIN_FILENO) >= 0)
		(void)exec_net(argv);
	_exit(EX_UNAVAILABLE);
}

struct names *names_open(void)
{
	int pair[2];
	struct names *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->rows = malloc(ROWS_MAX * sizeof *n->rows);
	n->slots = calloc(SLOTS, sizeof *n->slots);
	n->fd = -1;
	if (n->rows && n->slots &&
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
		pid_t parent = getpid();
		n->pid = fork();
		if (n->pid == 0)
			become_child(pair[1], parent);
		(void)close(pair[1]);
		n->fd = pair[0];
	}
	if (n->fd < 0 || n->pid < 0) {
		int error = errno;
		names_close(n);
		errno = error;
		return NULL;
	}
	return n;
}

void names_close(struct names *n)
{
	if (!n)
		return;
	attr_close_fd(&n->fd);
	if (n->pid > 0) {
		(void)kill(n->pid, SIGKILL); /* it may wait for servers of names for long */
		(void)waitpid(n->pid, NULL, 0);
	}
	free(n->rows);
	free(n->slots);
	free(n);
}

void names_see_dns(void *ctx, const struct talk_dns *m)
{
	struct names *n = ctx;
	struct names_dns d;
	uint64_t second = clock_mono_ns() / NS_PER_S;
	if (second != n->second)
		n->told = 0;
	n->second = second;
	if (m->len > NAMES_DNS_BYTES || n->told++ >= DNS_A_SECOND)
		return;
	memset(&d, 0, offsetof(struct names_dns, bytes));
	d.kind = NAMES_DNS;
	d.from_server = m->from_server;
	d.client_port = m->client_port;
	d.len = (uint16_t)m->len;
	d.client = m->client;
	d.server = m->server;
	memcpy(d.bytes, m->bytes, m->len);
	(void)send(
		n->fd, &d, offsetof(struct names_dns, bytes) + m->len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct name_row *find_row(const struct names *n, const struct address *a, uint32_t *slot)
{
	uint32_t i = (uint32_t)intern_hash(a->bytes, ADDR_BYTES) & (SLOTS - 1);
	for (; n->slots[i]; i = (i + 1) & (SLOTS - 1))
		if (address_equal(&n->rows[n->slots[i] - 1].address, a))
			return &n->rows[n->slots[i] - 1];
	*slot = i;
	return NULL;
}

static void add_row(struct names *n, const struct address *a)
{
	uint32_t slot = 0;
	if (!a || find_row(n, a, &slot) || n->count == ROWS_MAX)
		return;
	n->rows[n->count] = (struct name_row){.address = *a};
	n->slots[slot] = ++n->count;
}

const struct talk_name *names_find(void *ctx, const struct address *a)
{
	uint32_t slot;
	const struct name_row *r = find_row(ctx, a, &slot);
	return r && r->answered ? &r->name : NULL;
}

/* The child reads what strangers wrote, and may be theirs by now. */
static bool is_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.\\";
	return *s && s[strspn(s, allowed)] == '\0';
}

static void take_answer(struct names *n, struct names_answer *a)
{
	a->name[sizeof a->name - 1] = '\0';
	a->unicode[sizeof a->unicode - 1] = '\0';
	if (a->kind != NAMES_ANSWER || a->number >= n->count || n->rows[a->number].answered)
		return;
	struct name_row *r = &n->rows[a->number];
	r->answered = true;
	n->answers++;
	if ((a->from != TALK_NAME_ANSWER && a->from != TALK_NAME_REVERSE) || !is_name(a->name))
		return;
	r->name.from = (enum talk_name_from)a->from;
	memcpy(r->name.name, a->name, sizeof r->name.name);
	memcpy(r->name.unicode, a->unicode, sizeof r->name.unicode);
}

/* Reads what is there: 0, or -EPIPE when nothing will come any more. */
static int receive(struct names *n)
{
	struct names_answer a;
	for (;;) {
		ssize_t got = recv(n->fd, &a, sizeof a, MSG_DONTWAIT);
		if (got == 0)
			return -EPIPE;
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
		if ((size_t)got == sizeof a)
			take_answer(n, &a);
	}
}

static void send_questions(struct names *n)
{
	for (; n->next < n->count; n->next++) {
		struct names_ask q;
		memset(&q, 0, sizeof q);
		q.kind = NAMES_ASK;
		q.number = n->next;
		q.address = n->rows[n->next].address;
		if (send(n->fd, &q, sizeof q, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
	}
}

int names_ask(struct names *n, const struct address *const *addresses, size_t count,
	uint64_t until_mono_ns)
{
	for (size_t i = 0; i < count; i++)
		add_row(n, addresses[i]);
	for (;;) {
		send_questions(n);
		int r = receive(n);
		uint64_t now = clock_mono_ns();
		if (r < 0 || n->answers == n->count || now >= until_mono_ns)
			return r;
		struct pollfd p = {n->fd, (short)(POLLIN | (n->next < n->count ? POLLOUT : 0)), 0};
		if (poll(&p, 1, (int)((until_mono_ns - now) / 1000000 + 1)) < 0 && errno != EINTR)
			return -errno;
	}
}
