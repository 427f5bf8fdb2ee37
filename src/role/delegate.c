/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char name[] = "plimsoll-net";

/* Beside this program, as in a build folder; else where it is installed. */
int exec_net(char **argv)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof name - 1);
	path[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash + 1, name, sizeof name);
		(void)execv(path, argv);
	}
	(void)snprintf(path, sizeof path, "%s/%s", PLIMSOLL_LIBEXEC, name);
	(void)execv(path, argv);
	return -errno;
}

int delegate(const struct options *o, char **argv)
{
	int r = exec_net(argv);
	return complain(EX_UNAVAILABLE, "%s: %s/%s: %s", command_info(o->command)->name,
		PLIMSOLL_LIBEXEC, name, strerror(-r));
}
