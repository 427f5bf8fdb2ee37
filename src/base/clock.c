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

int clock_sleep_until(uint64_t mono_ns)
{
	sigset_t none;
	(void)sigemptyset(&none);
	for (;;) {
		uint64_t now = clock_mono_ns();
		if (now >= mono_ns)
			return 0;
		struct timespec left = {.tv_sec = (time_t)((mono_ns - now) / NS_PER_S),
			.tv_nsec = (long)((mono_ns - now) % NS_PER_S)};
		if (ppoll(NULL, 0, &left, &none) < 0)
			return -errno;
	}
}
