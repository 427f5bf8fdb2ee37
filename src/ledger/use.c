/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/use.h"

#include "ledger/who.h"

#include <string.h>

/* RLIMIT_NPROC defaults to half of what the machine's memory allows; from here on it is no limit that anybody set. */
static const uint64_t NPROC_NONE = 1u << 22;

size_t use_tasks_by_user(const struct view *v, struct use_tasks *ret, unsigned *ret_unknown)
{
	const struct sample *s = view_last(v);
	size_t n = 0;
	*ret_unknown = 0;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->kernel || p->uid == 0)
			continue;
		*ret_unknown += !(p->have & HAVE_NPROC_LIMIT);
		size_t k = 0;
		while (k < n && ret[k].uid != p->uid)
			k++;
		if (k == USE_USERS)
			continue;
		if (k == n)
			ret[n++] = (struct use_tasks){.uid = p->uid, .limit = -1};
		ret[k].tasks += p->threads;
		if ((p->have & HAVE_NPROC_LIMIT) && p->nproc_limit < NPROC_NONE &&
			(ret[k].limit < 0 || (double)p->nproc_limit < ret[k].limit)) {
			ret[k].limit = (double)p->nproc_limit;
			ret[k].pid = p->pid;
		}
	}
	return n;
}

double use_of_ports(const struct view *v, const struct conn_group *g)
{
	double reuse = 0, timestamps = 1;
	(void)view_gauge(v, view_id(v, M_TW_REUSE, g->netns, 0), &reuse);
	(void)view_gauge(v, view_id(v, M_TCP_TIMESTAMPS, g->netns, 0), &timestamps);
	if (timestamps <
		0.5) /* it is by the peer's timestamps that the kernel knows a late packet */
		reuse = 0;
	bool reusable = (reuse > 0.5 && reuse < 1.5) || (reuse > 1.5 && who_is_loopback(&g->peer));
	uint32_t waiting = g->time_wait < g->ephemeral ? g->time_wait : g->ephemeral;
	return reusable ? g->ephemeral - waiting : g->ephemeral;
}

bool use_limit_of_ports(const struct view *v, unsigned netns, double *ret)
{
	double low, high, reserved = 0;
	if (!view_gauge(v, view_id(v, M_PORT_LOW, netns, 0), &low) ||
		!view_gauge(v, view_id(v, M_PORT_HIGH, netns, 0), &high))
		return false;
	(void)view_gauge(v, view_id(v, M_PORT_RESERVED, netns, 0), &reserved);
	*ret = high - low + 1 - reserved;
	return *ret >= 1;
}

static bool is_kind(const struct view *v, const struct net_link *l, const char *kind)
{
	return strcmp(intern_text(&v->series->names, l->qdisc), kind) == 0;
}

bool use_queue_keeps_short(const struct view *v, const struct net_link *l)
{
	static const char *const kinds[] = {"fq_codel", "codel", "cake", "fq_pie", "pie", "fq"};
	for (size_t i = 0; i < COUNTOF(kinds); i++)
		if (is_kind(v, l, kinds[i]))
			return true;
	return false;
}

static struct use_queue queue_of(const struct view *v, const struct net_link *l)
{
	struct use_queue q = {0};
	uint32_t id = view_id(v, M_QDISC_BACKLOG, l->netns, l->name),
		 sent = view_id(v, M_QDISC_PACKETS, l->netns, l->name);
	uint64_t before = 0, packets, bytes;
	for (unsigned i = 0; id && i < v->n; i++) {
		/* Where namespaces are many a reading stands for several samples: it counts once. */
		if (!sample_get(view_at(v, i), id, &bytes) ||
			!sample_get(view_at(v, i), sent, &packets) || (i && packets == before))
			continue;
		before = packets;
		q.seen++;
		q.filled += bytes > 0;
		q.mean += (double)bytes;
	}
	q.mean = q.seen ? q.mean / q.seen : 0;
	return q;
}

struct use_queue use_of_queue(const struct view *v, const struct net_link *l)
{
	static const double wait_matters_s = 0.05, at_ceiling_s = 0.005;
	struct use_queue q = queue_of(v, l);
	double speed = 0, holds = 0;
	if (!view_rate(v, view_id(v, M_NET_TX_BYTES, l->netns, l->name), &q.rate) || q.rate <= 0 ||
		q.seen < 2 || q.filled + (q.seen > 2) < q.seen)
		return q;
	bool at_speed = !l->kind &&
			view_gauge(v, view_id(v, M_NET_SPEED, l->netns, l->name), &speed) &&
			q.rate >= 0.95 * speed;
	bool held = view_rate(v, view_id(v, M_QDISC_OVERLIMITS, l->netns, l->name), &holds) &&
		    holds >= 10;
	/* fq holds each connection to the pace that TCP wants: what stands there waits for its time, not for the link. */
	if (is_kind(v, l, "fq") && !at_speed)
		return q;
	q.wait_s = q.mean / q.rate;
	q.full = q.wait_s >= ((at_speed || held) && !use_queue_keeps_short(v, l) ? at_ceiling_s
										 : wait_matters_s);
	return q;
}

double use_wait_to_send(const struct view *v, unsigned netns)
{
	const struct sample *s = view_last(v);
	double longest = 0;
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		struct use_queue q = {0};
		if (l->up && l->netns == netns)
			q = use_of_queue(v, l);
		longest = q.full && q.wait_s > longest ? q.wait_s : longest;
	}
	return longest;
}

/* Seconds since the window began. */
static double since_begin(const struct view *v, const struct sample *s)
{
	return (double)(s->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
}

struct trend use_trend_of_rest(const struct view *v, uint32_t left, double total)
{
	double t[STORE_MAX], y[STORE_MAX];
	double scale = left ? metric_scale((enum metric)series_row(v->series, left)->metric) : 1;
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t raw;
		if (!sample_get(view_at(v, i), left, &raw))
			continue;
		t[n] = since_begin(v, view_at(v, i));
		y[n++] = total - (double)raw * scale;
	}
	return trend_fit(t, y, n);
}

/* A number that a process has, over the window. */
static unsigned over_window(const struct view *v, const struct proc *p, enum proc_have have,
	uint32_t (*number)(const struct proc *p), double *t, double *y)
{
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct proc *q = sample_proc(view_at(v, i), p->pid, p->start_ticks);
		if (!q || !(q->have & have))
			continue;
		t[n] = since_begin(v, view_at(v, i));
		y[n++] = number(q);
	}
	return n;
}

static uint32_t fds_of(const struct proc *p)
{
	return p->fds;
}

unsigned use_of_fds(const struct view *v, const struct proc *p, double *t, double *y)
{
	return over_window(v, p, HAVE_FDS, fds_of, t, y);
}

static uint32_t maps_of(const struct proc *p)
{
	return p->maps;
}

unsigned use_of_maps(const struct view *v, const struct proc *p, double *t, double *y)
{
	return over_window(v, p, HAVE_MAPS, maps_of, t, y);
}

bool use_of_group_io(const struct view *v, const struct cgroup_io *io, double *ret)
{
	const struct sample *last = view_last(v);
	for (unsigned i = 0; i + 1 < v->n; i++) {
		const struct sample *s = view_at(v, i);
		double seconds = (double)(last->mono_ns - s->mono_ns) / 1e9;
		for (uint32_t k = 0; k < s->cg_io.count; k++) {
			const struct cgroup_io *b = &TABLE_ROWS(s->cg_io, struct cgroup_io)[k];
			if (b->cgroup != io->cgroup || b->devno != io->devno || b->what != io->what)
				continue;
			if (seconds < 1 || b->done > io->done || io->limit == 0)
				return false;
			*ret = (double)(io->done - b->done) / seconds / (double)io->limit;
			return true;
		}
	}
	return false;
}
