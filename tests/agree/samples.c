/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* agree_samples STORE: all that each sample of a recording holds, raw as the kernel counts it, as lines of words:
 *
 *     sample REAL_NS
 *     value METRIC INSTANCE NETNS NUMBER
 *     row TABLE COLUMN=VALUE ...
 *
 * Blanks, '%' and what is not printable ASCII are written as %XX in names and bytes; an empty word is "-". Tables and columns
 * come from the catalogue, so that new ones need nothing here. */
#include "catalogue/tables.h"
#include "store/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_bytes(const char *p, size_t n)
{
	if (n == 0)
		(void)putchar('-');
	for (; n; n--, p++) {
		unsigned char c = (unsigned char)*p;
		if (c <= ' ' || c == '%' || c >= 0x7f)
			(void)printf("%%%02x", c);
		else
			(void)putchar(c);
	}
}

static void put_word(const char *s)
{
	put_bytes(s, strlen(s));
}

static void put_values(const struct series_set *set, const struct sample *s)
{
	for (uint32_t id = 1; id <= set->count; id++) {
		uint64_t v;
		if (!sample_get(s, id, &v))
			continue;
		const struct series *row = series_row(set, id);
		(void)printf("value %s ", metric_info((enum metric)row->metric)->name);
		put_word(series_instance(set, id));
		(void)putchar(' ');
		put_word(series_netns_name(set, row->netns));
		(void)printf(" %" PRIu64 "\n", v);
	}
}

static void put_column(const struct series_set *set, const struct column_info *c, const char *row)
{
	const char *text = NULL, *field = row + c->offset;
	size_t n = c->size;
	switch (c->type) {
	case COLUMN_BYTES:
		while (n && field[n - 1] == '\0')
			n--;
		put_bytes(field, n);
		return;
	case COLUMN_NAME: text = intern_text(&set->names, (uint32_t)column_get(c, row)); break;
	case COLUMN_NETNS: text = series_netns_name(set, (unsigned)column_get(c, row)); break;
	case COLUMN_STATIC: memcpy(&text, field, sizeof text); break;
	case COLUMN_NUMBER:
	case COLUMN_FINE:
	case COLUMN_TYPES: (void)printf("%" PRIu64, column_get(c, row)); return;
	}
	put_word(text ? text : "");
}

static void put_table(const struct series_set *set, const struct sample *s, enum table_id t)
{
	const struct table_info *info = table_info(t);
	const struct table *table = sample_table_const(s, t);
	for (uint32_t i = 0; i < table->count; i++) {
		const char *row = TABLE_ROWS(*table, char) + i * info->row_size;
		(void)printf("row %s", info->name);
		for (const struct column_info *c = info->columns; c->name; c++) {
			(void)printf(" %s=", c->name);
			put_column(set, c, row);
		}
		(void)putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static struct store into;
	struct history *h;
	int r = argc == 2 ? history_open(argv[1], &h) : -EINVAL;
	if (r < 0) {
		(void)fprintf(
			stderr, "agree_samples: %s: %s\n", argc > 1 ? argv[1] : "", strerror(-r));
		return 1;
	}
	if (store_init(&into, 3) < 0)
		return 1;
	r = history_seek(h, &into, 0);
	while (r == 0 && (r = history_next(h)) == 0) {
		const struct sample *s = store_newest(&into, 0);
		(void)printf("sample %" PRIu64 "\n", s->real_ns);
		put_values(&into.series, s);
		for (unsigned t = 0; t < TABLE_COUNT; t++)
			put_table(&into.series, s, (enum table_id)t);
	}
	history_close(h);
	store_destroy(&into);
	return r == -ENODATA && fflush(stdout) == 0 ? 0 : 1;
}
