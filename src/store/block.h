/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* block: the framing that logs and segments share. A file begins with FILE_HEAD bytes that say what it
 * is; blocks follow one behind the other, each with its type, a number, its length and a checksum over
 * all of it. A block that does not check is where reading ends. */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "base/bytes.h"

#include <zstd.h>

enum { FILE_HEAD = 16, BLOCK_HEAD = 28, BLOCK_MAX = 128 << 20, FORMAT_VERSION = 1 };

enum file_kind { FILE_LOG = 1, FILE_SEGMENT = 2 };

enum block_type {
	BLOCK_FRAME = 1, /* log: a sample */
	BLOCK_TABLES,    /* segment: the tables of some rows */
	BLOCK_GROUP,     /* the values of up to 64 series */
	BLOCK_TIMES,
	BLOCK_SUMMARY,
	BLOCK_EVENTS,
	BLOCK_DICT,
	BLOCK_INFO,
	BLOCK_INDEX,
};

struct block {
	uint16_t type;
	uint32_t stored, plain; /* bytes in the file, and once unpacked */
	uint64_t number;
	const unsigned char *bytes; /* unpacked */
};

void file_put_head(struct arena *out, enum file_kind kind);
/* 0, -EBADMSG: no such file of ours, -ENOTSUP: of a newer version. */
int file_get_head(const unsigned char head[static FILE_HEAD], enum file_kind *ret);

/* Adds a block. With a context it is packed where that makes it smaller. */
void block_put(struct arena *out, enum block_type type, uint64_t number, const void *p, size_t n,
	ZSTD_CCtx *pack);

/* The parts of reading, for bytes in memory: the length of the payload behind a head, when it is one that
 * may stand before `left` bytes (else -ENODATA); and the block itself, unpacked only where it was not
 * packed (-EBADMSG when it is damaged, or packed). */
int block_head(const unsigned char *p, uint64_t left, uint64_t *ret_stored);
int block_parse(const unsigned char *p, struct block *ret);

/* Reads the block at offset of a file, which ends at `end`, into *raw (whose content is lost) and, if it
 * is packed, unpacked into *plain. 0; -ENODATA when there is none: the end, zeros, or a piece cut off;
 * -EBADMSG when it is damaged; -EIO and others from reading. *next: where the one behind it begins. */
int block_read(int fd, uint64_t offset, uint64_t end, struct arena *raw, struct arena *plain,
	struct block *ret, uint64_t *next);

/* Whole reads and writes: 0 or -errno, -EIO for a file that ends early. */
int io_read(int fd, void *p, size_t n, uint64_t offset);
int io_write(int fd, const void *p, size_t n, uint64_t offset);

#endif
