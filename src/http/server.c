/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/server.h"

#include "base/clock.h"
#include "http/archive.h"
#include "http/asset.h"
#include "http/enter.h"
#include "http/gate.h"
#include "http/live.h"
#include "http/page.h"
#include "http/peers.h"
#include "http/send.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	REQUEST_BYTES = 16 * 1024,
	FORM_BYTES = 16 * 1024,
	FIRST_REQUEST_S = 15, /* from the connection to the end of the first request */
	BODY_S = 10,          /* from the end of the headers to the end of a form */
	ANSWER_S = 60,        /* to take an answer */
	IDLE_S =
		65, /* to the end of the next request; longer than the usual minute between scrapes */
	PUT_OFF_TURN = 8, /* of those that were put off, so many in a turn */
};

static const uint64_t SECOND_NS = 1000000000;
static const uint64_t TURN_NS =
	20000000; /* answers of a turn take no longer, or who comes anew waits */
static const char LIVE_PATH[] = "/api/v1/live";

struct server {
	struct MHD_Daemon *daemon;
	struct api *api;
	struct archive *archive;
	struct gate gate;
	struct peers peers;
	struct peer *put_off, **put_off_end;
	struct page page;
	uint64_t turn_ns; /* monotonic: when this turn of the loop began */
	struct shared shared;
	struct live live;
	uint64_t tick_ns; /* monotonic time of the next event, and of the look at who is late */
};

/* One request, from the end of its headers to the end of its answer. */
struct request {
	struct job job; /* the archive's while the connection is suspended */
	bool asked;
	char *form; /* arguments that come behind the headers, form_size of FORM_BYTES; or NULL */
	size_t form_size;
	bool form_too_long;
	struct login_try login;
	bool logging_in;
};

static bool is_get(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	       strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static bool is_login_path(const char *path)
{
	return strcmp(path, LOGIN_PATH) == 0 || strcmp(path, LOGOUT_PATH) == 0;
}

/* ---- files of the page ---- */

static const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < asset_count; i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}

/* Is a coding in a list like "br;q=0.5, gzip"? One with the weight 0 is refused. */
static bool list_has(const char *list, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = list; p && *p; p = *p ? p + 1 : p) {
		p += strspn(p, " \t");
		size_t part = strcspn(p, ",");
		const char *weight = memchr(p, ';', part);
		size_t word = weight ? (size_t)(weight - p) : part;
		while (word && (p[word - 1] == ' ' || p[word - 1] == '\t'))
			word--;
		if (word == n && strncasecmp(p, name, n) == 0) {
			const char *q = weight ? memchr(weight, '=', part - word) : NULL;
			return !q || strtod(q + 1, NULL) > 0;
		}
		p += part;
	}
	return false;
}

static enum MHD_Result send_asset(struct MHD_Connection *c, const struct asset *a)
{
	const char *known =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
	const char *codings =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	bool packed = a->gzip.bytes && list_has(codings, "gzip");
	const struct asset_body *body = packed ? &a->gzip : &a->plain;
	bool same = known && strcmp(known, body->etag) == 0;
	/* The bytes are constant; the library takes a pointer to what it may only read. */
	union {
		const unsigned char *read;
		void *pass;
	} bytes = {body->bytes};
	struct MHD_Response *r = MHD_create_response_from_buffer(
		same ? 0 : body->size, bytes.pass, MHD_RESPMEM_PERSISTENT);
	if (r) {
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, body->etag);
		(void)MHD_add_response_header(
			r, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
		if (packed)
			(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	}
	return send_response(c, r, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, a->type,
		a->fixed ? "public, max-age=31536000, immutable" : "no-cache");
}

/* ---- requests ---- */

static bool has_body(struct MHD_Connection *c)
{
	const char *length =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return (length && strcmp(length, "0") != 0) ||
	       MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Are its arguments in a form behind the headers? Grafana and promtool ask so: an expression may be longer than a URL. */
static bool has_form(struct MHD_Connection *c, const char *path, const char *method)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const struct route *r = route_find(path);
	const char *is =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	return r && r->form && strcmp(method, MHD_HTTP_METHOD_POST) == 0 &&
	       (!has_body(c) || (is && strncasecmp(is, type, sizeof type - 1) == 0));
}

/* Is it more than a question? A form may be one, too. */
static bool changes(struct MHD_Connection *c, const char *path, const char *method)
{
	return !is_get(method) && !has_form(c, path, method);
}

/* Files of the page say nothing of this machine; the page itself leads to the login. */
static bool is_open(const char *path)
{
	return (asset_find(path) && strcmp(path, "/") != 0) || strcmp(path, "/healthz") == 0 ||
	       strcmp(path, SESSION_PATH) == 0;
}

static unsigned method_refusal(const struct server *s, struct MHD_Connection *c, const char *path,
	const char *method, const char **ret_why)
{
	if (is_login_path(path)) {
		*ret_why = s->gate.login ? "only POST" : "this server asks for no login";
		return !s->gate.login                              ? MHD_HTTP_NOT_FOUND
		       : strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? 0
								   : MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (has_form(c, path, method))
		return 0;
	if (!is_get(method)) {
		*ret_why = "only GET and HEAD";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (has_body(c)) {
		*ret_why = "no request here has a body";
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	return 0;
}

/* What is wrong with a request by its headers alone; 0 for nothing. */
static unsigned refusal(const struct server *s, struct MHD_Connection *c, const char *path,
	const char *method, const char *version, const char **ret_why)
{
	unsigned status = gate_shape(c, version, ret_why);
	if (!status)
		status = gate_host(&s->gate, c, ret_why);
	if (!status)
		status = gate_caller(
			&s->gate, c, path, is_open(path), changes(c, path, method), ret_why);
	if (status)
		return status;
	if (!asset_find(path) && !route_find(path) && strcmp(path, LIVE_PATH) != 0 &&
		!is_login_path(path) && strcmp(path, SESSION_PATH) != 0) {
		*ret_why = "no such path";
		return MHD_HTTP_NOT_FOUND;
	}
	return method_refusal(s, c, path, method, ret_why);
}

static enum MHD_Result ask_archive(struct server *s, struct peer *p, struct request *q)
{
	q->job.ctx = p;
	if (archive_ask(s->archive, &q->job) < 0)
		return send_error(p->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many questions about the past wait already");
	q->asked = true;
	peer_suspend(p);
	return MHD_YES;
}

static enum MHD_Result take_argument(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	params_take(cls, name, value);
	return MHD_YES;
}

/* What does not fit is read and forgotten, and refused at the end. */
static enum MHD_Result take_form(struct request *q, const char *bytes, size_t *size)
{
	if (!q->form)
		q->form = malloc(FORM_BYTES + 1);
	if (!q->form)
		return MHD_NO;
	q->form_too_long |= *size > FORM_BYTES - q->form_size;
	size_t n = q->form_too_long ? 0 : *size;
	memcpy(q->form + q->form_size, bytes, n);
	q->form_size += n;
	q->form[q->form_size] = '\0';
	*size = 0;
	return MHD_YES;
}

/* Has this turn answered for long already? Then who has had an answer before waits for another turn, and newcomers do not wait behind
 * those that ask without end. */
static bool put_off(struct server *s, struct peer *p)
{
	if (!p->answered || p->put_off || clock_mono_ns() - s->turn_ns < TURN_NS)
		return false;
	p->put_off = true;
	p->later = NULL;
	*s->put_off_end = p;
	s->put_off_end = &p->later;
	peer_suspend(p);
	return true;
}

/* At the begin of a turn: the first of those that were put off. */
static void go_on(struct server *s)
{
	for (unsigned i = 0; i < PUT_OFF_TURN && s->put_off; i++) {
		struct peer *p = s->put_off;
		s->put_off = p->later;
		if (!s->put_off)
			s->put_off_end = &s->put_off;
		peer_resume(p);
	}
}

static enum MHD_Result answer_request(
	struct server *s, struct peer *p, struct request *q, const char *path, const char *method)
{
	const struct asset *asset = asset_find(path);
	if (asset)
		return strcmp(path, "/") == 0 ? page_send(&s->page, p, asset)
					      : send_asset(p->connection, asset);
	if (strcmp(path, LIVE_PATH) == 0)
		return live_send(&s->live, p, method);
	if (strcmp(path, LOGIN_PATH) == 0)
		return enter_begin(&s->gate, p, &q->login, q->form_too_long ? NULL : q->form,
			q->form_size, &q->logging_in);
	if (strcmp(path, LOGOUT_PATH) == 0)
		return enter_leave(&s->gate, p);
	if (strcmp(path, SESSION_PATH) == 0)
		return enter_session(&s->gate, p);
	q->job.route = route_find(path);
	if (q->form_too_long)
		return send_error(p->connection, MHD_HTTP_CONTENT_TOO_LARGE,
			"the form is longer than 16 KiB");
	if (q->form)
		params_form(&q->job.params, q->form);
	(void)MHD_get_connection_values(
		p->connection, MHD_GET_ARGUMENT_KIND, take_argument, &q->job.params);
	if (q->job.params.too_many)
		return send_error(
			p->connection, MHD_HTTP_BAD_REQUEST, "more than 32 arguments of one name");
	route_part(q->job.route, path, &q->job.params);
	if (route_is_past(q->job.route, &q->job.params))
		return ask_archive(s, p, q);
	return send_shared(
		&s->shared, p->connection, api_present(s->api, q->job.route, &q->job.params));
}

/* Called when the headers are there, when the request is complete, and when a suspended connection is resumed. An answer at the first
 * call closes the connection after it: right for what is refused, and the body that may follow is not read. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *path,
	const char *method, const char *version, const char *body, size_t *body_size, void **ctx)
{
	struct server *s = cls;
	struct request *q = *ctx;
	const char *why;
	struct peer *p =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	if (!p)
		return MHD_NO; /* there was no memory for it */
	if (!q) {
		uint64_t now = clock_mono_ns();
		p->due_ns = now + (has_body(c) ? BODY_S : ANSWER_S) * SECOND_NS;
		unsigned status = refusal(s, c, path, method, version, &why);
		if (!has_body(c) || status)
			peer_set(p, PEER_ANSWER, now);
		if (status)
			return send_refusal(c, status, is_login_path(path) ? "POST" : "GET, HEAD",
				strcmp(path, "/") == 0 ? LOGIN_PAGE : NULL, why);
		*ctx = calloc(1, sizeof *q);
		return *ctx ? MHD_YES : MHD_NO;
	}
	if (*body_size)
		return take_form(q, body, body_size);
	if (q->asked)
		return send_own(c, &q->job.answer);
	if (q->logging_in)
		return enter_done(&s->gate, p, &q->login);
	if (put_off(s, p))
		return MHD_YES;
	p->due_ns = clock_mono_ns() + ANSWER_S * SECOND_NS;
	peer_set(p, PEER_ANSWER, clock_mono_ns());
	return answer_request(s, p, q, path, method);
}

static void on_completed(
	void *cls, struct MHD_Connection *c, void **ctx, enum MHD_RequestTerminationCode how)
{
	(void)cls;
	(void)how;
	struct request *q = *ctx;
	struct peer *p =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	if (p && !p->leaving) {
		uint64_t now = clock_mono_ns();
		p->due_ns = now + IDLE_S * SECOND_NS;
		peer_set(p, PEER_IDLE, now);
	}
	if (p) {
		p->answered = true;
		p->put_off = false;
	}
	if (q) {
		answer_clear(&q->job.answer);
		if (q->form)
			explicit_bzero(q->form, q->form_size);
		free(q->form);
	}
	free(q);
	*ctx = NULL;
}

/* ---- connections ---- */

static void on_connection(void *cls, struct MHD_Connection *c, void **socket_context,
	enum MHD_ConnectionNotificationCode what)
{
	struct server *s = cls;
	struct peer *p = *socket_context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		uint64_t now = clock_mono_ns();
		if (!s->peers.first)
			s->tick_ns = now + SECOND_NS; /* it did not run while nobody was there */
		p = peers_add(&s->peers, c, s->gate.loopback || s->gate.behind_proxy, now);
		if (p)
			p->due_ns = now + FIRST_REQUEST_S * SECOND_NS;
		*socket_context = p;
	} else if (p) {
		peers_remove(&s->peers, p);
		if (!s->peers.first) { /* nobody is there to take them */
			shared_clear(&s->shared);
			page_clear(&s->page);
		}
	}
}

/* ---- the server ---- */

static struct MHD_Daemon *start_daemon(struct server *s, int listen_fd)
{
	struct tls *tls = s->gate.tls;
	const struct MHD_OptionItem with_tls[] = {
		{MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? tls_key(tls) : NULL},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? tls_certificate(tls) : NULL},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, tls ? (void *)(uintptr_t)tls_priorities() : NULL},
		{MHD_OPTION_END, 0, NULL}};
	const struct MHD_OptionItem without[] = {{MHD_OPTION_END, 0, NULL}};
	struct MHD_Daemon *d = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0u), 0, NULL, NULL,
		on_request, s, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)PEERS_HARD, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, s, MHD_OPTION_ARRAY, tls ? with_tls : without, MHD_OPTION_END);
	if (tls)
		tls_forget_key(tls);
	return d;
}

static int open_gate(struct gate *g, const struct server_setup *with)
{
	g->tls = with->tls;
	g->behind_proxy = with->behind_proxy;
	g->loopback = listen_is_loopback(&with->at);
	listen_host(g->host, &with->at);
	return with->keeper_fd < 0 ? 0
				   : login_open(with->keeper_fd, with->accounts,
					     with->tls || with->behind_proxy, &g->login);
}

int server_open(const struct server_setup *with, struct server **ret)
{
	struct server *s = calloc(1, sizeof *s);
	int r = s ? open_gate(&s->gate, with) : -ENOMEM;
	if (r < 0) {
		if (with->keeper_fd >= 0)
			(void)close(with->keeper_fd);
		if (!s)
			tls_free(with->tls);
	}
	if (r == 0)
		r = api_open(with->store, &s->api);
	if (r == 0)
		r = archive_open(with->store, &s->archive);
	if (r == 0) {
		errno = 0;
		peers_init(&s->peers);
		s->live = (struct live){.api = s->api, .gate = &s->gate, .peers = &s->peers};
		s->put_off_end = &s->put_off;
		s->daemon = start_daemon(s, with->listen_fd);
		if (!s->daemon)
			r = errno ? -errno : -EIO;
	}
	if (r < 0) {
		(void)close(with->listen_fd);
		server_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_close(struct server *s)
{
	if (!s)
		return;
	archive_close(s->archive);
	for (struct peer *p = s->peers.first; p; p = p->next)
		peer_resume(p);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	shared_clear(&s->shared);
	page_clear(&s->page);
	api_close(s->api);
	login_close(s->gate.login);
	tls_free(s->gate.tls);
	free(s);
}

/* How long nothing is due; without a connection, for ever. */
static struct timespec *time_to_wait(const struct server *s, struct timespec *t)
{
	MHD_UNSIGNED_LONG_LONG ms;
	uint64_t now = clock_mono_ns(), wait = UINT64_MAX;
	if (s->peers.first)
		wait = s->tick_ns > now ? s->tick_ns - now : 0;
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES && ms < wait / 1000000)
		wait = ms * 1000000;
	if (s->put_off)
		wait = 0;
	if (wait == UINT64_MAX)
		return NULL;
	*t = (struct timespec){(time_t)(wait / SECOND_NS), (long)(wait % SECOND_NS)};
	return t;
}

static void tick(struct server *s)
{
	uint64_t now = clock_mono_ns();
	if (now < s->tick_ns)
		return;
	s->tick_ns = s->tick_ns + SECOND_NS > now ? s->tick_ns + SECOND_NS : now + SECOND_NS;
	peers_close_late(&s->peers, now);
	shared_clear(&s->shared); /* of an older sample */
	live_tell(&s->live);
}

static void take_answers(struct server *s)
{
	struct job *j;
	while ((j = archive_done(s->archive)) != NULL)
		peer_resume(j->ctx);
}

static int take_logins(struct server *s)
{
	struct login_try *t;
	bool lost = false;
	while ((t = login_heard(s->gate.login, clock_mono_ns(), &lost)) != NULL)
		peer_resume(t->ctx);
	return lost ? -EPIPE : 0;
}

/* At its limit the library stops listening, and begins again at the begin of a turn: one that ends below the limit needs another, or
 * those who wait to be let in would wait for an event that does not come. */
static void run_daemon(struct server *s)
{
	bool full = s->peers.n == PEERS_HARD;
	(void)MHD_run(s->daemon);
	if (full && s->peers.n < PEERS_HARD)
		(void)MHD_run(s->daemon);
}

int server_run(struct server *s, const volatile sig_atomic_t *stop)
{
	sigset_t none;
	struct timespec t;
	int r = 0;
	struct pollfd p[] = {
		{.fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			.events = POLLIN},
		{.fd = archive_fd(s->archive), .events = POLLIN},
		{.fd = s->gate.login ? login_fd(s->gate.login) : -1, .events = POLLIN}};
	(void)sigemptyset(&none);
	while (!*stop && r == 0) {
		(void)ppoll(p, COUNTOF(p), time_to_wait(s, &t), &none);
		s->turn_ns = clock_mono_ns();
		if (p[1].revents)
			take_answers(s);
		if (p[2].revents)
			r = take_logins(s);
		tick(s);
		go_on(s);
		run_daemon(s); /* last: it goes on with what was resumed */
		if (page_make(&s->page, s->api))
			run_daemon(s);
	}
	return r;
}
