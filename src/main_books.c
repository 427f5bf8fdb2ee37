/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-books: asks servers what they know of themselves (decision 0012).
 *
 *     plimsoll-books run                                     started by plimsoll, with a socket as descriptor 3: asks all that it is told of
 *     plimsoll-books look                                    the same for some seconds: who kills it ends it
 *     plimsoll-books ask KIND PID [ADDRESS PORT | PATH]      asks one server once and prints its book */
#include "base/num.h"
#include "books/book.h"
#include "books/broker.h"
#include "books/conf.h"
#include "books/wanted.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

static int ask(int argc, char **argv)
{
	static struct book book;
	const struct book_kind *kind = argc > 3 ? book_kind_named(argv[2]) : NULL;
	if (!kind) {
		(void)fprintf(stderr,
			"plimsoll-books: ask: KIND PID [ADDRESS PORT | PATH] is expected\n");
		return EX_USAGE;
	}
	uint64_t pid = 0, port = 0;
	if (num_u64(argv[3], &pid) < 0 || pid > INT32_MAX ||
		(argc > 5 && (num_u64(argv[5], &port) < 0 || port > UINT16_MAX))) {
		(void)fprintf(stderr, "plimsoll-books: ask: a number is expected\n");
		return EX_USAGE;
	}
	struct book_target t = {.kind = kind->name, .pid = (int32_t)pid};
	(void)snprintf(t.root, sizeof t.root, "/proc/%d/root", t.pid);
	(void)snprintf(t.program, sizeof t.program, "%.*s", (int)strcspn(kind->programs, " "),
		kind->programs);
	if (argc > 5) {
		t.address.family =
			inet_pton(AF_INET, argv[4], t.address.bytes) == 1 ? AF_INET : AF_INET6;
		if (t.address.family == AF_INET6 &&
			inet_pton(AF_INET6, argv[4], t.address.bytes) != 1) {
			(void)fprintf(stderr, "plimsoll-books: ask: %s: an address is expected\n",
				argv[4]);
			return EX_USAGE;
		}
		t.port = (uint16_t)port;
	} else if (argc > 4) {
		(void)snprintf(t.path, sizeof t.path, "%s", argv[4]);
	}
	const struct book_kind loaded = book_kind_load(kind);
	int r = loaded.open(&t);
	t.unread = conf_unread();
	if (r < 0)
		(void)fprintf(stderr, "plimsoll-books: ask: %s: %s\n", argv[2], strerror(-r));
	loaded.ask(&t, false, &book);
	(void)fputs(book.text, stdout);
	return 0;
}

/* The other end of a socket that keeps messages apart: started by plimsoll, and by nobody at a terminal. */
static bool is_run(void)
{
	int type = 0;
	socklen_t len = sizeof type;
	return getsockopt(BOOKS_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	bool keep = argc == 2 && strcmp(argv[1], "run") == 0;
	if ((keep || (argc == 2 && strcmp(argv[1], "look") == 0)) && is_run()) {
		(void)fcntl(BOOKS_FD, F_SETFD, FD_CLOEXEC);
		int r = keep ? broker_keep(BOOKS_FD) : broker_look(BOOKS_FD);
		return r == 0 ? 0 : EX_OSERR;
	}
	if (argc > 1 && strcmp(argv[1], "ask") == 0)
		return ask(argc, argv);
	(void)fprintf(stderr, "plimsoll-books: it is started by plimsoll\n");
	return EX_USAGE;
}
