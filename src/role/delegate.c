/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/commands.h"
#include "role/probes.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int exec_net(char **argv)
{
	char path[COMPANION_PATH];
	(void)execv(companion_path(path, "plimsoll-net"), argv);
	return -errno;
}

int delegate(const struct options *o, char **argv)
{
	int r = exec_net(argv);
	return complain(EX_UNAVAILABLE, "%s: plimsoll-net: %s", command_info(o->command)->name,
		strerror(-r));
}
