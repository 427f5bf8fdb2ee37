/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* api: what is answered to a request, as bytes; it knows nothing of connections. All of it comes
 * from the store. What is asked about the present stands on one window that is read at most once a
 * second, and its texts are kept until there is a newer sample: ten clients cost what one costs. */
#ifndef HTTP_API_H
#define HTTP_API_H

#include "http/answer.h"
#include "http/window.h"

typedef void answer_fn(struct window *w, const struct params *p, struct answer *ret);

enum route_place {
	ROUTE_PRESENT, /* of the newest sample, made anew for each request: it is cheap */
	ROUTE_KEPT,    /* of the newest sample, and kept; in the archive when a time is given */
	ROUTE_ARCHIVE, /* of a span of time */
	ROUTE_FRESH,   /* of the newest sample, and kept while that is of now */
	ROUTE_FIXED,   /* of no sample: it does not change while the program runs */
};

struct route {
	const char *path; /* a '*' stands for one part between slashes */
	answer_fn *answer;
	enum route_place place;
	bool form; /* the arguments may come as a form, by POST */
};

/* Row i, NULL behind the last. */
const struct route *route_at(size_t i);
const struct route *route_find(const char *path);
/* What the path has where the route has its '*', into p->part; it was found by route_find(). */
void route_part(const struct route *r, const char *path, struct params *p);
/* Is it for route_past(), which may take long? */
bool route_is_past(const struct route *r, const struct params *p);
/* Answers from the recorded past, through a window of the caller's own thread. */
void route_past(
	const struct route *r, struct window *w, const struct params *p, struct answer *ret);

/* The present: one for all clients, used by one thread. */
struct api;

int api_open(const char *store, struct api **ret);
void api_close(struct api *a);
/* The answer belongs to the api and stands until its next call. */
const struct answer *api_present(struct api *a, const struct route *r, const struct params *p);
/* The sample summary of /api/v1/live, one JSON document without a newline. Returns its length,
 * 0 when it does not fit. */
size_t api_summary(struct api *a, char *buf, size_t size);

#endif
