/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the parts of the history share; nobody else includes this. */
#ifndef STORE_HISTORY_IMPL_H
#define STORE_HISTORY_IMPL_H

#include "store/history.h"
#include "store/log.h"

enum { HISTORY_DAMAGE = 256 };

/* Slots of a segment and ids of the history's series set. Consecutive segments mostly share one. */
struct slot_map {
	struct slot_map *next;
	uint64_t dict_hash;
	struct dict_origin origin;
	uint32_t n;
	uint32_t *ids;   /* by slot */
	uint32_t *slots; /* slot + 1 by id */
};

enum piece_kind { PIECE_SECONDS, PIECE_LOG, PIECE_TIER };

/* A part of the recording: a log, or a segment. */
struct piece {
	enum piece_kind kind;
	uint64_t order;    /* of writing */
	uint64_t begin_us; /* first sample, as far as the name tells; exact when open */
	char name[64];     /* below the store's folder; "" in a recording file */
	uint64_t end;      /* offset in a recording file behind the segment */
	bool open, bad;
	bool known;       /* was open once: begin_us is exact, and so is */
	uint64_t last_us; /* the time of the last sample */
	struct segment s;
	const struct slot_map *map;
	int log_fd; /* of a log: stays readable when it is sealed and removed meanwhile */
};

/* Where the reading of samples stands. */
struct reading {
	struct store *into;
	uint64_t order;           /* of the piece */
	bool open, is_log, ready; /* ready: log: a frame was decoded and not handed out yet */
	struct segment segment;
	struct segment_cursor *cursor;
	uint32_t row;
	uint64_t number; /* of the log's last frame */
	struct log_reader log;
	struct frame_decoder decoder;
	bool have_decoder;
	uint64_t run;
};

/* What a log told when it was read whole: who asks several things in one second reads it once. */
struct log_known {
	uint64_t device, inode, order; /* of the file */
	uint64_t
		end; /* how far it was read; what stands there now tells whether it grew. 0: nothing is known */
	uint64_t from_us, to_us;
	uint64_t least_us, most_us; /* the same, but where the clock was set inside it */
	bool empty;
	uint8_t *seen; /* by series id: it occurs */
};
enum { LOGS_KNOWN = 2 };

struct history {
	int dir;  /* of a store, or -1 */
	int file; /* of a recording, or -1 */
	struct series_set series;
	struct piece *pieces; /* logs and segments of seconds, in the order of writing */
	size_t npieces;
	struct piece *tiers;
	size_t ntiers;
	size_t nopen, close_next;
	struct slot_map *maps;
	struct log_known logs[LOGS_KNOWN];
	unsigned next_log;
	struct reading reading;
	int (*on_event)(void *ctx, const struct event *e);
	void *on_event_ctx;
	struct history_series *selected;
	char host[DICT_HOST];
	uint64_t interval_ns;
	unsigned damaged;
	char damage[HISTORY_DAMAGE];
};

/* The values of a log that are asked for, row by row. */
struct columns {
	struct frame_decoder decoder;
	const uint32_t *index; /* column + 1 by series id, 0: not wanted */
	size_t ncolumns;
	uint64_t *values; /* column after column, each of `room` rows */
	uint8_t *present;
	uint64_t *times_us, *monos_us;
	uint64_t least_us, most_us; /* of times_us, where there are rows */
	size_t rows, room, expected;
	uint64_t end;   /* offset in the log behind the last frame */
	uint64_t *last; /* by column: as it stands */
	uint8_t *has;
};

void history_note_damage(struct history *h, const struct piece *p, int error);
/* Opens a segment and maps its series; false: it cannot be read, and is left out from then on. */
bool piece_open(struct history *h, struct piece *p);
/* Who has read what it wanted of a segment says so: what that took is given back, for many of them lie open at a time. */
void piece_rest(struct piece *p);
/* Might the i-th piece have samples between two times? What is not open is judged by its name and the next one's. */
bool piece_touches(struct history *h, size_t i, uint64_t from_us, uint64_t to_us);
bool piece_span(struct history *h, struct piece *p, uint64_t *from_us, uint64_t *to_us);
/* Opened once more, for a reader of its own. */
int piece_segment(struct history *h, const struct piece *p, struct segment *ret);
/* Who recorded: as the part that was read last says. */
void history_note_origin(struct history *h, const struct dict_origin *o);
/* What a log told when it was read whole, which is done again when it has grown; NULL where it cannot be read. */
const struct log_known *history_known_log(struct history *h, const struct piece *p);
int piece_log(const struct piece *p, struct log_reader *ret);
/* Reads the wanted columns of a log between two times. 0 or -errno; to be freed in any case. */
int columns_read(struct history *h, const struct piece *p, const uint32_t *index, size_t ncolumns,
	uint64_t from_us, uint64_t to_us, struct columns *c);
void columns_free(struct columns *c);
void reading_close(struct reading *r);

#endif
