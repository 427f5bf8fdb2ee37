/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* track: findings over time. One opens when it was seen in two looks running (at once when
 * something is refused now; a mild one when it was seen for as long as its rule says, less a
 * quarter of the time in which it was not; a forecast in half of the time that it leaves), and closes when it was absent for a while, so that one trouble is one
 * finding and nothing flaps. */
#ifndef FINDING_TRACK_H
#define FINDING_TRACK_H

#include "finding/finding.h"

enum { TRACK_MAX = 256, TRACK_SETTLES_S = 30 }; /* the longest settle_s */

enum track_event { TRACK_OPEN, TRACK_CHANGE, TRACK_CLOSE };

struct tracked {
	char id[17];
	char title[160], resource[160];
	enum severity severity;
	enum finding_state state;
	uint64_t since_ns, last_ns; /* as it told when it was first seen; last seen */
	uint64_t
		shown_ns; /* until it opens: how long it was seen, less a part of how long it was not */
	unsigned seen; /* looks running; an open one's do not count */
	bool open;
};

struct track {
	struct tracked rows[TRACK_MAX];
	size_t count;
	uint64_t hold_ns; /* absent for so long: closed */
	uint64_t look_ns; /* the last look, 0 */
};

/* Tells each() of what began, changed or ended since the last call. f is NULL on TRACK_CLOSE. Notes
 * are left out. */
void track_update(struct track *t, struct view *v, const struct findings *fs,
	void (*each)(void *ctx, enum track_event event, const struct tracked *row,
		const struct verdict *f),
	void *ctx);
const char *track_event_name(enum track_event e);

#endif
