/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What goes of a store and what stays: files of made-up sizes and times, and a log that cannot be sealed. */
#include "store/journal.h"
#include "store/log.h"
#include "store/retain.h"
#include "synthetic.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIB = 1024, FILE_SIZE = 64 * KIB, DAY = 86400, HOUR = 3600 };
#define SECOND UINT64_C(1000000)
/* 2026-11-22 10:00:00 UTC */
static const uint64_t NOW = UINT64_C(1795305600) + 10 * (uint64_t)HOUR;

static char root[128];
static int dir = -1;

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

static void begin(void)
{
	static const char *const folders[] = {"log", "raw", "m1", "h1"};
	(void)snprintf(root, sizeof root, "/tmp/plimsoll-retain-XXXXXX");
	if (!mkdtemp(root))
		abort();
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		CHECK_INT(mkdirat(dir, folders[i], 0700), 0);
}

static void end(void)
{
	(void)close(dir);
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file that was last written at this time. */
static void make(const char *name, uint64_t at_s)
{
	static const char bytes[FILE_SIZE] = "x";
	const struct timespec times[2] = {{(time_t)at_s, 0}, {(time_t)at_s, 0}};
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, sizeof bytes) != FILE_SIZE || futimens(fd, times) < 0)
		abort();
	(void)close(fd);
}

static void make_log(uint64_t number, uint64_t at_s)
{
	char name[LOG_NAME];
	log_name(name, number);
	make(name, at_s);
}

static void make_hour(uint64_t number, uint64_t at_s)
{
	char name[LOG_NAME];
	segment_name(name, at_s * SECOND, number);
	make(name, NOW);
}

static bool there(const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

static bool log_there(uint64_t number)
{
	char name[LOG_NAME];
	log_name(name, number);
	return there(name);
}

static size_t hours_there(void)
{
	struct store_files f;
	size_t n = 0;
	CHECK_INT(store_files_list(dir, &f), 0);
	for (size_t i = 0; i < f.count; i++)
		n += strncmp(f.rows[i].name, "raw/", 4) == 0;
	store_files_free(&f);
	return n;
}

/* Logs of recorders that died, and never could be sealed: as seconds they go, and the one that is written stays however old it looks. */
static void old_logs(void)
{
	uint64_t used;
	begin();
	for (unsigned i = 0; i < 30; i++)
		make_hour(1000 + i, NOW - (30 - i) * HOUR);
	make_log(5, NOW - 40 * DAY);
	make_log(6, NOW - 29 * DAY);
	make("log/0000000000000007.log.bad", NOW - 31 * DAY);
	make("log/0000000000000008.log.bad", NOW - 2 * DAY);
	make("log/rewritten", NOW - 50 * DAY);
	make_log(2000, NOW - 35 * DAY);
	CHECK_INT(retain(dir, UINT64_C(1) << 30, 0, NOW, &used), 2);
	CHECK(!log_there(5) && log_there(6) && log_there(2000) && there("log/rewritten"));
	CHECK(!there("log/0000000000000007.log.bad") && there("log/0000000000000008.log.bad"));
	CHECK_INT(hours_there(), 30);
	end();
}

/* The budget: what is set aside, then seconds from the oldest on, in logs as in segments; then minutes. */
static void by_budget(void)
{
	uint64_t used, all;
	begin();
	for (unsigned i = 0; i < 4; i++)
		make_hour(1000 + i, NOW - (4 - i) * HOUR);
	make("m1/2026-11-21.plim", NOW);
	make_log(5, NOW - 40 * DAY);
	make_log(900, NOW - HOUR - HOUR / 2);
	make("log/0000000000000007.log.bad", NOW);
	make_log(2000, NOW - 90 * DAY);
	CHECK_INT(
		retain(dir, UINT64_C(1) << 30, 0, NOW, &all), 0); /* one day is no measure of age */
	CHECK_INT(retain(dir, all - FILE_SIZE, 0, NOW, &used), 1);
	CHECK(!there("log/0000000000000007.log.bad") && log_there(5));
	CHECK_INT(retain(dir, all - 2 * FILE_SIZE, 0, NOW, &used), 1);
	CHECK(!log_there(5) && log_there(900) && log_there(2000));
	CHECK_INT(hours_there(), 4);
	CHECK_INT(retain(dir, all - 5 * FILE_SIZE, 0, NOW, &used), 3);
	CHECK_INT(hours_there(), 1);
	CHECK(log_there(900));
	CHECK_INT(retain(dir, all - 6 * FILE_SIZE, 0, NOW, &used), 1);
	CHECK(!log_there(900));
	CHECK(there("m1/2026-11-21.plim"));
	CHECK_INT(retain(dir, 1, 0, NOW, &used), 1);
	CHECK(!there("m1/2026-11-21.plim") && log_there(2000)); /* the newest of all stays */
	CHECK_INT(hours_there(), 1);
	CHECK_INT(used, 2 * FILE_SIZE);
	end();
}

/* ---- with a recorder ---- */

static unsigned said;

static void hear(void *ctx, const char *line)
{
	(void)ctx;
	said += strstr(line, "could not be sealed") != NULL;
}

static void record(struct synth *host, uint64_t budget, uint64_t run, unsigned samples)
{
	struct journal *j;
	long pid;
	const struct journal_settings settings = {.dir = root,
		.budget = budget,
		.origin = {.host = "testhost", .run = run, .interval_ns = 1000000000},
		.say = hear,
		.by_hand = true};
	CHECK_INT(journal_open(&settings, &j, &pid), 0);
	while (samples--) {
		synth_tick(host, 60 * SECOND);
		journal_put(j, &host->set, &host->s, NULL, 0);
		journal_work(j);
	}
	CHECK_INT(journal_close(j, 0), 0);
}

/* A recorder died, and where its log's segment is to be there is something else. The recorders after it seal theirs all the same, and a small budget
 * takes that log away. */
static void one_is_stuck(void)
{
	struct synth host;
	char name[LOG_NAME], segment[LOG_NAME];
	uint64_t used, first_us = NOW * SECOND;
	begin();
	synth_init(&host, (struct synth_size){2, 1, 10, 1, 1, false}, 9, first_us);
	segment_name(segment, first_us + 60 * SECOND, 1);
	CHECK_INT(mkdirat(dir, segment, 0700), 0);
	record(&host, UINT64_C(1) << 30, 1, 200);
	log_name(name, 1);
	CHECK(there(name));
	CHECK(said > 0);
	CHECK_INT(hours_there(), 3); /* a folder is no file of the store */
	record(&host, UINT64_C(1) << 30, 2, 100);
	CHECK(there(name));
	CHECK(hours_there() > 4);
	struct store_files f;
	CHECK_INT(store_files_list(dir, &f), 0);
	uint64_t all = f.bytes;
	store_files_free(&f);
	/* It is the oldest of its store, by when it was written. */
	const struct timespec times[2] = {{(time_t)(NOW - DAY), 0}, {(time_t)(NOW - DAY), 0}};
	CHECK_INT(utimensat(dir, name, times, 0), 0);
	make_log(UINT64_C(1) << 20, NOW); /* as a recorder writes one */
	CHECK_INT(retain(dir, all + FILE_SIZE - 1, 0, NOW + 6 * HOUR, &used), 1);
	CHECK(!there(name));
	synth_destroy(&host);
	end();
}

int main(void)
{
	old_logs();
	by_budget();
	one_is_stuck();
	return test_result("retain");
}
