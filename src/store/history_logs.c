/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The log of the present hour as the history reads it: whole, as columns of what is wanted, and what is known of it until it grows. */
#include "store/history_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { LOG_ROWS = 3700 }; /* of an hour of seconds */

/* ---- logs as columns ---- */

void columns_free(struct columns *c)
{
	frame_decoder_destroy(&c->decoder);
	free(c->values);
	free(c->present);
	free(c->times_us);
	free(c->monos_us);
	free(c->last);
	free(c->has);
}

static void take_value(void *ctx, uint32_t file_series, uint64_t value, bool present)
{
	struct columns *c = ctx;
	uint32_t column = c->index[dict_series(&c->decoder.dict, file_series)];
	if (column) {
		c->last[column - 1] = value;
		c->has[column - 1] = present;
	}
}

static int more_rows(struct columns *c)
{
	size_t room = c->room ? c->room * 2 : c->expected;
	uint64_t *values = calloc(room * (c->ncolumns + 1), sizeof *values),
		 *times = realloc(c->times_us, room * sizeof *times);
	c->times_us = times ? times : c->times_us;
	uint64_t *monos = realloc(c->monos_us, room * sizeof *monos);
	c->monos_us = monos ? monos : c->monos_us;
	uint8_t *present = calloc(room * (c->ncolumns + 1), 1);
	if (!values || !times || !monos || !present) {
		free(values);
		free(present);
		return -ENOMEM;
	}
	for (size_t i = 0; i < c->ncolumns && c->rows; i++) {
		memcpy(values + i * room, c->values + i * c->room, c->rows * sizeof *values);
		memcpy(present + i * room, c->present + i * c->room, c->rows);
	}
	free(c->values);
	free(c->present);
	c->values = values;
	c->present = present;
	c->room = room;
	return 0;
}

static int add_row(struct columns *c)
{
	int r = c->rows == c->room ? more_rows(c) : 0;
	if (r < 0)
		return r;
	uint64_t now_us = c->decoder.real_us;
	c->times_us[c->rows] = now_us;
	c->least_us = c->rows && c->least_us < now_us ? c->least_us : now_us;
	c->most_us = c->rows && c->most_us > now_us ? c->most_us : now_us;
	c->monos_us[c->rows] = c->decoder.mono_us;
	for (size_t i = 0; i < c->ncolumns; i++) {
		c->values[i * c->room + c->rows] = c->last[i];
		c->present[i * c->room + c->rows] = c->has[i];
	}
	c->rows++;
	return 0;
}

int piece_log(const struct piece *p, struct log_reader *ret)
{
	int fd = fcntl(p->log_fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : log_open_fd(fd, ret);
}

/* So many samples there may be: a log is of an hour, and memory that is not written to takes none. */
static size_t rows_expected(const struct history *h, uint64_t from_us, uint64_t to_us)
{
	uint64_t n = to_us > from_us ? (to_us - from_us) / (history_interval(h) / 1000 + 1) + 2 : 1;
	return n < LOG_ROWS ? (size_t)n + 16 : LOG_ROWS;
}

/* Reads the wanted columns of a log between two times. */
int columns_read(struct history *h, const struct piece *p, const uint32_t *index, size_t ncolumns,
	uint64_t from_us, uint64_t to_us, struct columns *c)
{
	struct log_reader l = {.fd = -1};
	struct block b;
	*c = (struct columns){
		.index = index, .ncolumns = ncolumns, .expected = rows_expected(h, from_us, to_us)};
	const struct frame_wants wants = {false, take_value, NULL, c};
	int r = piece_log(p, &l);
	if (r < 0)
		return r;
	c->last = calloc(ncolumns + 1, sizeof *c->last);
	c->has = calloc(ncolumns + 1, 1);
	r = c->last && c->has ? frame_decoder_init(&c->decoder, &h->series) : -ENOMEM;
	while (r == 0 && log_next(&l, &b) == 0) {
		r = frame_decode(&c->decoder, b.bytes, b.plain, &wants);
		if (r == 0 && c->decoder.real_us >= from_us && c->decoder.real_us <= to_us)
			r = add_row(c);
	}
	c->end = l.at;
	log_close(&l);
	if (r == 0 && c->decoder.begun)
		history_note_origin(h, &c->decoder.dict.origin);
	return r == -EBADMSG ? 0 : r;
}

/* ---- what is known of a log ---- */

static int read_known(struct history *h, const struct piece *p, struct log_known *k)
{
	static const uint32_t none[SERIES_MAX + 1];
	struct columns c;
	int r = columns_read(h, p, none, 0, 0, UINT64_MAX, &c);
	k->seen = k->seen ? k->seen : malloc(SERIES_MAX + 1);
	if (r == 0 && !k->seen)
		r = -ENOMEM;
	if (r == 0) {
		k->end = c.end;
		k->empty = c.rows == 0;
		k->from_us = k->empty ? 0 : c.times_us[0];
		k->to_us = k->empty ? 0 : c.times_us[c.rows - 1];
		k->least_us = c.least_us;
		k->most_us = c.most_us;
		memset(k->seen, 0, SERIES_MAX + 1);
		for (uint32_t i = 1; i < c.decoder.dict.nseries; i++)
			k->seen[dict_series(&c.decoder.dict, i)] = 1;
	}
	columns_free(&c);
	return r;
}

/* Room is taken ahead and is zero until it is written to. */
static bool has_grown(const struct piece *p, const struct log_known *k)
{
	unsigned char head[BLOCK_HEAD];
	ssize_t n = pread(p->log_fd, head, sizeof head, (off_t)k->end);
	for (ssize_t i = 0; i < n; i++)
		if (head[i])
			return true;
	return n < 0;
}

const struct log_known *history_known_log(struct history *h, const struct piece *p)
{
	struct stat st;
	if (fstat(p->log_fd, &st) < 0)
		return NULL;
	struct log_known *k = NULL;
	for (unsigned i = 0; i < LOGS_KNOWN && !k; i++)
		if (h->logs[i].end && h->logs[i].inode == st.st_ino &&
			h->logs[i].device == st.st_dev && h->logs[i].order == p->order)
			k = &h->logs[i];
	if (k && !has_grown(p, k))
		return k;
	k = k ? k : &h->logs[h->next_log++ % LOGS_KNOWN];
	k->device = st.st_dev;
	k->inode = st.st_ino;
	k->order = p->order;
	k->end = 0;
	return read_known(h, p, k) == 0 && k->end ? k : NULL;
}
