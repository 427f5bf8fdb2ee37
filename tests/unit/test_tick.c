/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A tick on this machine: it allocates nothing after the first ten, and it survives whatever a read
 * may answer.
 *
 * malloc and its kin are replaced by counting ones, so that the C library's own calls count too.
 * The reader's hook makes the n-th read fail, for every n, with each error that /proc and netlink
 * are known for. */
#include "allocations.h"
#include "collect/engine.h"
#include "role/probes.h"
#include "store/store.h"
#include "test.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store store;
static struct reader *reader;
static struct engine *engine;

static int tick(unsigned want)
{
	int r = engine_tick(engine, store_newest(&store, 0), store_slot(&store), want, 0);
	if (r == 0)
		store_commit(&store);
	return r;
}

static void open_all(void)
{
	CHECK_INT(store_init(&store, 4), 0);
	CHECK_INT(reader_open("/", NULL, &reader), 0);
	CHECK_INT(engine_open(reader, &store.series, &engine), 0);
}

static void close_all(void)
{
	engine_close(engine);
	reader_close(reader);
	store_destroy(&store);
}

static void allocates_nothing(void)
{
#ifdef ALLOCATIONS
	free(malloc(1)); /* the count must be able to rise, or it proves nothing */
	CHECK(ALLOCATIONS > 0);
	for (int i = 0; i < 10; i++)
		CHECK_INT(tick(WANT_CONNS | WANT_OWNERS | WANT_SLOW), 0);
	unsigned long before = ALLOCATIONS;
	for (int i = 0; i < 100; i++) {
		/* A new process in every tick, so that there is always something new to see. */
		pid_t child = fork();
		if (child == 0) {
			(void)usleep(20000);
			_exit(0);
		}
		int r = engine_tick(engine, store_newest(&store, 0), store_slot(&store),
			WANT_CONNS | WANT_OWNERS | WANT_SLOW | WANT_ALL_FDS, 0);
		if (r == 0)
			store_commit(&store);
		test_failed += r != 0;
		(void)waitpid(child, NULL, 0);
	}
	CHECK_INT(ALLOCATIONS - before, 0);
#endif
}

static unsigned long calls, fail_at;
static int fail_with;

static int fault(void)
{
	return ++calls == fail_at ? fail_with : 0;
}

static int fault_always(void)
{
	return fail_with;
}

static void survives_faults(void)
{
	static const int errors[] = {
		ENOENT, ESRCH, EMFILE, ENFILE, ENOMEM, EPERM, EACCES, EIO, EINVAL, EAGAIN};
	reader_fault = fault;
	calls = fail_at = 0;
	CHECK_INT(tick(WANT_CONNS | WANT_SLOW | WANT_ALL_FDS), 0);
	unsigned long all = calls;
	CHECK(all > 100);
	unsigned long step =
		all / 400 + 1; /* every n on a small machine; spread evenly on a large one */
	for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
		fail_with = errors[e];
		for (fail_at = 1 + e % step; fail_at <= all; fail_at += step * 4) {
			calls = 0;
			int r = tick(WANT_CONNS | WANT_SLOW | WANT_ALL_FDS);
			TEST_RESULT(r == 0, "tick answers %d when call %lu of %lu fails with %s", r,
				fail_at, all, strerrorname_np(fail_with));
			if (r)
				return;
		}
		/* Everything fails: gaps and no values, but a sample. */
		reader_fault = fault_always;
		CHECK_INT(tick(WANT_CONNS | WANT_SLOW | WANT_ALL_FDS), 0);
		CHECK(store_newest(&store, 0)->gaps.count > 0);
		CHECK_INT(store_newest(&store, 0)->procs.count, 0);
		reader_fault = fault;
	}
	reader_fault = NULL;
	/* And it comes back by itself. */
	CHECK_INT(tick(WANT_CONNS | WANT_SLOW | WANT_ALL_FDS), 0);
	CHECK_INT(tick(WANT_CONNS | WANT_SLOW | WANT_ALL_FDS), 0);
	const struct sample *s = store_newest(&store, 0);
	uint64_t v;
	CHECK(s->procs.count > 1);
	CHECK(sample_get(s, series_find(&store.series, M_CPU_USER, 0, 0), &v));
	CHECK(sample_get(s, series_find(&store.series, M_MEM_AVAILABLE, 0, 0), &v));
	CHECK(sample_proc(s, getpid(), 0) != NULL);
	CHECK(sample_proc(s, getpid(), 0)->self);
}

int main(void)
{
	open_all();
	allocates_nothing();
	survives_faults();
	close_all();
	/* The same with probes in the kernel, where they can run. */
	open_all();
	if (probes_start(reader, "record") == 0) {
		allocates_nothing();
		survives_faults();
	} else {
		(void)printf("skip: no probes in the kernel\n");
	}
	close_all();
	return test_result("tick");
}
