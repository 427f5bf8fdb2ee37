/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* stream: the values of one series, row after row, as bytes.
 *
 * Most values do not change from one second to the next, and most that do grow by about as much as
 * the last time. So a stream holds runs of rows without a surprise, and the surprises: differences to
 * the last value (order 1) or to the last difference (order 2), divided by what all of them have in
 * common. docs/store-format.md has the tokens. A missing value is a run of its own kind, never a
 * repeated value. */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include "base/bytes.h"

/* A difference (never 0) as a token; at least STREAM_SURPRISE bytes must be free at p. Those that do not
 * fit beside the token's bit stand behind a run as long as none can be. */
enum { STREAM_SURPRISE = 2 * VARINT_MAX };
#define STREAM_FAR UINT64_MAX

static inline unsigned char *stream_surprise(unsigned char *p, uint64_t difference)
{
	uint64_t z = zigzag(difference) - 1;
	return z >> 63 ? varint_write(varint_write(p, STREAM_FAR), z) : varint_write(p, z << 1);
}

/* Adds the stream of n rows. values[i] counts only where present[i]. */
void stream_put(struct arena *out, const uint64_t *values, const uint8_t *present, size_t n);

/* Of one value in every row. */
void stream_put_constant(struct arena *out, uint64_t value);

/* Reads a stream row by row. After the last token the last run goes on for ever: how many rows there
 * are is known elsewhere. */
struct stream {
	struct get g;
	uint64_t value, step, unit;
	uint64_t run; /* rows left of the present run */
	uint8_t order;
	bool present; /* of the run */
};

void stream_begin(struct stream *s, const void *bytes, size_t n);
/* The next row: its value if it has one. */
bool stream_next(struct stream *s, uint64_t *ret);
/* The next n rows; where there is no value, values[i] repeats the last one. */
void stream_read(struct stream *s, uint64_t *values, uint8_t *present, size_t n);
/* The next rows that are alike, at least one and at most `most`: how many, and what they are. */
size_t stream_run(struct stream *s, size_t most, uint64_t *ret_value, bool *ret_present);
/* Leaves out n rows. */
void stream_skip(struct stream *s, size_t n);

#endif
