/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Folding: a table says which trouble can cause which, and under what condition the two are one. A
 * cause that stands in no relation to a symptom leaves it a finding of its own: two troubles at
 * once are two findings. */
#include "finding/finding.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum link {
	LINK_HOST,    /* both are of the host: the one explains the other whatever the instance */
	LINK_PID,     /* the symptom's process is the cause's */
	LINK_NETNS,   /* same network namespace */
	LINK_MEMBER,  /* the symptom's process is in the cause's cgroup */
	LINK_STARVED, /* the symptom's process is among the cause's victims */
	LINK_DISK,    /* the same device, or the filesystem on it */
	LINK_CULPRIT, /* the symptom's culprit is in the cause's cgroup */
	LINK_USER,    /* the symptom's process belongs to the user of the cause */
};

static const struct {
	enum resource cause, symptom;
	enum link link;
} causes[] = {
	{RES_FDS, RES_TCP_LISTEN, LINK_PID},
	{RES_CGROUP_CPU, RES_TCP_LISTEN, LINK_MEMBER},
	{RES_CGROUP_PIDS, RES_TCP_LISTEN, LINK_MEMBER},
	{RES_CGROUP_MEMORY, RES_TCP_LISTEN, LINK_MEMBER},
	{RES_CGROUP_MEMORY, RES_SWAP, LINK_CULPRIT},
	{RES_CPU_STEAL, RES_CPU, LINK_HOST},
	{RES_CPU, RES_TCP_LISTEN, LINK_STARVED},
	{RES_MEMORY, RES_SWAP, LINK_HOST},
	{RES_SWAP, RES_DISK_IO, LINK_HOST},
	{RES_MEMORY, RES_DISK_IO, LINK_HOST},
	{RES_DISK_STALL, RES_DISK_IO, LINK_HOST},
	{RES_DISK_STALL, RES_TCP_LISTEN, LINK_STARVED},
	{RES_DISK_IO, RES_TCP_LISTEN, LINK_STARVED},
	{RES_NPROC, RES_TCP_LISTEN, LINK_USER},
	{RES_PIDS, RES_TCP_LISTEN, LINK_HOST},
	{RES_PIDS, RES_NPROC, LINK_HOST},
	{RES_TCP_PORTS, RES_TCP_TIMEWAIT, LINK_NETNS},
	{RES_TCP_MEMORY, RES_TCP_ORPHANS, LINK_HOST},
	{RES_FS_SPACE, RES_FS_INODES, LINK_DISK},
	{RES_FS_SPACE, RES_DISK_IO, LINK_DISK},
};

static bool is_victim(const struct verdict *cause, int32_t pid)
{
	for (size_t i = 0; i < cause->nvictims; i++)
		if (pid && cause->victims[i].pid == pid)
			return true;
	return false;
}

static bool same_user(const struct view *v, int32_t a, int32_t b)
{
	const struct usage *ua = a ? view_usage(v, a) : NULL, *ub = b ? view_usage(v, b) : NULL;
	return ua && ub && ua->p->uid == ub->p->uid;
}

static bool linked(struct view *v, const struct verdict *cause, const struct verdict *symptom)
{
	enum resource a = rule_info(cause->rule)->resource, b = rule_info(symptom->rule)->resource;
	for (size_t i = 0; i < COUNTOF(causes); i++) {
		if (causes[i].cause != a || causes[i].symptom != b)
			continue;
		switch (causes[i].link) {
		case LINK_HOST: return true;
		case LINK_PID: return symptom->pid && symptom->pid == cause->pid;
		case LINK_NETNS: return symptom->netns == cause->netns;
		case LINK_MEMBER:
			return symptom->pid && cause->cgroup &&
			       who_is_member(v, cause->cgroup, symptom->pid);
		case LINK_STARVED: return is_victim(cause, symptom->pid);
		case LINK_DISK: return cause->devno && cause->devno == symptom->devno;
		case LINK_CULPRIT:
			return symptom->nculprits && cause->cgroup &&
			       who_is_member(v, cause->cgroup, symptom->culprits[0].pid);
		case LINK_USER: return same_user(v, cause->pid, symptom->pid);
		}
	}
	return false;
}

/* What this finding weighs: harm that is there before harm to come, and among those the sooner. */
static double weight(const struct verdict *f)
{
	double w = f->state == STATE_NOTE ? 0 : 100.0 * (double)f->severity;
	switch (f->state) {
	case STATE_EXHAUSTED: w += 50; break;
	case STATE_STALLED: w += 45; break;
	case STATE_SATURATED: w += 40; break;
	case STATE_WRONG: w += 30; break;
	case STATE_FILLING:
		w += 20 - (f->eta_s > 0 ? (f->eta_s < 3600 ? f->eta_s / 360 : 10) : 0);
		break;
	case STATE_NOTE: break;
	}
	return w + (double)(f->nvictims > 3 ? 3 : f->nvictims) + (f->nculprits ? 1 : 0);
}

static int heavier(const void *pa, const void *pb)
{
	const struct verdict *a = pa, *b = pb;
	double wa = weight(a), wb = weight(b);
	if (wa < wb || wa > wb)
		return wa > wb ? -1 : 1;
	int n = strcmp(a->resource, b->resource);
	return n ? n : (int)a->netns - (int)b->netns;
}

/* The same socket is listed for IPv4 and IPv6, or by several sockets of one port (SO_REUSEPORT):
 * one trouble. */
static bool same_trouble(const struct verdict *a, const struct verdict *b)
{
	return a->rule == b->rule && a->netns == b->netns && a->pid == b->pid &&
	       strcmp(a->resource, b->resource) == 0;
}

static bool wanted(const struct verdict *f, const char *only)
{
	return !only || fnmatch(only, f->resource, 0) == 0 ||
	       fnmatch(only, rule_info(f->rule)->name, 0) == 0 ||
	       fnmatch(only, resource_info(rule_info(f->rule)->resource)->class, 0) == 0;
}

bool findings_known(const char *only)
{
	char class[128];
	(void)snprintf(class, sizeof class, "%.*s", (int)strcspn(only, ":"), only);
	for (unsigned r = 0; r < RULE_COUNT; r++) {
		const struct rule_info *i = rule_info((enum rule_id)r);
		if (fnmatch(only, i->name, 0) == 0 ||
			fnmatch(class, resource_info(i->resource)->class, 0) == 0)
			return true;
	}
	return false;
}

static void fold(struct view *v, struct verdicts *all, struct findings *ret)
{
	bool gone[COUNTOF(all->rows)] = {false};
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->count; k++) {
			struct verdict *cause = &all->rows[i], *symptom = &all->rows[k];
			if (i == k || gone[i] || gone[k] || cause->state == STATE_NOTE ||
				symptom->state == STATE_NOTE)
				continue;
			if (k > i && same_trouble(cause, symptom)) {
				gone[k] = true;
			} else if (linked(v, cause, symptom)) {
				gone[k] = true;
				verdict_effect(cause, symptom->resource, symptom->title);
				for (size_t e = 0; e < symptom->neffects; e++)
					verdict_effect(cause, symptom->effects[e].resource,
						symptom->effects[e].text);
				for (size_t n = 0; n < symptom->nvictims; n++)
					if (!is_victim(cause, symptom->victims[n].pid))
						verdict_victim(cause, symptom->victims[n].kind,
							symptom->victims[n].value,
							symptom->victims[n].pid,
							symptom->victims[n].effect);
			}
		}
	for (size_t i = 0; i < all->count; i++)
		if (!gone[i])
			ret->rows[ret->count++] = all->rows[i];
}

static void find_blind(struct view *v, const struct verdicts *all, struct findings *ret)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->gaps.count; i++) {
		const struct gap *g = &TABLE_ROWS(s->gaps, struct gap)[i];
		const char *ns = g->netns ? say(v, " of network namespace %s",
						    series_netns_name(v->series, g->netns))
					  : "";
		ret->blind[ret->nblind++] = (struct blind){say(v, "%s%s", g->what, ns),
			g->error ? say(v, "%s: %s",
					   strerrorname_np(g->error) ? strerrorname_np(g->error)
								     : "?",
					   strerror(g->error))
				 : "not looked at",
			g->hides};
	}
	for (unsigned r = 0; r < RULE_COUNT; r++)
		if (all->unknown[r])
			ret->blind[ret->nblind++] =
				(struct blind){say(v, "rule %s", rule_info((enum rule_id)r)->name),
					say(v, "missing: %s", all->unknown[r]),
					resource_info(rule_info((enum rule_id)r)->resource)->class};
}

int findings_build(struct view *v, const char *only, struct verdicts *all, struct findings *ret)
{
	*ret = (struct findings){0};
	rules_run(v, all);
	findings_usual(v, all->rows, all->count);
	ret->rows = arena_alloc(&v->scratch, (all->count + 1) * sizeof *ret->rows);
	ret->blind = arena_alloc(
		&v->scratch, (view_last(v)->gaps.count + RULE_COUNT) * sizeof *ret->blind);
	if (!ret->rows || !ret->blind)
		return -ENOMEM;
	fold(v, all, ret);
	size_t kept = 0;
	for (size_t i = 0; i < ret->count; i++)
		if (wanted(&ret->rows[i], only))
			ret->rows[kept++] = ret->rows[i];
	ret->count = kept;
	for (size_t i = 0; i < ret->count;
		i++) /* the wall clock may have been set back in the window */
		if (ret->rows[i].since_ns > v->now_ns)
			ret->rows[i].since_ns = v->now_ns;
	qsort(ret->rows, ret->count, sizeof *ret->rows, heavier);
	find_blind(v, all, ret);
	/* Without the two files that every Linux has, nothing can be said. */
	ret->unseen = all->unknown[RULE_cpu_saturated] && all->unknown[RULE_memory_exhausted];
	ret->overall = findings_overall(ret);
	return 0;
}

enum overall findings_overall(const struct findings *fs)
{
	enum overall overall = fs->unseen ? OVERALL_UNKNOWN : OVERALL_OK;
	for (size_t i = 0; i < fs->count; i++) {
		const struct verdict *f = &fs->rows[i];
		if (f->state == STATE_NOTE || f->muted)
			continue;
		enum overall o =
			f->severity == SEVERITY_CRITICAL ? OVERALL_CRITICAL : OVERALL_WARNING;
		if (overall == OVERALL_UNKNOWN || o > overall)
			overall = o;
	}
	return overall;
}

const char *finding_id(struct view *v, const struct verdict *f)
{
	const char *text = say(v, "%s|%s|%s", rule_info(f->rule)->name, f->resource,
		series_netns_name(v->series, f->netns));
	return say(v, "%016" PRIx64, intern_hash(text, strlen(text)));
}

const char *overall_name(enum overall o)
{
	static const char *const names[] = {"ok", "warning", "critical", "unknown"};
	return names[o];
}
