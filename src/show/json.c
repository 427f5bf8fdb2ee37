/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/show.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

json_t *json_text(const char *s)
{
	char buf[4096];
	return s ? json_string(text_utf8(buf, sizeof buf, s)) : json_null();
}

json_t *json_amount(double v)
{
	if (!isfinite(v))
		return json_null();
	return v == floor(v) && fabs(v) < 9e15 ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *number_or_null(double v)
{
	return v < 0 ? json_null() : json_amount(v);
}

static json_t *time_text(uint64_t ns)
{
	char buf[40];
	return ns ? json_string(text_time(buf, ns)) : json_null();
}

static json_t *pid_or_null(int32_t pid)
{
	return pid > 0 ? json_integer(pid) : json_null();
}

static json_t *whos(const struct who *w, size_t n)
{
	json_t *a = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			a, json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", w[i].kind, "value",
				   json_text(w[i].value), "pid", pid_or_null(w[i].pid), "share",
				   number_or_null(w[i].share > 1 ? 1 : w[i].share), "why",
				   json_text(w[i].why ? w[i].why : "")));
	return a;
}

json_t *json_mute(const struct mute *m)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "what", json_text(m->what), "until",
		time_text(m->until_ns), "by", json_text(m->by), "reason", json_text(m->reason));
}

json_t *json_finding(struct view *v, const struct verdict *f)
{
	json_t *victims = json_array(), *evidence = json_array(), *remedies = json_array(),
	       *effects = json_array();
	for (size_t i = 0; i < f->nvictims; i++)
		json_array_append_new(
			victims, json_pack("{s:s, s:o, s:o, s:o}", "kind", f->victims[i].kind,
					 "value", json_text(f->victims[i].value), "pid",
					 pid_or_null(f->victims[i].pid), "effect",
					 json_text(f->victims[i].effect)));
	for (size_t i = 0; i < f->nevidence; i++) {
		const struct evidence *e = &f->evidence[i];
		json_array_append_new(evidence,
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "text", json_text(e->text),
				"metric", json_text(e->metric), "value", json_amount(e->value),
				"limit", number_or_null(e->limit), "at",
				time_text(e->at_ns ? e->at_ns : v->now_ns), "confirm",
				json_text(e->confirm), "alternative", json_text(e->alternative)));
	}
	for (size_t i = 0; i < f->nremedies; i++) {
		const struct remedy *r = &f->remedies[i];
		json_array_append_new(
			remedies, json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "text",
					  json_text(r->text), "command", json_text(r->command),
					  "file", json_text(r->file), "lasts", r->lasts, "cost",
					  json_text(r->cost), "risk", json_text(r->risk)));
	}
	for (size_t i = 0; i < f->neffects; i++)
		json_array_append_new(effects,
			json_pack("{s:o, s:o}", "resource", json_text(f->effects[i].resource),
				"text", json_text(f->effects[i].text)));
	const char *netns = series_netns_name(v->series, f->netns);
	const char *unit = resource_info(rule_info(f->rule)->resource)->unit;
	json_t *j = json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, "
		"s:o, s:o, s:o, s:o, s:o}",
		"id", finding_id(v, f), "rule", rule_info(f->rule)->name, "severity",
		severity_name(f->severity), "state", state_name(f->state), "resource",
		json_text(f->resource), "netns", *netns ? json_text(netns) : json_null(), "cgroup",
		f->cgroup ? json_text(intern_text(&v->series->names, f->cgroup)) : json_null(),
		"title", json_text(f->title), "since", time_text(f->since_ns), "eta_s",
		number_or_null(f->eta_s), "used", json_amount(f->used), "limit",
		number_or_null(f->limit), "unit", unit, "refused", number_or_null(f->refused),
		"culprits", whos(f->culprits, f->nculprits), "victims", victims, "evidence",
		evidence, "remedies", remedies, "effects", effects);
	if (j && f->muted)
		json_object_set_new(j, "muted", json_mute(f->muted));
	return j;
}

/* Class names stand one by one; anything else is a sentence. */
static void append_hides(json_t *a, const char *hides)
{
	char word[64];
	bool classes = *hides != '\0';
	for (int pass = 0; pass < 2; pass++) {
		for (const char *p = hides; *p && classes; p += strspn(p, " ")) {
			size_t n = strcspn(p, " ");
			(void)snprintf(word, sizeof word, "%.*s",
				(int)(n < sizeof word - 1 ? n : sizeof word - 1), p);
			classes = resource_by_name(word) != RESOURCE_COUNT;
			if (pass && classes)
				json_array_append_new(a, json_string(word));
			p += n;
		}
	}
	if (!classes && *hides)
		json_array_append_new(a, json_text(hides));
}

json_t *json_check(struct view *v, const struct findings *fs, const char *version, const char *host)
{
	json_t *findings = json_array(), *blind = json_array();
	for (size_t i = 0; i < fs->count; i++)
		json_array_append_new(findings, json_finding(v, &fs->rows[i]));
	for (size_t i = 0; i < fs->nblind; i++) {
		json_t *hides = json_array();
		append_hides(hides, fs->blind[i].hides ? fs->blind[i].hides : "");
		json_array_append_new(
			blind, json_pack("{s:o, s:o, s:o}", "what", json_text(fs->blind[i].what),
				       "why", json_text(fs->blind[i].why), "hides", hides));
	}
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:s, s:o, s:o}", "plimsoll", version, "schema",
		1, "host", json_text(host), "at", time_text(v->now_ns), "window_s",
		json_amount(v->seconds), "verdict", overall_name(fs->overall), "findings", findings,
		"blind", blind);
}

json_t *json_limits(struct view *v, const struct ledger *l)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *r = &l->rows[i];
		const char *netns = series_netns_name(v->series, r->netns);
		json_array_append_new(rows,
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, "
				  "s:o, s:o, s:s}",
				"resource", json_text(r->name), "netns",
				*netns ? json_text(netns) : json_null(), "cgroup",
				r->cgroup ? json_text(intern_text(&v->series->names, r->cgroup))
					  : json_null(),
				"used", json_amount(r->used), "limit", number_or_null(r->limit),
				"high", json_amount(r->high), "unit", r->unit, "high_at",
				time_text(r->high_at), "refused", number_or_null(r->refused),
				"refused_per_s",
				r->refused < 0 ? json_null() : json_amount(r->refused_per_s),
				"pressure", number_or_null(r->pressure), "slope_per_s",
				json_amount(r->slope), "eta_s", number_or_null(r->eta_s), "holders",
				whos(r->holders, r->nholders), "source", r->source));
	}
	return json_pack(
		"{s:i, s:o, s:o}", "schema", 1, "at", time_text(v->now_ns), "resources", rows);
}

json_t *json_rule(enum rule_id r)
{
	const struct rule_info *i = rule_info(r);
	const struct rule_case *c = rule_case(r);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "rule", i->name, "resource",
		resource_info(i->resource)->class, "subject", i->subject, "mechanism", c->mechanism,
		"threshold", c->threshold, "false_alarms", c->false_alarms, "confirm", c->confirm,
		"remedy", c->remedy);
}

int json_write(FILE *f, json_t *j, bool one_line)
{
	if (!j)
		return -ENOMEM;
	int r = json_dumpf(
		j, f, (one_line ? JSON_COMPACT : JSON_INDENT(1)) | JSON_REAL_PRECISION(15));
	json_decref(j);
	if (r < 0 || fputc('\n', f) == EOF || fflush(f) == EOF || ferror(f))
		return -EIO;
	return 0;
}
