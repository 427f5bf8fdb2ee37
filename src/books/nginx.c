/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* nginx: stub_status, where the configuration has it; the limit from the configuration.
 *
 * A connection of nginx's that it makes itself, to an upstream, takes one of worker_connections too and is not among the active ones: the limit may be met
 * at half of it where all is proxied. The connection that asks is one of the active ones, and not counted. */
#include "books/nginx.h"

#include "base/clock.h"
#include "books/conf.h"
#include "books/logs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_MS = 60000, LOGS_MS = 50 }; /* proxy_read_timeout */

static const char opens[] = "server { listen 127.0.0.1:8080; location = /nginx_status { "
			    "stub_status; access_log off; allow 127.0.0.1; deny all; } }";

struct nginx {
	struct nginx_conf conf;
	bool have_conf, have_place;
	struct http_place place;
};

static struct nginx self; /* a reader process has exactly one */
static struct logs logs;

static struct address address_of(const char *text)
{
	struct address a = {.family = AF_INET};
	if (strcmp(text, "localhost") == 0)
		text = "127.0.0.1";
	if (inet_pton(AF_INET, text, a.bytes) == 1)
		return a;
	a.family = AF_INET6;
	return inet_pton(AF_INET6, text, a.bytes) == 1 ? a : (struct address){0};
}

static bool find_place(
	const struct nginx_conf *c, const struct book_target *t, struct http_place *p)
{
	if (!c->there)
		return false;
	*p = (struct http_place){.dir_fd = -1};
	server_copy(p->page, sizeof p->page, c->page);
	server_copy(p->host, sizeof p->host, c->host);
	if (*c->listen.unix_path) {
		server_copy(p->at, sizeof p->at, "localhost");
		p->dir_fd = conf_socket(t, c->listen.unix_path, p->socket);
		return p->dir_fd >= 0;
	}
	struct address a = address_of(c->listen.address);
	http_address(p, &a, c->listen.port);
	return c->listen.port != 0;
}

int book_open_nginx(struct book_target *t)
{
	self = (struct nginx){.have_conf = false};
	t->state = &self;
	int r = nginx_conf_read(&self.conf, t);
	self.have_conf = r == 0;
	logs_open(&logs, t, NULL);
	logs.tells_none = true;
	for (size_t i = 0; i < NGINX_TIMEOUTS; i++)
		logs.timers_ms[i] = self.conf.proxy_ms[i];
	for (size_t i = 0; i < LOGS_TIMERS; i++) /* what holds where none is set, among them */
		if (!logs.timers_ms[i]) {
			logs.timers_ms[i] = DEFAULT_MS;
			break;
		}
	self.have_place = r == 0 && find_place(&self.conf, t, &self.place);
	if (self.have_place)
		server_copy(logs.own, sizeof logs.own, self.place.page);
	return r < 0 ? r : self.have_place ? 0 : -ENOENT;
}

static uint64_t less_one(uint64_t v)
{
	return v ? v - 1 : 0;
}

static void write_counts(struct book *b, const struct nginx_stub *s, uint64_t limit)
{
	uint64_t used = less_one(s->active);
	book_line(b,
		"pool connections - used=%" PRIu64 " idle=%" PRIu64 " limit=%" PRIu64
		" served=%" PRIu64 " refused=%" PRIu64 " reading=%" PRIu64 " working=%" PRIu64
		" keepalive=%" PRIu64,
		used, limit > used ? limit - used : 0, limit, s->handled,
		s->accepts > s->handled ? s->accepts - s->handled : 0, s->reading,
		less_one(s->writing), s->waiting);
	book_line(b, "number requests %" PRIu64, s->requests);
}

void book_ask_nginx(struct book_target *t, bool full, struct book *ret)
{
	struct nginx *n = &self;
	struct nginx_stub stub;
	struct http_page page = {.took_us = 0};
	char source[320];
	bool waits = *n->place.socket ? t->full_unix : full;
	enum book_status status = !n->have_place          ? BOOK_CLOSED
				  : waits && !http_owes() ? BOOK_FULL
							  : BOOK_OK;
	bool asked = status == BOOK_OK;
	if (asked) {
		http_get(&n->place, "", clock_mono_ns() + BOOK_DEADLINE_MS * UINT64_C(1000000),
			false, &page);
		status = waits && page.status == BOOK_HUNG ? BOOK_FULL : page.status;
	}
	t->held_ns = page.held_ns;
	if (asked && status == BOOK_OK && nginx_stub(page.text, page.n, &stub) < 0)
		status = BOOK_GARBAGE;
	(void)snprintf(source, sizeof source, "http://%.*s%.*s", (int)sizeof n->place.at,
		n->place.at, (int)sizeof n->place.page, n->place.page);
	book_server(ret, t, t->program, n->have_place ? source : opens, status, page.took_us);
	logs_ask(&logs, t, full, clock_mono_ns() + LOGS_MS * UINT64_C(1000000), ret);
	if (http_owes())
		book_line(ret, "number asking 1");
	if (!n->have_conf)
		return;
	for (size_t i = 0; n->conf.proxies && i < NGINX_TIMEOUTS && (i == 0 || n->conf.proxy_ms[i]);
		i++)
		book_line(ret, "number timeout.proxy.ms/%zu %" PRIu64, i,
			n->conf.proxy_ms[i] ? n->conf.proxy_ms[i] : DEFAULT_MS);
	if (n->conf.proxies)
		book_line(ret, "number config.upgrade %d", n->conf.upgrades);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t limit = nginx_limit(&n->conf, cpus > 0 ? (uint64_t)cpus : 1);
	book_line(ret, "number config.workers %" PRIu64,
		nginx_processes(&n->conf, cpus > 0 ? (uint64_t)cpus : 1));
	if (status == BOOK_OK)
		write_counts(ret, &stub, limit);
	else
		book_line(ret, "pool connections - limit=%" PRIu64, limit);
	book_line(ret, "number config.keepalive %" PRIu64, n->conf.keepalive_s);
	book_line(ret, "number config.timeout %" PRIu64, n->conf.send_timeout_s);
}
