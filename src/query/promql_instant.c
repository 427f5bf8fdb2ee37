/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Functions of one value. */
#include "query/promql_impl.h"

#include <math.h>
#include <time.h>

/* As Go has them: not a number beside a number gives none. */
static double larger(double a, double b)
{
	return isnan(a) || isnan(b) ? (isinf(a) && a > 0) || (isinf(b) && b > 0) ? INFINITY : NAN
				    : fmax(a, b);
}

static double smaller(double a, double b)
{
	return -larger(-a, -b);
}

static double rounded(double x, double to)
{
	double inverse = 1 / to;
	return floor(x * inverse + 0.5) / inverse;
}

static double sign(double x)
{
	return x < 0 ? -1 : x > 0 ? 1 : x;
}

static double apply(enum promql_function f, double x, double a, double b)
{
	switch (f) {
	case PROMQL_ABS: return fabs(x);
	case PROMQL_CEIL: return ceil(x);
	case PROMQL_FLOOR: return floor(x);
	case PROMQL_ROUND: return rounded(x, a);
	case PROMQL_SQRT: return sqrt(x);
	case PROMQL_EXP: return exp(x);
	case PROMQL_LN: return log(x);
	case PROMQL_LOG2: return log2(x);
	case PROMQL_LOG10: return log10(x);
	case PROMQL_SGN: return sign(x);
	case PROMQL_CLAMP: return b < a ? promql_nothing : larger(a, smaller(b, x));
	case PROMQL_CLAMP_MIN: return larger(a, x);
	case PROMQL_CLAMP_MAX: return smaller(a, x);
	case PROMQL_DEG: return x * 180 / M_PI;
	case PROMQL_RAD: return x * M_PI / 180;
	case PROMQL_SIN: return sin(x);
	case PROMQL_COS: return cos(x);
	case PROMQL_TAN: return tan(x);
	case PROMQL_ASIN: return asin(x);
	case PROMQL_ACOS: return acos(x);
	case PROMQL_ATAN: return atan(x);
	case PROMQL_SINH: return sinh(x);
	case PROMQL_COSH: return cosh(x);
	case PROMQL_TANH: return tanh(x);
	case PROMQL_ASINH: return asinh(x);
	case PROMQL_ACOSH: return acosh(x);
	case PROMQL_ATANH: return atanh(x);
	default: return x;
	}
}

/* In UTC. What is no moment has no parts. */
static double part_of_time(enum promql_function f, double x)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct tm tm;
	if (!(fabs(x) < 1e14))
		return NAN;
	time_t t = (time_t)x;
	if ((double)t != trunc(x) || !gmtime_r(&t, &tm))
		return NAN;
	int year = tm.tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	switch (f) {
	case PROMQL_MINUTE: return tm.tm_min;
	case PROMQL_HOUR: return tm.tm_hour;
	case PROMQL_DAY_OF_WEEK: return tm.tm_wday;
	case PROMQL_DAY_OF_MONTH: return tm.tm_mday;
	case PROMQL_DAY_OF_YEAR: return tm.tm_yday + 1;
	case PROMQL_DAYS_IN_MONTH: return days[tm.tm_mon] + (leap && tm.tm_mon == 1);
	case PROMQL_MONTH: return tm.tm_mon + 1;
	default: return year;
	}
}

int promql_of_value(struct evaluation *e, const struct promql_node *n, struct promql_args *a,
	struct promql_value *ret)
{
	bool dates = promql_function_info(n->function)->class == PROMQL_OF_TIME;
	*ret = a->v[0];
	a->v[0] = (struct promql_value){.steps = ret->steps};
	ret->scalar = ret->sorted = false;
	for (size_t i = 0; i < ret->n; i++) {
		promql_id_drop_name(&ret->rows[i].id);
		for (size_t t = 0; t < ret->steps; t++) {
			double *x = &ret->rows[i].values[t];
			if (!promql_is_there(*x))
				continue;
			double other = n->nargs > 1 ? promql_number(a, 1, t) : 1;
			*x = dates ? part_of_time(n->function, *x)
				   : apply(n->function, *x, other,
					     n->nargs > 2 ? promql_number(a, 2, t) : 0);
		}
	}
	return promql_same_labels(e, n, promql_value_merge(ret));
}
