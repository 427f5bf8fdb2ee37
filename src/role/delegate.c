/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/commands.h"
#include "role/probes.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int delegate(const struct options *o, char **argv)
{
	char path[COMPANION_PATH];
	(void)execv(companion_path(path, "plimsoll-net"), argv);
	return complain(EX_UNAVAILABLE, "%s: %s: %s", command_info(o->command)->name, path,
		strerror(errno));
}
