/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* stop: the signals that ask a command to end. */
#ifndef ROLE_STOP_H
#define ROLE_STOP_H

#include <signal.h>

enum stop_how {
	STOP_WHILE_WAITING =
		1, /* they come while we sleep or wait (clock_sleep_until(), ppoll()) and only then: no sample is cut */
	STOP_ON_HANGUP = 2, /* SIGHUP asks for the end too */
};

/* Becomes 1 when the end was asked for, and stays so. */
extern volatile sig_atomic_t stop_requested;

/* SIGINT and SIGTERM ask for the end from now on, and a closed pipe is an error of write(). how: any of the above. */
void stop_catch(unsigned how);

#endif
