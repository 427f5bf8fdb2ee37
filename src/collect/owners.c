/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* owners: which process a socket belongs to. sock_diag does not say: it is the one with a descriptor "socket:[inode]", found by walking
 * descriptors at 3.5 us each, and remembered (owner_cache.h).
 *
 * A walk is only made while there is a listener or a group of connections without an owner, and then for 1/200 of the time (1/50
 * where one is in trouble): the process that listens on the port of such a group first, the others in turn, 256 descriptors of each
 * before any is looked at further. A process that did not run since it was looked through to the end has nothing new. A round that finds
 * nobody makes the next ones wait longer. When owners are asked for (check, or a recording) they are sought at once instead: where a probe lists all
 * descriptors (held.c) by it, at 0.25 us each.
 *
 * Sockets in TIME_WAIT have no owner at all. Where ephemeral ports run short the makers are found by watching the processes of the
 * namespace for a moment: the one that opens sockets again and again shows ever new socket inodes among its descriptors. */
#include "base/clock.h"
#include "collect/engine_impl.h"
#include "collect/owner_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	OWNER_FDS = 4096, /* descriptors looked at in one process when owners are asked for */
	OWNER_STEP = 256, /* and else before it is another one's turn */
	OWNERS_WANTED = 256,
	WORTH_BYTES = 4096,  /* that a peer with a closed window does not take */
	WORTH_MEMBERS = 2,   /* connections to one destination */
	BUDGET_NS = 5000000, /* of a tick */
	BUDGET_TROUBLE_NS = 20000000,
	PAUSE_MAX = 64, /* ticks */
	DNS_PORT = 53,
	MAKER_LOOKS = 60,
	MAKER_PROCS = 24,
	MAKER_FDS = 256,
	MAKER_SEEN = 48,
	MAKER_PAUSE_NS = 1300000,
};

struct owners {
	struct owner_cache cache;
	int64_t credit_ns;
	int32_t cursor;          /* the process that was looked at last */
	uint32_t found, unknown; /* since the round began; sockets without an owner when it began */
	uint32_t pause, waiting; /* ticks between rounds; still to wait */
	bool waited;             /* connections stand in front of a server */
};

struct look {
	struct engine *e;
	const struct sample *out;
	const struct proc *p;
	uint32_t sockets, seen;
	int last_fd;
};

/* What a server hands down to its workers belongs to the server. */
static bool inherited(const struct sample *out, const struct proc *p, int32_t owner)
{
	const struct proc *o = owner ? sample_proc(out, owner, 0) : NULL;
	return o && (p->ppid == owner || (o->pgrp == p->pgrp && owner < p->pid));
}

void engine_saw_socket(
	struct engine *e, const struct sample *out, const struct proc *p, uint32_t inode)
{
	if (!inherited(out, p, engine_owner(e, inode)))
		engine_learn_owner(e, inode, p->pid, p->start_ticks);
}

static int learn_socket(void *ctx, const struct reader_fd *fd)
{
	struct look *look = ctx;
	uint32_t inode;
	look->seen++;
	look->last_fd = fd->fd;
	if (parse_socket_link(fd->target, &inode)) {
		look->sockets++;
		engine_saw_socket(look->e, look->out, look->p, inode);
	}
	return 0;
}

static bool lives(const void *ctx, int32_t pid, uint64_t start_ticks)
{
	return sample_proc(ctx, pid, start_ticks) != NULL;
}

int engine_owners_open(struct engine *e)
{
	e->owners = calloc(1, sizeof *e->owners);
	return e->owners ? owner_cache_init(&e->owners->cache) : -ENOMEM;
}

void engine_owners_close(struct engine *e)
{
	if (e->owners)
		owner_cache_destroy(&e->owners->cache);
	free(e->owners);
	e->owners = NULL;
}

void engine_owners_begin(struct engine *e, const struct sample *out)
{
	owner_cache_tick(&e->owners->cache, lives, out);
}

void engine_learn_owner(struct engine *e, uint32_t inode, int32_t pid, uint64_t start_ticks)
{
	owner_cache_learn(&e->owners->cache, inode, pid, start_ticks);
}

int32_t engine_owner(struct engine *e, uint32_t inode)
{
	return owner_cache_find(&e->owners->cache, inode);
}

bool engine_same_process(const struct sample *prev, const struct sample *out, int32_t pid)
{
	const struct proc *p = sample_proc(prev, pid, 0);
	return p && sample_proc(out, pid, p->start_ticks) != NULL;
}

/* Its connections were reset by this side before the last sample. */
static bool resets_clients(const struct listener *l, const struct sample *prev)
{
	for (uint32_t i = 0; prev && i < prev->flows.count; i++) {
		const struct tcp_flow *f = &TABLE_ROWS(prev->flows, struct tcp_flow)[i];
		if (f->resets_out && !f->outgoing && f->port == l->port && f->netns == l->netns)
			return true;
	}
	return false;
}

/* A listener is worth an owner when connections wait in half of it, or stand in it, or it dropped some since the last
 * sample, or they are reset. */
static bool listener_in_trouble(const struct listener *l, const struct sample *prev)
{
	const struct listener *before = prev ? sample_listener(prev, l) : NULL;
	return (!l->pid && resets_clients(l, prev)) ||
	       (l->waiting > 0 &&
		       (l->waiting * 2 >= l->backlog || (before && before->waiting > 0))) ||
	       (before && l->have_drops && before->drops != l->drops);
}

/* The same of a unix socket: who waits was there at a look before; or, while a group is held back, any wait. */
static bool unix_in_trouble(const struct engine *e, const struct unix_listener *l)
{
	return l->waiting &&
	       (l->waiting * 2 >= l->backlog || l->waited_ms || (e->demand & DEMAND_CGROUP));
}

/* Connections stand in front of a server: then it matters whose the connections behind it are. */
static bool somebody_waits(const struct sample *prev, const struct sample *out)
{
	for (uint32_t i = 0; prev && i < out->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(out->listeners, struct listener)[i],
				      *before = l->waiting ? sample_listener(prev, l) : NULL;
		if (before && before->waiting > 0)
			return true;
	}
	for (uint32_t i = 0; prev && i < out->unix_listeners.count; i++)
		if (TABLE_ROWS(out->unix_listeners, struct unix_listener)[i].waiting)
			return true;
	return false;
}

static bool group_in_trouble(
	const struct engine *e, const struct sample *s, const struct conn_group *g)
{
	struct port_range ports = engine_port_range(e, s, g->netns);
	return (g->outgoing && !g->peer_hostbits &&
		       (uint64_t)g->ephemeral * 2 > ports.high - ports.low + 1) ||
	       (g->outgoing && e->owners->waited &&
		       g->established + g->syn_sent >= WORTH_MEMBERS) ||
	       (g->window_closed && g->sendq > WORTH_BYTES) || g->sendq + g->recvq > (64u << 20);
}

/* ---- the walk ---- */

/* Sockets without an owner that is known, and in which namespaces they are. */
struct unknown {
	uint32_t count;
	bool trouble;
	bool netns[NETNS_MAX];
};

static void take_owner(struct engine *e, struct sample *out, int32_t pid)
{
	struct proc *rows = TABLE_ROWS(out->procs, struct proc);
	const struct proc *p = sample_proc(out, pid, 0);
	if (p && !(p->have & HAVE_CGROUP))
		engine_name_cgroup(e, &rows[p - rows]);
}

/* Is its owner to be known: is its queue nearly full, does anything stand in it while a group is held back, did it lose something since the last sample, does it wait for a
 * nameserver since then? */
static bool udp_in_trouble(const struct engine *e, const struct udp_socket *u,
	const struct sample *prev, uint32_t guess)
{
	bool asks = u->peer_port == DNS_PORT;
	if (u->recvq && u->buffer && u->recvq >= u->buffer / 2)
		return true;
	if (u->recvq && !u->peer_port && (e->demand & DEMAND_CGROUP))
		return true;
	const struct udp_socket *before =
		prev && (u->drops || asks) ? sample_udp_near(prev, u, guess) : NULL;
	return before && (asks || before->drops != u->drops);
}

static void unknown_one(struct unknown *u, uint16_t netns, bool trouble)
{
	u->count++;
	u->netns[netns % NETNS_MAX] = true;
	u->trouble = u->trouble || trouble;
}

/* Sockets that are no TCP: their owners are written down where they are known, and sought only where one is in trouble, but for packet sockets, of
 * which there are few. */
static void fill_in_local(
	struct engine *e, const struct sample *prev, struct sample *out, struct unknown *u)
{
	struct udp_socket *udp = TABLE_ROWS(out->udp_sockets, struct udp_socket);
	struct unix_listener *paths = TABLE_ROWS(out->unix_listeners, struct unix_listener);
	struct packet_tap *taps = TABLE_ROWS(out->packet_taps, struct packet_tap);
	for (uint32_t i = 0; i < out->udp_sockets.count; i++) {
		if (!udp[i].pid && udp[i].inode &&
			(udp[i].pid = engine_owner(e, udp[i].inode)) != 0)
			take_owner(e, out, udp[i].pid);
		if (!udp[i].pid && udp[i].inode && udp_in_trouble(e, &udp[i], prev, i))
			unknown_one(u, udp[i].netns, true);
	}
	for (uint32_t i = 0; i < out->unix_listeners.count; i++) {
		struct unix_listener *l = &paths[i];
		if (!l->pid && l->inode && (l->pid = engine_owner(e, l->inode)) != 0)
			take_owner(e, out, l->pid);
		if (!l->pid && l->inode && unix_in_trouble(e, l))
			unknown_one(u, l->netns, true);
	}
	for (uint32_t i = 0; i < out->packet_taps.count; i++) {
		if (!taps[i].pid && taps[i].inode)
			taps[i].pid = engine_owner(e, taps[i].inode);
		if (!taps[i].pid && taps[i].inode)
			unknown_one(u, taps[i].netns, false);
	}
}

/* What is known by now goes into the rows. */
static void fill_in(
	struct engine *e, const struct sample *prev, struct sample *out, struct unknown *u)
{
	struct listener *listeners = TABLE_ROWS(out->listeners, struct listener);
	struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	memset(u, 0, sizeof *u);
	for (uint32_t i = 0; i < out->listeners.count; i++) {
		struct listener *l = &listeners[i];
		if (l->pid || !l->inode)
			continue;
		l->pid = engine_owner(e, l->inode);
		if (l->pid) {
			take_owner(e, out, l->pid);
			continue;
		}
		u->count++;
		u->netns[l->netns % NETNS_MAX] = true;
		u->trouble = u->trouble || listener_in_trouble(l, prev) || e->owners->waited ||
			     (e->demand & (DEMAND_CGROUP | DEMAND_OWNERS));
	}
	struct unix_listener *local = TABLE_ROWS(out->unix_listeners, struct unix_listener);
	for (uint32_t i = 0; i < out->unix_listeners.count; i++) {
		struct unix_listener *l = &local[i];
		if (l->pid || !l->inode || (l->pid = engine_owner(e, l->inode)) != 0)
			continue;
		u->count++;
		u->netns[l->netns % NETNS_MAX] = true;
	}
	for (uint32_t i = 0; i < out->conns.count; i++) {
		struct conn_group *g = &groups[i];
		bool new = !g->pid;
		if (new && g->inode && (g->pid = engine_owner(e, g->inode)) != 0)
			g->owners = 1;
		if (g->pid) {
			if (new || !g->stale)
				take_owner(e, out, g->pid);
			continue;
		}
		if (!g->inode)
			continue;
		u->count++;
		u->netns[g->netns % NETNS_MAX] = true;
		u->trouble = u->trouble || group_in_trouble(e, out, g);
	}
	fill_in_local(e, prev, out, u);
}

/* Whether looking at the process may tell anything; its place in the cache. */
static struct owner *worth_a_look(struct engine *e, const struct unknown *u, const struct proc *p)
{
	if (p->kernel || p->state == 'Z' || ((p->have & HAVE_FDS) && p->fds == 0) ||
		((p->have & HAVE_NETNS) && !u->netns[p->netns % NETNS_MAX]))
		return NULL;
	struct owner *o = owner_cache_process(&e->owners->cache, p->pid, p->start_ticks);
	bool slept = o && o->complete && (p->have & HAVE_DELAY) && o->switches == p->switches;
	return slept ? NULL : o;
}

/* The next descriptors of a process. Returns how many sockets were among them, or a negative error. */
static int look_further(
	struct engine *e, const struct sample *out, const struct proc *p, struct owner *o)
{
	struct look look = {.e = e, .out = out, .p = p, .last_fd = -1};
	int r = reader_proc_fds_from(
		e->reader, p->pid, o->next_fd, OWNER_STEP, false, learn_socket, &look);
	o = owner_cache_process(&e->owners->cache, p->pid, p->start_ticks);
	if (!o)
		return -ENOSPC;
	o->complete = look.seen < OWNER_STEP;
	o->next_fd = o->complete ? 0 : (uint32_t)look.last_fd + 1;
	if (o->complete)
		o->switches = p->switches;
	return r < 0 ? r : (int)look.sockets;
}

/* An accepted connection most probably belongs to the process that listens on its port. */
static void look_at_listeners(
	struct engine *e, const struct sample *out, const struct unknown *u, uint64_t until_ns)
{
	const struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	const struct listener *listeners = TABLE_ROWS(out->listeners, struct listener);
	int32_t last = 0;
	for (uint32_t i = 0; i < out->conns.count && clock_thread_ns() < until_ns; i++) {
		const struct conn_group *g = &groups[i];
		if (g->pid || g->outgoing || !g->inode)
			continue;
		for (uint32_t k = 0; k < out->listeners.count; k++) {
			const struct listener *l = &listeners[k];
			if (l->port != g->port || l->netns != g->netns || !l->pid || l->pid == last)
				continue;
			last = l->pid;
			const struct proc *p = sample_proc(out, l->pid, 0);
			struct owner *o = p ? worth_a_look(e, u, p) : NULL;
			if (o)
				(void)look_further(e, out, p, o);
			break;
		}
	}
}

/* The processes in turn, from where the last tick ended. True when the round is complete. */
static bool look_in_turn(
	struct engine *e, const struct sample *out, const struct unknown *u, uint64_t until_ns)
{
	struct owners *os = e->owners;
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	for (uint32_t i = 0; i < out->procs.count; i++) {
		if (procs[i].pid <= os->cursor)
			continue;
		struct owner *o = worth_a_look(e, u, &procs[i]);
		if (!o)
			continue;
		if (clock_thread_ns() >= until_ns)
			return false;
		(void)look_further(e, out, &procs[i], o);
		os->cursor = procs[i].pid;
	}
	os->cursor = 0;
	return true;
}

/* Where a probe can tell all in what a tick may spend, that comes before any walk. */
static void walk_a_little(
	struct engine *e, const struct sample *prev, struct sample *out, struct unknown *u)
{
	struct owners *os = e->owners;
	int64_t budget = u->trouble ? BUDGET_TROUBLE_NS : BUDGET_NS;
	/* Where a probe lists all descriptors at a tenth of the price, its next look may come sooner, and nothing is walked but in trouble. */
	e->owners_unknown = u->count > os->unknown;
	if (reader_probe_there(e->reader, PROBE_FD_HELD) && !u->trouble) {
		os->unknown = u->count;
		return;
	}
	os->credit_ns = os->credit_ns < 0 ? os->credit_ns + budget : budget;
	if (u->count > os->unknown) /* there are new ones */
		os->pause = os->waiting = 0;
	os->waiting -= os->waiting > 0;
	if (os->waiting || os->credit_ns <= 0)
		return;
	uint64_t begun = clock_thread_ns(), until = begun + (uint64_t)os->credit_ns;
	uint32_t before = u->count;
	look_at_listeners(e, out, u, until);
	bool complete = engine_held_sockets_below(e, prev, out, (uint64_t)os->credit_ns) ||
			look_in_turn(e, out, u, until);
	fill_in(e, prev, out, u);
	os->found += before - u->count;
	if (complete) {
		os->pause = os->found ? 0 : os->pause * 2 + 1;
		os->pause = os->pause < PAUSE_MAX ? os->pause : PAUSE_MAX;
		os->waiting = os->pause;
		os->unknown = u->count;
		os->found = 0;
	}
	os->credit_ns -= (int64_t)(clock_thread_ns() - begun);
}

/* ---- when they are asked for ---- */

static size_t list_wanted(
	struct engine *e, const struct sample *prev, const struct sample *out, uint32_t *wanted)
{
	size_t n = 0;
	const struct listener *listeners = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = 0; i < out->listeners.count && n < OWNERS_WANTED; i++) {
		const struct listener *l = &listeners[i];
		if (!l->pid && l->inode &&
			((e->want & WANT_OWNERS) || listener_in_trouble(l, prev) ||
				e->owners->waited || (e->demand & (DEMAND_CGROUP | DEMAND_OWNERS))))
			wanted[n++] = l->inode;
	}
	const struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	for (uint32_t i = 0; i < out->conns.count && n < OWNERS_WANTED; i++)
		if (!groups[i].pid && groups[i].inode &&
			((e->want & WANT_OWNERS) || groups[i].sendq + groups[i].recvq > 0 ||
				group_in_trouble(e, out, &groups[i])))
			wanted[n++] = groups[i].inode;
	const struct udp_socket *udp = TABLE_ROWS(out->udp_sockets, struct udp_socket);
	for (uint32_t i = 0; i < out->udp_sockets.count && n < OWNERS_WANTED; i++)
		if (!udp[i].pid && udp[i].inode &&
			((e->want & WANT_OWNERS) || udp[i].peer_port ||
				udp_in_trouble(e, &udp[i], prev, i)))
			wanted[n++] = udp[i].inode;
	const struct unix_listener *paths = TABLE_ROWS(out->unix_listeners, struct unix_listener);
	for (uint32_t i = 0; i < out->unix_listeners.count && n < OWNERS_WANTED; i++)
		if (!paths[i].pid && paths[i].inode &&
			((e->want & WANT_OWNERS) || unix_in_trouble(e, &paths[i])))
			wanted[n++] = paths[i].inode;
	const struct packet_tap *taps = TABLE_ROWS(out->packet_taps, struct packet_tap);
	for (uint32_t i = 0; i < out->packet_taps.count && n < OWNERS_WANTED; i++)
		if (!taps[i].pid && taps[i].inode)
			wanted[n++] = taps[i].inode;
	return n;
}

static size_t still_wanted(struct engine *e, uint32_t *wanted, size_t n)
{
	size_t left = 0;
	for (size_t i = 0; i < n; i++)
		if (!engine_owner(e, wanted[i]))
			wanted[left++] = wanted[i];
	return left;
}

static void walk_until_found(
	struct engine *e, const struct sample *prev, struct sample *out, const struct unknown *u)
{
	uint32_t *wanted = arena_alloc(&e->scratch, OWNERS_WANTED * sizeof *wanted);
	size_t n = wanted ? list_wanted(e, prev, out, wanted) : 0;
	/* What a probe does not find is nobody's: nothing is walked for it. A recorded tree needs the descriptors themselves. */
	if (n && !reader_is_recording(e->reader) &&
		engine_held_sockets_below(e, prev, out, UINT64_MAX))
		return;
	bool denied = false;
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	for (uint32_t i = 0; i < out->procs.count && n; i++) {
		const struct proc *p = &procs[i];
		if (p->kernel || p->state == 'Z' ||
			((p->have & HAVE_NETNS) && !u->netns[p->netns % NETNS_MAX]))
			continue;
		struct look look = {.e = e, .out = out, .p = p};
		int r = reader_proc_fds(e->reader, p->pid, OWNER_FDS, false, learn_socket, &look);
		denied = denied || (p->pid != 1 && (r == -EACCES || r == -EPERM));
		n = look.sockets ? still_wanted(e, wanted, n) : n;
	}
	if (n && denied)
		sample_gap(out, NETNS_HOST, EACCES, "what other users' processes have open",
			"owners of sockets, and so culprits");
}

void engine_owners(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct unknown *u = arena_alloc(&e->scratch, sizeof *u);
	if (!u)
		return;
	e->owners->waited = somebody_waits(prev, out);
	fill_in(e, prev, out, u);
	if (u->count == 0)
		return;
	if ((e->want & (WANT_OWNERS | WANT_CONNS)) || reader_is_replay(e->reader)) {
		walk_until_found(e, prev, out, u);
		fill_in(e, prev, out, u);
		e->owners->unknown = u->count; /* nobody has these: no reason to look again soon */
	} else {
		walk_a_little(e, prev, out, u);
	}
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
	if (!parse_socket_link(fd->target, &inode))
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
		if (!groups[i].outgoing || groups[i].peer_hostbits ||
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
