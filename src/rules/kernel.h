/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* kernel: lines of the kernel's own log. */
#ifndef RULES_KERNEL_H
#define RULES_KERNEL_H

#include "rules/verdict.h"

struct kernel_line {
	char text[KLOG_TEXT + 1];
	uint64_t at_ns;
	unsigned count; /* of this kind in the window */
};

/* The first line that `wanted` takes, and how many there are; lines that were logged before the window began count only with `old`: those of the last
 * minutes. */
bool kernel_said(
	const struct view *v, bool old, bool (*wanted)(const char *text), struct kernel_line *ret);

#endif
