/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;
	if (clock_gettime(id, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_real_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int clock_sleep_until(uint64_t mono_ns)
{
	sigset_t none;
	(void)sigemptyset(&none);
	for (;;) {
		uint64_t now = clock_mono_ns(), rest = mono_ns > now ? mono_ns - now : 0;
		struct timespec left = {
			.tv_sec = (time_t)(rest / NS_PER_S), .tv_nsec = (long)(rest % NS_PER_S)};
		/* Also without a rest: who is always late would never hear a signal. */
		if (ppoll(NULL, 0, &left, &none) < 0)
			return -errno;
		if (rest == 0)
			return 0;
	}
}
