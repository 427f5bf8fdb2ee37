/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Operators between numbers and series. Which series belong together is told by their labels (on, ignoring); whether several do is looked at for each moment,
 * since one that ended and one that began later never meet. */
#include "query/promql_impl.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool compares(const struct promql_node *n)
{
	return n->op >= PROMQL_EQUAL && n->op <= PROMQL_LESS;
}

/* Arithmetic has no name left; that atan2 keeps it is Prometheus' own way. */
static bool drops_name(const struct promql_node *n)
{
	return n->as_bool || (!compares(n) && n->op != PROMQL_ATAN2);
}

static double calculate(enum promql_operator o, double a, double b)
{
	switch (o) {
	case PROMQL_PLUS: return a + b;
	case PROMQL_MINUS: return a - b;
	case PROMQL_TIMES: return a * b;
	case PROMQL_DIVIDE: return a / b;
	case PROMQL_MODULO: return fmod(a, b);
	case PROMQL_POWER: return pow(a, b);
	case PROMQL_ATAN2: return atan2(a, b);
	case PROMQL_EQUAL: return a == b;
	case PROMQL_DIFFERS: return a != b;
	case PROMQL_AT_LEAST: return a >= b;
	case PROMQL_AT_MOST: return a <= b;
	case PROMQL_MORE: return a > b;
	case PROMQL_LESS: return a < b;
	default: return NAN;
	}
}

/* A comparison keeps a value, or leaves it out. */
static double combined(const struct promql_node *n, double a, double b, double kept)
{
	double x = calculate(n->op, a, b);
	return !compares(n) || n->as_bool ? x : x != 0 ? kept : promql_nothing;
}

static int with_number(struct evaluation *e, const struct promql_node *n,
	const struct promql_value *v, const double *number, bool number_first,
	struct promql_value *ret)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		struct promql_id id = v->rows[i].id;
		size_t row;
		if (drops_name(n))
			promql_id_drop_name(&id);
		r = promql_value_add(ret, &id, &row);
		for (size_t t = 0; r == 0 && t < v->steps; t++) {
			double x = v->rows[i].values[t];
			if (promql_is_there(x))
				ret->rows[row].values[t] = combined(n, number_first ? number[t] : x,
					number_first ? x : number[t], x);
		}
	}
	return r < 0 ? r : promql_same_labels(e, n, promql_value_merge(ret));
}

/* ---- who belongs together ---- */

/* Series of both sides, by numbers that stand for the labels that count. */
struct matching {
	struct promql_value groups; /* its rows are those labels; no steps */
	size_t *left, *right;       /* group of each row */
	size_t *at; /* scratch, by group: 0, or the row of the right that is there now, from 1 */
};

static void matching_free(struct matching *m)
{
	promql_value_free(&m->groups);
	free(m->left);
	free(m->right);
	free(m->at);
}

static int group_rows(struct matching *m, const struct promql_value *v,
	const struct promql_labels *by, size_t *ret)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		struct promql_id id = promql_id_reduced(&v->rows[i].id, by);
		r = promql_value_of(&m->groups, &id, &ret[i]);
	}
	return r;
}

static int matching_init(struct matching *m, const struct promql_node *n,
	const struct promql_value *left, const struct promql_value *right)
{
	static const struct promql_labels all = {.except = true};
	const struct promql_labels *by = n->labels ? n->labels : &all;
	*m = (struct matching){.left = calloc(left->n + 1, sizeof *m->left),
		.right = calloc(right->n + 1, sizeof *m->right)};
	promql_value_init(&m->groups, 0);
	int r = m->left && m->right ? group_rows(m, left, by, m->left) : -ENOMEM;
	if (r == 0)
		r = group_rows(m, right, by, m->right);
	m->at = calloc(m->groups.n + 1, sizeof *m->at);
	return r < 0 ? r : m->at ? 0 : -ENOMEM;
}

/* ---- and, or, unless ---- */

static int copy_row(struct promql_value *ret, const struct promql_row *row,
	const unsigned char *kept, size_t steps)
{
	size_t to;
	int r = promql_value_add(ret, &row->id, &to);
	for (size_t t = 0; r == 0 && t < steps; t++)
		if (kept[t])
			ret->rows[to].values[t] = row->values[t];
	return r;
}

/* Marks steps at which a row of a group is there. */
static void mark_there(const struct promql_value *v, const size_t *group, unsigned char *marks)
{
	for (size_t i = 0; i < v->n; i++)
		for (size_t t = 0; t < v->steps; t++)
			marks[group[i] * v->steps + t] |= promql_is_there(v->rows[i].values[t]);
}

static int sets(struct evaluation *e, const struct promql_node *n, struct matching *m,
	const struct promql_value *left, const struct promql_value *right, struct promql_value *ret)
{
	size_t steps = left->steps;
	bool adds = n->op == PROMQL_OR;
	unsigned char *marks = calloc(m->groups.n * steps + 1, 1), *all = malloc(steps + 1);
	int r = marks && all ? 0 : -ENOMEM;
	for (size_t t = 0; r == 0 && t < steps; t++)
		all[t] = 1;
	if (r == 0 && adds)
		mark_there(left, m->left, marks);
	else if (r == 0)
		mark_there(right, m->right, marks);
	for (size_t i = 0; r == 0 && n->op != PROMQL_AND && i < m->groups.n * steps; i++)
		marks[i] = !marks[i];
	for (size_t i = 0; r == 0 && i < left->n; i++)
		r = copy_row(ret, &left->rows[i], adds ? all : marks + m->left[i] * steps, steps);
	for (size_t i = 0; r == 0 && adds && i < right->n; i++)
		r = copy_row(ret, &right->rows[i], marks + m->right[i] * steps, steps);
	free(marks);
	free(all);
	return r < 0 ? r : promql_same_labels(e, n, promql_value_merge(ret));
}

/* ---- one to one, many to one ---- */

static int result_id(struct evaluation *e, const struct promql_node *n,
	const struct promql_id *many, const struct promql_id *one, struct promql_id *ret)
{
	*ret = *many;
	if (!n->group && n->labels && !n->labels->except) {
		*ret = promql_id_reduced(many, n->labels);
	} else {
		for (size_t i = 0; !n->group && n->labels && i < n->labels->n; i++)
			(void)promql_id_set(ret, n->labels->label[i], "");
	}
	if (drops_name(n))
		promql_id_drop_name(ret);
	for (size_t i = 0; n->include && i < n->include->n; i++) {
		const char *label = n->include->label[i];
		if (promql_id_set(ret, label, promql_id_label(one, label)) < 0)
			return promql_wrong(
				e, n, "a series would have more than %d labels", PROMQL_LABELS);
	}
	return 0;
}

/* Which row of the result two rows have: mostly that of the moment before. */
struct partner {
	size_t one, row; /* from 1 */
};

static int row_of(struct evaluation *e, const struct promql_node *n, const struct promql_row *many,
	const struct promql_row *one, size_t one_row, struct partner *p, struct promql_value *ret)
{
	struct promql_id id;
	if (p->one == one_row)
		return 0;
	int r = result_id(e, n, &many->id, &one->id, &id);
	if (r == 0)
		r = promql_value_of(ret, &id, &p->row);
	p->one = one_row;
	return r;
}

static int find_ones(struct evaluation *e, const struct promql_node *n, struct matching *m,
	const size_t *group, const struct promql_value *one, size_t t)
{
	for (size_t g = 0; g < m->groups.n; g++)
		m->at[g] = 0;
	for (size_t i = 0; i < one->n; i++) {
		if (!promql_is_there(one->rows[i].values[t]))
			continue;
		if (m->at[group[i]])
			return promql_wrong(e, n,
				"many-to-many matching not allowed: several series on the %s have "
				"the same labels; on (...) or ignoring (...) must tell them apart",
				n->group == PROMQL_GROUP_RIGHT ? "left" : "right");
		m->at[group[i]] = i + 1;
	}
	return 0;
}

static int matched(struct evaluation *e, const struct promql_node *n, struct matching *m,
	const struct promql_value *left, const struct promql_value *right, struct promql_value *ret)
{
	bool swapped = n->group == PROMQL_GROUP_RIGHT;
	const struct promql_value *many = swapped ? right : left, *one = swapped ? left : right;
	const size_t *of_many = swapped ? m->right : m->left,
		     *of_one = swapped ? m->left : m->right;
	struct partner *partners = calloc(many->n + 1, sizeof *partners);
	unsigned char *taken = malloc(m->groups.n + 1);
	int r = partners && taken ? 0 : -ENOMEM;
	for (size_t t = 0; r == 0 && t < many->steps; t++) {
		r = find_ones(e, n, m, of_one, one, t);
		for (size_t g = 0; g < m->groups.n; g++)
			taken[g] = 0;
		if (r == 0)
			r = promql_worked(e, many->n + one->n);
		for (size_t i = 0; r == 0 && i < many->n; i++) {
			size_t at = m->at[of_many[i]];
			double x = many->rows[i].values[t];
			if (!at || !promql_is_there(x))
				continue;
			double y = one->rows[at - 1].values[t], a = swapped ? y : x,
			       b = swapped ? x : y;
			double z = combined(n, a, b, a);
			if (!promql_is_there(z))
				continue;
			if (!n->group && taken[of_many[i]]++)
				r = promql_wrong(e, n,
					"multiple matches for labels: many-to-one matching must be "
					"explicit (group_left/group_right)");
			if (r == 0)
				r = row_of(e, n, &many->rows[i], &one->rows[at - 1], at,
					&partners[i], ret);
			if (r == 0 && promql_is_there(ret->rows[partners[i].row].values[t]))
				r = promql_wrong(e, n,
					"multiple matches for labels: grouping labels must ensure "
					"unique matches");
			if (r == 0)
				ret->rows[partners[i].row].values[t] = z;
		}
	}
	free(partners);
	free(taken);
	return r;
}

static int numbers(const struct promql_node *n, const struct promql_value *left,
	const struct promql_value *right, struct promql_value *ret)
{
	const struct promql_id none = {.n = 0};
	size_t row;
	int r = promql_value_add(ret, &none, &row);
	for (size_t t = 0; r == 0 && t < left->steps; t++)
		ret->rows[0].values[t] =
			calculate(n->op, left->rows[0].values[t], right->rows[0].values[t]);
	ret->scalar = true;
	return r;
}

int promql_binary(struct evaluation *e, const struct promql_node *n,
	const struct promql_value *left, const struct promql_value *right, struct promql_value *ret)
{
	promql_value_init(ret, left->steps);
	if (left->scalar && right->scalar)
		return numbers(n, left, right, ret);
	if (right->scalar || left->scalar)
		return with_number(e, n, right->scalar ? left : right,
			(right->scalar ? right : left)->rows[0].values, left->scalar, ret);
	struct matching m;
	int r = matching_init(&m, n, left, right);
	if (r == 0)
		r = n->op <= PROMQL_UNLESS ? sets(e, n, &m, left, right, ret)
					   : matched(e, n, &m, left, right, ret);
	matching_free(&m);
	return r;
}
