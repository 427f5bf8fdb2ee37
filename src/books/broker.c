/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/broker.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/num.h"
#include "books/asker.h"
#include "books/book.h"
#include "books/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MS UINT64_C(1000000)

enum {
	EVERY_MS = 2000, /* one asking */
	OPEN_MS = 5000,  /* to find out where to ask */
	HARD_MS = 1000,  /* BOOK_DEADLINE_MS is the asker's own; a busy machine may hold it up */
	FULL_WAIT_MS = 1000, /* connections that wait for a moment only are none that wait */
	STAGGER_MS = 20,
	BACK_OFF_MS = 1000, /* doubled for each failure, at most so often: */
	BACK_OFF_MAX = 8,
	RENEW_MS = 600000, /* an asker's life: then the configuration is read again */
	REACHES = 16,      /* for one asking */
	SEND_BYTES = 4 << 20,
};

enum state { DOWN, OPENING, READY, ASKING };

struct slot {
	bool used;
	struct book_wanted want;
	enum state state;
	pid_t pid;
	int fd;
	uint64_t since_ns; /* of the state */
	uint64_t born_ns;
	uint64_t next_ns; /* when to begin or to ask */
	unsigned failures;
	bool silent;      /* by its last book: see is_silent() */
	bool spared;      /* was not asked when it was time, since connections waited */
	unsigned reached; /* sockets that it had us connect, since it was asked */
	bool pending;     /* text is still to be passed on */
	size_t n;
	char text[BOOK_TEXT];
};

struct broker {
	int socket;
	struct slot slots[BOOK_SERVERS];
};

/* ---- askers ---- */

static void change(struct slot *s, enum state state, uint64_t now)
{
	s->state = state;
	s->since_ns = now;
}

static void end_asker(struct slot *s)
{
	attr_close_fd(&s->fd);
	s->fd = -1;
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

static void begin_asker(struct slot *s, uint64_t now)
{
	int pair[2];
	s->next_ns = now + (uint64_t)EVERY_MS * MS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	s->pid = fork();
	if (s->pid == 0)
		asker_run(&s->want, pair[1]);
	(void)close(pair[1]);
	if (s->pid < 0) {
		(void)close(pair[0]);
		s->pid = 0;
		return;
	}
	s->fd = pair[0];
	s->silent = false;
	s->born_ns = now;
	change(s, OPENING, now);
}

/* Later, and later each time. */
static void fail(struct slot *s, uint64_t now)
{
	end_asker(s);
	uint64_t wait = (uint64_t)BACK_OFF_MS
			<< (s->failures < BACK_OFF_MAX ? s->failures : BACK_OFF_MAX);
	s->failures++;
	s->next_ns = now + wait * MS;
	change(s, DOWN, now);
}

/* What the asker would have written, had it kept its time. */
static void write_for(struct slot *s, enum book_status status, uint64_t now)
{
	static struct book book;
	struct book_target t = {.pid = s->want.pid, .netns = s->want.netns, .port = s->want.port};
	const struct book_kind *k = book_kind_named(s->want.kind);
	if (!k)
		return;
	t.kind = k->name;
	book_server(&book, &t, *k->called ? k->called : s->want.program, "", status,
		(now - s->since_ns) / 1000);
	memcpy(s->text, book.text, book.n);
	s->n = book.n;
	s->pending = true;
}

/* ---- the recorder ---- */

static bool same_server(const struct book_wanted *a, const struct book_wanted *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks && a->netns == b->netns &&
	       strcmp(a->kind, b->kind) == 0 && (a->port == b->port || strcmp(a->kind, "tls") != 0);
}

static bool same_place(const struct book_wanted *a, const struct book_wanted *b)
{
	return a->port == b->port && address_equal(&a->address, &b->address) &&
	       strcmp(a->path, b->path) == 0;
}

static void want(struct broker *b, const struct book_wanted *w, uint64_t now)
{
	struct slot *free_slot = NULL;
	for (size_t i = 0; i < BOOK_SERVERS; i++) {
		struct slot *s = &b->slots[i];
		if (!s->used && !free_slot)
			free_slot = s;
		if (!s->used || !same_server(&s->want, w))
			continue;
		bool moved = !same_place(&s->want, w);
		s->want = *w;
		if (moved && s->state != DOWN) {
			end_asker(s);
			change(s, DOWN, now);
			s->next_ns = now;
		}
		return;
	}
	if (!free_slot || !book_kind_named(w->kind))
		return;
	size_t at = (size_t)(free_slot - b->slots);
	free_slot->used = true;
	free_slot->want = *w;
	free_slot->fd = -1;
	free_slot->pid = 0;
	free_slot->failures = 0;
	free_slot->pending = free_slot->spared = false;
	free_slot->next_ns = now + at * STAGGER_MS * MS;
	change(free_slot, DOWN, now);
}

static void take_list(struct broker *b, struct books_wanted *list, size_t n, uint64_t now)
{
	if (n < books_wanted_size(0) || list->magic != BOOKS_MAGIC || list->count > BOOK_SERVERS ||
		n != books_wanted_size(list->count))
		return;
	for (size_t i = 0; i < BOOK_SERVERS; i++) {
		struct slot *s = &b->slots[i];
		bool there = false;
		for (uint32_t k = 0; k < list->count; k++)
			there = there || same_server(&s->want, &list->rows[k]);
		if (s->used && !there) {
			end_asker(s);
			s->used = false;
		}
	}
	for (uint32_t k = 0; k < list->count; k++) {
		struct book_wanted *w = &list->rows[k];
		w->kind[sizeof w->kind - 1] = w->program[sizeof w->program - 1] = '\0';
		w->path[sizeof w->path - 1] = '\0';
		want(b, w, now);
	}
}

/* False when the other end is gone. */
static bool hear(struct broker *b, uint64_t now)
{
	static struct books_wanted list;
	ssize_t n = recv(b->socket, &list, sizeof list, MSG_DONTWAIT);
	if (n > 0)
		take_list(b, &list, (size_t)n, now);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What finds no room waits for the next round: the recorder is not waited for. */
static void pass_on(struct broker *b)
{
	for (size_t i = 0; i < BOOK_SERVERS; i++) {
		struct slot *s = &b->slots[i];
		if (!s->used || !s->pending)
			continue;
		if (send(b->socket, s->text, s->n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
			(errno == EAGAIN || errno == EINTR))
			return;
		s->pending = false;
	}
}

/* ---- books ---- */

/* A book of another server than the one it was to ask would be a lie of who took the asker over. */
static bool is_of(const struct slot *s)
{
	struct scan all = scan_over(s->text, s->n), line, word;
	char pid[32], netns[48];
	bool kind = false, right_pid = false, right_netns = false;
	(void)snprintf(pid, sizeof pid, "pid=%d", s->want.pid);
	(void)snprintf(netns, sizeof netns, "netns=%" PRIu64, s->want.netns);
	if (!scan_line(&all, &line))
		return false;
	for (unsigned i = 0; scan_word(&line, &word); i++) {
		if (i == 0 && !scan_is(word, "server"))
			return false;
		kind = kind || (i == 1 && scan_is(word, s->want.kind));
		if (scan_starts(word, "pid=")) {
			if (right_pid || !scan_is(word, pid))
				return false;
			right_pid = true;
		}
		if (scan_starts(word, "netns=")) {
			if (right_netns || !scan_is(word, netns))
				return false;
			right_netns = true;
		}
	}
	while (scan_line(&all, &line))
		if (scan_word(&line, &word) && scan_is(word, "server"))
			return false;
	return kind && right_pid && right_netns;
}

/* Its reader may have a connection on which the answer is still to come. */
static bool is_silent(const struct slot *s)
{
	struct scan all = scan_over(s->text, s->n), line, word;
	bool silent = false;
	if (scan_line(&all, &line))
		while (scan_word(&line, &word))
			silent = silent || scan_is(word, "status=hung") ||
				 scan_is(word, "status=slow") || scan_is(word, "status=full");
	return silent;
}

static void take_answer(struct slot *s, uint64_t now)
{
	static char text[BOOK_TEXT];
	int fd;
	ptrdiff_t n = reach_receive(s->fd, text, sizeof text, &fd);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && reach_is(text, (size_t)n) && s->reached < REACHES) {
		struct reach_request r;
		memcpy(&r, text, sizeof r);
		s->reached++;
		reach_answer(s->fd, &r, fd, s->want.pid);
		attr_close_fd(&fd);
		return;
	}
	attr_close_fd(&fd);
	if (n <= 0) { /* it ended: killed by somebody, or by what it read */
		bool asked = s->state == ASKING;
		bool renewed = s->state == READY && now - s->born_ns > (uint64_t)EVERY_MS * MS;
		if (renewed)
			s->failures = 0;
		fail(s, now);
		if (asked)
			write_for(s, BOOK_GARBAGE, now);
		return;
	}
	if (s->state == OPENING && n == sizeof(int)) {
		change(s, READY, now);
		s->next_ns = now;
		return;
	}
	memcpy(s->text, text, (size_t)n);
	s->n = (size_t)n;
	if (s->state != ASKING || !is_of(s)) {
		fail(s, now);
		write_for(s, BOOK_GARBAGE, now);
		return;
	}
	s->pending = true;
	s->silent = is_silent(s);
	s->failures = 0;
	change(s, READY, now);
}

/* ---- time ---- */

static void ask(struct slot *s, uint64_t now)
{
	bool full = s->want.full || s->want.full_unix;
	if (full && !s->spared) {
		s->spared = true;
		s->next_ns = now + (uint64_t)FULL_WAIT_MS * MS;
		return;
	}
	s->reached = 0;
	const char how = (char)(ASK_NOW + (s->want.full ? ASK_FULL : 0) +
				(s->want.full_unix ? ASK_FULL_UNIX : 0));
	s->spared = false;
	s->next_ns = now + (uint64_t)EVERY_MS * MS;
	if (send(s->fd, &how, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		change(s, ASKING, now);
}

/* Does what is due, and answers when the next thing will be. */
static uint64_t step(struct slot *s, uint64_t now)
{
	uint64_t held = now - s->since_ns;
	if (s->state == DOWN && now >= s->next_ns) {
		begin_asker(s, now);
	} else if (s->state == READY && !s->silent && now - s->born_ns > (uint64_t)RENEW_MS * MS) {
		end_asker(s);
		begin_asker(s, now);
	} else if (s->state == READY && now >= s->next_ns) {
		ask(s, now);
	} else if ((s->state == ASKING && held > (uint64_t)HARD_MS * MS) ||
		   (s->state == OPENING && held > (uint64_t)OPEN_MS * MS)) {
		fail(s, now);
		write_for(s, BOOK_HUNG, now);
	}
	switch (s->state) {
	case ASKING: return s->since_ns + (uint64_t)HARD_MS * MS;
	case OPENING: return s->since_ns + (uint64_t)OPEN_MS * MS;
	case DOWN:
	case READY: break;
	}
	return s->next_ns;
}

static int wait_until(struct broker *b, uint64_t due, uint64_t now)
{
	struct pollfd fds[1 + BOOK_SERVERS];
	struct slot *of[1 + BOOK_SERVERS];
	nfds_t n = 1;
	fds[0] = (struct pollfd){.fd = b->socket, .events = POLLIN};
	for (size_t i = 0; i < BOOK_SERVERS; i++) {
		struct slot *s = &b->slots[i];
		if (s->used && s->pending)
			fds[0].events |= POLLOUT;
		if (!s->used || s->fd < 0)
			continue;
		of[n] = s;
		fds[n++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
	}
	uint64_t ms = due > now ? (due - now) / MS + 1 : 0;
	int r = poll(fds, n, ms < 60000 ? (int)ms : 60000);
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	now = clock_mono_ns();
	for (nfds_t i = 1; i < n; i++) /* before the list, which may end some of them */
		if (fds[i].revents)
			take_answer(of[i], now);
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !hear(b, now))
		return -EPIPE;
	return 0;
}

int broker_run(int socket)
{
	static struct broker b;
	int size = SEND_BYTES, r = 0;
	if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	b.socket = socket;
	for (size_t i = 0; i < BOOK_SERVERS; i++)
		b.slots[i].fd = -1;
	while (r == 0) {
		uint64_t now = clock_mono_ns(), due = now + 60000 * MS;
		for (size_t i = 0; i < BOOK_SERVERS; i++) {
			uint64_t next = b.slots[i].used ? step(&b.slots[i], now) : due;
			due = next < due ? next : due;
		}
		pass_on(&b);
		r = wait_until(&b, due, now);
	}
	for (size_t i = 0; i < BOOK_SERVERS; i++)
		end_asker(&b.slots[i]);
	return r == -EPIPE ? 0 : r;
}

/* ---- the one who stays ---- */

static void write_score(const char *score)
{
	AUTO_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, score, strlen(score));
}

/* Of what the caller had open nothing else is ours. */
static void close_others(int socket)
{
	(void)syscall(SYS_close_range, (unsigned)socket + 1, ~0u, 0);
}

int broker_look(int socket)
{
	close_others(socket);
	return broker_run(socket);
}

int broker_keep(int socket)
{
	enum { WELL_S = 300, WAIT_MAX_S = 60 };
	unsigned wait_s = 1;
	close_others(socket);
	write_score("-500");
	for (;;) {
		uint64_t begun = clock_mono_ns();
		pid_t parent = getpid(), pid = fork();
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			write_score("0");
			_exit(getppid() == parent && broker_run(socket) == 0 ? 0 : 1);
		}
		int status = 1;
		if (pid > 0)
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
			}
		if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return 0;
		if (clock_mono_ns() - begun > WELL_S * 1000 * MS)
			wait_s = 1;
		struct pollfd gone = {.fd = socket};
		if (poll(&gone, 1, (int)wait_s * 1000) > 0 && gone.revents & (POLLHUP | POLLERR))
			return 0;
		wait_s = wait_s * 2 < WAIT_MAX_S ? wait_s * 2 : WAIT_MAX_S;
	}
}
