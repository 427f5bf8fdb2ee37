/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/gate.h"

#include "base/attr.h"
#include "base/clock.h"
#include "http/headers.h"

#include <string.h>
#include <strings.h>

const char *gate_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

struct said gate_said(struct MHD_Connection *c)
{
	return (struct said){.cookie = gate_header(c, MHD_HTTP_HEADER_COOKIE),
		.authorization = gate_header(c, MHD_HTTP_HEADER_AUTHORIZATION),
		.csrf = gate_header(c, "X-CSRF-Token"),
		.site = gate_header(c, "Sec-Fetch-Site"),
		.origin = gate_header(c, MHD_HTTP_HEADER_ORIGIN),
		.host = gate_header(c, MHD_HTTP_HEADER_HOST)};
}

static enum MHD_Result keep_last(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const char **last = cls;
	(void)kind;
	if (value && strcasecmp(name, "X-Forwarded-For") == 0)
		*last = value;
	return MHD_YES;
}

/* Some proxies add to the header that a client sent, some put one of their own behind it. */
struct address_key gate_address(
	const struct gate *g, struct MHD_Connection *c, const struct address_key *peer)
{
	struct address_key said;
	const char *forwarded = NULL;
	if (g->behind_proxy)
		(void)MHD_get_connection_values(c, MHD_HEADER_KIND, keep_last, &forwarded);
	return forwarded && header_forwarded(forwarded, &said) ? said : *peer;
}

/* ---- shape ---- */

struct shape {
	unsigned hosts, lengths, encodings, odd;
};

static enum MHD_Result count(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct shape *s = cls;
	(void)kind;
	(void)value;
	s->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	s->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
	s->encodings += strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
	s->odd += !*name || name[strspn(name, token)] != '\0';
	return MHD_YES;
}

/* Where a request ends must be clear to whoever passes it on as well. */
unsigned gate_shape(struct MHD_Connection *c, const char *version, const char **ret_why)
{
	struct shape s = {0};
	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, count, &s);
	const char *length = gate_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	const char *range = gate_header(c, MHD_HTTP_HEADER_RANGE);
	*ret_why = s.odd                      ? "a header has a name that is none"
		   : s.hosts > 1              ? "Host: is there more than once"
		   : s.lengths > 1            ? "Content-Length: is there more than once"
		   : s.lengths && s.encodings ? "Content-Length: and Transfer-Encoding: both"
		   : length && (!*length || length[strspn(length, "0123456789")])
			   ? "Content-Length: is no number"
		   : !s.hosts && strcmp(version, MHD_HTTP_VERSION_1_0) != 0 ? "Host: is missing"
									    : NULL;
	if (*ret_why)
		return MHD_HTTP_BAD_REQUEST;
	if (range && header_ranges(range) > RANGES_MAX) {
		*ret_why = "Range: 8 ranges at most";
		return MHD_HTTP_RANGE_NOT_SATISFIABLE;
	}
	return 0;
}

/* ---- our names ---- */

/* Is it a name that leads here and nowhere else, with any port or none? A tunnel may have another port at its other end. With TLS it may
 * be what the certificate says; what a proxy calls us it knows itself, and there a login is asked for, whose cookie no other name gets. */
static bool is_our_host(const struct gate *g, const char *host)
{
	const char *const ours[] = {"localhost", "127.0.0.1", "[::1]", g->host};
	size_t n = header_host(host);
	if (!n)
		return false;
	for (size_t i = 0; i < COUNTOF(ours); i++)
		if (strlen(ours[i]) == n && strncasecmp(ours[i], host, n) == 0)
			return true;
	return g->behind_proxy || (g->tls && tls_has_name(g->tls, host, n));
}

unsigned gate_host(const struct gate *g, struct MHD_Connection *c, const char **ret_why)
{
	const char *host = gate_header(c, MHD_HTTP_HEADER_HOST);
	if (!host || is_our_host(g, host))
		return 0;
	*ret_why = g->tls ? "Host: the certificate of this server is not for that name"
			  : "Host: this server does not answer to that name";
	return MHD_HTTP_MISDIRECTED_REQUEST;
}

/* ---- who ---- */

unsigned gate_caller(const struct gate *g, struct MHD_Connection *c, const char *path, bool open,
	bool changes, const char **ret_why)
{
	bool enters = strcmp(path, LOGIN_PATH) == 0;
	if (!g->login || (open && !changes && !enters))
		return 0;
	struct said h = gate_said(c);
	bool leaves = strcmp(path, LOGOUT_PATH) == 0;
	if (!enters)
		return login_refusal(g->login, &h, changes,
			changes && !leaves ? SCOPE_WRITE : SCOPE_READ, clock_mono_ns(), ret_why);
	if (header_same_site(h.site, h.origin, h.host))
		return 0;
	*ret_why = "Origin: a page of another site asks for the login";
	return MHD_HTTP_FORBIDDEN;
}
