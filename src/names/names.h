/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* names: the process that knows names of addresses: from answers of DNS that passed by, else by asking. It reads what strangers
 * chose, so it has no rights: its own user, no file but those that say whom to ask, no system call but those for that. */
#ifndef NAMES_NAMES_H
#define NAMES_NAMES_H

/* Answers on this socket until its other end is closed. Returns the exit status. */
int names_run(int fd);

#endif
