/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/table.h"

#include "base/text.h"

#include <string.h>

static size_t column_width(const struct text_table *t, size_t c)
{
	size_t w = text_width(t->columns[c].name);
	for (size_t r = 0; r < t->nrows; r++) {
		size_t n = text_width(t->cells[r * t->ncolumns + c]);
		if (n > w)
			w = n;
	}
	return w;
}

static size_t total(const size_t *widths, const bool *shown, size_t n)
{
	size_t sum = 0, count = 0;
	for (size_t c = 0; c < n; c++) {
		sum += shown[c] ? widths[c] : 0;
		count += shown[c];
	}
	return sum + (count ? 2 * (count - 1) : 0);
}

/* Cuts stretched columns to their least, then drops columns, until the row fits. */
static void fit(const struct text_table *t, size_t *widths, bool *shown, size_t width)
{
	while (total(widths, shown, t->ncolumns) > width) {
		size_t over = total(widths, shown, t->ncolumns) - width, cut = t->ncolumns,
		       drop = t->ncolumns;
		for (size_t c = 0; c < t->ncolumns; c++) {
			if (!shown[c])
				continue;
			if (t->columns[c].stretch && widths[c] > t->columns[c].least &&
				(cut == t->ncolumns || widths[c] > widths[cut]))
				cut = c;
			if (t->columns[c].prio &&
				(drop == t->ncolumns || t->columns[c].prio > t->columns[drop].prio))
				drop = c;
		}
		if (cut < t->ncolumns) {
			size_t room = widths[cut] - t->columns[cut].least;
			widths[cut] -= room < over ? room : over;
		} else if (drop < t->ncolumns) {
			shown[drop] = false;
			widths[drop] = 0;
			for (size_t c = 0; c < t->ncolumns;
				c++) /* the room that came free belongs to the cut ones again */
				if (shown[c])
					widths[c] = column_width(t, c);
		} else {
			return;
		}
	}
}

static void cell(FILE *f, const char *s, size_t width, bool right, bool last, bool cut)
{
	size_t w = text_width(s);
	if (cut && w > width) {
		int n = (int)text_fit(s, width ? width - 1 : 0);
		(void)fprintf(f, "%.*s…", n, s);
		if (last)
			return;
		size_t used = 0;
		char copy[1024];
		(void)snprintf(copy, sizeof copy, "%.*s", n, s);
		used = text_width(copy) + 1;
		(void)fprintf(f, "%*s", (int)(width - used), "");
		return;
	}
	size_t pad = width > w ? width - w : 0;
	if (right)
		(void)fprintf(f, "%*s%s", (int)pad, "", s);
	else
		(void)fprintf(f, last ? "%s" : "%s%*s", s, (int)pad, "");
}

/* Bytes of a text that go on a line of so many columns: up to a blank, where it has one. */
static size_t part_of(const char *s, size_t columns)
{
	size_t n = text_fit(s, columns), at = n;
	if (!s[n])
		return n;
	while (at > 0 && s[at] != ' ')
		at--;
	return at ? at : n ? n : strlen(s);
}

/* The part of each cell that its column has room for; the cells are moved to what is left. False when nothing was. */
static bool row_of_parts(
	FILE *f, const char **cells, const size_t *widths, const bool *shown, size_t n)
{
	size_t behind = 0, parts[TEXT_COLUMNS_MAX] = {0};
	bool any = false;
	for (size_t c = 0; c < n; c++) {
		parts[c] = shown[c] ? part_of(cells[c], widths[c]) : 0;
		any = any || parts[c];
	}
	for (size_t c = 0; any && c < n; c++) {
		if (!shown[c])
			continue;
		if (parts[c]) {
			size_t rest = text_width(cells[c] + parts[c]), w = text_width(cells[c]);
			(void)fprintf(f, "%*s%.*s", (int)behind, "", (int)parts[c], cells[c]);
			behind = widths[c] > w - rest ? widths[c] - (w - rest) : 0;
		} else {
			behind += widths[c];
		}
		behind += 2;
		cells[c] += parts[c];
		cells[c] += strspn(cells[c], " ");
	}
	if (any)
		(void)fputc('\n', f);
	return any;
}

static void row_whole(
	FILE *f, const struct text_table *t, size_t row, const size_t *widths, const bool *shown)
{
	const char *cells[TEXT_COLUMNS_MAX];
	for (size_t c = 0; c < t->ncolumns; c++)
		cells[c] = t->cells[row * t->ncolumns + c];
	while (row_of_parts(f, cells, widths, shown, t->ncolumns))
		;
}

static void print(FILE *f, const struct text_table *t, unsigned width, bool color, bool whole)
{
	size_t widths[TEXT_COLUMNS_MAX] = {0};
	bool shown[TEXT_COLUMNS_MAX] = {false};
	size_t last = 0;
	for (size_t c = 0; c < t->ncolumns; c++) {
		widths[c] = column_width(t, c);
		shown[c] = true;
	}
	if (width)
		fit(t, widths, shown, width);
	for (size_t c = 0; c < t->ncolumns; c++)
		if (shown[c])
			last = c;
	for (size_t r = 0; r <= t->nrows; r++) {
		if (r > 0 && width && whole) {
			row_whole(f, t, r - 1, widths, shown);
			continue;
		}
		if (r == 0 && color)
			(void)fputs("\033[1m", f);
		size_t end = last; /* no blanks behind the last cell that says something */
		while (r > 0 && end > 0 && (!shown[end] || !*t->cells[(r - 1) * t->ncolumns + end]))
			end--;
		for (size_t c = 0; c <= end; c++) {
			if (!shown[c])
				continue;
			const char *s =
				r == 0 ? t->columns[c].name : t->cells[(r - 1) * t->ncolumns + c];
			cell(f, s, widths[c], t->columns[c].right, c == end, width > 0);
			if (c != end)
				(void)fputs("  ", f);
		}
		(void)fputs(r == 0 && color ? "\033[0m\n" : "\n", f);
	}
}

void table_print(FILE *f, const struct text_table *t, unsigned width, bool color)
{
	print(f, t, width, color, false);
}

void table_print_whole(FILE *f, const struct text_table *t, unsigned width, bool color)
{
	print(f, t, width, color, true);
}
