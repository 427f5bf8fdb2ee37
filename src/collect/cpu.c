/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* stat: where the processors' time went, and what wants to run.
 *
 * /proc/stat, written by fs/proc/stat.c. The line "cpu" adds up all CPUs, "cpuN" are those online
 * at this moment: with hotplug they come and go, and their counters continue. Times are in 1/100 s.
 * Guest time is already inside user and nice. iowait is idle time: a hint and no measure (it
 * belongs to the CPU on which the waiting task last ran, and it may step back by a tick).
 * procs_blocked counts tasks in I/O wait (D with in_iowait), procs_running those on a run queue,
 * ourselves included. */
#include "collect/collect.h"

#include <errno.h>

static bool cpu_line(struct scan line, const struct out *o, uint32_t instance)
{
	static const enum metric columns[] = {M_CPU_USER, M_CPU_NICE, M_CPU_SYSTEM, M_CPU_IDLE,
		M_CPU_IOWAIT, M_CPU_IRQ, M_CPU_SOFTIRQ, M_CPU_STEAL, M_CPU_GUEST};
	uint64_t v[COUNTOF(columns)], busy = 0;
	size_t n = 0;
	while (n < COUNTOF(columns) && scan_u64(&line, &v[n]))
		n++;
	if (n < 4) /* before 2.6 there were four; fewer is no cpu line */
		return false;
	for (size_t i = 0; i < n; i++) {
		out_value(o, columns[i], instance, v[i]);
		if (columns[i] != M_CPU_IDLE && columns[i] != M_CPU_IOWAIT &&
			columns[i] != M_CPU_GUEST)
			busy += v[i];
	}
	out_value(o, M_CPU_BUSY, instance, busy);
	return true;
}

int collect_stat(struct scan bytes, const struct out *o)
{
	static const struct keyed keys[] = {
		{"ctxt", M_CTXT},
		{"processes", M_FORKS},
		{"intr", M_INTERRUPTS},
		{"procs_running", M_PROCS_RUNNING},
		{"procs_blocked", M_PROCS_BLOCKED},
		{"btime", M_BOOT_TIME},
	};
	struct scan rest = bytes, line, word;
	uint64_t online = 0;
	bool any = false;
	while (scan_line(&rest, &line) && scan_word(&line, &word) && scan_starts(word, "cpu")) {
		struct scan number = {word.p + 3, word.end};
		bool ok = cpu_line(line, o, scan_len(number) ? out_instance(o, number) : 0);
		any = any || ok;
		online += ok && scan_len(number);
	}
	if (!any)
		return -EBADMSG;
	out_plain(o, M_CPU_ONLINE, online);
	collect_keyed(bytes, o, keys, COUNTOF(keys));
	return 0;
}

/* "0.31 0.20 0.11 2/415 12345": the fourth field is runnable / existing tasks; threads count. */
int collect_loadavg(struct scan bytes, const struct out *o)
{
	struct scan word;
	uint64_t whole, hundredths, running, tasks;
	if (!scan_u64(&bytes, &whole) || !scan_skip(&bytes, '.') ||
		!scan_u64(&bytes, &hundredths) || hundredths > 99)
		return -EBADMSG;
	out_plain(o, M_LOAD1, whole * 100 + hundredths);
	if (scan_word(&bytes, &word) && scan_word(&bytes, &word) && scan_u64(&bytes, &running) &&
		scan_skip(&bytes, '/') && scan_u64(&bytes, &tasks))
		out_plain(o, M_TASKS, tasks);
	return 0;
}
