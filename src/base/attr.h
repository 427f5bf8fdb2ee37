/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The GNU attributes this project uses, and the two scope-bound clean-ups. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED            __attribute__((unused))
#define COUNTOF(a)        (sizeof(a) / sizeof((a)[0]))

static inline void attr_close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void attr_free(void *p)
{
	free(*(void **)p);
}

#define AUTO_FD   __attribute__((cleanup(attr_close_fd)))
#define AUTO_FREE __attribute__((cleanup(attr_free)))

#endif
