/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* log: what was recorded since the last full hour, frame after frame, in a file that grows by one block
 * a second. Its name is the number of its first sample. */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "store/block.h"
#include "store/segment.h"

struct log_reader {
	int fd;
	uint64_t at, end;
	uint64_t next_number;
	struct arena ahead; /* bytes read already, for the file from ahead_at on */
	uint64_t ahead_at;
};

/* 0, -ENOENT, -ENODATA (empty), -EBADMSG, -ENOTSUP, -ENOMEM. */
int log_open(int dir, const char *name, struct log_reader *ret);
/* The same of an open file, which is taken over, also in case of error. */
int log_open_fd(int fd, struct log_reader *ret);
void log_close(struct log_reader *l);
/* The next frame; its bytes stand until the next call. -ENODATA at the end, which may be a piece cut off; the
 * same call answers again when more was written. -EBADMSG: damaged, nothing follows. -EIO and others from
 * reading. */
int log_next(struct log_reader *l, struct block *ret);

/* Time of the first sample. Errors as log_open(); -ENODATA where nothing was written but, at most, a part of
 * the first frame; -EBADMSG where that is damaged. */
int log_first_time(int dir, const char *name, uint64_t *ret_us);

/* Makes a segment of all frames of a log that can be read: writes it to `name` below dir, complete and on
 * the disk, or not at all. *ret_rows: how many samples. -ENODATA when it has none. */
int log_seal(int dir, const char *log, const char *name, uint32_t *ret_rows);

/* Name of the file with this first number: below log/, or (real_us known) below raw/. */
enum { LOG_NAME = 64 };
void log_name(char buf[static LOG_NAME], uint64_t number);
/* The number in such a name; false when it is none. */
bool log_number(const char *name, uint64_t *ret);
void segment_name(char buf[static LOG_NAME], uint64_t real_us, uint64_t number);

#endif
