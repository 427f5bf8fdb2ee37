/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* segment: a finished piece of a recording, at most an hour of seconds (or a day of minutes, a month of
 * hours), in one file that never changes again: the values of each series as a stream of its own, the
 * tables in chains of some minutes, the events, and the dictionary that says what the numbers stand
 * for. A recording file (.plim) is one segment behind the other. docs/store-format.md has the bytes. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "store/block.h"
#include "store/frame.h"
#include "store/stream.h"

enum {
	GROUP_SERIES =
		64, /* series packed together: more would pack better, and take longer to read one */
	TIER_GROUP_SERIES = 1024, /* of tiers, which are small */
	CHAIN_ROWS = 300,         /* a chain of tables begins anew after so many rows */
	SEGMENT_ROWS_MAX = 1 << 16,
	COMPONENTS_MAX = 4,
};

/* ---- writing ---- */

struct segment_writer;

/* Writes to fd from offset on. Nothing is complete before segment_finish(). `set` names the series of the
 * samples to come. 0 or -errno. */
int segment_create(int fd, uint64_t offset, struct series_set *set,
	const struct dict_origin *origin, uint64_t first_number, struct segment_writer **ret);
/* The next row. 0 or -errno; -EFBIG when the segment has SEGMENT_ROWS_MAX rows. */
int segment_add(struct segment_writer *w, const struct sample *s);
/* The same in two parts, for those who know what changed: times and tables of the row, then its values, of which those that
 * are as in the row before may be left out. `present` false: it vanished. */
int segment_row(struct segment_writer *w, const struct sample *s);
void segment_value(struct segment_writer *w, uint32_t series, uint64_t value, bool present);
int segment_event(struct segment_writer *w, const struct event *e);
uint32_t segment_rows(const struct segment_writer *w);
/* Completes it; *ret_end is the offset behind it. The writer is gone afterwards, also after an error. */
int segment_finish(struct segment_writer *w, uint64_t *ret_end);
void segment_abandon(struct segment_writer *w);

/* ---- reading ---- */

struct segment_entry { /* of the index */
	uint16_t type;
	uint64_t number, offset;
	uint32_t stored, plain;
};

/* A segment lies open as long as this is kept; what is read goes to its own scratch memory and stands
 * until the next read of the same kind. */
struct segment {
	int fd; /* owned */
	uint64_t begin, end;
	struct segment_entry *index;
	uint32_t nindex;
	uint64_t first_us, last_us; /* times of the first and the last row */
	uint64_t first_mono_us, last_mono_us;
	uint64_t first_number;
	uint64_t step_ns; /* 0: rows are samples; else one row each step (a tier) */
	uint64_t dict_hash, run;
	uint32_t rows, nseries, group_series, nchains, components;
	struct arena raw, plain;
	struct arena groups
		[COMPONENTS_MAX]; /* the unpacked group of each component that was read last */
	uint64_t loaded[COMPONENTS_MAX]; /* its number + 1 */
	uint32_t *offsets
		[COMPONENTS_MAX]; /* where the streams of that group begin, one more than there are */
	uint64_t *times_us, *monos_us; /* heap, when loaded */
};

/* The last segment of fd that ends at `end`. The segment takes over fd, also in case of error. 0, -ENODATA
 * or -EBADMSG (no segment ends there), -ENOTSUP, -ENOMEM. */
int segment_open(int fd, uint64_t end, struct segment *ret);
void segment_close(struct segment *s);
/* Gives back what reading took; what was read stands no more, and the next read begins anew. */
void segment_rest(struct segment *s);
/* Adds the segment's dictionary to *d, which was told to forget before. */
int segment_dict(struct segment *s, struct dict *d);
/* Loads times_us and monos_us. */
int segment_times(struct segment *s);
/* The stream of one component of a series (0 where rows are samples). It stands until another group of that component
 * is read. */
int segment_stream(struct segment *s, uint32_t slot, unsigned component, struct stream *ret);
int segment_events(struct segment *s, int (*each)(void *ctx, const struct event *e), void *ctx);
/* Reads a block by type and number into the scratch memory. */
int segment_block(struct segment *s, enum block_type type, uint64_t number, struct block *ret);

/* What a series did in the whole segment. Gauges: of the values. Counters: of the growth per second
 * from row to row, in raw units, rounded; sum is the growth. */
struct summary {
	uint64_t first, last, low, high, sum;
	uint32_t count; /* of values; of pairs of rows for counters */
	uint64_t us;    /* what the pairs took, not kept in files: 0 where not known */
};
/* nseries of them by slot, in scratch memory. */
int segment_summary(struct segment *s, const struct summary **ret);

/* What a series does from row to row, for summaries and tiers. */
struct tally {
	struct summary s;
	bool any, counter;
	uint64_t last_us;
	uint64_t rate; /* counter: of the last pair */
};
void tally_begin(struct tally *t, bool counter);
/* The next value, and its monotonic time. */
void tally_add(struct tally *t, uint64_t value, uint64_t mono_us);
/* n times the same value, from the first time to the last. */
void tally_run(
	struct tally *t, uint64_t value, uint32_t n, uint64_t first_mono_us, uint64_t last_mono_us);
/* What was added so far, which begins anew; growth goes on from the last value. */
struct summary tally_take(struct tally *t);
/* No value: growth across it is not known. */
static inline void tally_gap(struct tally *t)
{
	t->any = false;
}

/* Rows [first, end) of a stream that stands at `first`. */
void tally_stream(
	struct tally *t, struct stream *s, const uint64_t *monos_us, uint32_t first, uint32_t end);

/* ---- walking through the samples ---- */

struct segment_cursor;

int segment_cursor_open(struct segment *s, struct series_set *set, struct segment_cursor **ret);
void segment_cursor_close(struct segment_cursor *c);
const struct dict_origin *segment_cursor_origin(const struct segment_cursor *c);
/* The next call of segment_cursor_next() gives this row. */
int segment_cursor_seek(struct segment_cursor *c, uint32_t row);
/* 0, -ENODATA behind the last row, -EBADMSG. */
int segment_cursor_next(struct segment_cursor *c, struct sample *out);

#endif
