/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What writes segment files shares; nobody else includes this. */
#ifndef STORE_SEGMENT_IMPL_H
#define STORE_SEGMENT_IMPL_H

#include "store/segment.h"

/* A segment file under way: blocks go out as they are made, the index is kept until the end. */
struct segment_file {
	int fd;
	uint64_t begin, at;
	struct arena out, index;
	uint32_t nindex;
	ZSTD_CCtx *pack;
};

int segment_file_begin(struct segment_file *f, int fd, uint64_t offset);
int segment_file_block(
	struct segment_file *f, enum block_type type, uint64_t number, const void *p, size_t n);
/* Writes the index and the tail. */
int segment_file_end(struct segment_file *f, uint64_t *ret_end);
void segment_file_destroy(struct segment_file *f);

struct segment_info {
	uint64_t first_us, last_us, first_mono_us, last_mono_us, first_number, step_ns, run,
		dict_hash;
	uint32_t rows, nseries, group_series, nchains, components;
};
void segment_info_put(struct arena *out, const struct segment_info *i);

#endif
