/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* store_rows PATH TABLE: a line of JSON for each row of a table, of every sample of a recording: {"at": seconds, column: value ...}. Interned
 * names and texts are strings, addresses too. */
#include "catalogue/tables.h"
#include "store/history.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Names of processes are any bytes: what is not printable ASCII becomes a question mark. */
static json_t *text_cell(const char *bytes, size_t n)
{
	char text[256];
	n = n < sizeof text ? n : sizeof text - 1;
	for (size_t i = 0; i < n; i++)
		text[i] = bytes[i] >= ' ' && bytes[i] < 127 ? bytes[i] : '?';
	return json_stringn(text, n);
}

static json_t *cell(const struct series_set *set, const struct column_info *c, const char *row)
{
	struct address a;
	char text[64];
	switch (c->type) {
	case COLUMN_NUMBER:
	case COLUMN_FINE: return json_integer((json_int_t)column_get(c, row));
	case COLUMN_NAME:
		return json_string(intern_text(&set->names, (uint32_t)column_get(c, row)));
	case COLUMN_NETNS: return json_string(series_netns_name(set, (unsigned)column_get(c, row)));
	case COLUMN_STATIC: {
		const char *s;
		memcpy(&s, row + c->offset, sizeof s);
		return json_string(s ? s : "");
	}
	case COLUMN_BYTES:
		if (c->size == sizeof a) {
			memcpy(&a, row + c->offset, sizeof a);
			return json_string(a.family ? address_text(text, &a) : "");
		}
		return text_cell(row + c->offset, strnlen(row + c->offset, c->size));
	case COLUMN_TYPES: break;
	}
	return NULL;
}

static void print_rows(const struct series_set *set, const struct sample *s, enum table_id t)
{
	const struct table_info *info = table_info(t);
	const struct table *rows = sample_table_const(s, t);
	for (uint32_t i = 0; i < rows->count; i++) {
		const char *row = (const char *)rows->rows.base + i * info->row_size;
		json_t *line = json_object();
		(void)json_object_set_new(line, "at", json_real((double)s->real_ns / 1e9));
		for (const struct column_info *c = info->columns; c->name; c++)
			(void)json_object_set_new(line, c->name, cell(set, c, row));
		(void)json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		(void)putchar('\n');
		json_decref(line);
	}
}

int main(int argc, char **argv)
{
	static struct store into;
	struct history *h;
	unsigned t = 0;
	while (argc == 3 && t < TABLE_COUNT &&
		strcmp(table_info((enum table_id)t)->name, argv[2]) != 0)
		t++;
	int r = argc == 3 && t < TABLE_COUNT ? history_open(argv[1], &h) : -EINVAL;
	if (r < 0 || store_init(&into, 3) < 0) {
		(void)fprintf(stderr, "store_rows: %s\n", strerror(-r));
		return 1;
	}
	r = history_seek(h, &into, 0);
	while (r == 0 && (r = history_next(h)) == 0)
		print_rows(&into.series, store_newest(&into, 0), (enum table_id)t);
	history_close(h);
	store_destroy(&into);
	return r == -ENODATA ? 0 : 1;
}
