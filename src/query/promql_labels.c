/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Functions of series: of their labels, of buckets that are a histogram together, of their order. */
#include "query/promql_impl.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The values of another, which loses them. */
static void move(struct promql_value *from, struct promql_value *to)
{
	*to = *from;
	*from = (struct promql_value){.steps = to->steps};
}

static int too_many_labels(struct evaluation *e, const struct promql_node *n)
{
	return promql_wrong(
		e, n, "a series would have more than %d labels, or too long ones", PROMQL_LABELS);
}

/* ---- label_replace, label_join ---- */

enum {
	VALUE_MAX = 4096, /* bytes of a value that is made */
	WAYS = 20000,
};

struct made {
	char text[VALUE_MAX];
	size_t n;
	bool over;
};

static void put(struct made *m, const char *text, size_t n)
{
	m->over = m->over || n >= sizeof m->text - m->n;
	if (m->over)
		return;
	memcpy(m->text + m->n, text, n);
	m->n += n;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* "$1", "${1}", "$name", "$$"; a name goes as far as it can, and what no group bears is empty. */
static void expand(struct made *to, const char *with, const struct pattern *p, const char *value,
	const struct pattern_group *groups)
{
	while (*with) {
		size_t plain = strcspn(with, "$");
		put(to, with, plain);
		with += plain;
		if (!*with)
			break;
		bool brace = with[1] == '{';
		const char *name = with + 1 + brace;
		size_t n = 0;
		while (is_word(name[n]))
			n++;
		if (with[1] == '$' || n == 0 || (brace && name[n] != '}')) {
			put(to, "$", 1);
			with += with[1] == '$' ? 2 : 1;
			continue;
		}
		char *end;
		long number = strtol(name, &end, 10);
		if (end != name + n)
			number = pattern_group_number(p, name, n);
		if (number >= 0 && number < PATTERN_GROUPS &&
			groups[number].begin <= groups[number].end)
			put(to, value + groups[number].begin,
				groups[number].end - groups[number].begin);
		with = name + n + brace;
	}
}

static int set_made(struct evaluation *e, const struct promql_node *n, struct promql_id *id,
	const char *label, const struct made *m)
{
	const char *text = m->over ? NULL : promql_text(e->texts, m->text, m->n);
	if (!text || promql_id_set(id, label, text) < 0)
		return too_many_labels(e, n);
	return 0;
}

static int replace_one(struct evaluation *e, const struct promql_node *n, const struct pattern *p,
	struct promql_id *id)
{
	struct pattern_group groups[PATTERN_GROUPS];
	struct made m = {.n = 0};
	const char *value = promql_id_label(id, n->args[3]->text);
	int r = pattern_groups(p, value, groups);
	if (r < 0)
		return promql_wrong(e, n, "label_replace(): the regular expression takes too long");
	if (r == 0)
		return 0;
	expand(&m, n->args[2]->text, p, value, groups);
	return set_made(e, n, id, n->args[1]->text, &m);
}

static int label_replace(struct evaluation *e, const struct promql_node *n, struct promql_value *v)
{
	char said[PATTERN_ERROR];
	struct pattern *p = NULL;
	if (!promql_is_label(n->args[1]->text))
		return promql_wrong(e, n, "'%.40s' is no label", n->args[1]->text);
	int r = pattern_compile_groups(n->args[4]->text, &p, said);
	if (r == -EINVAL)
		return promql_wrong(e, n, "a regular expression is expected: %s", said);
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		r = promql_worked(e, WAYS); /* what it may take to match one */
		if (r == 0)
			r = replace_one(e, n, p, &v->rows[i].id);
	}
	pattern_free(p);
	return r;
}

static int label_join(struct evaluation *e, const struct promql_node *n, struct promql_value *v)
{
	int r = 0;
	for (size_t i = 1; i < n->nargs; i++)
		if (i != 2 && !promql_is_label(n->args[i]->text))
			return promql_wrong(e, n, "'%.40s' is no label", n->args[i]->text);
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		struct made m = {.n = 0};
		for (size_t k = 3; k < n->nargs; k++) {
			const char *value = promql_id_label(&v->rows[i].id, n->args[k]->text);
			if (k > 3)
				put(&m, n->args[2]->text, strlen(n->args[2]->text));
			put(&m, value, strlen(value));
		}
		r = set_made(e, n, &v->rows[i].id, n->args[1]->text, &m);
	}
	return r;
}

/* ---- histogram_quantile ---- */

struct bucket {
	double upper, count;
	size_t row, of; /* of: the histogram */
};

static int by_edge(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;
	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	return (x->upper > y->upper) - (x->upper < y->upper);
}

/* One of those with the same edge; and counts that never fall, as they may where buckets were not read at one moment. */
static size_t mended(struct bucket *b, size_t n)
{
	size_t last = 0;
	for (size_t i = 1; i < n; i++) {
		if (b[i].upper == b[last].upper)
			b[last].count += b[i].count;
		else
			b[++last] = b[i];
	}
	double most = b[0].count;
	for (size_t i = 1; i <= last; i++) {
		if (b[i].count > most)
			most = b[i].count;
		else if (b[i].count < most)
			b[i].count = most;
	}
	return last + 1;
}

static double bucket_quantile(double q, struct bucket *b, size_t n)
{
	if (isnan(q) || q < 0 || q > 1)
		return isnan(q) ? NAN : q < 0 ? -INFINITY : INFINITY;
	if (b[n - 1].upper < INFINITY)
		return NAN;
	n = mended(b, n);
	if (n < 2 || b[n - 1].count == 0 || isnan(b[n - 1].count))
		return NAN;
	double rank = q * b[n - 1].count, begin = 0;
	size_t at = 0;
	while (at < n - 1 && !(b[at].count >= rank))
		at++;
	if (at == n - 1)
		return b[n - 2].upper;
	if (at == 0 && b[0].upper <= 0)
		return b[0].upper;
	double end = b[at].upper, count = b[at].count;
	if (at > 0) {
		begin = b[at - 1].upper;
		count -= b[at - 1].count;
		rank -= b[at - 1].count;
	}
	return begin + (end - begin) * (rank / count);
}

/* The buckets among the series, those of a histogram side by side. Their number, or below 0. */
static int find_buckets(
	const struct promql_value *of, struct bucket *all, size_t *ret_n, struct promql_value *ret)
{
	static const struct promql_labels but_le = {.label = {"le"}, .n = 1, .except = true};
	size_t n = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < of->n; i++) {
		const char *le = promql_id_label(&of->rows[i].id, "le");
		char *end;
		double upper = strtod(le, &end);
		if (!*le || *end)
			continue;
		struct promql_id id = promql_id_reduced(&of->rows[i].id, &but_le);
		all[n] = (struct bucket){.upper = upper, .row = i};
		r = promql_value_of(ret, &id, &all[n].of);
		n++;
	}
	if (n)
		qsort(all, n, sizeof *all, by_edge);
	*ret_n = n;
	return r;
}

static int histogram_quantile(struct evaluation *e, const struct promql_args *a,
	const struct promql_value *of, struct promql_value *ret)
{
	struct bucket *all = calloc(of->n + 1, sizeof *all),
		      *here = calloc(of->n + 1, sizeof *here);
	size_t n = 0;
	promql_value_init(ret, of->steps);
	int r = all && here ? find_buckets(of, all, &n, ret) : -ENOMEM;
	if (r == 0)
		r = promql_worked(e, n * of->steps);
	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		for (end = i; end < n && all[end].of == all[i].of;)
			end++;
		for (size_t t = 0; t < of->steps; t++) {
			size_t there = 0;
			for (size_t k = i; k < end; k++) {
				double count = of->rows[all[k].row].values[t];
				if (!promql_is_there(count))
					continue;
				here[there] = all[k];
				here[there++].count = count;
			}
			if (there)
				ret->rows[all[i].of].values[t] =
					bucket_quantile(promql_number(a, 0, t), here, there);
		}
	}
	free(all);
	free(here);
	return r;
}

/* ---- sort, sort_desc ---- */

static int rising(const void *a, const void *b)
{
	double x = ((const struct promql_row *)a)->values[0],
	       y = ((const struct promql_row *)b)->values[0];
	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x > y) - (x < y);
}

static int falling(const void *a, const void *b)
{
	double x = ((const struct promql_row *)a)->values[0],
	       y = ((const struct promql_row *)b)->values[0];
	return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);
}

/* Only of one moment: a graph has no order. */
static void sort_rows(struct promql_value *v, bool down)
{
	promql_value_compact(v);
	if (v->steps == 1 && v->n)
		qsort(v->rows, v->n, sizeof *v->rows, down ? falling : rising);
	v->sorted = v->steps == 1;
}

int promql_of_labels(struct evaluation *e, const struct promql_node *n, struct promql_args *a,
	struct promql_value *ret)
{
	if (n->function == PROMQL_HISTOGRAM_QUANTILE)
		return histogram_quantile(e, a, &a->v[1], ret);
	move(&a->v[0], ret);
	if (n->function == PROMQL_SORT || n->function == PROMQL_SORT_DESC) {
		sort_rows(ret, n->function == PROMQL_SORT_DESC);
		return 0;
	}
	int r = n->function == PROMQL_LABEL_JOIN ? label_join(e, n, ret) : label_replace(e, n, ret);
	return r < 0 ? r : promql_same_labels(e, n, promql_value_merge(ret));
}
