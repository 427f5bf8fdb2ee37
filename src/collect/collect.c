/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/collect.h"

uint32_t out_instance(const struct out *o, struct scan name)
{
	return intern_id(&o->series->names, name.p, scan_len(name));
}

void out_value(const struct out *o, enum metric m, uint32_t instance, uint64_t v)
{
	sample_set(o->sample, series_id(o->series, m, o->netns, instance), v);
}

collect_fn *collector_fn(enum collector_id c)
{
	static collect_fn *const fns[] = {
#define COLLECTOR(name, scope, every, size, path, hides) collect_##name,
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
			if (!scan_is(word, keys[i].key))
				continue;
			out_plain(o, keys[i].metric, v);
			found++;
			break;
		}
	}
	return found;
}
