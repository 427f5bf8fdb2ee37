/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* recv: the one that libraries call too. libpq and libmariadb read into a buffer that grows as the server wants, and go on as long as there are
 * bytes: the ceiling and the deadline of an asking would be theirs to keep, and they know of none. A symbol of the executable comes before that
 * of the C library, so here they end for them as for us. Outside of an asking it is plain recv(). */
#undef _FORTIFY_SOURCE /* its recv() is inline */
#include "books/line.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/socket.h>

static uint64_t until_ns; /* 0: not in an asking */
static size_t received;

void line_count(uint64_t until, bool anew)
{
	until_ns = until;
	if (anew)
		received = 0;
}

size_t line_received(void)
{
	return received;
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	if (until_ns && (received > BOOK_ANSWER || clock_mono_ns() > until_ns)) {
		errno = ECONNABORTED;
		return -1;
	}
	ssize_t got = recvfrom(fd, buf, n, flags, NULL, NULL);
	if (until_ns && got > 0 && !(flags & MSG_PEEK))
		received += (size_t)got;
	return got;
}
