/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Counters that reset and wrap, trends that carry and that fade, processes that come and go. */
#include "store/view.h"
#include "test.h"

#include <errno.h>

static struct store store;
static struct view view;

static void begin(unsigned samples)
{
	CHECK_INT(store_init(&store, samples), 0);
}

static void end(void)
{
	store_destroy(&store);
}

/* One sample a second with one value of a metric; UINT64_MAX leaves it out. */
static void fill(enum metric m, const uint64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sample *s = store_slot(&store);
		sample_reset(s);
		s->real_ns = (1000 + i) * UINT64_C(1000000000);
		s->mono_ns = (5 + i) * UINT64_C(1000000000);
		if (v[i] != UINT64_MAX)
			sample_set(s, series_id(&store.series, m, 0, 0), v[i]);
		store_commit(&store);
	}
	CHECK_INT(view_open(&view, &store, n), 0);
}

static double delta_of(enum metric m, const uint64_t *v, unsigned n)
{
	double d = -1;
	begin(n);
	fill(m, v, n);
	if (!view_delta(&view, view_id(&view, m, 0, 0), &d))
		d = -1;
	end();
	return d;
}

static double delta(const uint64_t *v, unsigned n)
{
	return delta_of(M_CTXT, v, n);
}

static void counters(void)
{
	CHECK_NEAR(delta((uint64_t[]){100, 150, 250}, 3), 150, 0);
	CHECK_NEAR(delta((uint64_t[]){100, 5, 25}, 3), 20,
		0); /* began anew: what it lost is not known */
	/* 32 bits wrapped, where the kernel has no more; elsewhere it began anew */
	CHECK_NEAR(delta_of(M_SOFTNET_DROPPED, (uint64_t[]){4294967290u, 4, 10}, 3), 16, 0);
	CHECK_NEAR(delta((uint64_t[]){4294967290u, 4, 10}, 3), 6, 0);
	CHECK_NEAR(delta_of(M_SOFTNET_DROPPED, (uint64_t[]){3000000000u, 4, 10}, 3), 6,
		0); /* far from its end: anew */
	CHECK_NEAR(delta((uint64_t[]){100, 200, UINT64_MAX}, 3), -1,
		0); /* gone: it does not go on at its old rate */
	CHECK_NEAR(delta((uint64_t[]){100, UINT64_MAX, 300}, 3), 200, 0); /* a gap is no zero */
	CHECK_NEAR(delta((uint64_t[]){UINT64_MAX, UINT64_MAX, 300}, 3), -1,
		0); /* one reading: not known */
	CHECK_NEAR(delta((uint64_t[]){UINT64_MAX, UINT64_MAX, UINT64_MAX}, 3), -1, 0);
}

static void shares_and_gauges(void)
{
	double x = 0;
	uint64_t at = 0;
	begin(3);
	fill(M_PSI_IO_SOME, (uint64_t[]){0, 500000, 1000000}, 3);
	CHECK(view_rate(&view, view_id(&view, M_PSI_IO_SOME, 0, 0), &x));
	CHECK_NEAR(x, 0.5, 1e-9); /* half of the time */
	CHECK(!view_gauge(&view, view_id(&view, M_MEM_FREE, 0, 0), &x));
	end();
	begin(3);
	fill(M_MEM_FREE, (uint64_t[]){10, 30, 20}, 3);
	uint32_t id = view_id(&view, M_MEM_FREE, 0, 0);
	CHECK(view_gauge(&view, id, &x));
	CHECK_NEAR(x, 20480, 0); /* KiB to bytes */
	CHECK(view_highest(&view, id, &x, &at));
	CHECK_NEAR(x, 30720, 0);
	CHECK_INT(at, 1001000000000);
	end();
}

static void trends(void)
{
	const double t[] = {0, 1, 2, 3, 4, 5};
	struct trend line = trend_fit(t, (double[]){10, 20, 30, 40, 50, 60}, 6);
	CHECK(line.steady);
	CHECK_NEAR(line.slope, 10, 1e-9);
	CHECK(!trend_fit(t, (double[]){10, 60, 100, 105, 106, 106}, 6)
			.steady); /* fades: a server that starts */
	CHECK(!trend_fit(t, (double[]){10, 10, 10, 10, 10, 60}, 6).steady); /* one jump */
	CHECK(!trend_fit(t, (double[]){60, 50, 40, 30, 20, 10}, 6).steady);
	CHECK(!trend_fit(t, (double[]){10, 40, 10, 40, 10, 40}, 6).steady); /* saw-tooth */
	CHECK(!trend_fit(t, (double[]){10, 20}, 2).steady); /* too short to believe */
	begin(6);
	fill(M_CONNTRACK_USED, (uint64_t[]){10, 20, 30, 40, 50, 60}, 6);
	struct trend v = view_trend(&view, view_id(&view, M_CONNTRACK_USED, 0, 0));
	CHECK_NEAR(trend_eta(&view, v, 100), 10, 1e-6);
	CHECK_NEAR(trend_eta(&view, v, 10000), -1, 0); /* further than ten times the time watched */
	end();
}

static void add_process(
	struct sample *s, int32_t pid, uint64_t start, uint64_t cpu_ms, const char *name)
{
	struct proc *p = table_add(&s->procs, sizeof *p);
	*p = (struct proc){.pid = pid,
		.ppid = 1,
		.start_ticks = start,
		.have = HAVE_STAT | HAVE_DELAY,
		.cpu_ns = cpu_ms * 1000000,
		.threads = 1,
		.state = 'S'};
	(void)snprintf(p->comm, sizeof p->comm, "%s", name);
}

static void processes(void)
{
	begin(3);
	for (unsigned i = 0; i < 3; i++) {
		struct sample *s = store_slot(&store);
		sample_reset(s);
		s->real_ns = s->mono_ns = (1 + i) * UINT64_C(1000000000);
		add_process(s, 10, 5, 1000 + i * 100, "stays");
		if (i < 2)
			add_process(s, 20, 6, i * 300, "ends");
		else
			add_process(s, 20, 900, 50, "reused"); /* the same pid, another process */
		if (i == 2)
			add_process(s, 30, 901, 70, "born");
		store_commit(&store);
	}
	CHECK_INT(view_open(&view, &store, 3), 0);
	CHECK_INT(view.nusages, 4);
	CHECK_NEAR(view_usage(&view, 10)->cpu_s, 0.2, 1e-9);
	CHECK_NEAR(view_usage(&view, 20)->cpu_s, 0.05, 1e-9);
	CHECK(view_usage(&view, 20)->born);
	CHECK_NEAR(view_usage(&view, 30)->cpu_s, 0.07, 1e-9);
	CHECK(view_usage(&view, 40) == NULL);
	CHECK_INT(view.nprograms, 4);
	CHECK_STR(view.programs[0].top->p->comm, "ends");
	CHECK_NEAR(view.programs[0].cpu_s, 0.3, 1e-9);
	end();
}

static void too_little(void)
{
	begin(2);
	CHECK_INT(view_open(&view, &store, 2), -ENODATA);
	end();
	CHECK_INT(store_init(&store, 1), -EINVAL);
	CHECK_INT(store_init(&store, STORE_MAX), -EINVAL);
}

int main(void)
{
	CHECK_INT(view_init(&view), 0);
	counters();
	shares_and_gauges();
	trends();
	processes();
	too_little();
	view_destroy(&view);
	return test_result("view");
}
