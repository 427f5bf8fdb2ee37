/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* clock: the only file that reads the clock. Times are nanoseconds: real since 1970, mono
 * since boot (it stops in suspend). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_real_ns(void);
uint64_t clock_mono_ns(void);
/* What this process used of the CPUs. */
uint64_t clock_cpu_ns(void);
/* Sleeps until the monotonic time; signals that are blocked otherwise come through here, and end it early (-EINTR). */
int clock_sleep_until(uint64_t mono_ns);

#endif
