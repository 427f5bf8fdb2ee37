/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* post: one remote write request over HTTP, and what to do about its answer. */
#ifndef FLEET_POST_H
#define FLEET_POST_H

#include "fleet/remote_write.h"

#include <signal.h>

/* NULL when a URL can be sent to; otherwise a sentence that says what is wrong, without the URL. */
const char *post_url_problem(const char *url);
/* The URL without user, password and query, for people. Returns buf. */
char *post_url_shown(char *buf, size_t size, const char *url);

struct post_answer {
	long status;    /* of HTTP, 0: there was no answer */
	bool written;   /* X-Prometheus-Remote-Write-Samples-Written is there */
	double retry_s; /* Retry-After, 0 when there is none */
	char why[200];  /* begin of the body, or what failed; printable */
};

enum post_verdict {
	POST_DONE,
	POST_RETRY,   /* the same once more, later */
	POST_REFUSED, /* never again: what was sent is stored already, or not wanted */
	POST_SPEAK_1, /* the same at once, as version 1.0 */
};

/* proved: the receiver has taken a request of this version before. Receivers that know only 1.0 answer
 * to 2.0 with 415, with 400, or with 204 after storing nothing at all: only the header tells those that
 * know 2.0. */
enum post_verdict post_judge(enum remote_version version, bool proved, const struct post_answer *a);

/* How long to wait after the n-th failure in a row (from 1): 1 s doubled up to 60 s, and up to a quarter
 * more by chance (any number), so that not all hosts come back at once. An answer that asks for longer
 * gets it, up to an hour. */
uint64_t post_backoff_ns(unsigned failures, double retry_s, uint32_t chance);

struct post;

/* stop: when it is set, a request in flight gets three more seconds. 0 or -ENOMEM. */
int post_open(
	const char *url, uint64_t timeout_ns, const volatile sig_atomic_t *stop, struct post **ret);
void post_close(struct post *p);
void post_send(struct post *p, enum remote_version version, const void *body, size_t n,
	struct post_answer *ret);

#endif
