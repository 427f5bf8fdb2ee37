/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include <stdint.h>

/* Something to be remembered with a time: a finding that opened, changed or closed. Texts belong to
 * the caller. */
struct event {
	uint64_t real_ns;
	const char *
		kind; /* "open", "change", "close"; "start": a recorder begins, and knows of nothing that is open */
	const char *id;   /* what it is about */
	const char *text; /* JSON */
};

#endif
