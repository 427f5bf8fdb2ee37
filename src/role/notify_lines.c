/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/notify_lines.h"

#include "role/options.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int notify_lines(const char *lines, struct target *targets, size_t *ret_n)
{
	char line[TARGET_TEXT + 1], problem[160];
	*ret_n = 0;
	for (unsigned number = 1; *lines; number++) {
		size_t len = strcspn(lines, "\n");
		(void)snprintf(line, sizeof line, "%.*s",
			(int)(len < TARGET_TEXT ? len : TARGET_TEXT), lines);
		lines += len + (lines[len] == '\n');
		if (*ret_n == TARGETS_MAX)
			return complain(EX_CONFIG, "notify: more than %d targets", TARGETS_MAX);
		if (target_parse(line, &targets[*ret_n], problem) < 0)
			return complain(EX_CONFIG, "notify: target %u: %s (plimsoll.conf(5))",
				number, problem);
		targets[*ret_n].place = (unsigned)*ret_n;
		++*ret_n;
		for (size_t i = 0; i + 1 < *ret_n; i++)
			if (targets[i].key == targets[*ret_n - 1].key)
				return complain(
					EX_CONFIG, "notify: target %u: stands there twice", number);
	}
	return 0;
}
