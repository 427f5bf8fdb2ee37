/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/server.h"

#include "base/clock.h"
#include "http/archive.h"
#include "http/asset.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	CONNECTIONS = 128,
	FOLLOWERS = 32, /* of /api/v1/live */
	REQUEST_BYTES = 16 * 1024,
	FORM_BYTES = 16 * 1024,
	EVENT_BYTES = 2048,
	FIRST_REQUEST_S = 15, /* from the connection to the end of the first request */
	ANSWER_S = 60,        /* to take an answer */
	IDLE_S =
		65, /* to the end of the next request; longer than the usual minute between scrapes */
};

static const uint64_t SECOND_NS = 1000000000;
static const char LIVE_PATH[] = "/api/v1/live";

/* One connection. */
struct peer {
	struct peer *next, **link;
	struct MHD_Connection *connection;
	int fd;
	uint64_t due_ns; /* monotonic: closed when it is not further by then; 0: no such time */
	bool suspended;
};

struct server {
	struct MHD_Daemon *daemon;
	struct api *api;
	struct archive *archive;
	char host[LISTEN_TEXT];
	struct peer *peers;
	unsigned npeers;
	struct follower *followers;
	unsigned nfollowers;
	uint64_t tick_ns; /* monotonic time of the next event, and of the look at who is late */
	char event[EVENT_BYTES];
	size_t event_size;
	uint64_t event_number;
};

/* One request, from the end of its headers to the end of its answer. */
struct request {
	struct job job; /* the archive's while the connection is suspended */
	bool asked;
	char *form; /* arguments that come behind the headers, form_size of FORM_BYTES; or NULL */
	size_t form_size;
	bool form_too_long;
};

/* A connection that is set aside costs nothing and is not looked at until it is resumed. */
static void suspend(struct peer *p)
{
	MHD_suspend_connection(p->connection);
	p->suspended = true;
}

static void resume(struct peer *p)
{
	if (p->suspended)
		MHD_resume_connection(p->connection);
	p->suspended = false;
}

/* ---- answers ---- */

static const struct {
	const char *name, *value;
} headers[] = {
	{"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; "
				    "frame-ancestors 'none'; object-src 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

/* Takes the response, which may be NULL: then the connection is closed. */
static enum MHD_Result send_response(struct MHD_Connection *c, struct MHD_Response *r,
	unsigned status, const char *type, const char *caching)
{
	if (!r)
		return MHD_NO;
	for (size_t i = 0; i < COUNTOF(headers); i++)
		(void)MHD_add_response_header(r, headers[i].name, headers[i].value);
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, caching);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "2");
	enum MHD_Result done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a)
{
	if (!a->text)
		return MHD_NO;
	return send_response(c,
		MHD_create_response_from_buffer(a->size, a->text, MHD_RESPMEM_MUST_COPY), a->status,
		a->type, "no-store");
}

/* Takes the text of the answer: it may be long, and is not copied. */
static enum MHD_Result send_own(struct MHD_Connection *c, struct answer *a)
{
	if (!a->text)
		return MHD_NO;
	struct MHD_Response *r =
		MHD_create_response_from_buffer(a->size, a->text, MHD_RESPMEM_MUST_FREE);
	if (r)
		a->text = NULL;
	return send_response(c, r, a->status, a->type, "no-store");
}

static enum MHD_Result send_error(struct MHD_Connection *c, unsigned status, const char *why)
{
	struct answer a;
	answer_error(&a, status, "%s", why);
	enum MHD_Result done = send_answer(c, &a);
	answer_clear(&a);
	return done;
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
	return send_response(c, r, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, a->type, "no-cache");
}

/* ---- events ---- */

/* One who follows the events. It has its own copy of the event that it takes, so that it is never sent halves of two. */
struct follower {
	struct follower *next, **link;
	struct server *server;
	struct peer *peer;
	uint64_t seen; /* number of the event in text */
	char text[EVENT_BYTES];
	size_t size, at;
};

static void make_event(struct server *s)
{
	char text[EVENT_BYTES - 16];
	size_t n = api_summary(s->api, text, sizeof text);
	if (n == 0)
		return; /* nothing that could be said: the next one may */
	s->event_size = (size_t)snprintf(s->event, sizeof s->event, "data: %.*s\n\n", (int)n, text);
	s->event_number++;
}

static void tell_followers(struct server *s)
{
	if (!s->followers)
		return;
	make_event(s);
	for (struct follower *f = s->followers; f; f = f->next)
		resume(f->peer);
}

static ssize_t follower_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	(void)pos;
	struct follower *f = cls;
	if (f->at == f->size) {
		if (f->seen == f->server->event_number) {
			suspend(f->peer);
			return 0;
		}
		memcpy(f->text, f->server->event, f->server->event_size);
		f->size = f->server->event_size;
		f->at = 0;
		f->seen = f->server->event_number;
	}
	size_t n = f->size - f->at < max ? f->size - f->at : max;
	memcpy(buf, f->text + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static void follower_free(void *cls)
{
	struct follower *f = cls;
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	f->server->nfollowers--;
	free(f);
}

static enum MHD_Result send_events(struct server *s, struct peer *p, const char *method)
{
	static const char type[] = "text/event-stream";
	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		return send_response(p->connection,
			MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT),
			MHD_HTTP_OK, type, "no-store");
	if (s->nfollowers == FOLLOWERS)
		return send_error(p->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many follow the events already");
	struct follower *f = calloc(1, sizeof *f);
	if (!f)
		return MHD_NO;
	if (!s->followers)
		make_event(s); /* nobody followed: what is there is old */
	*f = (struct follower){.next = s->followers, .link = &s->followers, .server = s, .peer = p};
	if (f->next)
		f->next->link = &f->next;
	s->followers = f;
	s->nfollowers++;
	struct MHD_Response *r = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, EVENT_BYTES, follower_read, f, follower_free);
	if (!r) {
		follower_free(f);
		return MHD_NO;
	}
	p->due_ns = 0;
	return send_response(p->connection, r, MHD_HTTP_OK, type, "no-store");
}

/* ---- requests ---- */

/* Is it a name that leads here and nowhere else, with any port or none? A tunnel may have another port at its other end. */
static bool is_our_host(const struct server *s, const char *host)
{
	const char *const ours[] = {"localhost", "127.0.0.1", "[::1]", s->host};
	const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
	size_t n = bracket ? (size_t)(bracket - host) + 1 : strcspn(host, ":");
	const char *port = host + n;
	if (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")]))
		return false;
	for (size_t i = 0; i < COUNTOF(ours); i++)
		if (strlen(ours[i]) == n && strncasecmp(ours[i], host, n) == 0)
			return true;
	return false;
}

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

/* What is wrong with a request by its headers alone; 0 for nothing. */
static unsigned refusal(const struct server *s, struct MHD_Connection *c, const char *path,
	const char *method, const char *version, const char **ret_why)
{
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	if (!host && strcmp(version, MHD_HTTP_VERSION_1_0) != 0) {
		*ret_why = "Host: is missing";
		return MHD_HTTP_BAD_REQUEST;
	}
	if (host && !is_our_host(s, host)) {
		*ret_why = "Host: this server does not answer to that name";
		return MHD_HTTP_MISDIRECTED_REQUEST;
	}
	if (!asset_find(path) && !route_find(path) && strcmp(path, LIVE_PATH) != 0) {
		*ret_why = "no such path";
		return MHD_HTTP_NOT_FOUND;
	}
	if (has_form(c, path, method))
		return 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		*ret_why = "only GET and HEAD";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (has_body(c)) {
		*ret_why = "no request here has a body";
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	return 0;
}

static enum MHD_Result ask_archive(struct server *s, struct peer *p, struct request *q)
{
	q->job.ctx = p;
	if (archive_ask(s->archive, &q->job) < 0)
		return send_error(p->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many questions about the past wait already");
	q->asked = true;
	suspend(p);
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

static enum MHD_Result answer_request(
	struct server *s, struct peer *p, struct request *q, const char *path, const char *method)
{
	const struct asset *asset = asset_find(path);
	if (asset)
		return send_asset(p->connection, asset);
	if (strcmp(path, LIVE_PATH) == 0)
		return send_events(s, p, method);
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
	return send_answer(p->connection, api_present(s->api, q->job.route, &q->job.params));
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
		p->due_ns = clock_mono_ns() + ANSWER_S * SECOND_NS;
		unsigned status = refusal(s, c, path, method, version, &why);
		if (status)
			return send_error(c, status, why);
		*ctx = calloc(1, sizeof *q);
		return *ctx ? MHD_YES : MHD_NO;
	}
	if (*body_size)
		return take_form(q, body, body_size);
	if (q->asked)
		return send_own(c, &q->job.answer);
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
	if (p)
		p->due_ns = clock_mono_ns() + IDLE_S * SECOND_NS;
	if (q) {
		answer_clear(&q->job.answer);
		free(q->form);
	}
	free(q);
	*ctx = NULL;
}

/* ---- connections ---- */

static void *add_peer(struct server *s, struct MHD_Connection *c)
{
	struct peer *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	*p = (struct peer){.next = s->peers,
		.link = &s->peers,
		.connection = c,
		.fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		.due_ns = clock_mono_ns() + FIRST_REQUEST_S * SECOND_NS};
	if (p->next)
		p->next->link = &p->next;
	else
		s->tick_ns =
			clock_mono_ns() + SECOND_NS; /* it did not run while nobody was there */
	s->peers = p;
	s->npeers++;
	return p;
}

static void on_connection(void *cls, struct MHD_Connection *c, void **socket_context,
	enum MHD_ConnectionNotificationCode what)
{
	struct server *s = cls;
	struct peer *p = *socket_context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = add_peer(s, c);
	} else if (p) {
		*p->link = p->next;
		if (p->next)
			p->next->link = p->link;
		s->npeers--;
		free(p);
	}
}

/* A client that sends or takes a byte now and then is never idle by the library's count. */
static void close_late(struct server *s, uint64_t now)
{
	for (struct peer *p = s->peers; p; p = p->next) {
		if (!p->due_ns || now < p->due_ns)
			continue;
		p->due_ns = 0;
		(void)shutdown(p->fd, SHUT_RDWR);
	}
}

/* ---- the server ---- */

static struct MHD_Daemon *start_daemon(struct server *s, int listen_fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
		s, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, s, MHD_OPTION_END);
}

int server_open(
	const char *store, const union listen_address *at, int listen_fd, struct server **ret)
{
	struct server *s = calloc(1, sizeof *s);
	int r = s ? api_open(store, &s->api) : -ENOMEM;
	if (r == 0)
		r = archive_open(store, &s->archive);
	if (r == 0) {
		errno = 0;
		listen_host(s->host, at);
		s->daemon = start_daemon(s, listen_fd);
		if (!s->daemon)
			r = errno ? -errno : -EIO;
	}
	if (r < 0) {
		(void)close(listen_fd);
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
	for (struct peer *p = s->peers; p; p = p->next)
		resume(p);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	api_close(s->api);
	free(s);
}

/* How long nothing is due; without a connection, for ever. */
static struct timespec *time_to_wait(const struct server *s, struct timespec *t)
{
	MHD_UNSIGNED_LONG_LONG ms;
	uint64_t now = clock_mono_ns(), wait = UINT64_MAX;
	if (s->peers)
		wait = s->tick_ns > now ? s->tick_ns - now : 0;
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES && ms < wait / 1000000)
		wait = ms * 1000000;
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
	close_late(s, now);
	tell_followers(s);
}

static void take_answers(struct server *s)
{
	struct job *j;
	while ((j = archive_done(s->archive)) != NULL)
		resume(j->ctx);
}

/* At its limit the library stops listening, and begins again at the begin of a turn: one that ends below the limit needs another, or
 * those who wait to be let in would wait for an event that does not come. */
static void run_daemon(struct server *s)
{
	bool full = s->npeers == CONNECTIONS;
	(void)MHD_run(s->daemon);
	if (full && s->npeers < CONNECTIONS)
		(void)MHD_run(s->daemon);
}

void server_run(struct server *s, const volatile sig_atomic_t *stop)
{
	sigset_t none;
	struct timespec t;
	struct pollfd p[] = {
		{.fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			.events = POLLIN},
		{.fd = archive_fd(s->archive), .events = POLLIN}};
	(void)sigemptyset(&none);
	while (!*stop) {
		(void)ppoll(p, COUNTOF(p), time_to_wait(s, &t), &none);
		if (p[1].revents)
			take_answers(s);
		tick(s);
		run_daemon(s); /* last: it goes on with what was resumed */
	}
}
