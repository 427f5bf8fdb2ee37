/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tls: when the certificates end that a listener shows. One handshake an hour, to its end, so that the server has nothing to complain of in
 * its log; between that the last book stands. Nothing is verified: a certificate of one's own for one's own is no trouble, one that ends is.
 *
 *     number tls.notafter S             of the server's own certificate, seconds since 1970
 *     number tls.notafter.chain S       the first of all that it shows to end, the root aside, if it is there
 *     number tls.notbefore S
 *     number tls.own 1                  where the server's own signs itself
 *     slot N state=idle who=ISSUER text=SUBJECT      each certificate of the chain, the server's own is 0
 *
 * Whether a port speaks TLS shows in its number: a handshake with one that does not would leave a line in that server's log, every hour. */
#include "books/line.h"

#include "base/clock.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { EVERY_S = 3600, RETRY_S = 300, CHAIN = 8 };

struct state {
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session; /* of a handshake that goes on, while the line owes an answer */
	struct line line;
	size_t received;
	uint64_t asked_ns;
	enum book_status status;
	struct book found;
	bool shown; /* certificates came */
};

/* ---- bytes, counted: a server that sends without an end is left ---- */

static ssize_t pull(gnutls_transport_ptr_t ctx, void *buf, size_t size)
{
	struct state *s = ctx;
	if (s->received > BOOK_ANSWER) {
		errno = EFBIG;
		return -1;
	}
	ssize_t n = recv(s->line.fd, buf, size, 0);
	if (n > 0)
		s->received += (size_t)n;
	return n;
}

static ssize_t push(gnutls_transport_ptr_t ctx, const void *buf, size_t size)
{
	const struct state *s = ctx;
	return send(s->line.fd, buf, size, MSG_NOSIGNAL);
}

/* ---- certificates ---- */

static void name_of(const gnutls_datum_t *dn, char *buf, size_t size)
{
	buf[0] = '\0';
	if (dn->data)
		(void)snprintf(buf, size, "%.*s", (int)(dn->size < 250 ? dn->size : 250), dn->data);
	gnutls_free(dn->data);
}

static bool one_certificate(
	const gnutls_datum_t *der, unsigned at, uint64_t *first, struct book *ret)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t subject_dn = {0}, issuer_dn = {0};
	char subject[256], issuer[256];
	if (gnutls_x509_crt_init(&crt) < 0)
		return false;
	bool good = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0;
	time_t until = good ? gnutls_x509_crt_get_expiration_time(crt) : -1;
	time_t since = good ? gnutls_x509_crt_get_activation_time(crt) : -1;
	if (until > 0) {
		(void)gnutls_x509_crt_get_dn3(crt, &subject_dn, 0);
		(void)gnutls_x509_crt_get_issuer_dn3(crt, &issuer_dn, 0);
		bool own = gnutls_x509_crt_check_issuer(crt, crt), root = at > 0 && own;
		name_of(&subject_dn, subject, sizeof subject);
		name_of(&issuer_dn, issuer, sizeof issuer);
		if (at == 0) {
			book_line(ret, "number tls.notafter %" PRIu64, (uint64_t)until);
			book_line(ret, "number tls.notbefore %" PRIu64,
				since > 0 ? (uint64_t)since : 0);
			if (own)
				book_line(ret, "number tls.own 1");
		}
		if (!root && (uint64_t)until < *first)
			*first = (uint64_t)until;
		book_line(ret, "slot %u state=idle who=%s text=%s", at,
			WORD(scan_over(issuer, strlen(issuer))),
			WORD(scan_over(subject, strlen(subject))));
	}
	gnutls_x509_crt_deinit(crt);
	return until > 0;
}

/* They come in the middle of the handshake; what goes wrong after that, a client's certificate that is asked for, does not matter. */
static int see_certificates(gnutls_session_t session)
{
	struct state *s = gnutls_session_get_ptr(session);
	unsigned n = 0;
	uint64_t first = UINT64_MAX;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
	for (unsigned i = 0; chain && i < n && i < CHAIN; i++)
		if (!one_certificate(&chain[i], i, &first, &s->found) && i == 0)
			return 0;
	s->shown = first != UINT64_MAX;
	if (s->shown)
		book_line(&s->found, "number tls.notafter.chain %" PRIu64, first);
	return 0;
}

/* ---- asking ---- */

int book_open_tls(struct book_target *t)
{
	struct state *s = t->state;
	if (!book_is_tls_port(t->port))
		return -ENOENT;
	if (s) {
		if (s->session)
			gnutls_deinit(s->session);
		s->session = NULL;
		line_close(&s->line);
		s->asked_ns = 0;
		return 0;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->line = LINE_NONE;
	if (gnutls_certificate_allocate_credentials(&s->credentials) < 0) {
		free(s);
		return -ENOMEM;
	}
	gnutls_certificate_set_verify_function(s->credentials, see_certificates);
	t->state = s;
	return 0;
}

static enum book_status refusal(int error)
{
	switch (error) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
	case GNUTLS_E_WARNING_ALERT_RECEIVED: return BOOK_DENIED;
	case GNUTLS_E_PREMATURE_TERMINATION: return BOOK_DOWN;
	default: return BOOK_GARBAGE;
	}
}

static bool begin(struct state *s)
{
	gnutls_session_t session;
	if (gnutls_init(&session,
		    GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) < 0)
		return line_fail(&s->line, BOOK_CLOSED);
	s->found = (struct book){0};
	s->received = 0;
	s->shown = false;
	s->session = session;
	gnutls_session_set_ptr(session, s);
	(void)gnutls_set_default_priority(session);
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, s->credentials);
	gnutls_transport_set_ptr(session, s);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_push_function(session, push);
	gnutls_handshake_set_timeout(session, 0);
	return true;
}

static void shake_hands(struct state *s)
{
	struct line *l = &s->line;
	gnutls_session_t session = s->session;
	int r;
	l->owed = false;
	do {
		r = gnutls_handshake(session);
		if (r == GNUTLS_E_AGAIN &&
			!line_wait(l, l->fd,
				gnutls_record_get_direction(session) ? POLLOUT : POLLIN)) {
			(void)line_late(l);
			return;
		}
	} while (r < 0 && !gnutls_error_is_fatal(r) && line_left_ms(l));
	if (r == 0)
		(void)gnutls_bye(session, GNUTLS_SHUT_WR);
	if (l->status == BOOK_OK && !s->shown)
		(void)line_fail(l, s->received > BOOK_ANSWER            ? BOOK_LARGE
				   : r < 0 && !gnutls_error_is_fatal(r) ? BOOK_SLOW
				   : s->received == 0                   ? BOOK_DOWN
									: refusal(r));
	gnutls_deinit(session);
	s->session = NULL;
	line_close(l);
}

void book_ask_tls(struct book_target *t, bool full, struct book *ret)
{
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	char source[80];
	line_begin(l);
	line_source(source, sizeof source, &t->address, t->port, NULL);
	uint64_t every_s = s && s->status == BOOK_OK ? EVERY_S : RETRY_S;
	if (!s) {
		l->status = BOOK_CLOSED;
	} else if (!l->owed && s->asked_ns && l->began_ns - s->asked_ns < every_s * 1000000000ull) {
		l->status = s->status;
	} else if (!line_spare(l, full)) { /* else the next time, then */
		if (l->owed || (line_tcp(l, &t->address, t->port) && begin(s)))
			shake_hands(s);
		if (s->shown)
			l->status = BOOK_OK;
		s->status = l->status;
		s->asked_ns = l->began_ns;
	}
	line_book(l, ret, t, t->program[0] ? t->program : "tls", source,
		s && s->shown ? &s->found : NULL);
}
