/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* broker: keeps a process for each server that is wanted (asker.h), has it ask at its time, ends it when it does not keep its time, and passes its
 * books on. It reads nothing of what a server wrote but the first line of a book. */
#ifndef BOOKS_BROKER_H
#define BOOKS_BROKER_H

/* Until the other end of the socket is closed, which answers 0; else a negative errno. */
int broker_run(int socket);
/* The same, beginning anew when it was killed. Closes all descriptors above the socket, as the next one does. */
int broker_keep(int socket);
/* The same as broker_run(). */
int broker_look(int socket);

#endif
