/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* store_repeat RECORDING STORE HOURS: a store of many hours out of a recording of a minute or two: its samples again and again, as fast as
 * they can be written, the last one now. Counters go on growing, and every two hours there is a finding of ten minutes. For timings: bytes of what repeats say nothing. */
#include "base/clock.h"
#include "store/history.h"
#include "store/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS      UINT64_C(1000000000)
#define EVENT_NS       (7200 * SECOND_NS)
#define EVENT_LASTS_NS (600 * SECOND_NS)

static struct store ring;
static uint64_t growth[SERIES_MAX + 1];

static void hear(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "store_repeat: %s\n", line);
}

static struct sample *nth(unsigned i) /* the oldest is 0 */
{
	return &ring.ring[(ring.head + ring.size - ring.count + i) % ring.size];
}

static bool is_gauge(uint32_t id)
{
	return metric_info((enum metric)series_row(&ring.series, id)->metric)->kind == METRIC_GAUGE;
}

/* By how much each counter grows in one round: from the first sample to the last, and a mean second more. */
static void learn_growth(void)
{
	uint64_t a, b;
	for (uint32_t id = 1; id <= ring.series.count; id++)
		if (!is_gauge(id) && sample_get(nth(0), id, &a) &&
			sample_get(nth(ring.count - 1), id, &b) && b > a)
			growth[id] = (b - a) + (b - a) / ring.count;
}

/* The sample as it is one round later. */
static void move_on(struct sample *s)
{
	uint64_t v;
	for (uint32_t id = 1; id <= ring.series.count; id++)
		if (growth[id] && sample_get(s, id, &v))
			sample_set(s, id, v + growth[id]);
}

/* Histograms of waits, where the recording has none (no probes): a hump that wanders up and down with the hours. */
static void add_waits(struct sample *s, uint64_t second)
{
	static const char *const edges[] = {"16us", "32us", "64us", "128us", "256us", "512us",
		"1ms", "2ms", "4ms", "8ms", "16ms", "33ms", "66ms"};
	static uint64_t counts[3][COUNTOF(edges)];
	static const enum metric of[3] = {
		M_RUNQ_LATENCY, M_DISK_LATENCY_READ, M_DISK_LATENCY_WRITE};
	uint64_t phase = second / 120 % 16, centre = phase < 8 ? phase : 16 - phase;
	for (unsigned m = 0; m < COUNTOF(of); m++) {
		for (unsigned i = 0; i < COUNTOF(edges); i++) {
			char name[32];
			uint64_t off = i > centre ? i - centre : centre - i;
			int n = snprintf(name, sizeof name, "%s%s", m ? "vda " : "", edges[i]);
			counts[m][i] +=
				(second * 7 + i) % 5 + (UINT64_C(2000) >> 2 * off) / (m + 1);
			sample_set(s,
				series_id(&ring.series, of[m], NETNS_HOST,
					intern_id(&ring.series.names, name, (size_t)n)),
				counts[m][i]);
		}
	}
}

static unsigned finding(
	struct event *e, char id[static 64], char text[static 1024], uint64_t now, uint64_t begin)
{
	uint64_t at = now - begin, since = at % EVENT_NS;
	bool opens = since < SECOND_NS && at >= EVENT_NS,
	     ends = since >= EVENT_LASTS_NS && since < EVENT_LASTS_NS + SECOND_NS && at > EVENT_NS;
	if (!opens && !ends)
		return 0;
	(void)snprintf(id, 64, "bench:%" PRIu64, at / EVENT_NS);
	(void)snprintf(text, 1024,
		"{\"id\": \"%s\", \"rule\": \"disk.saturated\", \"severity\": \"warning\", "
		"\"state\": "
		"\"saturated\", \"resource\": \"disk:vda\", \"netns\": null, \"cgroup\": null, "
		"\"title\": \"disk vda is saturated\", \"since\": null, \"eta_s\": null, \"used\": "
		"1, "
		"\"limit\": 1, \"unit\": \"ratio\", \"refused\": 0, \"culprits\": [], \"victims\": "
		"[], \"evidence\": [], \"remedies\": [], \"effects\": []}",
		id);
	*e = (struct event){now, opens ? "open" : "close", id, text};
	return 1;
}

static int write_all(struct journal *j, uint64_t hours)
{
	uint64_t to = clock_real_ns() / SECOND_NS * SECOND_NS, n = hours * 3600;
	uint64_t begin = to - n * SECOND_NS, mono = n * SECOND_NS;
	bool waits = ring.series.first[M_RUNQ_LATENCY] != 0;
	for (uint64_t i = 0; i < n; i++) {
		struct sample *s = nth((unsigned)(i % ring.count));
		struct event e;
		char id[64], text[1024];
		s->real_ns = begin + (i + 1) * SECOND_NS;
		s->mono_ns = mono + i * SECOND_NS;
		if (!waits)
			add_waits(s, i);
		unsigned events = finding(&e, id, text, s->real_ns, begin);
		journal_put(j, &ring.series, s, &e, events);
		journal_work(j);
		move_on(s);
	}
	return journal_close(j, 0);
}

int main(int argc, char **argv)
{
	struct history *h;
	struct journal *j;
	uint64_t from, to;
	long pid;
	if (argc != 4)
		return 64;
	int r = history_open(argv[1], &h);
	if (r == 0)
		r = store_init(&ring, STORE_MAX - 1);
	if (r == 0 && !history_span(h, &from, &to))
		r = -ENODATA;
	if (r == 0)
		r = history_load(h, &ring, to, STORE_MAX - 1, 10 * SECOND_NS);
	const struct journal_settings settings = {.dir = argv[2],
		.budget = UINT64_C(64) << 30,
		.origin = {.host = "bench", .run = 1, .interval_ns = SECOND_NS},
		.say = hear,
		.by_hand = true};
	if (r == 0)
		r = journal_open(&settings, &j, &pid);
	if (r == 0) {
		(void)printf(
			"%u samples of %u series again and again\n", ring.count, ring.series.count);
		learn_growth();
		r = write_all(j, strtoul(argv[3], NULL, 10));
	}
	if (r < 0)
		(void)fprintf(stderr, "store_repeat: %s\n", strerror(-r));
	return r < 0;
}
