/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* news: what one target is still to be told. The recorder's events go in, in the order of writing, also several times; what comes out
 * is what a person wants: that something opened, grew worse than was told, or is over. No I/O and no clock. */
#ifndef FLEET_NEWS_H
#define FLEET_NEWS_H

#include "fleet/target.h"
#include "store/event.h"
#include "store/mutes.h"

#include <stdio.h>

enum { NEWS_MAX = 256, NEWS_SENT_MAX = 1000 };

enum news_kind { NEWS_NONE, NEWS_OPEN, NEWS_WORSE, NEWS_PASSED, NEWS_CLOSE };

struct news_item {
	char id[17];
	char title[160], resource[160], rule[64], severity[12], state[12];
	uint64_t since_ns; /* as the finding says; 0: not known */
	uint64_t event_ns; /* when the recorder told of it first */
	uint64_t over_ns;  /* when it closed, 0: it is open */
	unsigned rank, worst,
		told;   /* how bad it is, was at most, and was told to be; told 0: never */
	bool confirmed; /* by the recorder that runs now */
	bool vanished;  /* no recorder said that it is over: a later one does not see it */
	uint64_t
		news_ns; /* when there was something to tell first, by the caller's clock; 0: nothing */
	char *text; /* JSON of the last event that has the finding; NULL when not read again yet */
};

struct news {
	const struct target *target;
	struct news_item items[NEWS_MAX];
	size_t count;
	uint64_t read_ns;    /* time of the last event taken */
	uint64_t known_ns;   /* up to here all that is not among the items is settled */
	uint64_t confirm_ns; /* items that are not confirmed by then are over; 0: all are */
	uint64_t dropped;    /* findings beyond NEWS_MAX, since the last message */
	uint64_t sent_ns[NEWS_SENT_MAX]; /* times of the last messages, oldest first */
	unsigned nsent;
};

void news_init(struct news *n, const struct target *t);
void news_destroy(struct news *n);

/* 0 or -ENOMEM. An event whose text is not understood is left out. */
int news_take(struct news *n, const struct event *e);
/* A sample of this time was seen: what a new recorder has not confirmed by then is over. */
void news_pass(struct news *n, uint64_t real_ns);

/* What is to be told of this item now. */
enum news_kind news_of(
	const struct news *n, const struct news_item *i, const struct mutes *m, uint64_t now_ns);
void news_forget(struct news *n, struct news_item *i);
bool news_muted(const struct news_item *i, const struct mutes *m, uint64_t at_ns);
/* Looks at all items: how many there is something to tell of, and since when (now_ns for those that are new; 0: nothing). Forgets those that nobody needs
 * to hear of any more. */
size_t news_due(struct news *n, const struct mutes *m, uint64_t now_ns, uint64_t *ret_since_ns);

/* May a message go to people now? Otherwise *ret_at_ns says when. */
bool news_may_send(struct news *n, uint64_t now_ns, uint64_t *ret_at_ns);
void news_note_sent(struct news *n, uint64_t now_ns);
/* It was told: as this kind, and as bad as that. */
void news_told(struct news *n, const char *id, enum news_kind kind, unsigned rank);

/* State that outlives the process. news_load() of what is not understood leaves *n as it is and answers -EBADMSG. The events from
 * *ret_resume_ns on are to be taken again then. */
int news_save(const struct news *n, FILE *f);
int news_load(struct news *n, FILE *f, uint64_t *ret_resume_ns);

#endif
