/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* rows: the tables of one sample as the differences to the sample before: who came, who went, what
 * changed. docs/store-format.md describes the bytes.
 *
 * The numbers go to streams, one for the operations of each table and one for each column, numbered
 * as enum table_part, and one for what is not of a table. In a log all are the same stream; in a
 * segment each is its own, which compresses better. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "base/bytes.h"
#include "catalogue/tables.h"

enum { ROWS_COMMON = TABLE_PARTS, ROWS_STREAMS, ROWS_FILE_TABLES = 32, ROWS_FILE_STREAMS = 1024 };

/* Numbers of names in the file for numbers of the series set. NULL: the same. */
struct rows_names {
	uint32_t (*of)(void *ctx, uint32_t id);
	void *ctx;
};

struct rows_encoder {
	struct arena old[TABLE_COUNT],
		next[TABLE_COUNT]; /* rows in the order they are written; of a sample that has it, none in next */
	struct arena old_order[TABLE_COUNT], next_order[TABLE_COUNT];
	uint32_t nold[TABLE_COUNT], dropped[TABLE_COUNT];
	uint64_t ct_sampled;
};

int rows_encoder_init(struct rows_encoder *e);
void rows_encoder_destroy(struct rows_encoder *e);
/* What follows is written as if nobody had been there before. */
void rows_encoder_forget(struct rows_encoder *e);
/* set takes the texts of STATIC columns as names. */
void rows_encode(struct rows_encoder *e, struct series_set *set, const struct sample *s,
	const struct rows_names *names, struct arena *const out[static ROWS_STREAMS]);

/* ---- reading ---- */

/* The tables as a file has them; streams are numbered as the file counts tables and columns. */
struct rows_schema {
	unsigned ntables, nstreams;
	struct rows_file_table {
		int table; /* enum table_id, or -1: not known to this version */
		unsigned stream, ncolumns;
		struct {
			enum column_type type;
			const struct column_info *ours; /* or NULL */
		} columns[TABLE_COLUMNS_MAX];
	} tables[ROWS_FILE_TABLES];
};

/* Our own, as written by this version. */
void rows_put_schema(struct arena *out);
/* 0 or -EBADMSG. */
int rows_get_schema(struct get *g, struct rows_schema *ret);

struct rows_map {
	const uint32_t *names, *netns; /* numbers of the file -> of the series set */
	uint32_t nnames, nnetns;
	const struct series_set *set;
};

struct rows_decoder {
	struct arena rows[TABLE_COUNT], next[TABLE_COUNT];
	uint32_t count[TABLE_COUNT], dropped[TABLE_COUNT];
	uint64_t ct_sampled;
	unsigned have;
};

int rows_decoder_init(struct rows_decoder *d);
void rows_decoder_destroy(struct rows_decoder *d);
void rows_decoder_forget(struct rows_decoder *d);
/* streams: schema->nstreams + 1 of them, the common one last; all may be the same. Returns 0, -EBADMSG or
 * -ENOMEM; after an error the decoder must forget. */
int rows_decode(struct rows_decoder *d, const struct rows_schema *schema,
	const struct rows_map *map, struct get *const streams[]);
/* Copies the tables as they stand into a sample (which was reset). */
void rows_copy(const struct rows_decoder *d, struct sample *s);

#endif
