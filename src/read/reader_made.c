/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What is no file that one reads from its beginning, and is given as one: the state of the kernel's clock (a system call) and what the
 * kernel logged since the last read (a device that gives a record for each read). In a recorded tree both are files. */
#include "read/reader.h"

#include "read/reader_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

enum {
	KMSG_RECORD = 8192, /* the longest record: less room and the kernel answers EINVAL */
	KMSG_FIRST =
		16384,    /* records of the first read, which gets all that the kernel still has */
	KMSG_READ = 1024, /* of any other */
	KMSG_MAJOR = 1,
	KMSG_MINOR = 11,
};

static ssize_t made_timex(void *buf, size_t size)
{
	struct timex t = {.modes = 0}; /* asks, and sets nothing */
	int state = adjtimex(&t);
	if (state < 0)
		return -errno;
	int n = snprintf(buf, size,
		"state %d\nstatus %d\noffset %lld\nfreq %lld\nmaxerror %lld\nesterror %lld\n",
		state, t.status, (long long)t.offset, (long long)t.freq, (long long)t.maxerror,
		(long long)t.esterror);
	return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}

/* In a container /dev/kmsg may be a link to the console: what is read there would be somebody's typing. */
static int open_kmsg(struct reader *r)
{
	struct stat st;
	int fd = openat(r->root_fd, "dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &st) < 0 ? errno : 0;
	if (!error && (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(KMSG_MAJOR, KMSG_MINOR)))
		error = ENODEV;
	if (!error)
		return fd;
	(void)close(fd);
	return -error;
}

/* EPIPE says that records were overwritten before they were read, and the next read goes on behind them: the numbers of the records tell how
 * many. */
static ssize_t made_kmsg(struct reader *r, struct kept *kept, char *buf, size_t size)
{
	bool first = kept->fd < 0;
	if (first) {
		int fd = open_kmsg(r);
		if (fd < 0)
			return fd;
		kept->fd = fd;
	}
	size_t at = 0;
	for (unsigned i = 0; i < (first ? KMSG_FIRST : KMSG_READ) && size - at > KMSG_RECORD; i++) {
		int fault = reader_may();
		ssize_t n = fault ? fault : read(kept->fd, buf + at, size - at - 1);
		int error = fault ? -fault : n < 0 ? errno : 0;
		if (error == EINTR || error == EPIPE)
			continue;
		if (error == EAGAIN || (n == 0 && !error))
			break;
		if (error) {
			(void)close(kept->fd);
			kept->fd = -1;
			return at ? (ssize_t)at : -error;
		}
		at += (size_t)n;
		if (buf[at - 1] != '\n')
			buf[at++] = '\n';
	}
	return (ssize_t)at;
}

bool reader_made(
	struct reader *r, const char *path, struct kept *kept, void *buf, size_t size, ssize_t *ret)
{
	bool clock = strcmp(path, "timex") == 0, log = strcmp(path, "kmsg") == 0;
	if (!clock && !log)
		return false;
	int fault = reader_may();
	if (fault)
		*ret = fault;
	else if (clock)
		*ret = made_timex(buf, size);
	else
		*ret = kept ? made_kmsg(r, kept, buf, size) : -EINVAL;
	return true;
}
