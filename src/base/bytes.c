/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/bytes.h"

void put_bytes(struct arena *a, const void *p, size_t n)
{
	void *to = n ? arena_push(a, n) : NULL;
	if (to)
		memcpy(to, p, n);
}

void put_varint(struct arena *a, uint64_t v)
{
	if (a->writable - a->used >= VARINT_MAX) {
		a->used = (size_t)(varint_write(a->base + a->used, v) - a->base);
		return;
	}
	unsigned char b[VARINT_MAX];
	put_bytes(a, b, (size_t)(varint_write(b, v) - b));
}

void put_zigzag(struct arena *a, uint64_t difference)
{
	put_varint(a, zigzag(difference));
}

void put_text(struct arena *a, const char *s)
{
	size_t n = strlen(s);
	put_varint(a, n);
	put_bytes(a, s, n);
}

void put_u32(struct arena *a, uint32_t v)
{
	unsigned char b[4];
	for (unsigned i = 0; i < 4; i++)
		b[i] = (unsigned char)(v >> 8 * i);
	put_bytes(a, b, sizeof b);
}

void put_u64(struct arena *a, uint64_t v)
{
	put_u32(a, (uint32_t)v);
	put_u32(a, (uint32_t)(v >> 32));
}

uint64_t get_varint_slow(struct get *g)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && g->p < g->end; shift += 7) {
		unsigned char b = *g->p++;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	g->bad = true;
	g->p = g->end;
	return 0;
}

const unsigned char *get_bytes(struct get *g, uint64_t n)
{
	if (n > (uint64_t)(g->end - g->p)) {
		g->bad = true;
		g->p = g->end;
		return NULL;
	}
	const unsigned char *p = g->p;
	g->p += n;
	return p;
}

const char *get_text(struct get *g, struct arena *into)
{
	uint64_t n = get_varint(g);
	const unsigned char *p = get_bytes(g, n);
	return p ? arena_strn(into, (const char *)p, (size_t)n) : "";
}

uint32_t get_u32(struct get *g)
{
	const unsigned char *p = get_bytes(g, 4);
	return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			       (uint32_t)p[3] << 24
		 : 0;
}

uint64_t get_u64(struct get *g)
{
	uint64_t low = get_u32(g);
	return low | (uint64_t)get_u32(g) << 32;
}

/* ---- CRC-32C ---- */

/* Four bits at a time: for machines without the instruction. */
static uint32_t crc32c_nibbles(uint32_t crc, const unsigned char *p, size_t n)
{
	static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6,
		0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_instruction(
	uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t c = crc, word;
	for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		c = __builtin_ia32_crc32di(c, word);
	}
	crc = (uint32_t)c;
	for (; n; n--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc32c_instruction(~crc, p, n);
#endif
	return ~crc32c_nibbles(~crc, p, n);
}
