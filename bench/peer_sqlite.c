/*
 * SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC
 *
 * peer_sqlite FILE SERIES - SQLite as a store of samples, for store-peers: a row per sample in the
 * plainest table there is, filled from standard input, then asked the three questions.
 *
 * Input, in the byte order of the machine: batches of a uint32_t n, n int64_t times in ms, and for
 * each series its n int64_t values. A batch is one transaction; n = 0 ends the input. Output is one
 * line of JSON: what inserting and committing cost this process (reading the pipe is not counted),
 * its largest memory by then, CPU and wall milliseconds of each run of each question, and sums by
 * which the asker sees that the answers were right.
 *
 * Journal in WAL mode, synchronous=NORMAL, so a commit is no fsync, a checkpoint is. The cache is
 * 64 MiB: a batch touches a leaf page of every series, and with the 2 MiB SQLite takes by itself
 * each would be read and written again each time.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS      5
#define Q2_SERIES 50
#define Q2_MS     3600000
#define Q3_SERIES 1000

struct answer {
	uint64_t rows, sum; /* the sum wraps */
};

static sqlite3 *db;

static void die(const char *what)
{
	fprintf(stderr, "peer_sqlite: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
	exit(1);
}

static void run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql);
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		die(sql);
	return statement;
}

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}

/* ------------------------------------------------------------------------------------- filling */

static void *read_words(uint32_t n, size_t per)
{
	void *words = calloc((size_t)n, per * sizeof(int64_t));

	if (!words || fread(words, per * sizeof(int64_t), n, stdin) != n)
		die("standard input");
	return words;
}

static void insert_batch(
	sqlite3_stmt *insert, const int64_t *time, const int64_t *value, uint32_t n, int series)
{
	run("BEGIN");
	for (int s = 0; s < series; s++) {
		for (uint32_t i = 0; i < n; i++) {
			sqlite3_bind_int(insert, 1, s);
			sqlite3_bind_int64(insert, 2, time[i]);
			sqlite3_bind_int64(insert, 3, value[(size_t)s * n + i]);
			if (sqlite3_step(insert) != SQLITE_DONE)
				die("INSERT");
			sqlite3_reset(insert);
		}
	}
	run("COMMIT");
}

/* Returns the CPU seconds of inserting. */
static double fill(int series, uint64_t *ret_samples, int64_t *ret_last)
{
	sqlite3_stmt *insert = prepare("INSERT INTO sample VALUES (?, ?, ?)");
	double cpu = 0;
	uint32_t n;

	*ret_samples = 0;
	while (fread(&n, sizeof(n), 1, stdin) == 1 && n > 0) {
		int64_t *time = read_words(n, 1), *value = read_words(n, (size_t)series);
		double begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

		insert_batch(insert, time, value, n, series);
		cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin;
		*ret_samples += (uint64_t)n * (uint64_t)series;
		*ret_last = time[n - 1];
		free(time);
		free(value);
	}
	sqlite3_finalize(insert);
	return cpu;
}

/* --------------------------------------------------------------------------------------- asking */

static void take_rows(sqlite3_stmt *select, int column, struct answer *a)
{
	int rc;

	while ((rc = sqlite3_step(select)) == SQLITE_ROW) {
		a->rows++;
		a->sum += (uint64_t)sqlite3_column_int64(select, column);
	}
	if (rc != SQLITE_DONE)
		die("SELECT");
	sqlite3_reset(select);
}

static void ask_rows(sqlite3_stmt *select, int sid, int64_t after, struct answer *a)
{
	sqlite3_bind_int(select, 1, sid);
	sqlite3_bind_int64(select, 2, after);
	take_rows(select, 1, a);
}

/* Question 1 is the series in the middle, 2 is Q2_SERIES spread over all, 3 the first Q3_SERIES. */
static struct answer ask(int question, int series, int64_t last)
{
	const char *rows = "SELECT ts, value FROM sample WHERE sid = ? AND ts > ? ORDER BY ts";
	const char *maxima = "SELECT sid, max(value) FROM sample WHERE sid < ? GROUP BY sid";
	sqlite3_stmt *select = prepare(question == 3 ? maxima : rows);
	int q2_series = series < Q2_SERIES ? series : Q2_SERIES;
	struct answer a = {0};

	if (question == 1) {
		ask_rows(select, series / 2, INT64_MIN, &a);
	} else if (question == 2) {
		for (int i = 0; i < q2_series; i++)
			ask_rows(select, i * series / q2_series, last - Q2_MS, &a);
	} else {
		sqlite3_bind_int(select, 1, Q3_SERIES);
		take_rows(select, 1, &a);
	}
	sqlite3_finalize(select);
	return a;
}

static void report_question(int question, int series, int64_t last)
{
	double cpu[RUNS], wall[RUNS];
	struct answer a = {0};

	for (int i = 0; i < RUNS; i++) {
		double wall_begin = seconds_of(CLOCK_MONOTONIC);
		double begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

		a = ask(question, series, last);
		cpu[i] = 1e3 * (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin);
		wall[i] = 1e3 * (seconds_of(CLOCK_MONOTONIC) - wall_begin);
	}
	printf(", \"q%d\": {\"rows\": %" PRIu64 ", \"sum\": %" PRIu64, question, a.rows, a.sum);
	for (int w = 0; w < 2; w++) {
		printf(", \"%s\": [", w ? "wall_ms" : "cpu_ms");
		for (int i = 0; i < RUNS; i++)
			printf("%s%.4f", i ? ", " : "", w ? wall[i] : cpu[i]);
		printf("]");
	}
	printf("}");
}

int main(int argc, char **argv)
{
	int series = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
	uint64_t samples;
	int64_t last = 0;
	double cpu;

	if (series <= 0) {
		fprintf(stderr, "usage: peer_sqlite FILE SERIES\n");
		return 64;
	}
	if (sqlite3_open(argv[1], &db) != SQLITE_OK)
		die(argv[1]);
	run("PRAGMA journal_mode = WAL");
	run("PRAGMA synchronous = NORMAL");
	run("PRAGMA cache_size = -65536");
	run("CREATE TABLE sample (sid INTEGER, ts INTEGER, value INTEGER, PRIMARY KEY (sid, ts))"
	    " WITHOUT ROWID");
	cpu = fill(series, &samples, &last);
	printf("{\"version\": \"%s\", \"samples\": %" PRIu64
	       ", \"ingest_s\": %.6f, \"peak_kib\": %ld",
		sqlite3_libversion(), samples, cpu, peak_kib());
	run("PRAGMA wal_checkpoint(TRUNCATE)");
	for (int question = 1; question <= 3; question++)
		report_question(question, series, last);
	printf("}\n");
	sqlite3_close(db);
	return fflush(stdout) != 0;
}
