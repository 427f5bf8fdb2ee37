/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/usual.h"

#include "base/attr.h"
#include "base/clock.h"
#include "store/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 512 << 10, PIECE = 64 << 10 };

static const uint64_t HOUR_NS = UINT64_C(3600000000000), FIRST_NS = UINT64_C(5000000000),
		      DEADLINE_NS = UINT64_C(120000000000);

bool usual_load(struct session *s, uint64_t at_ns)
{
	static struct baseline b;
	uint64_t hour = at_ns / HOUR_NS * HOUR_NS;
	if (!s->history || (s->view.baseline && b.hour_ns == hour))
		return false;
	s->view.baseline = NULL;
	if (baseline_load(s->history, at_ns, &b) < 0)
		return false;
	s->view.baseline = &b;
	return b.count > 0;
}

/* ---- the recorder's ---- */

struct usual_feed {
	const char *store;
	struct baseline now, next;
	uint64_t due_ns; /* real time */
	uint64_t begun_ns;
	pid_t pid; /* 0: none runs */
	int fd;
	size_t have;
	char answer[ANSWER_MAX];
};

struct usual_feed *usual_feed_new(const char *store)
{
	struct usual_feed *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;
	u->store = store;
	u->due_ns = clock_real_ns() + FIRST_NS; /* the start is busy enough */
	u->fd = -1;
	return u;
}

static void ask(struct usual_feed *u)
{
	int pair[2];
	sigset_t none;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const char *const args[] = {"plimsoll", "normal", "raw", "--store", u->store, NULL};
	if (pipe2(pair, O_CLOEXEC) < 0)
		return;
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	/* without a copy of our memory, as fork() would make it */
	if (posix_spawn(&u->pid, "/proc/self/exe", &actions, &attributes,
		    (char *const *)(uintptr_t)args, environ) != 0)
		u->pid = 0;
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(pair[1]);
	u->fd = pair[0];
	u->have = 0;
	u->begun_ns = clock_mono_ns();
	if (!u->pid) {
		(void)close(u->fd);
		u->fd = -1;
	}
}

static void finish(struct usual_feed *u, bool good)
{
	(void)kill(u->pid, SIGKILL); /* it ended already, or is to */
	(void)waitpid(u->pid, NULL, 0);
	(void)close(u->fd);
	u->fd = -1;
	u->pid = 0;
	if (good && baseline_parse(u->answer, u->have, &u->next) == 0)
		memcpy(&u->now, &u->next, /* no more than is filled */
			offsetof(struct baseline, rows) + u->next.count * sizeof *u->next.rows);
}

void usual_feed_round(struct usual_feed *u, struct view *v)
{
	uint64_t now = clock_real_ns();
	if (!u->pid && now >= u->due_ns) {
		u->due_ns = (now / HOUR_NS + 1) * HOUR_NS + FIRST_NS;
		ask(u);
	}
	if (u->due_ns > now + 2 * HOUR_NS) /* the clock was set back */
		u->due_ns = now + FIRST_NS;
	if (u->pid) {
		size_t room = sizeof u->answer - u->have;
		ssize_t n = read(u->fd, u->answer + u->have, room < PIECE ? room : PIECE);
		u->have += n > 0 ? (size_t)n : 0;
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			finish(u, n == 0);
		else if (clock_mono_ns() - u->begun_ns > DEADLINE_NS || u->have == sizeof u->answer)
			finish(u, false);
	}
	v->baseline = u->now.count ? &u->now : NULL;
}

void usual_feed_end(struct usual_feed *u)
{
	if (u && u->pid)
		finish(u, false);
	free(u);
}
