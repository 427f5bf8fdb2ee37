/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* remote_write: bodies of Prometheus remote write requests, versions 1.0 and 2.0: protobuf, packed
 * with snappy's block format. The messages are small and fixed, so they are written by hand.
 *
 *   1.0  WriteRequest { 1: TimeSeries { 1: Label { 1 name, 2 value }, 2: Sample { 1 double, 2 ms } } }
 *   2.0  Request { 4: symbol, 5: TimeSeries { 1: label references, 2: Sample, 5: Metadata { 1 type,
 *        3 help, 4 unit } } }; all texts stand once, among the symbols, of which the first is "" */
#ifndef FLEET_REMOTE_WRITE_H
#define FLEET_REMOTE_WRITE_H

#include "base/intern.h"

enum remote_version { REMOTE_WRITE_1 = 1, REMOTE_WRITE_2 = 2 };

/* The numbers of 2.0's metadata. */
enum remote_type { REMOTE_COUNTER = 1, REMOTE_GAUGE = 2 };

enum {
	REMOTE_LABELS = 5,
	REMOTE_NAMES = 1 << 16,       /* ids in the names of a writer are below this */
	REMOTE_REQUEST_MAX = 4 << 20, /* bytes of a request before it is packed */
};

/* A value of a sample that says: the series ends here. One NaN of many; others are values. */
#define REMOTE_STALE UINT64_C(0x7ff0000000000002)

/* Texts are ids in the names of the writer. Labels are sorted by name, "__name__" among them. */
struct remote_series {
	struct {
		uint32_t name, value;
	} labels[REMOTE_LABELS];
	unsigned nlabels;
	enum remote_type type;
	uint32_t help, unit; /* 0: none */
};

/* The value travels as its bits, so that a NaN stays the NaN it is. */
struct remote_sample {
	int64_t time_ms;
	uint64_t bits;
};

struct remote_writer {
	const struct intern *names;
	enum remote_version version;
	struct arena series, symbols, refs, packed;
	uint32_t nsymbols;
};

/* The names belong to the caller and outlive the writer. 0 or -errno. */
int remote_writer_init(struct remote_writer *w, const struct intern *names);
void remote_writer_destroy(struct remote_writer *w);

/* One request: begin, add series while there is room, end. Names must be interned before begin. */
int remote_write_begin(struct remote_writer *w, enum remote_version version);
/* Samples in order of time. -ENOBUFS when they do not fit any more: nothing was added. */
int remote_write_add(struct remote_writer *w, const struct remote_series *s,
	const struct remote_sample *samples, size_t n);
/* The packed body, valid until the next begin. 0 or -ENOMEM. */
int remote_write_end(struct remote_writer *w, const void **ret, size_t *ret_n);

#endif
