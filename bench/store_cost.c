/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* store_cost: what the store takes for real host data: bytes, CPU time, memory, and the time of the three usual
 * questions. Reads a file of bench/host_data and feeds it second by second to the journal, as the recorder does.
 *
 *     store_cost FILE [--series K] [--hours H] [--no-tiers] [--crash]
 *
 * --hours H repeats the data (counters go on growing) until H hours are full: for the times of the questions only, since
 * bytes of repeated data flatter. --crash stops as if killed and asks the log that is left. One JSON document on standard output. */
#include "base/clock.h"
#include "query/evaluate.h"
#include "show/series.h"
#include "store/history.h"
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

struct data {
	uint32_t nseries, seconds;
	char (*names)[96];
	uint8_t *counter;
	uint64_t *time_us;
	int64_t **values; /* by second: one per series, INT64_MIN: absent */
	uint64_t changed;
};

static double cpu_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the data ---- */

static int load(const char *path, uint32_t max_series, struct data *d)
{
	FILE *f = fopen(path, "re");
	char line[256], kind[16], name[96];
	uint32_t id, room = 0;
	*d = (struct data){0};
	if (!f || !fgets(line, sizeof line, f))
		return -1;
	d->names = calloc(20000, sizeof *d->names);
	d->counter = calloc(20000, 1);
	int64_t *row = NULL;
	uint32_t all = 0;
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "S %" SCNu32 " %15s %95[^\n]", &id, kind, name) == 3 &&
			id < 20000) {
			(void)snprintf(d->names[id], sizeof d->names[id], "%s", name);
			d->counter[id] = strcmp(kind, "counter") == 0;
			all = id + 1;
			continue;
		}
		uint64_t us;
		if (sscanf(line, "T %" SCNu64, &us) == 1) {
			if (d->seconds == room) {
				room = room ? room * 2 : 1024;
				d->time_us = realloc(d->time_us, room * sizeof *d->time_us);
				d->values = realloc(d->values, room * sizeof *d->values);
			}
			int64_t *next = malloc(all * sizeof *next);
			for (uint32_t i = 0; i < all; i++)
				next[i] = row ? row[i] : INT64_MIN;
			row = next;
			d->time_us[d->seconds] = us;
			d->values[d->seconds++] = row;
			continue;
		}
		char *rest;
		id = (uint32_t)strtoul(line, &rest, 10);
		if (row && id < all && *rest == ' ')
			row[id] = rest[1] == '-' && rest[2] == '\n' ? INT64_MIN
								    : strtoll(rest, NULL, 10);
	}
	(void)fclose(f);
	if (d->seconds)
		d->seconds--; /* the last one may be incomplete */
	d->nseries = max_series && max_series < all ? max_series : all;
	/* Of fewer series a choice spread over all. */
	for (uint32_t i = 0; i < d->nseries; i++) {
		uint32_t from = (uint32_t)((uint64_t)i * all / d->nseries);
		memmove(d->names[i], d->names[from], sizeof d->names[i]);
		d->counter[i] = d->counter[from];
		for (uint32_t t = 0; t < d->seconds; t++)
			d->values[t][i] = d->values[t][from];
	}
	for (uint32_t t = 1; t < d->seconds; t++)
		for (uint32_t i = 0; i < d->nseries; i++)
			d->changed += d->values[t][i] != d->values[t - 1][i];
	return d->seconds > 1 ? 0 : -1;
}

/* ---- feeding ---- */

struct feeding {
	struct journal *j;
	struct series_set set;
	uint32_t *ids;
	struct sample s;
};

static void fill(struct feeding *f, const struct data *d, uint32_t t, uint64_t round,
	uint64_t begin_us, uint64_t span_us)
{
	sample_reset(&f->s);
	f->s.real_ns = (begin_us + round * span_us + d->time_us[t] - d->time_us[0]) * 1000;
	f->s.mono_ns = f->s.real_ns - begin_us * 1000 + 1000000000;
	for (uint32_t i = 0; i < d->nseries; i++) {
		int64_t v = d->values[t][i];
		if (v == INT64_MIN)
			continue;
		if (d->counter[i]) {
			int64_t grown = d->values[d->seconds - 1][i] - d->values[0][i];
			v += (int64_t)round * (grown > 0 ? grown : 0);
		}
		sample_set(&f->s, f->ids[i], (uint64_t)v);
	}
}

static uint64_t bytes_of(const char *store, const char *folder)
{
	char command[512];
	uint64_t n = 0;
	(void)snprintf(command, sizeof command, "cat %s/%s/* 2>/dev/null | wc -c", store, folder);
	FILE *p = popen(command, "re");
	if (p) {
		(void)!fscanf(p, "%" SCNu64, &n);
		(void)pclose(p);
	}
	return n;
}

static long peak_kb(void)
{
	struct rusage u;
	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static long anon_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		(void)!sscanf(line, "RssAnon: %ld", &kb);
	if (f)
		(void)fclose(f);
	return kb;
}

/* ---- questions ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

enum { TRIES = 9 };

static void print_times(const char *name, double *ms, size_t series, size_t size, bool last)
{
	double cold = ms[0];
	qsort(ms + 1, TRIES - 1, sizeof *ms, by_value);
	(void)printf("  \"%s\": {\"first_ms\": %.3f, \"best_ms\": %.3f, \"median_ms\": %.3f, "
		     "\"series\": %zu, \"size\": %zu}%s\n",
		name, cold, ms[1], ms[TRIES / 2], series, size, last ? "" : ",");
}

/* CPU milliseconds of a question, JSON included. The first one opens the store; the others find it open, as in a process that
 * serves. */
static void question(const char *name, const char *store, const char *text, uint64_t from_ns,
	uint64_t to_ns, uint64_t step_ns)
{
	double ms[TRIES];
	size_t series = 0, bytes = 0;
	struct history *h = NULL;
	for (int k = 0; k < TRIES; k++) {
		struct expression e;
		struct result r = {0};
		char why[EXPRESSION_ERROR] = "";
		struct show_text out = {0};
		double begin = cpu_ms();
		if ((!h && history_open(store, &h) < 0) || expression_parse(text, &e, why) < 0) {
			(void)fprintf(stderr, "%s: %s\n", text, why);
			exit(1);
		}
		struct evaluate_span span = {from_ns, to_ns, step_ns};
		if (evaluate_past(h, &e, &span, &r, why) < 0) {
			(void)fprintf(stderr, "%s: %s\n", text, why);
			exit(1);
		}
		show_past_json(&out, &r);
		bytes = out.n;
		series = r.nseries;
		show_text_free(&out);
		result_free(&r);
		expression_free(&e);
		ms[k] = cpu_ms() - begin;
	}
	history_close(h);
	print_times(name, ms, series, bytes, false);
}

struct picking {
	size_t want, seen;
};

static bool some(void *ctx, const struct history_series *s)
{
	struct picking *p = ctx;
	return s->kind == METRIC_GAUGE && p->seen++ < p->want;
}

static int take_points(void *ctx, size_t series, const struct history_points *p)
{
	(void)series;
	*(size_t *)ctx += p->n;
	return 0;
}

/* The same below the language: raw values of some gauges to columns, or the highest of each over the whole span. */
static void numbers(const char *name, const char *store, size_t n, uint64_t from_ns, uint64_t to_ns,
	bool highest, bool last)
{
	double ms[TRIES];
	struct history *h;
	const struct history_series *s;
	size_t got, points = 0;
	uint64_t keys[4096];
	double begin = cpu_ms();
	struct picking pick = {n, 0};
	if (history_open(store, &h) < 0 ||
		history_select(h, from_ns, to_ns, some, &pick, &s, &got) < 0)
		exit(1);
	for (size_t i = 0; i < got; i++)
		keys[i] = s[i].key;
	for (int k = 0; k < TRIES; k++) {
		struct history_step *steps;
		points = 0;
		begin = k ? cpu_ms() : begin;
		if (highest &&
			history_aggregate(h, keys, got, from_ns, to_ns - from_ns, 1, &steps) == 0)
			free(steps);
		else if (!highest)
			(void)history_read(h, keys, got, from_ns, to_ns - 1, take_points, &points);
		ms[k] = cpu_ms() - begin;
	}
	history_close(h);
	print_times(name, ms, got, points, last);
}

int main(int argc, char **argv)
{
	struct data d;
	uint32_t series = 0, hours = 0;
	bool tiers = true, crash = false;
	const char *path = NULL, *store = "/tmp/plimsoll-store-cost";
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--series") == 0 && i + 1 < argc)
			series = (uint32_t)atoi(argv[++i]);
		else if (strcmp(argv[i], "--hours") == 0 && i + 1 < argc)
			hours = (uint32_t)atoi(argv[++i]);
		else if (strcmp(argv[i], "--store") == 0 && i + 1 < argc)
			store = argv[++i];
		else if (strcmp(argv[i], "--crash") == 0)
			crash = true;
		else if (strcmp(argv[i], "--no-tiers") == 0)
			tiers = false;
		else
			path = argv[i];
	}
	if (!path || load(path, series, &d) < 0) {
		(void)fprintf(stderr, "store_cost: FILE of bench/host_data [--series K] [--hours "
				      "H] [--store DIR]\n");
		return 64;
	}
	struct feeding f = {0};
	(void)mallopt(
		M_MMAP_THRESHOLD, 256 << 20); /* as plimsoll-net does: buffers are used again */
	(void)mallopt(M_TRIM_THRESHOLD, 256 << 20);
	(void)series_init(&f.set);
	(void)sample_init(&f.s);
	f.ids = calloc(d.nseries, sizeof *f.ids);
	/* Names of the catalogue stand for what is no series of ours: a gauge and a counter with the name as label. */
	for (uint32_t i = 0; i < d.nseries; i++)
		f.ids[i] = series_id(&f.set, d.counter[i] ? M_DISK_READS : M_SLAB_ACTIVE, 0,
			intern_id(&f.set.names, d.names[i], strlen(d.names[i])));
	const struct journal_settings settings = {.dir = store,
		.budget = UINT64_C(64) << 30,
		.origin = {.host = "bench", .run = 1, .interval_ns = 1000000000},
		.by_hand = true};
	long pid, anon = anon_kb();
	if (journal_open(&settings, &f.j, &pid) < 0) {
		(void)fprintf(stderr, "%s: cannot be made\n", store);
		return 73;
	}
	uint64_t span_us = d.time_us[d.seconds - 1] - d.time_us[0] + 1000000;
	uint64_t seconds = hours ? hours * UINT64_C(3600) : d.seconds;
	/* Midnight, so that hours and a day are whole. */
	uint64_t begin_us = UINT64_C(1795219200) * 1000000;
	double feed = 0, fill_ms = 0, sealed = 0;
	long most_anon = 0;
	for (uint64_t n = 0; n < seconds; n++) {
		double a = cpu_ms();
		fill(&f, &d, (uint32_t)(n % d.seconds), n / d.seconds, begin_us, span_us);
		double b = cpu_ms();
		journal_put(f.j, &f.set, &f.s, NULL, 0);
		journal_work(f.j);
		double c = cpu_ms();
		fill_ms += b - a;
		feed += c - b;
		if (c - b > 2)
			sealed += c - b;
		if (n % 60 == 59) {
			long now = anon_kb();
			most_anon = now > most_anon ? now : most_anon;
		}
	}
	if (crash) { /* the log stays as it is: what a reader finds after kill -9 */
		uint64_t end = (begin_us + seconds * 1000000) * 1000;
		(void)puts("{");
		question("first_query_after_crash", store, "slab.used{cache=\"meminfo.MemFree\"}",
			begin_us * 1000, end, 0);
		numbers("50_series_of_the_log", store, 50, begin_us * 1000, end, false, true);
		(void)puts("}");
		(void)fflush(stdout);
		_exit(0);
	}
	/* The day is over: its tiers are made. */
	double before = cpu_ms();
	if (tiers) {
		fill(&f, &d, 0, 0, begin_us + UINT64_C(86400000000) * ((seconds + 86399) / 86400),
			span_us);
		journal_put(f.j, &f.set, &f.s, NULL, 0);
		journal_work(f.j);
	}
	double tiering = cpu_ms() - before;
	before = cpu_ms();
	(void)journal_close(f.j, 60000000000u);
	double closing = cpu_ms() - before;
	uint64_t raw = bytes_of(store, "raw");
	double samples = (double)seconds * d.nseries;
	(void)printf("{\n  \"series\": %u, \"seconds\": %" PRIu64
		     ", \"tiled\": %s, \"changed_share\": %.4f,\n",
		d.nseries, seconds, hours ? "true" : "false",
		(double)d.changed / ((double)(d.seconds - 1) * d.nseries));
	(void)printf("  \"raw_bytes_per_sample\": %.4f, \"raw_bytes_per_changed\": %.3f,\n",
		(double)raw / samples,
		(double)raw / ((double)d.changed * (double)seconds / d.seconds));
	(void)printf("  \"tier_bytes\": %" PRIu64 ", \"raw_bytes\": %" PRIu64 ",\n",
		bytes_of(store, "m1") + bytes_of(store, "h1"), raw);
	(void)printf("  \"cpu_ns_per_sample\": %.2f, \"of_it_sealing\": %.2f, "
		     "\"tiers_ns_per_sample\": %.2f, \"rss_anon_kb\": %ld, \"peak_rss_kb\": %ld,\n",
		(feed + closing) * 1e6 / samples, (sealed + closing) * 1e6 / samples,
		tiering * 1e6 / samples, most_anon - anon, peak_kb());
	uint64_t from = begin_us * 1000, to = (begin_us + seconds * 1000000) * 1000;
	char one[256] = "disk.reads{dev=\"stat.ctxt\"}",
	     gauge[256] = "slab.used{cache=\"meminfo.MemFree\"}",
	     fifty[64] = "slab.used{cache=\"vmstat*\"}";
	uint64_t hour = to - 3600000000000u < from ? from : to - 3600000000000u;
	question("one_counter_json", store, one, from, to, 0);
	question("one_gauge_json", store, gauge, from, to, 0);
	question("50_series_1h_json", store, fifty, hour, to, 0);
	numbers("50_series_1h_columns", store, 50, hour, to, false, false);
	question("max_json", store, "max(slab.used)", from, to, to - from);
	numbers("max_of_1000_series", store, 1000, from, to, true, true);
	(void)puts("}");
	return 0;
}
