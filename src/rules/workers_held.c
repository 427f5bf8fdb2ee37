/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/workers.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FRESH_S = 5, PEERS_NAMED = 3 };
#define FRESH_NS (FRESH_S * UINT64_C(1000000000))

/* ---- what holds them ---- */

/* What the server tells of its workers, if it told it just now. */
static const struct server_pool *told_now(const struct view *v, const struct server *s)
{
	const struct sample *last = view_last(v);
	bool fresh =
		s->book && s->book->status == BOOK_OK && last->mono_ns - s->book->at_ns < FRESH_NS;
	return fresh && s->pool && s->pool->used + s->pool->idle ? s->pool : NULL;
}

/* It asks itself: whoever is not accepted there waits for no server behind it. */
static bool asks_itself(const struct server *s, const struct conn_group *g)
{
	size_t k = 0;
	while (k < s->nports && s->ports[k] != g->port)
		k++;
	return k < s->nports && (who_is_loopback(&g->peer) || address_equal(&g->peer, &g->local));
}

/* Connections of its processes that wait for an answer, or to be made, by destination: members of a balancer are several. Returns how many there are, of
 * those with most if that is half of the workers, else of all. */
static double asks_backends(
	const struct view *v, const struct server *s, double half, struct held *h)
{
	enum { DESTINATIONS = 64 };
	struct behind rows[DESTINATIONS];
	const struct sample *last = view_last(v);
	size_t n = 0;
	double sum = 0;
	for (uint32_t i = 0; i < last->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i];
		double waits = (double)g->asking + g->syn_sent;
		size_t k = 0;
		if (!g->outgoing || waits <= 0 || !g->pid || !server_has(v, s->pid, g->pid) ||
			asks_itself(s, g))
			continue;
		while (k < n && !(rows[k].group->port == g->port &&
					address_equal(&rows[k].group->peer, &g->peer)))
			k++;
		if (k == DESTINATIONS)
			continue;
		if (k == n)
			rows[n++] = (struct behind){.group = g};
		rows[k].waits += waits;
		rows[k].connecting += g->syn_sent;
		sum += waits;
	}
	h->nbackends = 0;
	h->destinations = (unsigned)n;
	for (size_t k = 0; k < n; k++) {
		size_t at = h->nbackends;
		for (; at > 0 && h->backends[at - 1].waits < rows[k].waits; at--)
			if (at < BACKENDS)
				h->backends[at] = h->backends[at - 1];
		if (at < BACKENDS)
			h->backends[at] = rows[k];
		h->nbackends += h->nbackends < BACKENDS;
	}
	if (n && h->backends[0].waits >= half) {
		h->nbackends = h->destinations = 1;
		return h->backends[0].waits;
	}
	return sum;
}

static double blocked(const struct view *v, const struct server *s)
{
	double n = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!u->gone && u->blocked * 2 > u->samples && server_has(v, s->pid, u->p->pid))
			n += u->p->blocked_threads ? u->p->blocked_threads : 1;
	}
	return n;
}

/* Workers whose process is stopped, and was not on a CPU in the window. Of a server of one process its queue tells. */
static double stopped(const struct view *v, const struct server *s, int32_t *ret)
{
	double n = 0;
	for (size_t i = 0; s->children > 0 && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->gone || u->p->ppid != s->pid || !who_is_stopped(v, u->p->pid) ||
			((u->p->have & u->first->have & HAVE_DELAY) &&
				u->p->switches != u->first->switches))
			continue;
		*ret = u->p->pid;
		n++;
	}
	return n <= 0 ? 0 : n < s->children ? s->workers * n / s->children : s->workers;
}

/* Processes of the server that wait for a lock of a file which one other process holds, at two looks, the later of which is fresh. */
static double waits_for_lock(const struct view *v, const struct server *s, struct held *h)
{
	unsigned looks = 0, latest = 0;
	double n = 0;
	for (unsigned i = v->n; i-- > 0;) {
		const struct table *t = &view_at(v, i)->file_locks;
		double most = 0;
		int32_t holder = 0;
		uint64_t inode = 0;
		for (uint32_t k = 0; k < t->count; k++) {
			const struct file_lock *a = &TABLE_ROWS(*t, struct file_lock)[k];
			double here = 0;
			if (!server_has(v, s->pid, a->waiter) || (looks && a->holder != h->holder))
				continue;
			for (uint32_t m = 0; m < t->count; m++) {
				const struct file_lock *b = &TABLE_ROWS(*t, struct file_lock)[m];
				here += b->holder == a->holder && b->inode == a->inode &&
					server_has(v, s->pid, b->waiter);
			}
			if (here > most) {
				most = here;
				holder = a->holder;
				inode = a->inode;
			}
		}
		if (most <= 0)
			continue;
		if (looks++ == 0) {
			latest = i;
			n = most;
			h->holder = holder;
			h->inode = inode;
		}
	}
	const struct usage *u = view_usage(v, h->holder);
	return looks >= 2 && u && !u->gone && latest + 4 >= v->n ? n : 0;
}

/* All processes that it started have a request, and it started none lately: a pool of a size that is its own. One that starts a process for each
 * connection has no such limit. */
static bool all_at_work(const struct view *v, const struct server *s)
{
	unsigned old = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->p->ppid != s->pid || u->p->state == 'Z')
			continue;
		if (u->gone || u->born)
			return false;
		old++;
	}
	return s->limit < 0 && old >= 2 && s->workers >= old && s->owing >= 0.8 * old;
}

/* Peers that got nothing while bytes of theirs trickle in. */
static double trickles(const struct server *s)
{
	double n = 0;
	for (size_t i = 0; i < s->npeers; i++)
		if (s->peers[i].out <= 0 && s->peers[i].trickled > 0)
			n += s->peers[i].owing;
	return n;
}

/* Slots that were in a state when the server told last. Who reads a request goes on with it until it is whole: that stays true of a server that cannot
 * be asked any more. */
static double told_slots(const struct view *v, const struct server *s, enum slot_state state)
{
	const struct sample *last = view_last(v);
	double n = 0;
	for (uint32_t i = 0; i < last->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(last->slots, struct server_slot)[i];
		n += o->server == s->pid && o->state == state &&
		     (o->pid <= 0 || view_usage(v, o->pid));
	}
	return n;
}

/* A signal after which a server lets its processes end and starts new ones. The engine keeps the last one of each server as a number:
 * "signal.USR1 JOB", when it was sent (monotonic clock). */
static bool was_signalled(struct view *v, const struct server *s, struct held *h, uint64_t *ret_at)
{
	const struct sample *last = view_last(v);
	const struct server_number *rows = TABLE_ROWS(last->server_numbers, struct server_number);
	for (uint32_t i = 0; i < last->server_numbers.count; i++) {
		const char *name = intern_text(&v->series->names, rows[i].name);
		if (rows[i].server != s->pid || strncmp(name, "signal.", 7) != 0)
			continue;
		const char *blank = strchr(name, ' ');
		size_t n = blank ? (size_t)(blank - name) - 7 : strlen(name) - 7;
		h->signal = arena_strn(&v->scratch, name + 7, n);
		h->job = blank && blank[1] ? arena_str(&v->scratch, blank + 1) : NULL;
		*ret_at = rows[i].value;
		return true;
	}
	return false;
}

/* All processes of the server that serve are older than the signal: none could be started since. */
static bool none_since(const struct view *v, const struct server *s, uint64_t at_ns)
{
	unsigned older = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->gone || u->p->ppid != s->pid || u->p->state == 'Z')
			continue;
		if (u->p->start_ticks * 10000000u > at_ns)
			return false;
		older++;
	}
	return older > 0;
}

/* One of its processes that have threads has fewer than it began with. What has one alone (mod_cgid) serves no connections. */
static bool threads_gone(const struct view *v, const struct server *s)
{
	uint64_t each;
	if (!server_number_of(v, view_last(v), s->pid, "config.threads", &each) || each == 0)
		each = APACHE_THREADS;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		const struct usage *parent = view_namesake(u);
		if (!u->gone && u->p->state != 'Z' && parent && parent->p->pid == s->pid &&
			u->p->threads > 1 && u->p->threads < each + SPARE_THREADS)
			return true;
	}
	return false;
}

/* Fewer connections are served than there may be workers, and yet no thread is free: processes that end keep their places. In one that ends the thread
 * that accepts is gone, and each that served and has nothing more to do. Where none is gone there are just more connections than threads, as idle ones
 * need none, or too few processes as yet. */
static bool ends_in_place(const struct view *v, const struct server *s)
{
	return s->limit > 0 && s->children > 0 && s->threads > s->children &&
	       s->taken >= s->children && s->taken * 10 <= s->limit * 9 &&
	       s->threads - s->taken < SPARE_THREADS * s->children && threads_gone(v, s);
}

static bool dips(struct view *v, const struct server *s, struct held *h)
{
	uint64_t at = 0;
	bool signalled = was_signalled(v, s, h, &at);
	if (h->told && (h->told->finishing * 2.0 >= s->workers ||
			       (signalled && h->told->finishing * 4.0 >= s->workers))) {
		h->count = h->told->finishing;
		return true;
	}
	if (ends_in_place(v, s) ||
		(signalled && s->limit > 0 && s->taken < s->limit && none_since(v, s, at))) {
		h->count = s->taken;
		return true;
	}
	return false;
}

/* Workers that are busy: as the server tells, where who asks holds one; else those with a connection, or, where nothing tells who is served at a unix
 * socket, all that there are. */
static double busy(const struct server *s, const struct server_pool *told)
{
	if (told)
		return (double)told->used + ((double)told->used < s->limit && !told->idle);
	return s->nports ? s->taken : s->children;
}

/* Parts of files are most of what is answered, and who gets them has half of the connections that are taken, or half of the workers at each moment. */
static bool ranges_hold(struct view *v, const struct server *s, double *count)
{
	struct ranges r;
	double taken = 0;
	if (!workers_ranges(v, s->pid, 0, &r))
		return false;
	for (size_t i = 0; i < s->npeers; i++)
		for (size_t k = 0; k < r.npeers; k++)
			taken += strcmp(s->peers[i].name, r.peers[k].value) == 0 ? s->peers[i].taken
										 : 0;
	if (r.at_once * 2 < s->workers && (taken <= 0 || taken * 2 < s->taken))
		return false;
	*count = r.at_once > *count ? r.at_once : *count;
	return true;
}

struct held workers_held(struct view *v, const struct server *s)
{
	struct held h = {.told = told_now(v, s)};
	if (!s->starving || s->workers < 1)
		return h;
	bool lost = workers_lost(v, s, &h);
	/* Places that count as idle while nobody accepts are those that are lost. */
	if (h.told && h.told->idle > 0 && !(lost && (double)h.told->idle <= h.count))
		return h;
	double n = s->workers, half = n > 1 ? n / 2 : 1, senders = trickles(s), idle = s->idle;
	if (h.told && h.told->reading > senders)
		senders = h.told->reading;
	double begun = h.told ? 0 : told_slots(v, s, SLOT_READING);
	begun = begun < s->owing ? begun : s->owing;
	senders = begun > senders ? begun : senders;
	if (h.told && h.told->keepalive > idle)
		idle = h.told->keepalive;
	double ghosts = workers_ghosts(v, s->pid);
	if (lost || ghosts >= half) {
		h.by = HELD_GHOSTS;
		h.count = lost ? h.count : ghosts;
	} else if ((h.count = stopped(v, s, &h.stopped)) >= half) {
		h.by = HELD_STOPPED;
	} else if (s->reading >= half && s->reading >= idle && s->reading >= senders) {
		h.by = HELD_READERS;
		h.count = s->reading;
	} else if (senders >= half && senders >= idle) {
		h.by = HELD_SENDERS;
		h.count = senders;
	} else if ((h.count = waits_for_lock(v, s, &h)) >= half) {
		h.by = HELD_LOCK;
	} else if (dips(v, s, &h)) {
		h.by = HELD_DIP;
	} else if (idle >= half && s->taken >= 0.9 * n) {
		h.by = HELD_IDLE;
		h.count = idle;
	} else if ((h.count = asks_backends(v, s, half, &h)) >= half) {
		h.by = HELD_BACKEND;
	} else if ((h.count = blocked(v, s)) >= half) {
		h.by = HELD_DISK;
	} else {
		h.count = busy(s, h.told);
		h.by = (s->limit > 0 && h.count >= 0.9 * s->limit) || all_at_work(v, s) ? HELD_OTHER
											: HELD_NOT;
		if (ranges_hold(v, s, &h.count))
			h.by = HELD_RANGES;
	}
	return h;
}

void workers_each(struct view *v, struct verdicts *out, enum held_by by,
	void (*each)(
		struct view *v, struct verdicts *out, const struct server *s, const struct held *h))
{
	struct server servers[SERVERS_MAX];
	size_t n = servers_waited_for(v, servers, SERVERS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct held h = workers_held(v, &servers[i]);
		if (h.by == by)
			each(v, out, &servers[i], &h);
	}
}

/* ---- what verdicts share ---- */

/* What the verdict is made of, where the server does not tell of its workers itself. */
static void tell_silence(struct view *v, struct verdict *f, const struct server *s)
{
	enum book_status status = s->book ? (enum book_status)s->book->status : BOOK_CLOSED;
	const char *why = status == BOOK_FULL ? "is not asked for its status while connections wait"
			  : status == BOOK_HUNG || status == BOOK_SLOW
				  ? "does not answer when it is asked for its status"
				  : NULL;
	if (why)
		verdict_evidence(f,
			say(v, "%s %s: its workers are counted by their sockets and processes",
				s->name, why),
			-1, s->workers, -1,
			s->port ? say(v, "%sss -Htn state established 'sport = :%u' | wc -l",
					  in_netns(v, s->netns), s->port)
				: say(v, "ss -lx   # Recv-Q of the socket of %s", s->name));
}

struct verdict *workers_verdict(struct view *v, struct verdicts *out, const struct server *s)
{
	const char *pool = s->pool ? intern_text(&v->series->names, s->pool->name) : "";
	const char *name = *pool ? say(v, "%s/%s", s->name, pool) : s->name;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL,
		s->refused > 0 ? STATE_EXHAUSTED : STATE_SATURATED, name);
	if (!f)
		return NULL;
	const struct usage *u = view_usage(v, s->pid);
	f->netns = s->netns;
	f->pid = s->pid;
	f->port = s->port;
	if (u && (u->p->have & HAVE_CGROUP))
		f->cgroup = u->p->cgroup;
	f->since_ns = s->since_ns ? s->since_ns : f->since_ns;
	f->limit = s->workers;
	f->used = s->taken < s->workers ? s->taken : s->workers;
	f->refused = s->refused;
	const char *waits = s->waited_s >= 0
				    ? say(v, "%.0f connections wait, the oldest for %.0f s",
					      s->waits, s->waited_s)
				    : say(v, "%.0f requests wait", s->waits);
	verdict_victim(f, "server", s->name, s->pid,
		s->refused > 0
			? say(v, "%s; %.0f were refused in %.0f s", waits, s->refused, v->seconds)
			: waits);
	if (s->port)
		verdict_evidence(f,
			say(v, "%s to be accepted on port %u (backlog %.0f)", waits, s->port,
				s->backlog),
			-1, s->waits, s->backlog,
			say(v, "%sss -ltn 'sport = :%u'   # Recv-Q", in_netns(v, s->netns),
				s->port));
	else
		verdict_evidence(f, waits, -1, s->waits, -1,
			say(v, "ss -lx   # Recv-Q of the socket of %s", s->name));
	tell_silence(v, f, s);
	return f;
}

const struct usage *workers_local_peer(
	const struct view *v, const struct server *s, const struct server_peer *p)
{
	const struct sample *last = view_last(v);
	char peer[48], local[48];
	(void)address_text(peer, &p->address);
	for (uint32_t i = 0; i < last->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i];
		if (g->outgoing && g->pid && g->port == s->port &&
			strcmp(address_text(local, &g->local), peer) == 0)
			return view_usage(v, g->pid);
	}
	return NULL;
}

void workers_blame(
	struct view *v, struct verdict *f, const struct server *s, size_t of, const char *does)
{
	double sum = 0, named = 0;
	const struct server_peer *sorted[SERVER_PEERS];
	size_t n = 0;
	for (size_t i = 0; i < s->npeers; i++) {
		double x = *(const double *)(const void *)((const char *)&s->peers[i] + of);
		size_t at = n;
		if (x <= 0)
			continue;
		for (; at > 0 &&
			*(const double *)(const void *)((const char *)sorted[at - 1] + of) < x;
			at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &s->peers[i];
		n++;
		sum += x;
	}
	/* One connection each is what everybody has. */
	for (size_t i = 0; i < n && i < PEERS_NAMED; i++) {
		double x = *(const double *)(const void *)((const char *)sorted[i] + of);
		named += i == 0 || x > 1 ? x : 0;
	}
	if (n > 0 && named * 2 < s->workers)
		f->culprits[f->nculprits++] = (struct who){"traffic", "many clients", 0,
			sum / s->workers > 1 ? 1 : sum / s->workers,
			say(v, "%.0f workers are held by %zu peers or more, each of which %s", sum,
				n, does)};
	for (size_t i = 0; i < n && i < PEERS_NAMED && f->nculprits < WHO_MAX; i++) {
		const struct server_peer *p = sorted[i];
		double x = *(const double *)(const void *)((const char *)p + of);
		const struct usage *local = workers_local_peer(v, s, p);
		const char *what = say(v, "holds %.0f of %.0f workers and %s", x, s->workers, does);
		bool own = local && who_is_loopback(&p->address);
		if (local)
			what = say(v, "%s: %s (pid %" PRId32 ") of this machine", what,
				who_name(v, local->p), local->p->pid);
		f->culprits[f->nculprits++] = (struct who){own ? "process" : "peer",
			own ? who_name(v, local->p) : p->name, local ? local->p->pid : 0,
			x >= s->workers ? 1 : x / s->workers, what};
	}
}

/* The path of "GET /a?b HTTP/1.1". */
static size_t path_of(const char *request, const char **ret)
{
	*ret = strchr(request, '/');
	return *ret ? strcspn(*ret, "? ") : 0;
}

static bool learned(const struct view *v, const struct server *s, const char *request,
	const char *what, double *ret_s, double *ret_count)
{
	const struct sample *last = view_last(v);
	const char *url;
	size_t n = path_of(request, &url);
	for (uint32_t i = 0; n && i < last->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(last->slots, struct server_slot)[i];
		if (o->server != s->pid || !server_slot_is_log(o) || strcmp(o->who, what) != 0 ||
			strlen(o->text) != n || strncmp(o->text, url, n) != 0)
			continue;
		*ret_s = o->state_ms / 1000.0;
		*ret_count = (double)o->bytes;
		return true;
	}
	return false;
}

bool workers_usual(const struct view *v, const struct server *s, const char *request, double *ret_s,
	double *ret_count)
{
	return learned(v, s, request, "usual", ret_s, ret_count);
}

/* Workers that are at a request for the same URL for longer than that, as the server told last. */
static unsigned overlong(
	const struct view *v, const struct server *s, const char *request, double longest_s)
{
	const struct sample *last = view_last(v);
	const char *url, *its;
	size_t n = path_of(request, &url);
	unsigned count = 0;
	for (uint32_t i = 0; n && i < last->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(last->slots, struct server_slot)[i];
		count += o->server == s->pid && !server_slot_is_log(o) &&
			 o->state_ms / 1000.0 > longest_s && path_of(o->text, &its) == n &&
			 strncmp(its, url, n) == 0;
	}
	return count;
}

static const char *length_of(struct view *v, double seconds)
{
	char text[32];
	return seconds < 1 ? say(v, "%.0f ms", seconds * 1000)
			   : say(v, "%s", text_duration(text, seconds));
}

/* The longest that such a request took while nobody waited. */
static void tell_longest(struct view *v, struct verdict *f, const struct server *s,
	const char *request, double now_s)
{
	double longest, count;
	if (!learned(v, s, request, "longest", &longest, &count))
		return;
	unsigned n = overlong(v, s, request, longest);
	verdict_evidence(f,
		say(v,
			"%sthe longest request for it that was legitimate took %s, learned of %.0f "
			"answers while nobody waited",
			n ? say(v, "%u workers are at it for longer than ever before: ", n) : "",
			length_of(v, longest), count),
		-1, now_s, longest,
		"awk '{ print $7, $NF }' ACCESSLOG | sort -k1,1 -k2n | tail   # durations at the "
		"end");
}

void workers_tell_parts(struct view *v, struct verdict *f, const struct server *s)
{
	const struct sample *last = view_last(v);
	const struct who *w = f->nculprits ? &f->culprits[0] : NULL;
	for (uint32_t i = 0; w && strcmp(w->kind, "peer") == 0 && i < last->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(last->slots, struct server_slot)[i];
		if (o->server != s->pid || !server_slot_is_log(o) || strcmp(o->who, "parts") != 0 ||
			strcmp(server_slot_peer(v, o), w->value) != 0)
			continue;
		verdict_evidence(f,
			say(v,
				"%s was sent %" PRIu64
				" parts of files (206) within %.0f s, the last one of \"%s\"",
				w->value, o->bytes, o->state_ms / 1000.0, o->text),
			-1, (double)o->bytes, -1, "grep -c ' 206 ' ACCESSLOG");
		verdict_remedy(f,
			"Few ranges in one request, or none (Apache: MaxRanges 5, MaxRangeOverlaps "
			"none; nginx: max_ranges 1)",
			NULL, "the configuration of the server", true,
			"downloads that broke off begin anew", "none");
		return;
	}
}

void workers_tell_usual(struct view *v, struct verdict *f, const struct server *s,
	const char *request, double now_s)
{
	double usual, count;
	if (request)
		tell_longest(v, f, s, request, now_s);
	if (request && workers_usual(v, s, request, &usual, &count))
		verdict_evidence(f,
			say(v,
				"nine of ten of the last %.0f requests for it were answered within "
				"%s, as the log tells",
				count, length_of(v, usual)),
			-1, now_s, usual,
			"awk '{ print $7, $NF }' ACCESSLOG | sort | tail   # durations at the end");
}

const char *workers_request(
	struct view *v, const struct server *s, const char *peer, uint32_t *ret_ms)
{
	const struct sample *last = view_last(v);
	const struct server_slot *rows = TABLE_ROWS(last->slots, struct server_slot), *found = NULL;
	unsigned most = 0;
	*ret_ms = 0;
	for (uint32_t i = 0; i < last->slots.count; i++) {
		unsigned n = 0;
		if (rows[i].server != s->pid || !rows[i].text[0] || server_slot_is_log(&rows[i]) ||
			(*peer && strcmp(server_slot_peer(v, &rows[i]), peer) != 0))
			continue;
		if (rows[i].state_ms > *ret_ms)
			*ret_ms = rows[i].state_ms;
		for (uint32_t k = 0; k < last->slots.count; k++)
			n += rows[k].server == s->pid && strcmp(rows[k].text, rows[i].text) == 0;
		if (n > most) {
			most = n;
			found = &rows[i];
		}
	}
	return found ? arena_str(&v->scratch, found->text) : NULL;
}

void workers_limit_peer(struct view *v, struct verdict *f, const struct server *s)
{
	const struct who *w = f->nculprits ? &f->culprits[0] : NULL;
	if (!w || strcmp(w->kind, "peer") != 0 || !s->port || strchr(w->value, '/'))
		return;
	const char *ns = in_netns(v, s->netns);
	verdict_remedy(f, say(v, "Cut the connections of %s", w->value),
		say(v, "%sss -K state established 'sport = :%u and dst %s'", ns, s->port,
			strchr(w->value, ':') ? say(v, "[%s]", w->value) : w->value),
		NULL, false, "what it was sent is cut off", "it comes back if it is not limited");
	verdict_remedy(f, "Limit the connections of one client address in the firewall (connlimit)",
		say(v,
			"%snft add rule inet FILTER INPUT %s saddr %s tcp dport %u ct count over "
			"10 reject",
			ns, strchr(w->value, ':') ? "ip6" : "ip", w->value, s->port),
		"/etc/nftables.conf", true, "none", "a proxy with many users counts as one client");
}
