/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A screen as the page draws it: what the terminal shows, with the numbers beside the texts. Written by hand: two thousand processes are thirty
 * thousand cells.
 *
 *     { "at": TIME, "name", "title", "seconds",
 *       "lines": [ { "label", "text", "tone", "share", "over", "limited" } ],
 *       "columns": [ { "key", "title", "help", "unit", "per", "align", "priority", "metric", "source" } ],
 *       "rows": [ { "key", "tone", "cells": [ { "text", "value": number | null } ] } ],
 *       "left_out": rows beyond the limit, "empty": why there is no row, or null } */
#include "base/text.h"
#include "show/screens/screen_impl.h"
#include "show/series.h"

#include <inttypes.h>

static const char *const tones[] = {[TONE_PLAIN] = "plain",
	[TONE_DIM] = "dim",
	[TONE_BOLD] = "bold",
	[TONE_GOOD] = "good",
	[TONE_WARNING] = "warning",
	[TONE_CRITICAL] = "critical"};
_Static_assert(COUNTOF(tones) == TONE_COUNT, "every tone has a name");

static void member(struct show_text *t, const char *key, const char *text)
{
	show_text_add(t, key);
	if (text)
		show_text_json(t, text);
	else
		show_text_add(t, "null");
}

static void add_line(struct show_text *t, const struct screen_line *l)
{
	member(t, "{\"label\":", l->label);
	member(t, ",\"text\":", l->text);
	member(t, ",\"tone\":", tones[l->tone]);
	show_text_add(t, ",\"share\":");
	show_text_number(t, l->meter ? l->share : NAN);
	show_text_add(t, ",\"over\":");
	show_text_number(t, l->meter ? l->over : NAN);
	show_text_add(t, l->meter && l->limited ? ",\"limited\":true}" : ",\"limited\":false}");
}

static void add_column(struct show_text *t, const struct screen_column *c)
{
	member(t, "{\"key\":", c->key);
	member(t, ",\"title\":", c->title);
	member(t, ",\"help\":", screen_column_help(c));
	member(t, ",\"unit\":", screen_column_unit(c));
	member(t, ",\"per\":", c->per);
	member(t, ",\"align\":", c->unit == CELL_TEXT ? "left" : "right");
	show_text_add(t, ",\"priority\":");
	show_text_number(t, c->prio);
	member(t,
		",\"metric\":", c->metric >= 0 ? metric_info((enum metric)c->metric)->name : NULL);
	member(t, ",\"source\":", c->source);
	show_text_add(t, "}");
}

static void add_row(struct show_text *t, const struct screen_row *r, size_t ncells)
{
	char key[17], buf[CELL_MAX];
	(void)snprintf(key, sizeof key, "%016" PRIx64, r->key); /* more than a double can hold */
	member(t, "{\"key\":", key);
	member(t, ",\"tone\":", tones[r->tone]);
	show_text_add(t, ",\"cells\":[");
	for (size_t i = 0; i < ncells; i++) {
		const struct screen_cell *c = &r->cells[i];
		bool number = c->unit != CELL_TEXT && c->unit != CELL_BLANK;
		member(t, i ? ",{\"text\":" : "{\"text\":", screen_cell_text(buf, c));
		show_text_add(t, ",\"value\":");
		show_text_number(t, number ? c->number : NAN);
		show_text_add(t, "}");
	}
	show_text_add(t, "]}");
}

void screen_model(struct show_text *t, const struct screen *s, const struct view *v, size_t limit)
{
	char at[40];
	size_t n = limit && s->nrows > limit ? limit : s->nrows;
	bool any = false;
	member(t, "{\"at\":", text_time(at, v->now_ns));
	member(t, ",\"name\":", screen_info(s->id)->name);
	member(t, ",\"title\":", screen_info(s->id)->help);
	show_text_add(t, ",\"seconds\":");
	show_text_number(t, v->seconds);
	show_text_add(t, ",\"lines\":[");
	for (size_t i = 0; i < s->nlines; i++) {
		if (!*s->lines[i].label && !*s->lines[i].text)
			continue;
		show_text_add(t, any ? "," : "");
		add_line(t, &s->lines[i]);
		any = true;
	}
	show_text_add(t, "],\"columns\":[");
	for (size_t i = 0; i < s->ncolumns; i++) {
		show_text_add(t, i ? "," : "");
		add_column(t, &s->columns[i]);
	}
	show_text_add(t, "],\"rows\":[");
	for (size_t i = 0; i < n; i++) {
		show_text_add(t, i ? ",\n" : "");
		add_row(t, &s->rows[i], s->ncolumns);
	}
	show_text_add(t, "],\"left_out\":");
	show_text_number(t, (double)(s->nrows - n));
	member(t, ",\"empty\":", s->nrows ? NULL : s->empty);
	show_text_add(t, "}");
}
