/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* notify: what a service manager wants to hear (sd_notify(3)): one datagram to the socket it named. Its own library
 * would cost the recorder more memory than all of its samples. */
#ifndef ROLE_NOTIFY_H
#define ROLE_NOTIFY_H

#include <stdbool.h>

/* "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..."; nothing happens where nobody listens. */
void notify_manager(const char *state);
/* Does it expect WATCHDOG=1 of this process? */
bool notify_watchdog(void);

#endif
