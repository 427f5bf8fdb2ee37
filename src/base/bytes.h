/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* bytes: numbers as bytes and back, for what is written to disk. Unsigned numbers are LEB128 varints
 * (7 bits a byte, low ones first), signed ones zigzag before that; fixed fields are little-endian.
 * Writing goes to the end of an arena and fails as the arena does (`overflowed`, sticky). Reading is
 * checked: at the first piece that is not there `bad` is set, and every further answer is 0. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/arena.h"

#include <string.h>

enum { VARINT_MAX = 10 };

static inline uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static inline uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ -(z & 1);
}

/* At least VARINT_MAX bytes must be free at p; returns what follows the number. */
static inline unsigned char *varint_write(unsigned char *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (unsigned char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (unsigned char)v;
	return p;
}

void put_varint(struct arena *a, uint64_t v);
void put_zigzag(struct arena *a, uint64_t difference);
void put_bytes(struct arena *a, const void *p, size_t n);
/* Length, then the bytes. */
void put_text(struct arena *a, const char *s);
void put_u32(struct arena *a, uint32_t v);
void put_u64(struct arena *a, uint64_t v);

struct get {
	const unsigned char *p, *end;
	bool bad;
};

static inline struct get get_over(const void *p, size_t n)
{
	return (struct get){p, (const unsigned char *)p + n, false};
}

uint64_t get_varint_slow(struct get *g);

static inline uint64_t get_varint(struct get *g)
{
	if (g->p < g->end && *g->p < 0x80)
		return *g->p++;
	return get_varint_slow(g);
}

static inline uint64_t get_zigzag(struct get *g)
{
	return unzigzag(get_varint(g));
}

/* The next n bytes, or NULL. */
const unsigned char *get_bytes(struct get *g, uint64_t n);
/* A text with its length before it, NUL-terminated in the arena; "" when bad. */
const char *get_text(struct get *g, struct arena *into);
uint32_t get_u32(struct get *g);
uint64_t get_u64(struct get *g);

/* CRC-32C (Castagnoli) as in iSCSI, ext4 and Btrfs; crc32c(0, ...) begins, the result goes on. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
