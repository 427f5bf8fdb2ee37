/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "catalogue/tables.h"

#include <assert.h>
#include <string.h>

#define TABLE(id, name, field, type, sorted) typedef type row_of_##id;
#define COLUMN(table, name, field, type, key)
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN

/* All columns behind one another. The row of a table stands before its columns as one without a
 * name, and so ends those of the table before. */
static const struct column_info columns[] = {
#define TABLE(id, name, field, type, sorted) {NULL, 0, false, 0, 0},
#define COLUMN(table, name, field, type, key)                                                      \
	{name, COLUMN_##type, sizeof(#key) == sizeof("KEY"), offsetof(row_of_##table, field),      \
		sizeof(((row_of_##table *)0)->field)},
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN
	{NULL, 0, false, 0, 0},
};

static const struct table_info tables[] = {
#define TABLE(id, name, field, type, sorted)                                                       \
	{name, sizeof(type), offsetof(struct sample, field), sizeof(#sorted) == sizeof("SORTED"),  \
		PART_##id, &columns[PART_##id + 1]},
#define COLUMN(table, name, field, type, key)
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN
};
static_assert(sizeof tables / sizeof *tables == TABLE_COUNT, "a row a table");

const struct table_info *table_info(enum table_id t)
{
	assert(t < TABLE_COUNT);
	return &tables[t];
}

uint64_t column_get(const struct column_info *c, const void *row)
{
	const char *p = (const char *)row + c->offset;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	switch (c->size) {
	case 8: memcpy(&u64, p, 8); return u64;
	case 4: memcpy(&u32, p, 4); return u32;
	case 2: memcpy(&u16, p, 2); return u16;
	default: return (unsigned char)*p;
	}
}

void column_set(const struct column_info *c, void *row, uint64_t value)
{
	char *p = (char *)row + c->offset;
	uint32_t u32 = (uint32_t)value;
	uint16_t u16 = (uint16_t)value;
	switch (c->size) {
	case 8: memcpy(p, &value, 8); break;
	case 4: memcpy(p, &u32, 4); break;
	case 2: memcpy(p, &u16, 2); break;
	default: *p = (char)value; break;
	}
}
