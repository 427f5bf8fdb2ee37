/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/verdict.h"

#include "ledger/group.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static rule_fn *const functions[] = {
#define RULE(id, name, res, subject) rule_##id,
#include "catalogue/rules.def"
#undef RULE
};

static const struct rule_case *const cases[] = {
#define RULE(id, name, res, subject) &rule_case_##id,
#include "catalogue/rules.def"
#undef RULE
};

void rules_run(struct view *v, struct verdicts *out)
{
	*out = (struct verdicts){0};
	for (unsigned r = 0; r < RULE_COUNT; r++) {
		out->current = (enum rule_id)r;
		functions[r](v, out);
	}
}

const struct rule_case *rule_case(enum rule_id r)
{
	return cases[r];
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {"notice", "warning", "critical"};
	return names[s];
}

const char *state_name(enum finding_state s)
{
	static const char *const names[] = {
		"filling", "saturated", "exhausted", "stalled", "wrong", "note"};
	return names[s];
}

const char *say(struct view *v, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : (size_t)n;
	if (len >= sizeof line) { /* cut between characters, not inside one */
		len = sizeof line - 1;
		while (len > 0 && ((unsigned char)line[len] & 0xc0) == 0x80)
			len--;
	}
	return arena_strn(&v->scratch, line, len);
}

const char *unit_of(struct view *v, int32_t pid)
{
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	if (!u || !(u->p->have & HAVE_CGROUP))
		return NULL;
	const char *path = intern_text(&v->series->names, u->p->cgroup), *found = NULL;
	size_t found_len = 0;
	/* The innermost part of the path that systemd knows as a unit. */
	while (*path) {
		path += *path == '/';
		size_t len = strcspn(path, "/");
		static const char *const ends[] = {".service", ".scope"};
		for (size_t i = 0; i < COUNTOF(ends); i++) {
			size_t n = strlen(ends[i]);
			if (len > n && memcmp(path + len - n, ends[i], n) == 0) {
				found = path;
				found_len = len;
			}
		}
		path += len;
	}
	return found ? shell_word(v, arena_strn(&v->scratch, found, found_len)) : NULL;
}

const char *restart_command(struct view *v, int32_t pid)
{
	const char *unit = unit_of(v, pid);
	return unit  ? say(v, "systemctl restart %s", unit)
	       : pid ? say(v, "kill -TERM %" PRId32 "   # then start it again", pid)
		     : NULL;
}

const char *group_called(struct view *v, const char *path)
{
	char title[GROUP_TITLE];
	return *group_title(title, path) ? say(v, "%s", title) : path;
}

const char *shell_word(struct view *v, const char *text)
{
	if (*text && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"
				       "789/._-:@%+=,")] == '\0')
		return text;
	char word[2048];
	size_t n = 0;
	word[n++] = '\'';
	for (; *text && n + 6 < sizeof word; text++) {
		if (*text == '\'') {
			for (const char *q = "'\\''"; *q; q++)
				word[n++] = *q;
		} else {
			word[n++] = *text;
		}
	}
	word[n++] = '\'';
	return arena_strn(&v->scratch, word, n);
}

struct verdict *verdict_new(struct view *v, struct verdicts *out, enum severity severity,
	enum finding_state state, const char *instance)
{
	if (out->count == COUNTOF(out->rows))
		return NULL;
	struct verdict *f = &out->rows[out->count++];
	const char *class = resource_info(rule_info(out->current)->resource)->class;
	*f = (struct verdict){.rule = out->current,
		.severity = severity,
		.state = state,
		.since_ns = view_at(v, 0)->real_ns,
		.eta_s = -1,
		.limit = -1,
		.refused = -1};
	f->resource = instance && *instance ? say(v, "%s:%s", class, instance) : class;
	f->title = rule_info(out->current)->subject;
	return f;
}

void verdict_unknown(struct verdicts *out, const char *missing)
{
	out->unknown[out->current] = missing;
}

void verdict_evidence(struct verdict *f, const char *text, int metric, double value, double limit,
	const char *confirm)
{
	if (f->nevidence < VERDICT_EVIDENCE)
		f->evidence[f->nevidence++] = (struct evidence){text,
			metric >= 0 ? metric_info((enum metric)metric)->name : NULL, value, limit,
			0, confirm, NULL};
}

void verdict_remedy(struct verdict *f, const char *text, const char *command, const char *file,
	bool lasts, const char *cost, const char *risk)
{
	if (f->nremedies < VERDICT_REMEDIES)
		f->remedies[f->nremedies++] =
			(struct remedy){text, command, file, lasts, cost, risk};
}

void verdict_victim(
	struct verdict *f, const char *kind, const char *value, int32_t pid, const char *effect)
{
	if (f->nvictims < VERDICT_VICTIMS)
		f->victims[f->nvictims++] = (struct victim){kind, value, pid, effect};
}

void verdict_effect(struct verdict *f, const char *resource, const char *text)
{
	if (f->neffects < VERDICT_EFFECTS)
		f->effects[f->neffects++] = (struct effect){resource, text};
}

void verdict_began(struct verdict *f, uint64_t real_ns)
{
	if (real_ns)
		f->since_ns = f->began_ns = real_ns;
}

void verdict_since_culprit(struct view *v, struct verdict *f)
{
	double boot;
	const struct usage *u =
		f->nculprits && f->culprits[0].pid ? view_usage(v, f->culprits[0].pid) : NULL;
	if (!u || !view_gauge(v, view_id(v, M_BOOT_TIME, 0, 0), &boot))
		return;
	uint64_t started = (uint64_t)boot * 1000000000u + u->p->start_ticks * 10000000u;
	if (started > f->since_ns && started <= v->now_ns)
		f->since_ns = started;
}

const char *in_netns(struct view *v, unsigned netns)
{
	const char *name = series_netns_name(v->series, netns);
	if (netns == NETNS_HOST)
		return "";
	if (*name && name[strspn(name, "0123456789")] != '\0')
		return say(v, "ip netns exec %s ", shell_word(v, name));
	/* No name in /run/netns: through one of its processes. */
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if ((p->have & HAVE_NETNS) && p->netns == netns)
			return say(v, "nsenter -t %d -n ", p->pid);
	}
	return "";
}

double forecast(const struct view *v, struct trend t, double used, double limit)
{
	/* Half of the limit is used, and that much did not come about while we watched, or just before: a quarter longer at least. Who begins
	 * his day grows on a line as well, and a line that is as long as the window does not say which it is. */
	return used * 2 < limit || used * 4 < t.slope * t.span_s * 5
		       ? -1
		       : trend_eta(v, t, limit - used);
}
