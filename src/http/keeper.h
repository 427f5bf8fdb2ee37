/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* keeper: the process that keeps the file of users and checks passwords. Who talks to strangers has no rights and never sees a hash of a
 * password; and what takes a tenth of a second of a CPU and 64 MiB holds up nobody there. It reads the file again when it changes, so
 * that whoever is removed is out within seconds, and it ends when its server does. */
#ifndef HTTP_KEEPER_H
#define HTTP_KEEPER_H

#include "http/secret.h"

struct keeper_ask {
	uint64_t id;
	char name[ACCOUNT_NAME], password[SECRET_PASSWORD];
};

struct keeper_say {
	uint64_t id;   /* of the question; 0: the accounts, as they are now */
	int32_t error; /* of reading them: a negative errno */
	uint32_t line;
	uint32_t good; /* was it the password? */
	struct accounts
		accounts; /* of a user the hash is only a mark of his password; sent only with id 0 */
};

/* secret_open() was called. Starts it, with the rights of the caller: before those are given up, and before the first thread. ret_fd: what it says comes as struct
 * keeper_say; first the accounts. 0 or a negative errno. */
int keeper_start(const char *path, int *ret_fd);
/* 0, or -EAGAIN when it has too much to do, or another negative errno. */
int keeper_ask(int fd, const struct keeper_ask *ask);
/* 1: *ret is what it says; 0: nothing now; -EPIPE: it has ended. keeper_first() waits for it. */
int keeper_hear(int fd, struct keeper_say *ret);
int keeper_first(int fd, struct keeper_say *ret);

#endif
