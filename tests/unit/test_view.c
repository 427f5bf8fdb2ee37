/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Counters that reset and wrap, trends that carry and that fade, processes that come and go. */
#include "rules/verdict.h"
#include "test.h"

#include <errno.h>
#include <math.h>

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

/* Six samples of a second, as `check` sees them: how long to a limit of 100, as the rules ask. */
static double forecast_of(const double *y)
{
	const double t[] = {0, 1, 2, 3, 4, 5};
	const struct view five = {.seconds = 5};
	return forecast(&five, trend_fit(t, y, 6), y[5], 100);
}

/* The same shapes in a minute, 61 samples. */
static struct trend minute(double (*shape)(double t))
{
	double t[61], y[61];
	for (unsigned i = 0; i <= 60; i++) {
		t[i] = i;
		y[i] = shape(i);
	}
	return trend_fit(t, y, 61);
}

static double line(double t)
{
	return 40 + t / 2;
}

/* Small and without order, always the same. */
static double jitter(double t)
{
	unsigned x = (unsigned)t * 2654435761u;
	return (double)(x >> 16 & 255) / 255 - 0.5;
}

static double noisy_line(double t)
{
	return line(t) + jitter(t) * 0.4;
}

static double noise(double t)
{
	return 60 + 10 * jitter(t);
}

static double saturating(double t)
{
	return 80 * (1 - exp(-t / 20));
}

static double fading(double t)
{
	return 50 + 40 * (1 - exp(-t / 60));
}

static double teeth(double t)
{
	return 50 + fmod(t, 12);
}

static double one_step(double t)
{
	return t < 30 ? 40 : 70;
}

static double late_ramp(double t)
{
	return t < 20 ? 10 : 10 + (t - 20);
}

static double ended_ramp(double t)
{
	return t < 40 ? 10 + t : 50;
}

static double doubling(double t)
{
	return 20 * pow(2, t / 30);
}

static void shapes(void)
{
	const struct view watched = {.seconds = 60};
	CHECK_NEAR(forecast_of((double[]){40, 45, 50, 55, 60, 65}), 7, 1e-9);    /* a line */
	CHECK_NEAR(forecast_of((double[]){41, 45, 50.5, 55, 59.5, 65}), 7, 0.5); /* with noise */
	CHECK_NEAR(forecast_of((double[]){40, 43, 47, 52, 58, 65}), 7, 0.1); /* faster and faster */
	CHECK_NEAR(forecast_of((double[]){2, 2, 16, 34, 50, 60}), -1, 0); /* began in the window */
	CHECK_NEAR(forecast_of((double[]){2, 9, 25, 41, 57, 73}), -1, 0);
	CHECK_NEAR(forecast_of((double[]){5, 17, 29, 41, 53, 65}), -1, 0);  /* just before it */
	CHECK_NEAR(forecast_of((double[]){16, 32, 48, 64, 70, 70}), -1, 0); /* all are there */
	CHECK_NEAR(forecast_of((double[]){40, 48, 56, 64, 72, 74}), -1, 0);
	CHECK_NEAR(forecast_of((double[]){40, 50, 58, 64, 69, 73}), -1, 0); /* fades */
	CHECK_NEAR(forecast_of((double[]){65, 40, 47, 54, 61, 68}), -1, 0); /* saw-tooth */
	CHECK_NEAR(forecast_of((double[]){40, 50, 60, 70, 45, 55}), -1, 0);
	CHECK_NEAR(forecast_of((double[]){40, 40, 40, 65, 65, 65}), -1, 0); /* a step */
	CHECK_NEAR(forecast_of((double[]){40, 41, 42, 63, 64, 65}), -1, 0); /* in a slow line */
	CHECK_NEAR(forecast_of((double[]){60, 64, 61, 65, 62, 66}), -1, 0); /* noise */
	CHECK_NEAR(forecast_of((double[]){5, 10, 15, 20, 25, 30}), -1, 0);  /* far from it */

	CHECK_NEAR(trend_eta(&watched, minute(line), 30), 60, 1e-6);
	CHECK_NEAR(trend_eta(&watched, minute(noisy_line), 30), 60, 2);
	CHECK(!minute(noise).steady);
	CHECK(!minute(saturating).steady);
	CHECK(!minute(teeth).steady);
	CHECK(!minute(one_step).steady);
	CHECK(!minute(late_ramp).steady);
	CHECK(!minute(ended_ramp).steady);
	CHECK(minute(doubling).steady);
	/* At the end 75.3 and 14.7 to come, of which it never sees the last: 5 are used up when 9.7 are left, after 60 ln(14.7 / 9.7). */
	CHECK(minute(fading).fade_s > 0);
	CHECK_NEAR(trend_eta(&watched, minute(fading), 5), 25, 2);
	CHECK_NEAR(trend_eta(&watched, minute(fading), 16), -1, 0);
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
	shapes();
	processes();
	too_little();
	view_destroy(&view);
	return test_result("view");
}
