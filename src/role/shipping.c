/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* ship: the process that sends the store's series away. */
#include "fleet/ship.h"
#include "role/commands.h"
#include "role/paths.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sysexits.h>

static volatile sig_atomic_t stop_requested;

static void request_stop(int sig)
{
	(void)sig;
	stop_requested = 1;
}

static void say(const char *line)
{
	(void)fprintf(stderr, "plimsoll: ship: %s\n", line);
}

int command_ship(struct options *o)
{
	char store[4096];
	if (!o->argument)
		return complain(EX_USAGE, "ship: the URL of a receiver is missing, as "
					  "http://metrics:9090/api/v1/write");
	const char *problem = ship_url_problem(o->argument);
	if (problem)
		return complain(EX_USAGE, "ship: %s", problem);
	if (store_path(o, store, sizeof store) < 0)
		return complain(EX_USAGE, "ship: --store: the path is too long");
	const struct sigaction sa = {.sa_handler = request_stop};
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setpriority(PRIO_PROCESS, 0, 10); /* the recorder goes first */
	const struct ship_settings settings = {.say = say};
	return ship_run(store, o->argument, &settings, &stop_requested);
}
