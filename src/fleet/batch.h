/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* batch: samples on their way to a receiver: a table of moments by streams.
 *
 * A stream is what a receiver calls a series: one set of labels. Several series may be one stream,
 * one after the other: a network namespace made again under its old name. A stream that has a value
 * at one moment and none at the next ends there, with a stale marker, so that no receiver draws on
 * what is gone. Knows neither files nor network. */
#ifndef FLEET_BATCH_H
#define FLEET_BATCH_H

#include "fleet/remote_write.h"
#include "store/view.h"

enum {
	BATCH_MOMENTS = 60,
	BATCH_CELLS = 1 << 20, /* moments times streams: 8 MiB */
};

struct batch;

/* instance: the value of the label `instance` of all streams, not empty. 0 or -ENOMEM. */
int batch_open(const char *instance, struct batch **ret);
void batch_close(struct batch *b);

/* Adds a moment: the values of this sample. A SHARE becomes its ratio since the moment before, and has
 * none at the first one. Samples come in order of time, all of one series set. */
int batch_take(struct batch *b, const struct series_set *set, const struct sample *s);
/* Adds a moment at which all streams end. */
int batch_end_streams(struct batch *b, int64_t time_ms);
/* Forgets the moments, not the streams and what they were last. */
void batch_clear(struct batch *b);

unsigned batch_moments(const struct batch *b);
/* No room for one more moment. */
bool batch_full(const struct batch *b);
/* Does any stream go on, that is, has it a value at the last moment? */
bool batch_goes_on(const struct batch *b);
/* Values and stale markers in all moments. */
size_t batch_samples(const struct batch *b);
/* Series that found no room among the streams. */
uint64_t batch_lost(const struct batch *b);

/* Encodes a request of streams from number `first` on, as many as have room. *ret_next: where to go
 * on, 0 when none is left. *ret_samples: how many are in it. */
int batch_encode(const struct batch *b, struct remote_writer *w, enum remote_version version,
	uint32_t first, uint32_t *ret_next, size_t *ret_samples);
/* The texts that requests refer to, for remote_writer_init(). */
const struct intern *batch_names(const struct batch *b);

#endif
