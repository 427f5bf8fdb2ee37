/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tune: what each limit could be. High-water marks come from the recording, where there is one, hour by hour. */
#include "show/tune.h"
#include "base/text.h"
#include "role/commands.h"
#include "role/session.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const uint64_t HOUR_NS = UINT64_C(3600000000000);
static const uint64_t LONGEST_NS =
	UINT64_C(400) * 86400 * 1000000000; /* a year, and Christmas twice */

static bool wanted(void *ctx, const struct history_series *s)
{
	(void)ctx;
	return tune_wants_high(s->metric);
}

static void extremes(const struct history_step *steps, size_t n, uint64_t from_ns, double scale,
	struct tune_high *to)
{
	bool first = true;
	for (size_t i = 0; i < n; i++) {
		if (!steps[i].count)
			continue;
		if (first || steps[i].min * scale < to->low)
			to->low = steps[i].min * scale;
		if (first || steps[i].max * scale > to->high) {
			to->high = steps[i].max * scale;
			to->at_ns = from_ns + i * HOUR_NS;
		}
		first = false;
	}
}

/* In so many periods a group's share of those that it was held back in says something. */
enum { PERIODS = 100 };

/* Of the periods of an hour, not of a second: a quota that is used up for a moment is what it is for. */
static void held_back(struct tune_high *highs, size_t n, const struct history_step *steps,
	size_t hours, uint64_t from_ns)
{
	for (size_t i = 0; i < n; i++) {
		if (highs[i].metric != M_CG_CPU_THROTTLED)
			continue;
		highs[i].high = 0;
		for (size_t k = 0; k < n; k++) {
			if (highs[k].metric != M_CG_CPU_PERIODS ||
				strcmp(highs[k].instance, highs[i].instance) != 0)
				continue;
			for (size_t h = 0; h < hours; h++) {
				double held = steps[i * hours + h].sum,
				       all = steps[k * hours + h].sum;
				if (all < PERIODS || held <= highs[i].high * all)
					continue;
				highs[i].high = held / all;
				highs[i].at_ns = from_ns + h * HOUR_NS;
			}
		}
	}
}

/* 0 or -errno; *ret is to be freed. */
static int load_highs(struct history *h, uint64_t until_ns, struct tune_high **ret, size_t *ret_n,
	double *ret_watched_s)
{
	const struct history_series *rows;
	struct history_step *steps = NULL;
	uint64_t first, last;
	size_t n;
	if (!history_span(h, &first, &last))
		return -ENODATA;
	last = until_ns && until_ns < last ? until_ns : last;
	first = last > LONGEST_NS && first < last - LONGEST_NS ? last - LONGEST_NS : first;
	uint64_t from = first / HOUR_NS * HOUR_NS;
	size_t hours = (size_t)((last - from) / HOUR_NS + 1);
	int r = history_select(h, first, last, wanted, NULL, &rows, &n);
	if (r < 0 || n == 0)
		return r;
	uint64_t *keys = calloc(n, sizeof *keys);
	struct tune_high *highs = calloc(n, sizeof *highs);
	for (size_t i = 0; keys && i < n; i++)
		keys[i] = rows[i].key;
	r = keys && highs ? history_aggregate(h, keys, n, from, HOUR_NS, hours, &steps) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		highs[i] = (struct tune_high){.metric = rows[i].metric,
			.netns = rows[i].netns,
			.instance = rows[i].instance};
		extremes(steps + i * hours, hours, from, metric_scale(rows[i].metric), &highs[i]);
	}
	if (r == 0)
		held_back(highs, n, steps, hours, from);
	free(steps);
	free(keys);
	if (r < 0) {
		free(highs);
		return r;
	}
	*ret = highs;
	*ret_n = n;
	*ret_watched_s = (double)(last - first) / 1e9;
	return 0;
}

/* One or two words: a resource, a recording, or both in this order. */
static int take_words(struct options *o, const char **ret_only)
{
	const char *first = o->argument, *second = o->second;
	*ret_only = NULL;
	if (first && tune_known(first)) {
		*ret_only = first;
		o->argument = second;
		return 0;
	}
	if (first && (second || access(first, F_OK) < 0))
		return complain(EX_USAGE,
			"tune: '%s': matches no resource whose limit can be set (conntrack, "
			"tcp.listen, fds, ...), and is no recording",
			first);
	return 0;
}

int command_tune(struct options *o)
{
	struct session s;
	struct ledger l;
	struct tune_input in = {0};
	struct tune_high *highs = NULL;
	struct tuning *rows = NULL;
	double watched_s = 0;
	size_t n = 0;
	int status = take_words(o, &in.only);
	if (status)
		return status;
	if (o->set[OPTION_PEERS] && (o->number[OPTION_PEERS] < 2 || o->number[OPTION_PEERS] > 1000))
		return complain(
			EX_USAGE, "tune: --peers: from 2 to 1000 machines that share the load");
	in.peers = o->set[OPTION_PEERS] ? (unsigned)o->number[OPTION_PEERS] : 0;
	status = session_open(o, 2000000000u, WANT_CONNS | WANT_OWNERS, &s);
	if (status)
		return status;
	status = session_look(&s);
	if (status == 0 && s.history) {
		int r = load_highs(s.history, s.past ? s.at_ns : 0, &highs, &in.nhighs, &watched_s);
		if (r < 0)
			(void)complain(
				0, "tune: high-water marks of the recording: %s", strerror(-r));
		in.highs = highs;
	}
	if (status == 0 &&
		(ledger_build(&s.view, &l) < 0 || tune_build(&s.view, &l, &in, &rows, &n) < 0))
		status = complain(EX_OSERR, "tune: %s", strerror(ENOMEM));
	if (status == 0 && o->set[OPTION_JSON]) {
		int r = json_write(stdout, json_tune(&s.view, rows, n, watched_s, in.peers), false);
		status = r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r)) : 0;
	} else if (status == 0) {
		show_tune(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), &s.view, rows, n,
			watched_s, in.peers);
		if (fflush(stdout) == EOF || ferror(stdout))
			status = complain(EX_IOERR, "standard output: %s", strerror(errno));
	}
	free(highs);
	session_close(&s);
	return status;
}
