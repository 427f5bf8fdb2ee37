/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* frame: one sample as bytes, as the difference to the one before: the unit of the log. The first
 * frame of a log stands for itself. Parts with their length before them, so that a reader of numbers
 * can leap over the tables: dictionary, values, tables, events. */
#ifndef STORE_FRAME_H
#define STORE_FRAME_H

#include "store/dict.h"
#include "store/event.h"

struct frame_encoder {
	struct rows_encoder rows;
	struct dict_told told;
	struct arena values, present; /* as last written, by series id */
	uint32_t nvalues;
	uint64_t real_us, mono_us;
	bool full;                 /* the next frame stands for itself */
	struct arena part, tables; /* scratch */
};

int frame_encoder_init(struct frame_encoder *e);
void frame_encoder_destroy(struct frame_encoder *e);
/* The next frame is the first of a log. */
void frame_encoder_restart(struct frame_encoder *e);
/* Adds the payload of a frame to *out. No heap; out->overflowed tells of too little room. */
void frame_encode(struct frame_encoder *e, const struct dict_origin *origin, struct series_set *set,
	const struct sample *s, const struct event *events, size_t nevents, struct arena *out);

struct frame_decoder {
	struct dict dict;
	struct rows_decoder rows;
	struct arena values, present; /* by the file's series number */
	uint32_t nvalues;
	uint64_t real_us, mono_us;
	bool begun;
};

/* `set` takes what the frames name. */
int frame_decoder_init(struct frame_decoder *d, struct series_set *set);
void frame_decoder_destroy(struct frame_decoder *d);
/* Time of a frame that is the first of a log; -EBADMSG when it is not. */
int frame_first_time(const void *payload, size_t n, uint64_t *ret_us);

/* Wants: what a reader needs of a frame. each_value is told of changed values only (present false: it
 * vanished), with the file's series number. */
struct frame_wants {
	bool tables;
	void (*each_value)(void *ctx, uint32_t file_series, uint64_t value, bool present);
	int (*each_event)(void *ctx, const struct event *e);
	void *ctx;
};

/* Takes the next frame of a log. 0, -EBADMSG or -ENOMEM. */
int frame_decode(
	struct frame_decoder *d, const void *payload, size_t n, const struct frame_wants *w);
/* The sample as it stands after the last frame, into *s. Needs that all frames were decoded with
 * tables. */
void frame_copy(const struct frame_decoder *d, struct sample *s);
/* The same without values. */
void frame_copy_tables(const struct frame_decoder *d, struct sample *s);

/* Events, also as a segment holds them. */
void events_put(struct arena *out, const struct event *events, size_t n);
int events_get(struct get *g, int (*each)(void *ctx, const struct event *e), void *ctx);

#endif
