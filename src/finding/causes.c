/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "finding/causes.h"

#include "ledger/servers.h"

#include <stdio.h>
#include <string.h>

/* How much a link says of the two: the same process is more than the same host. */
enum strength { NOT_LINKED, LINKED_BY_HOST, LINKED_BY_NETNS, LINKED_BY_NAME, LINKED_BY_PROCESS };

/* ---- identity ---- */

/* A server's processes: parent and workers, which bear its name. Whatever a shell started is no part of it. */
static bool same_server(const struct view *v, int32_t a, int32_t b)
{
	if (!a || !b)
		return false;
	if (a == b)
		return true;
	const struct usage *ua = view_usage(v, a), *ub = view_usage(v, b);
	if (!ua || !ub || strncmp(ua->p->comm, ub->p->comm, PROC_COMM) != 0)
		return false;
	return ua->parent == ub || ub->parent == ua ||
	       (ua->parent == ub->parent && view_namesake(ua));
}

static bool is_victim(const struct view *v, const struct verdict *cause, int32_t pid)
{
	for (size_t i = 0; i < cause->nvictims; i++)
		if (same_server(v, cause->victims[i].pid, pid))
			return true;
	return false;
}

static bool same_user(const struct view *v, int32_t a, int32_t b)
{
	const struct usage *ua = a ? view_usage(v, a) : NULL, *ub = b ? view_usage(v, b) : NULL;
	return ua && ub && ua->p->uid == ub->p->uid;
}

/* The port that a resource names: "tcp.listen:8080". */
static bool names_port(const struct verdict *f, uint16_t port)
{
	const char *instance = strchr(f->resource, ':');
	char text[8];
	(void)snprintf(text, sizeof text, "%u", port);
	return port && instance && strcmp(instance + 1, text) == 0;
}

static bool of_server(
	const struct view *v, const struct verdict *cause, const struct verdict *symptom)
{
	return same_server(v, symptom->pid, cause->pid) ||
	       (symptom->pid && cause->pid && server_has(v, cause->pid, symptom->pid)) ||
	       (cause->netns == symptom->netns && names_port(symptom, cause->port));
}

/* A better reason for busy workers than requests that take long. */
static bool starves_workers(
	const struct view *v, const struct verdict *cause, const struct verdict *symptom)
{
	if (symptom->rule != RULE_workers_exhausted || !symptom->pid)
		return false;
	if (cause->cgroup && who_is_member(v, cause->cgroup, symptom->pid))
		return true;
	for (size_t i = 0; i < cause->nvictims; i++)
		if (cause->victims[i].pid &&
			(server_has(v, symptom->pid, cause->victims[i].pid) ||
				same_server(v, symptom->pid, cause->victims[i].pid)))
			return true;
	return false;
}

static int32_t blamed(const struct verdict *f)
{
	return f->nculprits ? f->culprits[0].pid : 0;
}

/* The symptom blames the cause's server, or one that suffers from it: what it waits for is on this machine. */
static bool blames(const struct view *v, const struct verdict *cause, const struct verdict *symptom)
{
	for (size_t i = 0; i < symptom->nculprits; i++) {
		int32_t pid = symptom->culprits[i].pid;
		if (pid && cause->pid && cause->pid != symptom->pid &&
			(same_server(v, cause->pid, pid) || server_has(v, cause->pid, pid)))
			return true;
	}
	return is_victim(v, cause, blamed(symptom));
}

/* Whose clients at a unix socket are is not seen. But of workers that are busy with nothing that is known, as many may wait for another server here
 * that is in trouble: for its lock, in its queue. */
static bool is_behind(
	const struct view *v, const struct verdict *cause, const struct verdict *symptom)
{
	const struct sample *last = view_last(v);
	double waits = 0;
	bool listens = false;
	if (symptom->rule != RULE_workers_exhausted || cause->netns != symptom->netns ||
		!cause->pid || of_server(v, cause, symptom) ||
		same_server(v, cause->pid, symptom->pid) || who_is_stopped(v, blamed(symptom)))
		return false;
	for (uint32_t i = 0; i < last->unix_listeners.count; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(last->unix_listeners, struct unix_listener)[i];
		if (l->netns != cause->netns || !server_has(v, cause->pid, l->pid))
			continue;
		listens = true;
		waits += l->waiting;
	}
	switch (rule_info(cause->rule)->resource) {
	case RES_WORKERS: return waits > 0 && (waits + cause->used) * 2 >= symptom->used;
	case RES_LOCKS: return listens && cause->used * 2 >= symptom->used;
	default: return listens;
	}
}

static bool is_same(const char *value, int32_t pid, const struct who *w)
{
	return (w->pid && pid == w->pid) || strcmp(value, w->value) == 0;
}

static bool names_same(const struct verdict *cause, const struct verdict *symptom)
{
	const struct who *w = &symptom->culprits[0];
	bool found = false;
	for (size_t i = 0; symptom->nculprits && i < cause->nculprits; i++)
		found = found || is_same(cause->culprits[i].value, cause->culprits[i].pid, w);
	for (size_t i = 0; symptom->nculprits && i < cause->nvictims; i++)
		found = found || is_same(cause->victims[i].value, cause->victims[i].pid, w);
	return found;
}

static enum strength linked_by(const struct view *v, enum cause_link link,
	const struct verdict *cause, const struct verdict *symptom)
{
	bool is = false;
	switch (link) {
	/* A nameserver without room is no proxy with all requests of the host. */
	case LINK_HOST:
		return symptom->lost || cause->rule == RULE_dns_full ? NOT_LINKED : LINKED_BY_HOST;
	case LINK_NETNS: return symptom->netns == cause->netns ? LINKED_BY_NETNS : NOT_LINKED;
	case LINK_SERVER: return of_server(v, cause, symptom) ? LINKED_BY_PROCESS : NOT_LINKED;
	case LINK_MEMBER:
		is = symptom->pid && cause->cgroup && who_is_member(v, cause->cgroup, symptom->pid);
		break;
	case LINK_STARVED: is = is_victim(v, cause, symptom->pid); break;
	case LINK_DISK: is = cause->devno && cause->devno == symptom->devno; break;
	case LINK_CULPRIT:
		is = blamed(symptom) && cause->cgroup &&
		     who_is_member(v, cause->cgroup, blamed(symptom));
		break;
	case LINK_USER: is = same_user(v, cause->pid, symptom->pid); break;
	case LINK_BLAMED: is = blames(v, cause, symptom); break;
	case LINK_NAMED: is = names_same(cause, symptom); break;
	case LINK_BUFFERED:
		is = cause->rule == RULE_sendq_buffered && symptom->rule != cause->rule &&
		     of_server(v, cause, symptom);
		break;
	case LINK_RANGES:
		is = cause->rule == RULE_workers_ranges && blamed(symptom) &&
		     (same_server(v, cause->pid, blamed(symptom)) ||
			     server_has(v, cause->pid, blamed(symptom)));
		break;
	case LINK_BUSY: is = starves_workers(v, cause, symptom); break;
	case LINK_LOCAL: return is_behind(v, cause, symptom) ? LINKED_BY_NETNS : NOT_LINKED;
	case LINK_PORT:
		is = cause->port && cause->port == symptom->port &&
		     (cause->netns == symptom->netns || cause->netns == symptom->peer_netns);
		break;
	case LINK_COUNT: break;
	}
	return is ? LINKED_BY_NAME : NOT_LINKED;
}

/* ---- time ---- */

/* Both begins are seen, the later one inside the window, and two samples or two seconds lie between: a counter is read once in a while, and
 * who waits is seen a moment after what it waits for, or before. */
static bool clearly_before(const struct view *v, const struct verdict *a, const struct verdict *b)
{
	double slack = v->n > 1 ? 2 * v->seconds / (v->n - 1) : 0;
	uint64_t slack_ns = (uint64_t)((slack > 2 ? slack : 2) * 1e9);
	return a->began_ns && b->began_ns && b->began_ns > view_at(v, 1)->real_ns &&
	       a->began_ns + slack_ns < b->began_ns;
}

/* ---- the table ---- */

/* Nothing is refused yet. Within the last hundredth, the next look says that it is. */
static bool is_to_come(const struct verdict *f)
{
	return f->state == STATE_FILLING && f->used < 0.99 * f->limit;
}

static enum strength explains(
	const struct view *v, const struct verdict *cause, const struct verdict *symptom)
{
	enum resource a = rule_info(cause->rule)->resource, b = rule_info(symptom->rule)->resource;
	enum strength best = NOT_LINKED;
	const struct cause_info *row;
	if (clearly_before(v, symptom, cause))
		return NOT_LINKED;
	for (size_t i = 0; (row = cause_info(i)) != NULL; i++) {
		if (row->cause != a || row->symptom != b ||
			(row->when == CAUSE_FULL && is_to_come(cause)))
			continue;
		enum strength s = linked_by(v, row->link, cause, symptom);
		best = s > best ? s : best;
	}
	return best;
}

struct candidate {
	size_t by;
	enum strength strength;
	bool tie;
};

/* Of two that explain each other: is a the cause? */
static bool is_first(const struct view *v, const struct verdict *a, const struct verdict *b,
	enum strength ab, enum strength ba, int (*heavier)(const void *a, const void *b),
	bool *ret_tie)
{
	*ret_tie = false;
	if (clearly_before(v, a, b))
		return true;
	if (ab != ba)
		return ab > ba;
	*ret_tie = true;
	const struct tie_info *tie =
		tie_info(rule_info(a->rule)->resource, rule_info(b->rule)->resource);
	return tie ? tie->a == rule_info(a->rule)->resource : heavier(a, b) < 0;
}

static bool leads_to(const struct cause_of *of, size_t from, size_t to)
{
	for (int at = (int)from; at != CAUSE_NONE; at = of[at].by)
		if ((size_t)at == to)
			return true;
	return false;
}

/* The one cause that is named for row k: what is sure before what is a tie, the closer link before the wider, the earlier rule before the later. One
 * that it explains itself, by way of others, is none: the circle is cut where it would close. */
static void find_cause(const struct view *v, const struct verdict *rows, size_t n, const bool *skip,
	size_t k, int (*heavier)(const void *a, const void *b), struct cause_of *of)
{
	struct candidate best = {0};
	for (size_t i = 0; i < n; i++) {
		if (i == k || skip[i] || rows[i].state == STATE_NOTE)
			continue;
		struct candidate c = {i, explains(v, &rows[i], &rows[k]), false};
		enum strength back = c.strength ? explains(v, &rows[k], &rows[i]) : NOT_LINKED;
		if (!c.strength ||
			(back && !is_first(v, &rows[i], &rows[k], c.strength, back, heavier,
					 &c.tie)) ||
			leads_to(of, i, k))
			continue;
		if (!best.strength || c.tie < best.tie ||
			(c.tie == best.tie && c.strength > best.strength))
			best = c;
	}
	if (best.strength)
		of[k] = (struct cause_of){(int)best.by, best.tie};
}

void causes_find(const struct view *v, const struct verdict *rows, size_t n, const bool *skip,
	int (*heavier)(const void *a, const void *b), struct cause_of *ret)
{
	for (size_t k = 0; k < n; k++)
		ret[k] = (struct cause_of){CAUSE_NONE, false};
	for (size_t k = 0; k < n; k++)
		if (!skip[k] && rows[k].state != STATE_NOTE)
			find_cause(v, rows, n, skip, k, heavier, ret);
}
