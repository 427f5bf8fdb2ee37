/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/paint.h"

#include "base/attr.h"
#include "base/text.h"
#include "show/terminal.h"

#include <math.h>
#include <string.h>

enum { LABEL = 11, GAP = 2, TABLE_LEAST = 8 };

static unsigned look_of(enum tone t)
{
	static const unsigned looks[TONE_COUNT] = {[TONE_DIM] = LOOK_DIM,
		[TONE_BOLD] = LOOK_BOLD,
		[TONE_GOOD] = LOOK_GOOD,
		[TONE_WARNING] = LOOK_WARNING,
		[TONE_CRITICAL] = LOOK_CRITICAL};
	return looks[t];
}

/* ---- the first two lines and the last ---- */

static void paint_state(const struct painting *p)
{
	static const char *const words[] = {" OK ", " WARNING ", " CRITICAL ", " UNKNOWN "};
	static const unsigned looks[] = {LOOK_GOOD, LOOK_WARNING, LOOK_CRITICAL, LOOK_WARNING};
	enum overall o = p->findings->overall;
	terminal_begin(0);
	terminal_put(words[o], 0, false, looks[o] | LOOK_REVERSE);
	terminal_put(" ", 1, false, LOOK_PLAIN);
	size_t right = text_width(p->when) + text_width(p->state) + 2;
	unsigned left = terminal_left();
	terminal_put(p->host, left > right + 2 ? left - (unsigned)right - 1 : 1, false, LOOK_BOLD);
	terminal_put(p->when, 0, false, LOOK_PLAIN);
	terminal_put("  ", 2, false, LOOK_PLAIN);
	terminal_put(p->state, 0, false, look_of(p->state_tone));
	terminal_end(LOOK_PLAIN);
}

/* The names of the views; where they do not fit, those around the one that is shown. */
static void paint_views(const struct painting *p)
{
	unsigned rows, columns, first = 0, last = SCREEN_COUNT;
	terminal_size(&rows, &columns);
	for (;;) {
		size_t w = 0;
		for (unsigned i = first; i < last; i++)
			w += strlen(screen_info((enum screen_id)i)->name) + 2;
		if (w + (first > 0 ? 1 : 0) + (last < SCREEN_COUNT ? 1 : 0) <= columns ||
			last - first <= 1)
			break;
		if (last - 1 - p->screen->id >= p->screen->id - first)
			last--;
		else
			first++;
	}
	terminal_begin(1);
	if (first > 0)
		terminal_fill("‹", '<', 1, LOOK_DIM);
	for (unsigned i = first; i < last; i++) {
		bool here = i == p->screen->id;
		terminal_put(" ", 1, false, here ? LOOK_REVERSE : LOOK_PLAIN);
		terminal_put(screen_info((enum screen_id)i)->name, 0, false,
			here ? (unsigned)LOOK_BOLD | LOOK_REVERSE : LOOK_ACCENT);
		terminal_put(" ", 1, false, here ? LOOK_REVERSE : LOOK_PLAIN);
	}
	if (last < SCREEN_COUNT)
		terminal_fill("›", '>', 1, LOOK_DIM);
	terminal_end(LOOK_PLAIN);
}

static void paint_keys(const struct painting *p, unsigned row)
{
	static const char *const keys[][2] = {{"?", "help"}, {"Enter", "follow"}, {"Tab", "view"},
		{"/", "filter"}, {"<>", "sort"}, {"space", "pause"}, {"left right", "time"},
		{"[ ]", "finding"}, {"q", "quit"}, {"d", "details"}, {"b", "jump to a time"},
		{"End", "newest"}};
	terminal_begin(row);
	if (p->prompt) {
		terminal_put(p->prompt, 0, false, LOOK_BOLD);
		terminal_end(LOOK_PLAIN);
		return;
	}
	if (p->message) {
		terminal_put(p->message, 0, false, LOOK_BOLD);
		terminal_end(LOOK_PLAIN);
		return;
	}
	for (size_t i = 0; i < COUNTOF(keys); i++) {
		if (strlen(keys[i][0]) + strlen(keys[i][1]) + 3 > terminal_left())
			break;
		terminal_put(keys[i][0], 0, false, LOOK_BOLD);
		terminal_put(" ", 1, false, LOOK_PLAIN);
		terminal_put(keys[i][1], 0, false, LOOK_DIM);
		terminal_put("  ", 2, false, LOOK_PLAIN);
	}
	terminal_end(LOOK_PLAIN);
}

/* ---- lines and bars ---- */

static void paint_bar(const struct screen_line *l, unsigned width)
{
	/* The limit stands at four fifths: there is room for what lies beyond it. */
	unsigned limit = l->limited ? width * 4 / 5 : width;
	double share = isnan(l->share) ? 0 : l->share, over = isnan(l->over) ? 0 : l->over;
	unsigned used = (unsigned)lround(fmin(share, 2) * limit);
	unsigned wanted = (unsigned)lround(fmin(share + over, 4) * limit);
	used = used > width ? width : used;
	wanted = wanted > width ? width : wanted;
	if (share > 0.001 && used == 0)
		used = 1;
	unsigned look = l->tone == TONE_PLAIN ? LOOK_ACCENT : look_of(l->tone);
	for (unsigned i = 0; i < width; i++) {
		if (l->limited && i == limit)
			terminal_fill("┃", '|', 1, LOOK_BOLD);
		else if (i < used)
			terminal_fill("█", '#', 1, look);
		else if (i < wanted)
			terminal_fill("▒", '+', 1, look);
		else
			terminal_fill("·", '.', 1, LOOK_DIM);
	}
	terminal_put(" ", 1, false, LOOK_PLAIN);
}

static void paint_line(const struct screen_line *l, unsigned columns)
{
	unsigned look = look_of(l->tone);
	terminal_put(l->label, LABEL, false, l->meter || l->tone == TONE_PLAIN ? LOOK_BOLD : look);
	terminal_put(" ", 1, false, LOOK_PLAIN);
	if (l->meter && (l->limited || !isnan(l->share)))
		paint_bar(l, columns < 70 ? 10 : columns < 110 ? 20 : columns < 170 ? 30 : 40);
	terminal_put(l->text, terminal_left(), false,
		l->tone == TONE_DIM                                   ? LOOK_DIM
		: l->meter || l->tone == TONE_PLAIN                   ? LOOK_PLAIN
		: l->tone == TONE_CRITICAL || l->tone == TONE_WARNING ? LOOK_BOLD
								      : look);
	terminal_end(LOOK_PLAIN);
}

/* Leaves out the least important until they fit. */
static size_t fit_lines(const struct screen *s, size_t room, bool *shown)
{
	size_t n = s->nlines;
	memset(shown, 1, SCREEN_LINES);
	while (n > room) {
		size_t worst = SCREEN_LINES;
		for (size_t i = s->nlines; i-- > 0;)
			if (shown[i] &&
				(worst == SCREEN_LINES || s->lines[i].prio > s->lines[worst].prio))
				worst = i;
		shown[worst] = false;
		n--;
	}
	return n;
}

/* ---- the table ---- */

static bool always_empty(const struct screen *s, size_t c)
{
	for (size_t r = 0; r < s->nrows; r++) {
		const struct screen_cell *cell = &s->rows[r].cells[c];
		if (cell->unit == CELL_TEXT ? *cell->text != '\0' : cell->unit != CELL_BLANK)
			return false;
	}
	return s->nrows > 0;
}

static unsigned total_width(const struct screen *s, const unsigned *widths)
{
	unsigned sum = 0, n = 0;
	for (size_t c = 0; c < s->ncolumns; c++)
		if (widths[c]) {
			sum += widths[c];
			n++;
		}
	return sum + (n ? GAP * (n - 1) : 0);
}

static void widest_texts(const struct painting *p, struct paint_layout *l, size_t first, size_t n)
{
	const struct screen *s = p->screen;
	for (size_t c = 0; c < s->ncolumns; c++)
		for (size_t r = first; s->columns[c].stretch && r < first + n && r < s->nrows;
			r++) {
			char buf[CELL_MAX];
			size_t w = text_width(screen_cell_text(buf, &s->rows[r].cells[c]));
			w = (w + 3) &
			    ~(size_t)3; /* in steps, so that it does not move with each name */
			if (w > l->wanted[c])
				l->wanted[c] = (unsigned)w;
		}
}

static void lay_out(const struct painting *p, struct paint_layout *l, unsigned columns)
{
	const struct screen *s = p->screen;
	for (size_t c = 0; c < s->ncolumns; c++)
		l->widths[c] = s->columns[c].prio && (int)c != p->order.column && always_empty(s, c)
				       ? 0
				       : s->columns[c].width;
	while (total_width(s, l->widths) > columns) {
		size_t drop = s->ncolumns;
		for (size_t c = s->ncolumns; c-- > 0;)
			if (l->widths[c] && s->columns[c].prio &&
				(drop == s->ncolumns || s->columns[c].prio > s->columns[drop].prio))
				drop = c;
		if (drop == s->ncolumns)
			break;
		l->widths[drop] = 0;
	}
	for (size_t c = s->ncolumns; c-- > 0;) { /* still too wide: texts give what they can */
		unsigned used = total_width(s, l->widths),
			 over = used > columns ? used - columns : 0;
		unsigned spare = l->widths[c] > 8 && s->columns[c].stretch ? l->widths[c] - 8 : 0;
		l->widths[c] -= over < spare ? over : spare;
	}
	/* What is left over goes to the texts that are cut, the first ones first. */
	for (size_t c = 0; c < s->ncolumns; c++) {
		unsigned used = total_width(s, l->widths);
		unsigned left = columns > used ? columns - used : 0;
		if (!l->widths[c] || !s->columns[c].stretch || l->wanted[c] <= l->widths[c])
			continue;
		unsigned more = l->wanted[c] - l->widths[c];
		l->widths[c] += more < left ? more : left;
	}
}

static void paint_heading(const struct painting *p, const struct paint_layout *l)
{
	const struct screen *s = p->screen;
	bool first = true;
	for (size_t c = 0; c < s->ncolumns; c++) {
		if (!l->widths[c])
			continue;
		if (!first)
			terminal_put("", GAP, false, LOOK_UNDERLINE);
		first = false;
		terminal_put(s->columns[c].title, l->widths[c], s->columns[c].unit != CELL_TEXT,
			(int)c == p->order.column ? (unsigned)LOOK_BOLD | LOOK_REVERSE
						  : (unsigned)LOOK_BOLD | LOOK_UNDERLINE);
	}
	terminal_end(LOOK_UNDERLINE);
}

static void paint_row(const struct painting *p, const struct paint_layout *l, size_t r)
{
	const struct screen *s = p->screen;
	const struct screen_row *row = &s->rows[r];
	unsigned look = look_of(row->tone) | (r == p->selected ? LOOK_REVERSE : 0);
	bool first = true;
	for (size_t c = 0; c < s->ncolumns; c++) {
		char buf[CELL_MAX];
		if (!l->widths[c])
			continue;
		if (!first)
			terminal_put("", GAP, false, look);
		first = false;
		terminal_put(screen_cell_text(buf, &row->cells[c]), l->widths[c],
			s->columns[c].unit != CELL_TEXT, look);
	}
	terminal_end(look);
}

static void blank_lines(unsigned from, unsigned to)
{
	for (; from < to; from++) {
		terminal_begin(from);
		terminal_end(LOOK_PLAIN);
	}
}

/* Lines of a text, from the n-th; returns the line of the terminal behind the last. */
static unsigned paint_lines_of(const char *text, size_t skip, unsigned from, unsigned to)
{
	while (*text && from < to) {
		size_t n = strcspn(text, "\n");
		char one[2048];
		(void)snprintf(
			one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), text);
		text += n + (text[n] == '\n');
		if (skip > 0) {
			skip--;
			continue;
		}
		terminal_begin(from++);
		terminal_put(one, terminal_left(), false, LOOK_PLAIN);
		terminal_end(LOOK_PLAIN);
	}
	return from;
}

static void paint_only(const struct painting *p, unsigned row)
{
	char text[512];
	char rows[64];
	if (p->words)
		(void)snprintf(
			rows, sizeof rows, "%zu of %zu rows", p->screen->nrows, p->screen->total);
	else
		(void)snprintf(rows, sizeof rows, "%zu row%s", p->screen->nrows,
			p->screen->nrows == 1 ? "" : "s");
	(void)snprintf(text, sizeof text, "%s%s%s%s%s%s  (%s; Esc: all)", p->only ? "only " : "",
		p->only ? p->only : "", p->only && p->words ? ", " : "", p->words ? "with '" : "",
		p->words ? p->words : "", p->words ? "'" : "", rows);
	terminal_begin(row);
	terminal_put(text, 0, false, LOOK_ACCENT);
	terminal_end(LOOK_PLAIN);
}

static void too_small(unsigned rows, unsigned columns)
{
	char text[120];
	(void)snprintf(text, sizeof text, "plimsoll top: %ux%u is too small, %dx%d is needed",
		columns, rows, PAINT_LEAST_COLUMNS, PAINT_LEAST_ROWS);
	blank_lines(0, rows);
	terminal_begin(0);
	terminal_put(text, 0, false, LOOK_PLAIN);
	terminal_end(LOOK_PLAIN);
	terminal_cursor(-1, 0);
	terminal_show();
}

void paint(const struct painting *p, struct paint_layout *l)
{
	const struct screen *s = p->screen;
	unsigned rows, columns, at = 2;
	bool shown[SCREEN_LINES];
	terminal_size(&rows, &columns);
	if (l->id != s->id || l->width != columns)
		*l = (struct paint_layout){
			.id = s->id, .width = columns, .first = l->id == s->id ? l->first : 0};
	if (rows < PAINT_LEAST_ROWS || columns < PAINT_LEAST_COLUMNS) {
		too_small(rows, columns);
		return;
	}
	paint_state(p);
	paint_views(p);
	if (p->words || p->only)
		paint_only(p, at++);
	unsigned end = rows - 1, room = end - at;
	unsigned least = s->nrows < TABLE_LEAST ? (unsigned)s->nrows : TABLE_LEAST;
	least = least + 1 > room * 2 / 3 ? room * 2 / 3 : least + 1;
	(void)fit_lines(s, room - least, shown);
	for (size_t i = 0; i < s->nlines; i++) {
		if (!shown[i])
			continue;
		terminal_begin(at++);
		paint_line(&s->lines[i], columns);
	}
	l->header = at;
	l->shown = end > at + 1 ? end - at - 1 : 0;
	if (p->detail && l->shown > s->nrows && s->nrows)
		l->shown = s->nrows;
	if (p->detail && l->shown > room / 3)
		l->shown = room / 3;
	if (p->selected < l->first)
		l->first = p->selected;
	if (l->shown && p->selected >= l->first + l->shown)
		l->first = p->selected + 1 - l->shown;
	if (l->first + l->shown > s->nrows)
		l->first = s->nrows > l->shown ? s->nrows - l->shown : 0;
	widest_texts(p, l, l->first, l->shown);
	lay_out(p, l, columns);
	terminal_begin(at++);
	paint_heading(p, l);
	if (s->nrows == 0 && at < end) {
		terminal_begin(at++);
		terminal_put("  ", 2, false, LOOK_PLAIN);
		terminal_put(s->empty, terminal_left(), false, LOOK_DIM);
		terminal_end(LOOK_PLAIN);
	}
	for (size_t r = l->first; r < s->nrows && r < l->first + l->shown && at < end; r++) {
		terminal_begin(at++);
		paint_row(p, l, r);
	}
	if (p->detail && at < end)
		at = paint_lines_of(p->detail, 0, at, end);
	blank_lines(at, end);
	paint_keys(p, end);
	terminal_cursor(p->prompt ? (int)end : -1, p->prompt ? (unsigned)text_width(p->prompt) : 0);
	terminal_show();
}

size_t paint_text(const char *title, const char *text, size_t from)
{
	unsigned rows, columns;
	size_t lines = 0;
	terminal_size(&rows, &columns);
	if (rows < PAINT_LEAST_ROWS || columns < PAINT_LEAST_COLUMNS) {
		too_small(rows, columns);
		return 0;
	}
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	size_t room = rows - 2, most = lines > room ? lines - room : 0;
	terminal_begin(0);
	terminal_put(title, 0, false, (unsigned)LOOK_BOLD | LOOK_REVERSE);
	terminal_end(LOOK_REVERSE);
	blank_lines(paint_lines_of(text, from < most ? from : most, 1, rows - 1), rows - 1);
	terminal_begin(rows - 1);
	terminal_put(
		most ? "up down: more   any other key: back" : "any key: back", 0, false, LOOK_DIM);
	terminal_end(LOOK_PLAIN);
	terminal_cursor(-1, 0);
	terminal_show();
	return most;
}
