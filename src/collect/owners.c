/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* owners: which process a socket belongs to. sock_diag does not say: it is the one with a descriptor "socket:[inode]", found by walking
 * descriptors, which is done for sockets in trouble alone (or when all are asked for) and remembered while the process lives.
 *
 * Sockets in TIME_WAIT have no owner at all. Where ephemeral ports run short the makers are found by watching the processes of the
 * namespace for a moment: the one that opens sockets again and again shows ever new socket inodes among its descriptors. */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	OWNER_FDS = 4096, /* descriptors looked at in one process */
	OWNERS_WANTED = 256,
	OWNERS_SHARE = 50, /* one part in so many of the time */
	MAKER_LOOKS = 60,
	MAKER_PROCS = 24,
	MAKER_FDS = 256,
	MAKER_SEEN = 48,
	MAKER_PAUSE_NS = 1300000,
};

struct owner_wanted {
	uint32_t inode;
	uint16_t netns;
	int32_t *pid;
};

struct owner_search {
	struct owner_wanted *wanted;
	size_t n, left;
	int32_t pid;
};

static bool socket_inode(const char *target, uint32_t *ret)
{
	struct scan s = scan_over(target, strlen(target));
	uint64_t v;
	if (!scan_starts(s, "socket:["))
		return false;
	s.p += 8;
	if (!scan_u64(&s, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static int match_owner(void *ctx, const struct reader_fd *fd)
{
	struct owner_search *search = ctx;
	uint32_t inode;
	if (!socket_inode(fd->target, &inode))
		return 0;
	for (size_t i = 0; i < search->n; i++) {
		if (search->wanted[i].inode != inode || *search->wanted[i].pid)
			continue;
		*search->wanted[i].pid = search->pid;
		search->left--;
	}
	return search->left == 0;
}

/* A listener is worth an owner when connections wait in it or it dropped some since the last
 * sample. */
static bool listener_in_trouble(const struct listener *l, const struct sample *prev)
{
	const struct listener *before = prev ? sample_listener(prev, l) : NULL;
	return (l->waiting > 0 && l->waiting * 2 >= l->backlog) ||
	       (before && l->have_drops && before->drops != l->drops);
}

static bool group_in_trouble(
	const struct engine *e, const struct sample *s, const struct conn_group *g)
{
	struct port_range ports = engine_port_range(e, s, g->netns);
	return (g->outgoing && (uint64_t)g->ephemeral * 2 > ports.high - ports.low + 1) ||
	       g->sendq + g->recvq > (64u << 20);
}

void engine_owners(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct owner_wanted *wanted = arena_alloc(&e->scratch, OWNERS_WANTED * sizeof *wanted);
	if (!wanted)
		return;
	size_t n = 0;
	struct listener *listeners = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = 0; i < out->listeners.count && n < OWNERS_WANTED; i++) {
		struct listener *l = &listeners[i];
		if (!l->pid && l->inode &&
			((e->want & WANT_OWNERS) || listener_in_trouble(l, prev) ||
				(e->demand & (DEMAND_CGROUP | DEMAND_OWNERS))))
			wanted[n++] = (struct owner_wanted){l->inode, l->netns, &l->pid};
	}
	struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	for (uint32_t i = 0; i < out->conns.count && n < OWNERS_WANTED; i++) {
		struct conn_group *g = &groups[i];
		if (!g->pid && g->inode && group_in_trouble(e, out, g))
			wanted[n++] = (struct owner_wanted){g->inode, g->netns, &g->pid};
	}
	/* An owner that is not found is sought among all descriptors of all processes: of what a large host needs for that, not
	 * more than a fiftieth of the time. */
	bool asked = (e->want & (WANT_OWNERS | WANT_CONNS)) || reader_is_replay(e->reader);
	if (n == 0 || (!asked && e->now_ns < e->owners_from_ns))
		return;
	uint64_t begin = clock_mono_ns();
	struct owner_search search = {wanted, n, n, 0};
	bool denied = false;
	struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	for (uint32_t i = 0; i < out->procs.count && search.left; i++) {
		struct proc *p = &procs[i];
		size_t before = search.left;
		if (p->kernel || p->state == 'Z')
			continue;
		bool here = !(p->have & HAVE_NETNS);
		for (size_t k = 0; !here && k < n; k++)
			here = wanted[k].netns == p->netns && !*wanted[k].pid;
		search.pid = p->pid;
		int r = here ? reader_proc_fds(
				       e->reader, p->pid, OWNER_FDS, false, match_owner, &search)
			     : 0;
		denied = denied || (p->pid != 1 && (r == -EACCES || r == -EPERM));
		if (search.left != before && !(p->have & HAVE_CGROUP))
			engine_name_cgroup(e, p);
	}
	e->owners_from_ns = e->now_ns + (clock_mono_ns() - begin) * OWNERS_SHARE;
	if (search.left && denied)
		sample_gap(out, NETNS_HOST, EACCES, "what other users' processes have open",
			"owners of sockets, and so culprits");
}

/* ---- who makes sockets where ports are short ---- */

struct maker {
	const struct proc *p;
	uint64_t ran;
	uint32_t seen[MAKER_SEEN];
	uint32_t nseen, sightings;
	bool baseline;
};

static int note_socket(void *ctx, const struct reader_fd *fd)
{
	struct maker *m = ctx;
	uint32_t inode;
	if (!socket_inode(fd->target, &inode))
		return 0;
	for (uint32_t i = 0; i < m->nseen && i < MAKER_SEEN; i++)
		if (m->seen[i] == inode)
			return 0;
	m->seen[m->nseen++ % MAKER_SEEN] = inode;
	m->sightings += !m->baseline;
	return 0;
}

/* The processes of the namespace that were put on a CPU most often since the last sample. */
static size_t busiest(const struct sample *prev, const struct sample *out, uint16_t netns,
	struct maker *makers, size_t max)
{
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	size_t n = 0;
	for (uint32_t i = 0; i < out->procs.count; i++) {
		const struct proc *p = &procs[i];
		if (p->kernel || !(p->have & HAVE_NETNS) || p->netns != netns)
			continue;
		const struct proc *before = prev ? sample_proc(prev, p->pid, p->start_ticks) : NULL;
		uint64_t ran = p->switches - (before ? before->switches : 0);
		size_t at = n < max ? n++ : max;
		while (at > 0 && makers[at - 1].ran < ran) {
			if (at < max)
				makers[at] = makers[at - 1];
			at--;
		}
		if (at < max)
			makers[at] = (struct maker){.p = p, .ran = ran};
	}
	return n;
}

static void add_maker(struct engine *e, struct sample *out, uint16_t netns, int32_t pid,
	uint32_t sightings, uint32_t looks)
{
	struct socket_maker *row = table_add(&out->makers, sizeof *row);
	char text[96];
	if (row)
		*row = (struct socket_maker){netns, pid, sightings, looks};
	int n = snprintf(text, sizeof text, "%" PRIu64 " %" PRId32 " %" PRIu32 " %" PRIu32 "\n",
		e->series->netns[netns].inode, pid, sightings, looks);
	reader_note(e->reader, "socket_makers", text, (size_t)n);
}

static void recorded_makers(struct engine *e, struct sample *out, uint16_t netns)
{
	ssize_t n = reader_file(e->reader, "socket_makers", NULL, e->buffer, 65536);
	struct scan s = scan_over(e->buffer, n > 0 ? (size_t)n : 0), line;
	uint64_t inode, pid, sightings, looks;
	while (scan_line(&s, &line))
		if (scan_u64(&line, &inode) && scan_u64(&line, &pid) &&
			scan_u64(&line, &sightings) && scan_u64(&line, &looks) &&
			inode == e->series->netns[netns].inode)
			add_maker(
				e, out, netns, (int32_t)pid, (uint32_t)sightings, (uint32_t)looks);
}

static void watch_makers(
	struct engine *e, const struct sample *prev, struct sample *out, uint16_t netns)
{
	if (reader_is_replay(e->reader)) {
		recorded_makers(e, out, netns);
		return;
	}
	struct maker *makers = arena_alloc(&e->scratch, MAKER_PROCS * sizeof *makers);
	if (!makers)
		return;
	size_t n = busiest(prev, out, netns, makers, MAKER_PROCS);
	for (unsigned look = 0; look < MAKER_LOOKS; look++) {
		for (size_t i = 0; i < n; i++) {
			makers[i].baseline = look == 0;
			(void)reader_proc_fds(e->reader, makers[i].p->pid, MAKER_FDS, false,
				note_socket, &makers[i]);
		}
		(void)clock_sleep_until(clock_mono_ns() + MAKER_PAUSE_NS);
	}
	for (size_t i = 0; i < n; i++)
		add_maker(e, out, netns, makers[i].p->pid, makers[i].sightings, MAKER_LOOKS);
}

void engine_port_users(struct engine *e, const struct sample *prev, struct sample *out)
{
	const struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	uint16_t done[8];
	size_t ndone = 0;
	for (uint32_t i = 0; i < out->conns.count; i++) {
		struct port_range ports = engine_port_range(e, out, groups[i].netns);
		if (!groups[i].outgoing ||
			(uint64_t)groups[i].ephemeral * 10 < (ports.high - ports.low + 1) * 8)
			continue;
		bool again = false;
		for (size_t k = 0; k < ndone; k++)
			again = again || done[k] == groups[i].netns;
		if (again || ndone == COUNTOF(done))
			continue;
		done[ndone++] = groups[i].netns;
		watch_makers(e, prev, out, groups[i].netns);
	}
}
