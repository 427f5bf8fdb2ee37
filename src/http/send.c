/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/send.h"

#include <stdio.h>
#include <string.h>

enum { SHARED_BYTES = 4096 /* smaller ones are copied */ };

static const struct {
	const char *name, *value;
} headers[] = {
	{"Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

static void add_headers(
	struct MHD_Response *r, bool tls, unsigned status, const char *type, const char *caching)
{
	for (size_t i = 0; i < COUNTOF(headers); i++)
		(void)MHD_add_response_header(r, headers[i].name, headers[i].value);
	if (tls) {
		(void)MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
		/* Not on loopback, where nobody is logged in: browsers start another process for it, and the page is there later. */
		(void)MHD_add_response_header(r, "Cross-Origin-Opener-Policy", "same-origin");
	}
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, caching);
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "2");
}

static bool is_encrypted(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_PROTOCOL);
	return i != NULL; /* NULL: no TLS on it */
}

enum MHD_Result send_response(struct MHD_Connection *c, struct MHD_Response *r, unsigned status,
	const char *type, const char *caching)
{
	if (!r)
		return MHD_NO;
	add_headers(r, is_encrypted(c), status, type, caching);
	enum MHD_Result done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a)
{
	if (!a->text)
		return MHD_NO;
	return send_response(c,
		MHD_create_response_from_buffer(a->size, a->text, MHD_RESPMEM_MUST_COPY), a->status,
		a->type, "no-store");
}

enum MHD_Result send_own(struct MHD_Connection *c, struct answer *a)
{
	if (!a->text)
		return MHD_NO;
	struct MHD_Response *r =
		MHD_create_response_from_buffer(a->size, a->text, MHD_RESPMEM_MUST_FREE);
	if (r)
		a->text = NULL;
	return send_response(c, r, a->status, a->type, "no-store");
}

enum MHD_Result send_error(struct MHD_Connection *c, unsigned status, const char *why)
{
	struct answer a;
	answer_error(&a, status, "%s", why);
	enum MHD_Result done = send_answer(c, &a);
	answer_clear(&a);
	return done;
}

/* Takes the answer. */
static struct MHD_Response *response_of(struct answer *a)
{
	struct MHD_Response *r =
		a->text ? MHD_create_response_from_buffer(a->size, a->text, MHD_RESPMEM_MUST_COPY)
			: NULL;
	answer_clear(a);
	return r;
}

static struct MHD_Response *error_response(unsigned status, const char *why)
{
	struct answer a;
	answer_error(&a, status, "%s", why);
	return response_of(&a);
}

enum MHD_Result send_refusal(struct MHD_Connection *c, unsigned status, const char *allow,
	const char *to, const char *why)
{
	struct MHD_Response *r = error_response(status, why);
	if (r && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
	if (r && status == MHD_HTTP_UNAUTHORIZED && to) {
		status = MHD_HTTP_SEE_OTHER; /* the '#...' of the address stays with the browser */
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, to);
	} else if (r && status == MHD_HTTP_UNAUTHORIZED) {
		(void)MHD_add_response_header(
			r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"plimsoll\"");
	}
	return send_response(c, r, status, ANSWER_JSON, "no-store");
}

enum MHD_Result send_shared(struct shared *s, struct MHD_Connection *c, const struct answer *a)
{
	if (!a->text || a->size < SHARED_BYTES)
		return send_answer(c, a);
	for (size_t i = 0; i < SHARED_ANSWERS; i++)
		if (s->rows[i].response && s->rows[i].size == a->size &&
			s->rows[i].status == a->status &&
			memcmp(s->rows[i].text, a->text, a->size) == 0)
			return MHD_queue_response(c, a->status, s->rows[i].response);
	char *text = malloc(a->size);
	struct MHD_Response *r =
		text ? MHD_create_response_from_buffer(a->size, text, MHD_RESPMEM_MUST_FREE) : NULL;
	if (!r) {
		free(text);
		return MHD_NO;
	}
	memcpy(text, a->text, a->size);
	add_headers(r, is_encrypted(c), a->status, a->type, "no-store");
	unsigned i = s->next++ % SHARED_ANSWERS;
	if (s->rows[i].response)
		MHD_destroy_response(s->rows[i].response); /* once the last one has taken it */
	s->rows[i].response = r;
	s->rows[i].status = a->status;
	s->rows[i].text = text;
	s->rows[i].size = a->size;
	return MHD_queue_response(c, a->status, r);
}

void shared_clear(struct shared *s)
{
	for (size_t i = 0; i < SHARED_ANSWERS; i++)
		if (s->rows[i].response)
			MHD_destroy_response(s->rows[i].response);
	*s = (struct shared){.next = 0};
}

enum MHD_Result send_document(
	struct MHD_Connection *c, unsigned status, json_t *j, const char *cookie)
{
	struct answer a;
	answer_json(&a, status, j);
	struct MHD_Response *r = response_of(&a);
	if (r && cookie)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	return send_response(c, r, status, ANSWER_JSON, "no-store");
}

enum MHD_Result send_wait(struct MHD_Connection *c, unsigned seconds)
{
	char text[24], why[80];
	(void)snprintf(text, sizeof text, "%u", seconds);
	(void)snprintf(why, sizeof why, "too many attempts; the next one may be in %u s", seconds);
	struct MHD_Response *r = error_response(MHD_HTTP_TOO_MANY_REQUESTS, why);
	if (r)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, text);
	return send_response(c, r, MHD_HTTP_TOO_MANY_REQUESTS, ANSWER_JSON, "no-store");
}
