/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Folding: what follows from a cause becomes one finding with it. A cause that stands in no relation to a symptom (causes.h) leaves it a
 * finding of its own: two troubles at once are two findings. */
#include "finding/finding.h"

#include "finding/causes.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* What a cause explains goes into it: the resource among its effects, who suffers among its victims. It is no milder than what follows from it. */
static void take_in(struct verdict *cause, const struct verdict *symptom)
{
	cause->settle_s = fmin(cause->settle_s, symptom->settle_s);
	verdict_effect(cause, symptom->resource, symptom->title);
	for (size_t n = 0; n < symptom->nvictims; n++) {
		bool known = false;
		for (size_t k = 0; k < cause->nvictims; k++)
			known = known || (symptom->victims[n].pid &&
						 cause->victims[k].pid == symptom->victims[n].pid);
		if (!known)
			verdict_victim(cause, symptom->victims[n].kind, symptom->victims[n].value,
				symptom->victims[n].pid, symptom->victims[n].effect);
	}
}

/* Neither of the two is known to be the cause of the other, and it is said. */
static void name_alternative(struct view *v, struct verdict *f, const struct verdict *other)
{
	const struct tie_info *tie =
		tie_info(rule_info(f->rule)->resource, rule_info(other->rule)->resource);
	/* It stands first behind the rule's own proof, also where there is no room left. */
	if (f->nevidence == VERDICT_EVIDENCE)
		f->nevidence--;
	verdict_evidence(f,
		say(v, "one of these two is the cause, and it may as well be %s (%s)%s%s",
			other->resource, other->title, tie ? "; " : "", tie ? tie->text : ""),
		-1, f->used, f->limit,
		tie                ? tie->command
		: other->nevidence ? other->evidence[0].confirm
				   : NULL);
	f->evidence[f->nevidence - 1].alternative = other->resource;
}

static void fold(struct view *v, struct verdicts *all, struct findings *ret)
{
	bool gone[COUNTOF(all->rows)] = {false};
	struct cause_of of[COUNTOF(all->rows)];
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = i + 1; k < all->count; k++)
			if (!gone[i] && all->rows[i].state != STATE_NOTE &&
				all->rows[k].state != STATE_NOTE &&
				same_trouble(&all->rows[i], &all->rows[k]))
				gone[k] = true;
	causes_find(v, all->rows, all->count, gone, heavier, of);
	for (size_t i = 0; i < all->count; i++) {
		size_t root = i;
		if (gone[i] || of[i].by == CAUSE_NONE)
			continue;
		while (of[root].by != CAUSE_NONE)
			root = (size_t)of[root].by;
		take_in(&all->rows[root], &all->rows[i]);
		if (of[i].tie && (size_t)of[i].by == root)
			name_alternative(v, &all->rows[root], &all->rows[i]);
	}
	for (size_t i = 0; i < all->count; i++)
		if (!gone[i] && of[i].by == CAUSE_NONE)
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
