/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* proxy: what a proxy tells of each backend that it passes requests to, as numbers "WHAT/BACKEND" of its book (books/book.h). "-" is the one backend of a
 * server that tells of no names. Texts live in the view's scratch memory. */
#ifndef RULES_PROXY_H
#define RULES_PROXY_H

#include "ledger/servers.h"
#include "rules/verdict.h"

/* The number in the last sample; false and 0 where there is none. */
bool proxy_told(struct view *v, const struct server_book *b, const char *what, const char *proxy,
	double *ret);
/* Steps through the backends of which it tells this; NULL behind the last. *at begins with 0. */
const char *proxy_next(struct view *v, const struct server_book *b, const char *what, uint32_t *at);
/* Calls judge() for each server that tells this, and each backend of which it does. */
void proxy_each(struct view *v, struct verdicts *out, const char *what,
	void (*judge)(struct view *v, struct verdicts *out, const struct server_book *b,
		const char *proxy));
/* What the reader of the server's log wrote down under this word, the rank-th from 0 on; NULL. */
const struct server_slot *proxy_noted(
	const struct view *v, const struct server_book *b, const char *who, unsigned rank);
/* "haproxy/shop", or the server alone. */
const char *proxy_place(struct view *v, const struct server_book *b, const char *proxy);
/* The backend as a culprit; where it has no name, the servers behind this one. */
void proxy_blame(struct view *v, struct verdict *f, const struct server_book *b, const char *proxy,
	const char *why);
/* The largest timer of this name that is no longer than what was seen, else the smallest; milliseconds, 0: none is known. */
double proxy_timer(struct view *v, const struct server_book *b, const char *what, double life_ms);
/* "3 s", "1500 ms" */
const char *proxy_span(struct view *v, double ms);
/* The name for people: "" for "-". */
const char *proxy_called(const char *proxy);
/* A warning about the server, which n requests or connections had to bear; NULL where there is no room for it. */
struct verdict *proxy_verdict(struct view *v, struct verdicts *out, const struct server_book *b,
	enum finding_state state, const char *instance, double n);

#endif
