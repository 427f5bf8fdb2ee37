/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* episodes: what was wrong between two times of a recording: each trouble once, with its begin and end, and the moment
 * at which it was worst. */
#ifndef FINDING_EPISODES_H
#define FINDING_EPISODES_H

#include "finding/track.h"
#include "store/history.h"

struct episode {
	char id[17];
	char title[160], resource[160], rule[48];
	enum severity severity;      /* the worst it had */
	uint64_t since_ns, until_ns; /* until 0: it lasted when the span ended */
	uint64_t worst_ns;           /* a moment of that severity */
	char *recorded;           /* the finding as it was recorded then (JSON), or NULL; owned */
	const struct mute *muted; /* was at all times, see episodes_mute() */
};

struct episodes {
	struct episode *rows; /* most severe first, then the earliest; heap */
	size_t count, room;
	uint64_t looks;             /* how often the rules looked */
	uint64_t first_ns, last_ns; /* samples that were looked at */
};

/* Lets today's rules look at each second. `into`, with room for more than `window` samples, and the view are used for
 * it. 0, -ENODATA when the span has too few samples, -ENOMEM. */
int episodes_look(struct history *h, struct store *into, struct view *v, unsigned window,
	uint64_t from_ns, uint64_t to_ns, const char *only, struct verdicts *scratch,
	struct episodes *ret);
/* Takes what the recorder found at the time: for spans too long to look at each second, or whose seconds are gone. */
int episodes_recorded(struct history *h, uint64_t from_ns, uint64_t to_ns, const char *only,
	struct episodes *ret);
/* Marks those that somebody had muted for as long as they lasted in the span, and puts them behind the others. `m` must live as long. NULL: none. */
void episodes_mute(struct episodes *e, const struct mutes *m);
void episodes_free(struct episodes *e);

#endif
