/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* store_day [HOURS]: hours of a busy machine (300 processes, 200 of them new each second, 600 series, 100 connections) as
 * fast as they can be recorded. Memory stays what it was after the first hours, files stay within a small budget and the
 * newest of them stay, and minutes and hours are made of a day that is over. */
#include "store/history.h"
#include "store/journal.h"
#include "store/retain.h"
#include "synthetic.h"
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define HOUR_US UINT64_C(3600000000)
/* 2026-11-22 20:30:00 UTC: the third full hour begins a day */
#define BEGIN_US (UINT64_C(1795305600000000) + 20 * HOUR_US + HOUR_US / 2)

enum { BUDGET = 64 << 20, FIRST_HOURS = 3, SLACK_KIB = 6 << 10 };

static char root[64];

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

static unsigned long resident_kib(void)
{
	unsigned long kib = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		(void)sscanf(line, "VmRSS: %lu", &kib);
	if (f)
		(void)fclose(f);
	return kib;
}

static void hear(void *ctx, const char *line)
{
	(*(unsigned *)ctx)++;
	(void)fprintf(stderr, "said: %s\n", line);
}

/* Bytes of all files, how many of each kind, and the begin of the oldest and the newest segment. */
struct all {
	uint64_t bytes, oldest_s, newest_s;
	unsigned raw, m1, h1, logs;
};

static struct all all_files(const char *store)
{
	struct all a = {.oldest_s = UINT64_MAX};
	struct store_files f;
	int dir = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(store_files_list(dir, &f), 0);
	a.bytes = f.bytes;
	for (size_t i = 0; i < f.count; i++) {
		const struct store_file *row = &f.rows[i];
		a.raw += strncmp(row->name, "raw/", 4) == 0;
		a.m1 += strncmp(row->name, "m1/", 3) == 0;
		a.h1 += strncmp(row->name, "h1/", 3) == 0;
		a.logs += strncmp(row->name, "log/", 4) == 0;
		if (strncmp(row->name, "raw/", 4) == 0) {
			a.oldest_s = row->begin_s < a.oldest_s ? row->begin_s : a.oldest_s;
			a.newest_s = row->begin_s > a.newest_s ? row->begin_s : a.newest_s;
		}
	}
	store_files_free(&f);
	(void)close(dir);
	return a;
}

int main(int argc, char **argv)
{
	static const struct synth_size size = {300, 200, 600, 100, 5, false};
	static struct synth h;
	struct journal *j;
	long pid;
	unsigned said = 0, over = 0;
	unsigned long hours = argc > 1 ? strtoul(argv[1], NULL, 10) : 24, first = 0, most = 0;
	(void)snprintf(root, sizeof root, "/tmp/plimsoll-day-XXXXXX");
	if (!mkdtemp(root))
		return 1;
	const struct journal_settings settings = {.dir = root,
		.budget = BUDGET,
		.origin = {.host = "day", .run = 1, .interval_ns = 1000000000},
		.say = hear,
		.ctx = &said,
		.by_hand = true};
	CHECK_INT(journal_open(&settings, &j, &pid), 0);
	synth_init(&h, size, 3, BEGIN_US);
	for (unsigned long n = 1; n <= hours * 3600; n++) {
		synth_tick(&h, 1000000);
		journal_put(j, &h.set, &h.s, NULL, 0);
		journal_work(j);
		if (n % 600)
			continue;
		struct all a = all_files(root);
		over += a.bytes > BUDGET;
		unsigned long kib = resident_kib();
		unsigned long settled = hours > 2 * FIRST_HOURS ? FIRST_HOURS : 1;
		if (n <= settled * 3600)
			first = kib > first ? kib : first;
		most = kib > most ? kib : most;
		if (n % 3600 == 0)
			(void)printf("hour %2lu: %lu KiB of memory, %" PRIu64
				     " KiB of files, %u segments, %u of minutes, %u of hours\n",
				n / 3600, kib, a.bytes >> 10, a.raw, a.m1, a.h1);
	}
	TEST_RESULT(most <= first + SLACK_KIB, "memory grew from %lu to %lu KiB", first, most);
	CHECK_INT(over, 0);
	CHECK_INT(said, 0);
	CHECK_INT(journal_close(j, 0), 0);
	struct all a = all_files(root);
	uint64_t last_s = h.real_us / 1000000;
	TEST_RESULT(a.bytes <= BUDGET, "%" PRIu64 " bytes of %u", a.bytes, (unsigned)BUDGET);
	CHECK_INT(a.logs, 0);
	/* the newest hours stay, and the budget is used */
	TEST_RESULT(a.newest_s + 3600 >= last_s && a.newest_s <= last_s,
		"the newest segment begins %" PRIu64 " s before the end", last_s - a.newest_s);
	CHECK(hours < 6 || (a.bytes > BUDGET / 2 && a.oldest_s > BEGIN_US / 1000000));
	if (hours >= 5) {
		CHECK_INT(a.m1, 1);
		CHECK_INT(a.h1, 1);
	}
	struct history *past;
	uint64_t from, to;
	CHECK_INT(history_open(root, &past), 0);
	CHECK(history_span(past, &from, &to) && to / 1000 == h.s.real_ns / 1000);
	/* the first day by its hours: the seconds are long gone */
	if (hours >= 6) {
		const struct history_series *s;
		struct history_step *step;
		size_t n;
		CHECK_INT(history_select(past, BEGIN_US * 1000,
				  BEGIN_US * 1000 + 3 * HOUR_US * 1000, NULL, NULL, &s, &n),
			0);
		CHECK(n > 500);
		char always[128]; /* a series that never misses a sample */
		uint64_t key = 0;
		synth_instance(always, 0);
		for (size_t i = 0; i < n; i++)
			if (strcmp(s[i].instance, always) == 0)
				key = s[i].key;
		CHECK_INT(history_aggregate(past, &key, 1, (BEGIN_US - HOUR_US / 2) * 1000,
				  HOUR_US * 1000, 3, &step),
			0);
		CHECK(step[1].count > 3500 && step[2].count > 3500); /* less its resets */
		free(step);
	}
	history_close(past);
	synth_destroy(&h);
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	struct rusage used;
	(void)getrusage(RUSAGE_SELF, &used);
	(void)printf("%lu hours in %ld s of CPU\n", hours,
		(long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec));
	return test_result("day");
}
