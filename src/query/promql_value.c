/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_value.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Not a number, with a payload that no arithmetic makes: nothing is computed with it. */
#define NOTHING_BITS UINT64_C(0x7ff8504c494d534f)

const double promql_nothing = __builtin_nan("0x8504c494d534f");

bool promql_is_there(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	return bits != NOTHING_BITS;
}

/* ---- texts ---- */

struct promql_chunk {
	struct promql_chunk *next;
	char text[];
};

const char *promql_text(struct promql_texts *t, const char *text, size_t n)
{
	if (n >= PROMQL_TEXTS || t->bytes + n + sizeof(struct promql_chunk) > PROMQL_TEXTS)
		return NULL;
	struct promql_chunk *c = malloc(sizeof *c + n + 1);
	if (!c)
		return NULL;
	t->bytes += n + sizeof *c;
	memcpy(c->text, text, n);
	c->text[n] = '\0';
	c->next = t->first;
	t->first = c;
	return c->text;
}

void promql_texts_free(struct promql_texts *t)
{
	while (t->first) {
		struct promql_chunk *next = t->first->next;
		free(t->first);
		t->first = next;
	}
	t->bytes = 0;
}

/* ---- who a series is ---- */

int promql_id_compare(const struct promql_id *a, const struct promql_id *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++) {
		int c = strcmp(a->l[i].name, b->l[i].name);
		c = c ? c : strcmp(a->l[i].value, b->l[i].value);
		if (c)
			return c;
	}
	return (int)a->n - (int)b->n;
}

const char *promql_id_label(const struct promql_id *id, const char *name)
{
	for (unsigned i = 0; i < id->n; i++)
		if (strcmp(id->l[i].name, name) == 0)
			return id->l[i].value;
	return "";
}

int promql_id_set(struct promql_id *id, const char *name, const char *value)
{
	unsigned at = 0;
	while (at < id->n && strcmp(id->l[at].name, name) < 0)
		at++;
	bool there = at < id->n && strcmp(id->l[at].name, name) == 0;
	struct promql_label *l = &id->l[at];
	if (!*value) {
		if (there)
			memmove(l, l + 1, (--id->n - at) * sizeof *l);
		return 0;
	}
	if (!there) {
		if (id->n == PROMQL_LABELS)
			return -E2BIG;
		memmove(l + 1, l, (id->n++ - at) * sizeof *l);
	}
	*l = (struct promql_label){name, value};
	return 0;
}

void promql_id_drop_name(struct promql_id *id)
{
	(void)promql_id_set(id, "__name__", "");
}

static bool counts(const struct promql_labels *by, const char *label)
{
	for (size_t i = 0; i < by->n; i++)
		if (strcmp(by->label[i], label) == 0)
			return !by->except;
	return by->except && strcmp(label, "__name__") != 0;
}

struct promql_id promql_id_reduced(const struct promql_id *id, const struct promql_labels *by)
{
	struct promql_id r = {.n = 0};
	for (unsigned i = 0; i < id->n; i++)
		if (counts(by, id->l[i].name))
			r.l[r.n++] = id->l[i];
	return r;
}

static uint64_t hash_id(const struct promql_id *id)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (unsigned i = 0; i < id->n; i++) {
		const char *both[] = {id->l[i].name, id->l[i].value};
		for (unsigned k = 0; k < 2; k++)
			for (const char *p = both[k];; p++) {
				h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
				if (!*p)
					break;
			}
	}
	return h ^ h >> 32;
}

/* ---- values ---- */

void promql_value_init(struct promql_value *v, size_t steps)
{
	*v = (struct promql_value){.steps = steps};
}

void promql_value_free(struct promql_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->rows[i].values);
	free(v->rows);
	free(v->slots);
	*v = (struct promql_value){.steps = v->steps};
}

int promql_value_add(struct promql_value *v, const struct promql_id *id, size_t *ret_row)
{
	if ((v->n + 1) * v->steps > PROMQL_VALUES && v->n)
		return -E2BIG;
	if (v->n == v->room) {
		size_t room = v->room ? 2 * v->room : 8;
		struct promql_row *rows = realloc(v->rows, room * sizeof *rows);
		if (!rows)
			return -ENOMEM;
		v->rows = rows;
		v->room = room;
	}
	struct promql_row *row = &v->rows[v->n];
	*row = (struct promql_row){*id, malloc((v->steps + 1) * sizeof(double))};
	if (!row->values)
		return -ENOMEM;
	for (size_t i = 0; i < v->steps; i++)
		row->values[i] = promql_nothing;
	*ret_row = v->n++;
	return 0;
}

static int more_slots(struct promql_value *v)
{
	size_t n = v->nslots ? 4 * v->nslots : 64;
	uint32_t *slots = calloc(n, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++) {
		size_t at = hash_id(&v->rows[i].id) & (n - 1);
		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(v->slots);
	v->slots = slots;
	v->nslots = n;
	return 0;
}

int promql_value_of(struct promql_value *v, const struct promql_id *id, size_t *ret_row)
{
	if (2 * (v->n + 1) > v->nslots && more_slots(v) < 0)
		return -ENOMEM;
	size_t at = hash_id(id) & (v->nslots - 1);
	for (; v->slots[at]; at = (at + 1) & (v->nslots - 1))
		if (promql_id_compare(&v->rows[v->slots[at] - 1].id, id) == 0) {
			*ret_row = v->slots[at] - 1;
			return 0;
		}
	int r = promql_value_add(v, id, ret_row);
	if (r == 0)
		v->slots[at] = (uint32_t)*ret_row + 1;
	return r;
}

static bool has_values(const struct promql_row *row, size_t steps)
{
	for (size_t i = 0; i < steps; i++)
		if (promql_is_there(row->values[i]))
			return true;
	return false;
}

/* Rows moved: who is where is not known any more. */
static void forget_slots(struct promql_value *v)
{
	free(v->slots);
	v->slots = NULL;
	v->nslots = 0;
}

void promql_value_compact(struct promql_value *v)
{
	size_t n = 0;
	for (size_t i = 0; i < v->n; i++) {
		if (has_values(&v->rows[i], v->steps))
			v->rows[n++] = v->rows[i];
		else
			free(v->rows[i].values);
	}
	v->n = n;
	forget_slots(v);
}

static int by_id(const void *a, const void *b)
{
	const struct promql_row *x = a, *y = b;
	return promql_id_compare(&x->id, &y->id);
}

void promql_value_sort(struct promql_value *v)
{
	if (v->n)
		qsort(v->rows, v->n, sizeof *v->rows, by_id);
	forget_slots(v);
}

int promql_value_merge(struct promql_value *v)
{
	struct promql_value out = {.steps = v->steps};
	int r = 0;
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		size_t at, before = out.n;
		r = promql_value_of(&out, &v->rows[i].id, &at);
		assert(r < 0 || out.rows);
		for (size_t k = 0; r == 0 && k < v->steps; k++) {
			double x = v->rows[i].values[k], *to = &out.rows[at].values[k];
			if (!promql_is_there(x))
				continue;
			if (at < before && promql_is_there(*to))
				r = -EINVAL;
			*to = x;
		}
	}
	out.scalar = v->scalar;
	out.sorted = v->sorted;
	if (r < 0) {
		promql_value_free(&out);
		return r;
	}
	promql_value_free(v);
	*v = out;
	return 0;
}

/* ---- series ---- */

void promql_samples_free(struct promql_samples *s)
{
	free(s->times_ms);
	free(s->values);
	*s = (struct promql_samples){.id = s->id};
}

void promql_series_free(struct promql_series *s)
{
	for (size_t i = 0; i < s->n; i++)
		promql_samples_free(&s->all[i]);
	free(s->all);
	free(s->clock_ms);
	*s = (struct promql_series){0};
}

int promql_series_add(
	struct promql_series *s, const struct promql_id *id, struct promql_samples **ret)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 8;
		struct promql_samples *all = realloc(s->all, room * sizeof *all);
		if (!all)
			return -ENOMEM;
		s->all = all;
		s->room = room;
	}
	s->all[s->n] = (struct promql_samples){.id = *id};
	*ret = &s->all[s->n++];
	return 0;
}

int promql_samples_add(
	struct promql_series *of, struct promql_samples *s, int64_t time_ms, double value)
{
	if (s->n && s->times_ms[s->n - 1] >= time_ms) { /* after the clock was set back */
		if (s->times_ms[s->n - 1] == time_ms)
			s->values[s->n - 1] = value;
		return 0;
	}
	if (of->total == PROMQL_SAMPLES)
		return -E2BIG;
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		int64_t *times = realloc(s->times_ms, room * sizeof *times);
		if (!times)
			return -ENOMEM;
		s->times_ms = times;
		double *values = realloc(s->values, room * sizeof *values);
		if (!values)
			return -ENOMEM;
		s->values = values;
		s->room = room;
	}
	s->times_ms[s->n] = time_ms;
	s->values[s->n++] = value;
	of->total++;
	return 0;
}
