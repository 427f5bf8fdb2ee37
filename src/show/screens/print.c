/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A screen once as text or JSON, and help on its columns.
 *
 *     { "schema": 1, "view": NAME, "host": NAME, "at": TIME, "seconds": s,
 *       "lines": [ { "label", "text", "share", "over" } ],
 *       "columns": [ { "key", "title", "unit", "means", "metric" } ],
 *       "rows": [ { KEY: number or text or null ... , "severity": "warning" or "critical" or null } ],
 *       "left_out": rows beyond --limit, "empty": why there is no row, or null } */
#include "base/text.h"
#include "show/screens/screen_impl.h"
#include "show/show.h"
#include "show/table.h"

#include <string.h>

const char *screen_column_unit(const struct screen_column *c)
{
	switch (c->unit) {
	case CELL_BYTES: return "bytes";
	case CELL_SHARE: return "ratio";
	case CELL_SECONDS: return "seconds";
	case CELL_CPUS: return "CPUs";
	case CELL_COUNT: return "count";
	default: return "";
	}
}

const char *screen_column_help(const struct screen_column *c)
{
	return c->help ? c->help : c->metric >= 0 ? metric_info((enum metric)c->metric)->help : "";
}

/* ---- text ---- */

void screen_print(
	FILE *f, const struct screen *s, struct view *v, unsigned width, bool color, size_t limit)
{
	struct column columns[SCREEN_COLUMNS];
	size_t rows = limit && s->nrows > limit ? limit : s->nrows;
	const char **cells = arena_alloc(&v->scratch, (rows + 1) * s->ncolumns * sizeof *cells);
	for (size_t i = 0; i < s->nlines; i++) {
		const struct screen_line *l = &s->lines[i];
		if (*l->label || *l->text)
			show_paragraph(f, (struct style){.color = color, .width = width}, l->label,
				l->text);
		else
			(void)fputc('\n', f);
	}
	if (!cells || s->nrows == 0) {
		(void)fprintf(f, "  %s\n", s->empty);
		return;
	}
	for (size_t c = 0; c < s->ncolumns; c++)
		columns[c] = (struct column){s->columns[c].title, s->columns[c].unit != CELL_TEXT,
			s->columns[c].stretch || s->columns[c].unit == CELL_TEXT,
			s->columns[c].prio, s->columns[c].width};
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < s->ncolumns; c++) {
			char buf[CELL_MAX];
			cells[r * s->ncolumns + c] =
				arena_str(&v->scratch, screen_cell_text(buf, &s->rows[r].cells[c]));
		}
	if (s->nlines)
		(void)fputc('\n', f);
	table_print(f, &(struct text_table){columns, s->ncolumns, cells, rows}, width, color);
	if (rows < s->nrows)
		(void)fprintf(f, "%zu more: --limit 0\n", s->nrows - rows);
}

/* ---- JSON ---- */

static json_t *cell_json(const struct screen_cell *c)
{
	if (c->unit == CELL_TEXT)
		return json_text(c->text);
	return c->unit == CELL_BLANK || isnan(c->number) ? json_null() : json_amount(c->number);
}

json_t *screen_json(const struct screen *s, struct view *v, const char *host, size_t limit)
{
	json_t *lines = json_array(), *columns = json_array(), *rows = json_array();
	size_t n = limit && s->nrows > limit ? limit : s->nrows;
	char at[40];
	for (size_t i = 0; i < s->nlines; i++) {
		const struct screen_line *l = &s->lines[i];
		if (*l->label || *l->text)
			json_array_append_new(lines,
				json_pack("{s:o, s:o, s:o, s:o}", "label", json_text(l->label),
					"text", json_text(l->text), "share",
					l->meter && !isnan(l->share) ? json_amount(l->share)
								     : json_null(),
					"over", l->meter ? json_amount(l->over) : json_null()));
	}
	for (size_t c = 0; c < s->ncolumns; c++)
		json_array_append_new(columns,
			json_pack("{s:s, s:s, s:s, s:s, s:s?}", "key", s->columns[c].key, "title",
				s->columns[c].title, "unit", screen_column_unit(&s->columns[c]),
				"means", screen_column_help(&s->columns[c]), "metric",
				s->columns[c].metric >= 0
					? metric_info((enum metric)s->columns[c].metric)->name
					: NULL));
	for (size_t r = 0; r < n; r++) {
		json_t *row = json_object();
		for (size_t c = 0; c < s->ncolumns; c++)
			json_object_set_new(
				row, s->columns[c].key, cell_json(&s->rows[r].cells[c]));
		json_object_set_new(row, "severity",
			s->rows[r].tone == TONE_CRITICAL  ? json_string("critical")
			: s->rows[r].tone == TONE_WARNING ? json_string("warning")
							  : json_null());
		json_array_append_new(rows, row);
	}
	return json_pack("{s:i, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:s?}", "schema", 1, "view",
		screen_info(s->id)->name, "host", json_text(host), "at", text_time(at, v->now_ns),
		"seconds", json_amount(v->seconds), "lines", lines, "columns", columns, "rows",
		rows, "left_out", (json_int_t)(s->nrows - n), "empty", s->nrows ? NULL : s->empty);
}

/* ---- help ---- */

static const char keys[] =
	"  up down j k      choose a row                g G           first, last row\n"
	"  Enter            what the row is about       Backspace     back\n"
	"  Tab S-Tab        next, previous view         v             list of views\n"
	"  1 ... 9 0        the first ten views         q             end\n"
	"  /                only rows with these words  Esc           all rows\n"
	"  < >              sort by the column beside   r             turn it round\n"
	"  space            pause                       d             all about a finding\n"
	"  left right       one second back, on         PgUp PgDn     a minute back, on\n"
	"  [ ]              previous, next finding      b             to a typed time\n"
	"  Home             to the begin                End           to the newest, live\n"
	"  Ctrl-U Ctrl-D    half a page up, down        m             mouse on or off\n";

char *screen_help(enum screen_id id, unsigned width)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct screen_column_list l = screen_columns(id);
	if (!f)
		return NULL;
	(void)fprintf(f, "%s: %s\n\nKeys\n%s\nColumns of this view\n", screen_info(id)->name,
		screen_info(id)->help, keys);
	for (size_t c = 0; c < l.n; c++) {
		const struct screen_column *col = &l.columns[c];
		const char *unit = screen_column_unit(col),
			   *metric = col->metric >= 0 ? metric_info((enum metric)col->metric)->name
						      : "";
		char line[1024];
		(void)snprintf(line, sizeof line, "%s%s%s%s%s%s%s; from %s%s%s%s",
			screen_column_help(col), *unit || col->per ? "; " : "", unit,
			*unit && col->per ? " " : "", col->per ? col->per : "", "", "", col->source,
			*metric ? " (" : "", metric, *metric ? ")" : "");
		show_paragraph(f, (struct style){.width = width}, col->title, line);
	}
	(void)fprintf(f, "\nOn a bar the line is the limit: what lies beyond it was wanted and not "
			 "to be had.\n"
			 "Colours: red what a finding calls critical, yellow a warning. High use "
			 "alone has no colour.\n");
	if (fclose(f) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}
