/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* unix_queues: for how long connections wait to be accepted on a unix socket.
 *
 * The kernel tells no times of them, but who waits, first come first. So whoever stood last in the queue at a look, and still stands in it later, has
 * waited that long, and so has everybody before him: one mark for each look is enough. Only sockets in front of which somebody waits are asked, one by one:
 * it takes the lock of their queue. */
#include "collect/engine_impl.h"

#include "read/parse_link.h"

#include <string.h>

/* The marks of a listener; those of one that was not looked at for longest make room. */
static struct unix_marks *marks_of(struct engine *e, uint64_t netns, uint32_t inode)
{
	struct unix_marks *oldest = &e->unix_marks[0];
	for (size_t i = 0; i < UNIX_QUEUES; i++) {
		struct unix_marks *m = &e->unix_marks[i];
		if (m->netns == netns && m->inode == inode)
			return m;
		if (m->seen_ns < oldest->seen_ns)
			oldest = m;
	}
	if (oldest->seen_ns == e->now_ns) /* all are of this tick */
		return NULL;
	*oldest = (struct unix_marks){.netns = netns, .inode = inode};
	return oldest;
}

struct queue_walk {
	struct unix_marks *marks;
	uint32_t last; /* who came last and is still there */
	bool told;
};

static void take_queue(void *ctx, const struct unix_socket *s)
{
	struct queue_walk *w = ctx;
	struct unix_marks *m = w->marks;
	size_t kept = 0;
	if (s->inode != m->inode || !s->queue)
		return;
	w->told = true;
	/* Who has closed its end has no inode any more. */
	for (size_t i = s->queued; i-- > 0 && !w->last;)
		w->last = unix_queued(s, i);
	for (size_t k = 0; k < m->n; k++) {
		size_t i = 0;
		while (i < s->queued && unix_queued(s, i) != m->rows[k].peer)
			i++;
		if (i < s->queued)
			m->rows[kept++] = m->rows[k];
	}
	m->n = kept;
}

static int queue_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_unix_diag(bytes, len, take_queue, ctx);
	return 0;
}

/* Whoever is last now, for the looks to come. Where there is no room every second mark goes: old ones say most. */
static void mark_last(struct unix_marks *m, uint32_t peer, uint64_t now_ns)
{
	if (!peer || (m->n && m->rows[m->n - 1].peer == peer))
		return;
	if (m->n == UNIX_MARKS) {
		for (size_t i = 0; i < UNIX_MARKS / 2; i++)
			m->rows[i] = m->rows[2 * i];
		m->n = UNIX_MARKS / 2;
	}
	m->rows[m->n].peer = peer;
	m->rows[m->n++].at_ns = now_ns;
}

void engine_unix_queue(struct engine *e, uint64_t netns, struct unix_listener *l)
{
	struct queue_walk w = {.marks = marks_of(e, netns, l->inode)};
	struct unix_marks *m = w.marks;
	if (!m)
		return;
	m->seen_ns = e->now_ns;
	if (reader_unix_queue(e->reader, l->inode, queue_bytes, &w) < 0 || !w.told)
		return;
	l->have_waited = true;
	l->waited_ms = m->n ? (uint32_t)((e->now_ns - m->rows[0].at_ns) / 1000000) : 0;
	mark_last(m, w.last, e->now_ns);
}
