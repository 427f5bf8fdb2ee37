/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* clock: the only file that reads the clock. Times are nanoseconds: real since 1970, mono
 * since boot (it stops in suspend). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_real_ns(void);
uint64_t clock_mono_ns(void);
/* CPU time of the calling thread: what work cost, however busy the machine is. */
uint64_t clock_thread_ns(void);
/* Sleeps until the monotonic time; signals that are blocked otherwise come through here, and end it early (-EINTR). */
int clock_sleep_until(uint64_t mono_ns);

#endif
