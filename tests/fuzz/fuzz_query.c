/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Expressions come from a command line and over the network: whatever the text, parsing ends, says one
 * line when it refuses, and what it takes can be matched; the same of PromQL. Built plainly it runs the saved corpus. */
#include "corpus.h"
#include "query/expression.h"
#include "query/promql.h"

#include <stdlib.h>
#include <string.h>

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
		promql_free(&q);
	}
	free(text);
	return 0;
}
