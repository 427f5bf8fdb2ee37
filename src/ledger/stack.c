/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/stack.h"

#include <string.h>

enum { DEEPEST = 4, WIDEST = 8, UNDER = 64 };

static const struct block_device *row_of(const struct view *v, uint32_t device, uint32_t after)
{
	const struct sample *s = view_last(v);
	const struct block_device *rows = TABLE_ROWS(s->blockdevs, struct block_device);
	for (uint32_t i = after; i < s->blockdevs.count; i++)
		if (rows[i].device == device)
			return &rows[i];
	return NULL;
}

static bool is_plain(const struct block_device *b)
{
	return !b->title && (!b->parent || strcmp(b->kind, "partition") == 0);
}

/* A stack cannot go round in the kernel, but a recording may say so. */
static const char *describe(struct view *v, uint32_t device, unsigned depth)
{
	const struct sample *s = view_last(v);
	const struct block_device *rows = TABLE_ROWS(s->blockdevs, struct block_device);
	const struct block_device *b = row_of(v, device, 0);
	if (!b || is_plain(b) || depth == DEEPEST)
		return NULL;
	const char *text = b->title ? arena_printf(&v->scratch, "%s (%s)",
					      intern_text(&v->series->names, b->title), b->kind)
				    : b->kind;
	unsigned n = 0;
	for (; b && n < WIDEST; b = row_of(v, device, (uint32_t)(b - rows) + 1)) {
		if (!b->parent)
			continue;
		const char *below = describe(v, b->parent, depth + 1);
		text = arena_printf(&v->scratch, "%s %s %s%s%s", text, n++ ? "and" : "on",
			intern_text(&v->series->names, b->parent), below ? " = " : "",
			below ? below : "");
	}
	return text;
}

const char *stack_text(struct view *v, uint32_t device)
{
	return describe(v, device, 0);
}

bool stack_lies_on(const struct view *v, uint32_t device, uint32_t below)
{
	const struct sample *s = view_last(v);
	const struct block_device *rows = TABLE_ROWS(s->blockdevs, struct block_device);
	uint32_t under[UNDER] = {device};
	size_t n = 1;
	for (size_t k = 0; k < n; k++)
		for (uint32_t i = 0; i < s->blockdevs.count; i++) {
			if (rows[i].device != under[k] || !rows[i].parent)
				continue;
			if (rows[i].parent == below)
				return true;
			size_t at = 0;
			while (at < n && under[at] != rows[i].parent)
				at++;
			if (at == n && n < UNDER)
				under[n++] = rows[i].parent;
		}
	return false;
}

const char *stack_fact(const struct view *v, const char *key)
{
	const struct sample *s = view_last(v);
	const struct fact *rows = TABLE_ROWS(s->facts, struct fact);
	for (uint32_t i = 0; i < s->facts.count; i++)
		if (rows[i].key && strcmp(rows[i].key, key) == 0)
			return intern_text(&v->series->names, rows[i].value);
	return NULL;
}
