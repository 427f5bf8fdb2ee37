/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/commands.h"
#include "role/probes.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int exec_companion(const char *name, char **argv)
{
	char path[COMPANION_PATH];
	(void)execv(companion_path(path, name), argv);
	return -errno;
}

int exec_net(char **argv)
{
	return exec_companion("plimsoll-net", argv);
}

int delegate(const struct options *o, char **argv)
{
	const char *name = o->command == COMMAND_SERVE || o->command == COMMAND_USER
				   ? "plimsoll-serve"
				   : "plimsoll-net";
	int r = exec_companion(name, argv);
	return complain(
		EX_UNAVAILABLE, "%s: %s: %s", command_info(o->command)->name, name, strerror(-r));
}
