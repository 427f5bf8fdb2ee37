/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* send: an answer on its way to a connection, with the headers that protect who looks at it. */
#ifndef HTTP_SEND_H
#define HTTP_SEND_H

#include "http/answer.h"

#include <microhttpd.h>

/* Takes the response, which may be NULL: then the connection is closed. */
enum MHD_Result send_response(struct MHD_Connection *c, struct MHD_Response *r, unsigned status,
	const char *type, const char *caching);
/* Copies the answer. */
enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a);
/* Takes the text of the answer: it may be long, and is not copied. */
enum MHD_Result send_own(struct MHD_Connection *c, struct answer *a);
enum MHD_Result send_error(struct MHD_Connection *c, unsigned status, const char *why);
/* What is wrong with the request itself. allow: the methods of this path. A person who is to log in (to: a page, or NULL) is led there. */
enum MHD_Result send_refusal(struct MHD_Connection *c, unsigned status, const char *allow,
	const char *to, const char *why);
/* Takes the document. cookie: a header Set-Cookie, or NULL. */
enum MHD_Result send_document(
	struct MHD_Connection *c, unsigned status, json_t *j, const char *cookie);
enum MHD_Result send_wait(struct MHD_Connection *c, unsigned seconds);

/* Large answers that several take, some of them slowly: each is there once, however many take it. */
enum { SHARED_ANSWERS = 8 };

struct shared {
	struct {
		struct MHD_Response *response;
		unsigned status;
		const char *text; /* of the response */
		size_t size;
	} rows[SHARED_ANSWERS];
	unsigned next;
};

enum MHD_Result send_shared(struct shared *s, struct MHD_Connection *c, const struct answer *a);
void shared_clear(struct shared *s);

#endif
