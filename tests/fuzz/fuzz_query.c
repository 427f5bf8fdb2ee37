/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Expressions come from a command line and over the network: whatever the text, parsing ends, says one
 * line when it refuses, and what it takes can be matched; the same of PromQL, which is evaluated, too: over a few samples of a few series. Built plainly it runs the saved corpus. */
#include "corpus.h"
#include "query/expression.h"
#include "query/promql_evaluate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A counter that begins anew, two buckets of a histogram, a level that is none at times: all that is asked for has all of them. */
static int select_some(void *ctx, const struct promql_want *w, struct promql_series *ret)
{
	static const struct promql_id ids[] = {
		{2, {{"__name__", "requests_total"}, {"code", "200"}}},
		{3, {{"__name__", "took_bucket"}, {"le", "0.5"}, {"path", "/"}}},
		{3, {{"__name__", "took_bucket"}, {"le", "+Inf"}, {"path", "/"}}},
		{1, {{"__name__", "level"}}}};
	(void)ctx;
	(void)w;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct promql_samples *s;
		int r = promql_series_add(ret, &ids[i], &s);
		for (int k = 0; r == 0 && k < 40; k++)
			r = promql_samples_add(ret, s, 15000 * k,
				i == 3 && k % 7 == 3 ? NAN : k % 29 * (double)(i + 1));
		if (r < 0)
			return r;
	}
	return 0;
}

static void evaluate(const struct promql *q)
{
	static const struct promql_source source = {select_some, NULL};
	struct promql_span span = {300000, 60000, 4};
	struct promql_result result;
	char why[EXPRESSION_ERROR];
	if (q->root->type == PROMQL_MATRIX_TYPE)
		span.steps = 1;
	int r = promql_evaluate(&source, q, &span, &result, why);
	if (r == -EINVAL ? !*why || strchr(why, '\n') : r < 0 && r != -E2BIG && r != -ENOMEM)
		abort();
	for (size_t i = 1; r == 0 && !result.value.sorted && i < result.value.n; i++)
		if (promql_id_compare(&result.value.rows[i - 1].id, &result.value.rows[i].id) >= 0)
			abort(); /* twice the same */
	promql_result_free(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct history_series series[] = {
		{1, "net.rx.bytes", "if", "eth0", "web", METRIC_COUNTER, M_NET_RX_BYTES},
		{2, "cpu.busy", "", "", "", METRIC_SHARE, M_CPU_BUSY}};
	static const char *const texts[] = {"", "eth0",
		"/var/lib/docker/overlay2/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct expression e;
	char why[EXPRESSION_ERROR];
	unsigned met = 0;
	char *text = malloc(size + 1); /* its own, so that a read past the end is seen */
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (expression_parse(text, &e, why) < 0) {
		if (!*why || strchr(why, '\n'))
			abort();
	} else {
		for (size_t i = 0; i < sizeof series / sizeof *series; i++)
			met += selector_matches(&e.selector, &series[i]);
		for (size_t i = 0; i < e.selector.n; i++)
			if (e.selector.matchers[i].kind >= MATCHER_REGEX)
				for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
					if (pattern_matches(
						    e.selector.matchers[i].pattern, texts[k]) < 0)
						abort(); /* it ran out of room */
		if (met > 2 || e.n > EXPRESSION_LEVELS)
			abort();
		expression_free(&e);
	}
	static struct promql q;
	if (promql_parse(text, &q, why) < 0) {
		if (!*why || strchr(why, '\n'))
			abort();
	} else {
		for (size_t i = 0; i < sizeof series / sizeof *series && q.nselectors; i++)
			met += selector_matches(&q.selectors[0], &series[i]);
		if (!q.root || met > 4)
			abort();
		evaluate(&q);
		promql_free(&q);
	}
	free(text);
	return 0;
}
