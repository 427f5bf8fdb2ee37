/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* psi_*: pressure stall information, since 4.20 (kernel/sched/psi.c): the time in which tasks
 * wanted to go on and could not. We keep `total` (microseconds, monotonic) and compute shares
 * ourselves; the avg fields are smoothed over 10 s and more. "some" means at least one task waited,
 * "full" that no task got anything done. A kernel may have it compiled in but off (boot with
 * psi=1): then the file is there and reading gives EOPNOTSUPP. cpu "full" exists since 5.13 and is
 * always 0 for the host. */
#include "collect/collect.h"

#include <errno.h>

static int psi(struct scan bytes, const struct out *o, int some, int full)
{
	struct scan line, word;
	int found = 0;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word))
			continue;
		int m = scan_is(word, "some") ? some : scan_is(word, "full") ? full : -1;
		while (m >= 0 && scan_word(&line, &word)) {
			struct scan number = {word.p + 6, word.end};
			uint64_t total;
			if (scan_starts(word, "total=") && scan_u64(&number, &total)) {
				out_plain(o, (enum metric)m, total);
				found++;
			}
		}
	}
	return found ? 0 : -EBADMSG;
}

int collect_psi_cpu(struct scan bytes, const struct out *o)
{
	return psi(bytes, o, M_PSI_CPU_SOME, M_PSI_CPU_FULL);
}

int collect_psi_memory(struct scan bytes, const struct out *o)
{
	return psi(bytes, o, M_PSI_MEMORY_SOME, M_PSI_MEMORY_FULL);
}

int collect_psi_io(struct scan bytes, const struct out *o)
{
	return psi(bytes, o, M_PSI_IO_SOME, M_PSI_IO_FULL);
}

int collect_psi_irq(struct scan bytes, const struct out *o)
{
	return psi(bytes, o, -1, M_PSI_IRQ_FULL);
}
