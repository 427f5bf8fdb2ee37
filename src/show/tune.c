/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/tune.h"

#include "base/text.h"
#include "show/table.h"

#include <math.h>
#include <string.h>

static bool bare(const char *unit)
{
	return strcmp(unit, "bytes") == 0 || strcmp(unit, "ratio") == 0;
}

/* A limit is set as a whole number: it is not rounded for reading. */
static char *exact(char buf[static 32], double v, const char *unit)
{
	if (bare(unit) || v != floor(v))
		return show_amount(buf, v, unit);
	(void)snprintf(buf, 32, "%.0f", v);
	return buf;
}

static void numbers(FILE *f, struct style st, struct view *v, const struct tuning *t)
{
	char a[32], b[32], c[32], at[40];
	if (t->limit < 0 || t->used < 0)
		return;
	const char *when = t->high_at ? say(v, " at %s%s", text_time(at, t->high_at),
						t->high_hour ? " or in the hour after" : "")
				      : "";
	show_paragraph(f, st, "used",
		say(v, "%s of %s%s%s, at most %s%s (%s)", show_amount(a, t->used, t->unit),
			exact(b, t->limit, t->unit), bare(t->unit) ? "" : " ",
			bare(t->unit) ? "" : t->unit, show_amount(c, t->high, t->unit), when,
			t->mark == MARK_RECORDED ? "as recorded"
			: t->mark == MARK_OWN    ? "as it tells, since its start"
						 : "in this look"));
}

static void change(FILE *f, struct style st, struct view *v, const struct tuning *t)
{
	char a[32], b[32];
	const char *ns = series_netns_name(v->series, t->netns);
	const char *where = *ns ? say(v, " (network namespace %s)", show_safe(v, ns)) : "";
	const char *word = t->action == TUNE_RAISE       ? "raise"
			   : t->action == TUNE_LOWER     ? "lower"
			   : t->action == TUNE_NO_HIGHER ? "no higher"
							 : "no memory";
	bool changes = t->action == TUNE_RAISE || t->action == TUNE_LOWER;
	const char *from = t->limit >= 0 ? exact(a, t->limit, t->unit) : "";
	(void)fprintf(f, "\n%s: %s", word, show_safe(v, t->name));
	(void)fprintf(f, changes ? "%s  %s%s%s\n" : "%s\n", where, from,
		*from ? " -> " : "at least ", exact(b, t->value, t->unit));
	show_paragraph(f, st, "why", t->why);
	numbers(f, st, v, t);
	if (!changes)
		return;
	const char *cost = t->cost > 0    ? say(v, "up to %s", text_bytes(a, t->cost))
			   : t->cost == 0 ? "no memory"
					  : "not known";
	show_paragraph(f, st, "costs",
		say(v, "%s%s%s", cost, t->cost_text ? "; " : "", t->cost_text ? t->cost_text : ""));
	show_paragraph(f, st, "careful", t->danger);
	for (size_t i = 0; i < t->nnow; i++) {
		char safe[4096];
		(void)fprintf(f, "  %-12s # %s\n", i == 0 ? "now" : "",
			text_safe(safe, sizeof safe, t->now[i]));
	}
	if (*t->file)
		show_paragraph(f, st, "to keep it", t->file);
	for (size_t i = 0; i < t->nlines; i++) {
		char safe[4096];
		(void)fprintf(f, "  %-12s %s%s\n", i == 0 && !*t->file ? "to keep it" : "",
			*t->file ? "  " : "", text_safe(safe, sizeof safe, t->lines[i]));
	}
	if (t->apply)
		show_paragraph(f, st, "then", t->apply);
}

void show_tune(FILE *f, struct style st, struct view *v, const struct tuning *rows, size_t n,
	double watched_s, unsigned peers)
{
	static const struct column columns[] = {{"keep", false, true, 0, 18},
		{"used", true, false, 1, 0}, {"limit", true, false, 0, 0},
		{"netns", false, true, 3, 8}, {"why", false, true, 0, 16}};
	enum { NCOL = sizeof columns / sizeof *columns };
	char d[32], b[32];
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		kept += rows[i].action == TUNE_KEEP;
	if (watched_s > 0)
		(void)fprintf(f, "high-water marks of %s of recording, or of what a row says",
			text_duration(d, watched_s));
	else
		(void)fprintf(f,
			"high-water marks of %s only: plimsoll record, for some days, knows better",
			text_duration(d, v->seconds));
	if (peers > 1)
		(void)fprintf(f, "; sized for the failure of one of %u machines", peers);
	(void)fprintf(f, "\n%zu of %zu limits to change\n", n - kept, n);
	for (size_t i = 0; i < n; i++)
		if (rows[i].action != TUNE_KEEP)
			change(f, st, v, &rows[i]);
	const char **cells = arena_alloc(&v->scratch, (kept + 1) * NCOL * sizeof *cells),
		   **c = cells;
	for (size_t i = 0; cells && i < n; i++) {
		if (rows[i].action != TUNE_KEEP)
			continue;
		*c++ = show_safe(v, rows[i].name);
		*c++ = rows[i].used >= 0 ? say(v, "%s", show_amount(b, rows[i].used, rows[i].unit))
					 : "-";
		*c++ = rows[i].limit >= 0
			       ? say(v, "%s", show_amount(b, rows[i].limit, rows[i].unit))
			       : "-";
		*c++ = show_safe(v, series_netns_name(v->series, rows[i].netns));
		*c++ = rows[i].why;
	}
	if (!kept || !cells)
		return;
	(void)fputc('\n', f);
	const struct text_table table = {columns, NCOL, cells, kept};
	table_print(f, &table, st.width, st.color);
}

static json_t *amount_or_null(double v)
{
	return v < 0 ? json_null() : json_amount(v);
}

static json_t *texts(const char *const *t, size_t n)
{
	json_t *a = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_text(t[i]));
	return a;
}

json_t *json_tune(
	struct view *v, const struct tuning *rows, size_t n, double watched_s, unsigned peers)
{
	json_t *all = json_array();
	char at[40];
	for (size_t i = 0; i < n; i++) {
		const struct tuning *t = &rows[i];
		const char *netns = series_netns_name(v->series, t->netns);
		bool changes = t->action == TUNE_RAISE || t->action == TUNE_LOWER;
		json_t *j = json_pack(
			"{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o}",
			"action", tune_action_name(t->action), "resource", json_text(t->name),
			"netns", *netns ? json_text(netns) : json_null(), "unit", t->unit, "used",
			amount_or_null(t->used), "limit", amount_or_null(t->limit), "high",
			amount_or_null(t->high), "high_at",
			t->high_at ? json_string(text_time(at, t->high_at)) : json_null(),
			"recorded", t->mark == MARK_RECORDED, "mark", tune_mark_name(t->mark),
			"refused", amount_or_null(t->refused), "value",
			changes ? json_amount(t->value) : json_null(), "why", json_text(t->why),
			"cost_bytes", changes ? amount_or_null(t->cost) : json_null());
		if (j && changes) {
			json_object_set_new(j, "cost", json_text(t->cost_text));
			json_object_set_new(j, "danger", json_text(t->danger));
			json_object_set_new(j, "now", texts(t->now, t->nnow));
			json_object_set_new(j, "file", *t->file ? json_text(t->file) : json_null());
			json_object_set_new(j, "lines", texts(t->lines, t->nlines));
			json_object_set_new(j, "apply", json_text(t->apply));
		}
		json_array_append_new(all, j);
	}
	return json_pack("{s:i, s:s, s:f, s:o, s:o}", "schema", 1, "at", text_time(at, v->now_ns),
		"watched_s", watched_s > 0 ? watched_s : v->seconds, "peers",
		peers > 1 ? json_integer(peers) : json_null(), "tunables", all);
}
