/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* live: the events of each second (/api/v1/live), and those who follow them. */
#ifndef HTTP_LIVE_H
#define HTTP_LIVE_H

#include "http/api.h"
#include "http/gate.h"
#include "http/peers.h"

enum { LIVE_FOLLOWERS = 32, LIVE_BYTES = 2048 };

struct follower;

struct live {
	struct api *api;
	struct gate *gate;
	struct peers *peers;
	struct follower *first;
	unsigned n;
	char event[LIVE_BYTES];
	size_t size;
	uint64_t number;
};

/* From now on this one follows. */
enum MHD_Result live_send(struct live *l, struct peer *p, const char *method);
/* Each second: an event for all, and the end for those who are logged out. */
void live_tell(struct live *l);

#endif
