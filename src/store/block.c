/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/block.h"

#include <errno.h>
#include <pthread.h>

static const char magic[8] = "plimsoll";
enum { PACKED = 1, LEVEL = 3, CRC_AT = BLOCK_HEAD - 4 };

void file_put_head(struct arena *out, enum file_kind kind)
{
	put_bytes(out, magic, sizeof magic);
	put_u32(out, FORMAT_VERSION);
	put_u32(out, kind);
}

int file_get_head(const unsigned char head[static FILE_HEAD], enum file_kind *ret)
{
	struct get g = get_over(head + sizeof magic, FILE_HEAD - sizeof magic);
	if (memcmp(head, magic, sizeof magic) != 0)
		return -EBADMSG;
	if (get_u32(&g) > FORMAT_VERSION)
		return -ENOTSUP;
	*ret = (enum file_kind)get_u32(&g);
	return *ret == FILE_LOG || *ret == FILE_SEGMENT ? 0 : -EBADMSG;
}

/* type and flags, stored, plain, number, checksum over what stands before it, and over the payload */
static void put_head(struct arena *out, enum block_type type, unsigned flags, uint64_t number,
	size_t stored, size_t plain, const void *payload)
{
	size_t at = out->used;
	put_u32(out, (uint32_t)type | flags << 16);
	put_u32(out, (uint32_t)stored);
	put_u32(out, (uint32_t)plain);
	put_u64(out, number);
	put_u32(out, 0); /* kept free */
	if (!out->overflowed)
		put_u32(out, crc32c(crc32c(0, out->base + at, CRC_AT), payload, stored));
}

void block_put(struct arena *out, enum block_type type, uint64_t number, const void *p, size_t n,
	ZSTD_CCtx *pack)
{
	size_t begin = out->used, room = ZSTD_compressBound(n);
	if (pack && n > 32 && arena_push(out, BLOCK_HEAD + room)) {
		unsigned char *body = out->base + begin + BLOCK_HEAD;
		size_t packed = ZSTD_compressCCtx(pack, body, room, p, n, LEVEL);
		if (!ZSTD_isError(packed) && packed < n) {
			out->used = begin;
			put_head(out, type, PACKED, number, packed, n, body);
			out->used += packed;
			return;
		}
	}
	out->used = begin;
	put_head(out, type, 0, number, n, n, p);
	put_bytes(out, p, n);
}

int io_read(int fd, void *p, size_t n, uint64_t offset)
{
	while (n) {
		ssize_t r = pread(fd, p, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		p = (char *)p + r;
		n -= (size_t)r;
		offset += (uint64_t)r;
	}
	return 0;
}

int io_write(int fd, const void *p, size_t n, uint64_t offset)
{
	while (n) {
		ssize_t r = pwrite(fd, p, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		p = (const char *)p + r;
		n -= (size_t)r;
		offset += (uint64_t)r;
	}
	return 0;
}

static pthread_key_t unpacker_key;
static int unpacker_error;

static void free_unpacker(void *p)
{
	ZSTD_freeDCtx(p);
}

static void make_unpacker_key(void)
{
	unpacker_error = pthread_key_create(&unpacker_key, free_unpacker);
}

/* One a thread: making one costs more than unpacking most blocks. It goes with its thread. */
static ZSTD_DCtx *unpacker(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, make_unpacker_key);
	ZSTD_DCtx *context = unpacker_error ? NULL : pthread_getspecific(unpacker_key);
	if (!context && !unpacker_error) {
		context = ZSTD_createDCtx();
		if (context && pthread_setspecific(unpacker_key, context) != 0) {
			ZSTD_freeDCtx(context);
			context = NULL;
		}
	}
	return context;
}

static int unpack(struct arena *plain, struct block *b)
{
	/* What a block of n bytes can hold is bounded: a hostile length must not make us touch memory. */
	if (b->plain > BLOCK_MAX || ZSTD_getFrameContentSize(b->bytes, b->stored) != b->plain)
		return -EBADMSG;
	arena_reset(plain);
	void *to = arena_push(plain, b->plain);
	if (!to)
		return -ENOMEM;
	ZSTD_DCtx *context = unpacker();
	if (!context)
		return -ENOMEM;
	if (ZSTD_decompressDCtx(context, to, b->plain, b->bytes, b->stored) != b->plain)
		return -EBADMSG;
	b->bytes = to;
	return 0;
}

/* What stands in a head; the flags are returned apart. */
static unsigned get_head(const unsigned char *p, struct block *ret, uint32_t *crc)
{
	struct get g = get_over(p, BLOCK_HEAD);
	uint32_t type = get_u32(&g);
	*ret = (struct block){.type = (uint16_t)type, .stored = get_u32(&g), .plain = get_u32(&g)};
	ret->number = get_u64(&g);
	(void)get_u32(&g);
	*crc = get_u32(&g);
	return type >> 16;
}

int block_head(const unsigned char *p, uint64_t left, uint64_t *ret_stored)
{
	struct block b;
	uint32_t crc;
	(void)get_head(p, &b, &crc);
	*ret_stored = b.stored;
	return b.type == 0 || b.stored > BLOCK_MAX || left - BLOCK_HEAD < b.stored ? -ENODATA : 0;
}

static bool checks(const unsigned char *p, uint32_t stored, uint32_t crc)
{
	return crc32c(crc32c(0, p, CRC_AT), p + BLOCK_HEAD, stored) == crc;
}

int block_parse(const unsigned char *p, struct block *ret)
{
	uint32_t crc;
	unsigned flags = get_head(p, ret, &crc);
	ret->bytes = p + BLOCK_HEAD;
	return checks(p, ret->stored, crc) && !(flags & PACKED) && ret->plain == ret->stored
		       ? 0
		       : -EBADMSG;
}

int block_read(int fd, uint64_t offset, uint64_t end, struct arena *raw, struct arena *plain,
	struct block *ret, uint64_t *next)
{
	if (offset > end || end - offset < BLOCK_HEAD)
		return -ENODATA;
	arena_reset(raw);
	unsigned char *head = arena_push(raw, BLOCK_HEAD);
	int r = head ? io_read(fd, head, BLOCK_HEAD, offset) : -ENOMEM;
	uint64_t stored = 0;
	if (r == 0)
		r = block_head(head, end - offset, &stored);
	if (r < 0)
		return r;
	unsigned char *body = arena_push(raw, (size_t)stored);
	r = body ? io_read(fd, body, (size_t)stored, offset + BLOCK_HEAD) : -ENOMEM;
	if (r < 0)
		return r;
	uint32_t crc;
	unsigned flags = get_head(head, ret, &crc);
	if (!checks(head, ret->stored, crc))
		return -EBADMSG;
	ret->bytes = body;
	*next = offset + BLOCK_HEAD + stored;
	if (flags & PACKED)
		return unpack(plain, ret);
	return ret->plain == ret->stored ? 0 : -EBADMSG;
}
