/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* pace: what is read in which tick, and what stands meanwhile.
 *
 * A file with a pace above a second is read when the clock passes a multiple of its pace, each file a second later than the one
 * before it, so that the slow ones do not all come in one tick. In the ticks between, the values that its last read set are taken over
 * from the sample before: each value knows who set it (sample_source()). A value that the next read does not give goes away then. */
#include "collect/engine_impl.h"

static const uint64_t ns_per_s = 1000000000;

static bool passed(const struct engine *e, unsigned source, unsigned every_s)
{
	uint64_t pace = every_s * ns_per_s, shift = source % every_s * ns_per_s;
	return (e->now_ns + shift) / pace != (e->slow_from_ns + shift) / pace;
}

static void take_over(const struct sample *prev, struct sample *out, uint32_t id)
{
	uint64_t v;
	if (!sample_get(prev, id, &v))
		return;
	out->source = (uint8_t)sample_source(prev, id);
	sample_set(out, id, v);
	out->source = SOURCE_NONE;
}

static bool of_netns(unsigned source)
{
	return source >= SOURCE_COLLECTORS && source < SOURCE_FOLDERS &&
	       collector_info((enum collector_id)(source - SOURCE_COLLECTORS))->scope ==
		       SCOPE_NETNS;
}

/* The collector of the kernel's log adds to what was counted before. */
static bool adds(unsigned source)
{
	return source == SOURCE_COLLECTORS + COLLECTOR_kmsg;
}

void engine_pace(struct engine *e, const struct sample *prev, struct sample *out)
{
	bool all = (e->want & WANT_SLOW) || !prev || e->ticks == 0 || reader_is_replay(e->reader);
	for (unsigned c = 0; c < COLLECTOR_COUNT; c++) {
		unsigned source = SOURCE_COLLECTORS + c, every_s = collector_info(c)->every_s;
		e->due[source] = all || ((every_s <= 1 || passed(e, source, every_s)) &&
						e->now_ns >= e->not_before_ns[c]);
	}
	for (unsigned f = 0; f < FOLDER_COUNT; f++)
		e->due[SOURCE_FOLDERS + f] =
			all || passed(e, SOURCE_FOLDERS + f, folder_info(f)->every_s);
	e->due[SOURCE_NONE] = true;
	e->due[SOURCE_KEPT] = false;
	for (uint32_t id = 1; prev && id < prev->nvalues; id++) {
		unsigned source = sample_source(prev, id);
		if ((!e->due[source] && !of_netns(source)) || adds(source))
			take_over(prev, out, id);
	}
	const struct fact *facts = prev ? TABLE_ROWS(prev->facts, struct fact) : NULL;
	for (uint32_t i = 0; prev && i < prev->facts.count; i++) {
		struct fact *f = table_add(&out->facts, sizeof *f);
		if (f)
			*f = facts[i];
	}
}

void engine_pace_netns(
	const struct engine *e, const struct sample *prev, struct sample *out, const bool *here)
{
	for (uint32_t id = 1; prev && id < prev->nvalues; id++) {
		unsigned source = sample_source(prev, id);
		if (!e->due[source] && of_netns(source) && here[series_row(e->series, id)->netns])
			take_over(prev, out, id);
	}
}

/* The most objects in use that were ever seen. Of a cache that is gone the mark stays. */
void engine_slab_peaks(const struct engine *e, const struct sample *prev, struct sample *out)
{
	if (!e->due[SOURCE_COLLECTORS + COLLECTOR_slabinfo])
		return;
	out->source = SOURCE_KEPT;
	for (uint32_t id = e->series->first[M_SLAB_ACTIVE]; id;
		id = series_row(e->series, id)->next) {
		uint64_t used, before = 0;
		uint32_t peak = series_id(
			e->series, M_SLAB_PEAK, NETNS_HOST, series_row(e->series, id)->instance);
		if (!sample_get(out, id, &used))
			continue;
		if (prev)
			(void)sample_get(prev, peak, &before);
		sample_set(out, peak, used > before ? used : before);
	}
	out->source = SOURCE_NONE;
}
