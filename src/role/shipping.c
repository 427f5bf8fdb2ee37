/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* ship: the process that sends the store's series away. */
#include "fleet/ship.h"
#include "role/commands.h"
#include "role/paths.h"
#include "role/stop.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

static void say(const char *line)
{
	(void)fprintf(stderr, "plimsoll: ship: %s\n", line);
}

/* Answers of a receiver are a stranger's bytes: of root nothing remains but what its files allow it. */
static void give_up_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		(void)complain(0, "ship: goes on with the rights it was started with: %s",
			strerror(errno));
}

int command_ship(struct options *o)
{
	char store[4096];
	const char *url = o->argument ? o->argument : getenv(SHIP_URL);
	if (!url)
		return complain(EX_USAGE, "ship: the URL of a receiver is missing, as "
					  "http://metrics:9090/api/v1/write");
	const char *problem = ship_url_problem(url);
	if (problem)
		return complain(EX_USAGE, "ship: %s", problem);
	if (store_path(o, store, sizeof store) < 0)
		return complain(EX_USAGE, "ship: --store: the path is too long");
	stop_catch(0);
	(void)setpriority(PRIO_PROCESS, 0, 10); /* the recorder goes first */
	give_up_rights();
	const struct ship_settings settings = {.say = say};
	return ship_run(store, url, &settings, &stop_requested);
}
