/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/stop.h"

#include <stddef.h>

volatile sig_atomic_t stop_requested;

static void request_stop(int sig)
{
	(void)sig;
	stop_requested = 1;
}

void stop_catch(unsigned how)
{
	const struct sigaction sa = {.sa_handler = request_stop};
	const int asking[] = {SIGINT, SIGTERM, SIGHUP};
	size_t n = how & STOP_ON_HANGUP ? 3 : 2;
	sigset_t ends;
	(void)sigemptyset(&ends);
	for (size_t i = 0; i < n; i++)
		(void)sigaddset(&ends, asking[i]);
	if (how & STOP_WHILE_WAITING)
		(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	for (size_t i = 0; i < n; i++)
		(void)sigaction(asking[i], &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}
