/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk: who sent and received, as a table and as JSON. */
#ifndef SHOW_TALK_H
#define SHOW_TALK_H

#include "ledger/talk.h"
#include "show/show.h"

struct talk_view {
	const struct talk *talk;
	const struct talk_rows *rows;
	enum talk_by by;
	size_t limit; /* rows that are shown; SIZE_MAX: all */
	/* What an address is called, or NULL. */
	const struct talk_name *(*name)(void *ctx, const struct address *a);
	void *ctx;
};

/* -ENOMEM. */
int show_talk(FILE *f, struct style st, const struct talk_view *v);
json_t *json_talk(const struct talk_view *v);

#endif
