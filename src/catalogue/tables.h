/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tables: the tables of a sample described as data, so that what records, reads or shows them needs
 * to know no struct. */
#ifndef CATALOGUE_TABLES_H
#define CATALOGUE_TABLES_H

#include "catalogue/sample.h"

enum table_id {
#define TABLE(id, name, field, type, sorted) TABLE_##id,
#define COLUMN(table, name, field, type, key)
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN
	TABLE_COUNT
};

/* Tables and columns counted through: a table, its columns, the next table. */
enum table_part {
#define TABLE(id, name, field, type, sorted)  PART_##id,
#define COLUMN(table, name, field, type, key) PART_##table##_##field,
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN
	TABLE_PARTS
};

enum column_type {
	COLUMN_NUMBER,
	COLUMN_FINE,
	COLUMN_NAME,
	COLUMN_BYTES,
	COLUMN_STATIC,
	COLUMN_NETNS,
	COLUMN_TYPES
};

enum { TABLE_COLUMNS_MAX = 48, FINE_GRAIN = 1000 };

struct column_info {
	const char *name;
	enum column_type type;
	bool key;
	uint16_t offset, size; /* in the row's struct */
};

struct table_info {
	const char *name;
	size_t row_size;
	size_t offset; /* of the struct table in struct sample */
	bool sorted;   /* by the first key, which is unique */
	enum table_part part;
	const struct column_info *columns; /* the one behind the last has no name */
};

const struct table_info *table_info(enum table_id t);

static inline struct table *sample_table(struct sample *s, enum table_id t)
{
	return (struct table *)(void *)((char *)s + table_info(t)->offset);
}

static inline const struct table *sample_table_const(const struct sample *s, enum table_id t)
{
	return (const struct table *)(const void *)((const char *)s + table_info(t)->offset);
}

/* The unsigned number in a NUMBER, FINE, NAME or NETNS field, whatever its width; and back (cut to
 * the width). */
uint64_t column_get(const struct column_info *c, const void *row);
void column_set(const struct column_info *c, void *row, uint64_t value);

#endif
