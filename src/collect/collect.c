/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/collect.h"

#include <string.h>

uint32_t out_instance(const struct out *o, struct scan name)
{
	return intern_id(&o->series->names, name.p, scan_len(name));
}

void out_value(const struct out *o, enum metric m, uint32_t instance, uint64_t v)
{
	sample_set(o->sample, series_id(o->series, m, o->netns, instance), v);
}

void out_add(const struct out *o, enum metric m, uint32_t instance, uint64_t v)
{
	uint64_t before = 0;
	uint32_t id = series_id(o->series, m, o->netns, instance);
	(void)sample_get(o->sample, id, &before);
	sample_set(o->sample, id, before + v);
}

void out_fact(const struct out *o, const char *key, struct scan value)
{
	struct table *t = &o->sample->facts;
	struct fact *rows = TABLE_ROWS(*t, struct fact), *row = NULL;
	for (uint32_t i = 0; i < t->count && !row; i++)
		if (strcmp(rows[i].key, key) == 0)
			row = &rows[i];
	if (!row)
		row = table_add(t, sizeof *row);
	if (row)
		*row = (struct fact){key, out_instance(o, value)};
}

folder_fn *folder_function(enum folder_id f)
{
	static folder_fn *const fns[] = {
#define FOLDER(name, dir, prefix, file, every, size, hides) folder_##name,
#include "catalogue/folders.def"
#undef FOLDER
	};
	return fns[f];
}

collect_fn *collector_fn(enum collector_id c)
{
	static collect_fn *const fns[] = {
#define COLLECTOR(name, scope, every, size, absent, path, hides) collect_##name,
#include "catalogue/collectors.def"
#undef COLLECTOR
	};
	return fns[c];
}

unsigned collect_keyed(struct scan bytes, const struct out *o, const struct keyed *keys, size_t n)
{
	unsigned found = 0;
	struct scan line, word;
	while (scan_line(&bytes, &line)) {
		uint64_t v;
		if (!scan_word(&line, &word) || !scan_u64(&line, &v))
			continue;
		if (word.end > word.p && word.end[-1] == ':')
			word.end--;
		for (size_t i = 0; i < n; i++) {
			if (*keys[i].key != *word.p || !scan_is(word, keys[i].key))
				continue;
			out_plain(o, keys[i].metric, v);
			found++;
			break;
		}
	}
	return found;
}
