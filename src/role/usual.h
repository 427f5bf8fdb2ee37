/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* usual: gives the view what was usual at its hour. */
#ifndef ROLE_USUAL_H
#define ROLE_USUAL_H

#include "role/session.h"

/* Of the recording that this session looks at, if there is one: for a moment of it. Reads it at once, some tenths of a second for a long
 * one; a second call for the same hour does nothing. True when the view has one now that it did not have before. */
bool usual_load(struct session *s, uint64_t at_ns);

struct usual_feed;

/* For the recorder, which reads no file: a process reads the store once an hour and hands over what it found. usual_feed_round() is called
 * between two samples, never blocks, and gives the view the newest one. Once an hour it takes some bytes from the heap, and gives them back. NULL: no memory. */
struct usual_feed *usual_feed_new(const char *store);
void usual_feed_round(struct usual_feed *u, struct view *v);
void usual_feed_end(struct usual_feed *u);

#endif
