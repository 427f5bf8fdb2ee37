/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* normal: what was usual at an hour of the day, out of the store. */
#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "role/commands.h"
#include "role/paths.h"
#include "show/show.h"
#include "show/table.h"
#include "store/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

/* Started by the recorder, this is not to be what outlives a shortage of memory, nor to be in its way. */
static void step_back(void)
{
	AUTO_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "500", 3);
	(void)setpriority(PRIO_PROCESS, 0, 10);
}

static json_t *row_json(const struct baseline_row *r)
{
	return json_pack("{s:s, s:o, s:o, s:i, s:o, s:o, s:o}", "metric",
		metric_info(r->metric)->name, "instance",
		*r->instance ? json_text(r->instance) : json_null(), "netns",
		*r->netns ? json_text(r->netns) : json_null(), "days", (int)r->days, "low",
		json_amount(r->low), "high", json_amount(r->high), "mean", json_amount(r->mean));
}

static int say_json(const struct baseline *b)
{
	json_t *rows = json_array();
	char at[40];
	for (size_t i = 0; i < b->count; i++)
		json_array_append_new(rows, row_json(&b->rows[i]));
	int r = json_write(stdout,
		json_pack("{s:i, s:s, s:o}", "schema", 1, "hour", text_time(at, b->hour_ns),
			"usual", rows),
		false);
	return r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r)) : 0;
}

static const char *cell(struct arena *a, const char *text)
{
	char safe[400];
	return arena_printf(a, "%s", text_safe(safe, sizeof safe, text));
}

static int say_table(const struct options *o, const struct baseline *b)
{
	static const struct column columns[] = {{"metric", false, true, 0, 18},
		{"instance", false, true, 2, 8}, {"netns", false, true, 3, 8},
		{"from", true, false, 0, 0}, {"to", true, false, 0, 0}, {"mean", true, false, 1, 0},
		{"days", true, false, 4, 0}};
	enum { NCOL = sizeof columns / sizeof *columns };
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	struct arena a;
	char at[40], n[32];
	if (!b->count) {
		(void)printf("nothing is known of the hour from %s: %d days at least have to be "
			     "recorded\n",
			text_time(at, b->hour_ns), BASELINE_LEAST);
		return fflush(stdout) == EOF ? EX_IOERR : 0;
	}
	const char **cells = calloc(b->count, NCOL * sizeof *cells), **c = cells;
	if (!cells || arena_init(&a, 16 << 20) < 0) {
		free(cells);
		return complain(EX_OSERR, "normal: memory: %s", strerror(ENOMEM));
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct baseline_row *r = &b->rows[i];
		const char *unit = metric_base_unit(r->metric);
		const char *each = metric_info(r->metric)->kind == METRIC_GAUGE ? "" : "/s";
		*c++ = metric_info(r->metric)->name;
		*c++ = cell(&a, r->instance);
		*c++ = cell(&a, r->netns);
		*c++ = arena_printf(&a, "%s%s", show_amount(n, r->low, unit), each);
		*c++ = arena_printf(&a, "%s%s", show_amount(n, r->high, unit), each);
		*c++ = arena_printf(&a, "%s%s", show_amount(n, r->mean, unit), each);
		*c++ = arena_printf(&a, "%u", r->days);
	}
	(void)printf("usual in the hour from %s, by the minute\n", text_time(at, b->hour_ns));
	const struct text_table t = {columns, NCOL, cells, b->count};
	table_print(stdout, &t, st.width, st.color);
	arena_destroy(&a);
	free(cells);
	return fflush(stdout) == EOF || ferror(stdout)
		       ? complain(EX_IOERR, "standard output: %s", strerror(errno))
		       : 0;
}

int command_normal(struct options *o)
{
	static struct baseline b;
	char path[4096];
	struct history *h;
	bool raw = o->argument && strcmp(o->argument, "raw") == 0;
	uint64_t at = o->set[OPTION_AT] ? o->number[OPTION_AT] : clock_real_ns();
	if (raw)
		step_back();
	if (o->argument && !raw && o->set[OPTION_STORE])
		return complain(
			EX_USAGE, "normal: '%s': a recording and --store: choose one", o->argument);
	int r = o->argument && !raw ? (snprintf(path, sizeof path, "%s", o->argument), 0)
				    : store_path(o, path, sizeof path);
	if (r < 0)
		return complain(EX_USAGE, "normal: --store: the path is too long");
	r = history_open(path, &h);
	if (r == -ENODATA && raw) /* a recorder that has just begun */
		return baseline_write(&b, stdout) < 0 ? EX_IOERR : 0;
	if (r < 0)
		return store_refused(o, path, r);
	r = baseline_load(h, at, &b);
	history_close(h);
	if (r < 0)
		return complain(EX_IOERR, "normal: %s: %s", path, strerror(-r));
	if (raw)
		return baseline_write(&b, stdout) < 0 ? EX_IOERR : 0;
	return o->set[OPTION_JSON] ? say_json(&b) : say_table(o, &b);
}
