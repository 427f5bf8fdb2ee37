/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Apache httpd: mod_status, where the configuration has it; the limits from the configuration.
 *
 * An asking is two requests over one connection: "?auto" for the numbers, and where somebody is at work the page with a row for each slot. It takes
 * a worker for that moment, which is not counted. While connections wait for one it is not asked; where all work and nobody waits yet, the one request is
 * the first to wait, and no other follows until it was answered. Each asking is a line of the server's access log. */
#include "books/apache.h"

#include "base/clock.h"
#include "books/logs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char opens[] = "<Location /server-status> SetHandler server-status, Require local "
			    "</Location>, ExtendedStatus On";

struct apache {
	struct apache_conf conf;
	bool have_conf, have_place;
	struct http_place place;
	char mark[32]; /* by which our own requests are known */
	uint64_t generation;
	bool asked;
	bool owes_page; /* not the numbers, where the server owes an answer */
	struct apache_counts counts;
	struct apache_slots slots;
	/* Of the page before: */
	struct apache_place places[APACHE_PLACES];
	size_t nplaces;
	bool no_places;               /* the page does not tell: it is not asked for that alone */
	uint64_t served;              /* that the server had counted then */
	uint64_t latency[BOOK_EDGES]; /* of pages, where the log has no durations */
};

static struct apache self; /* a reader process has exactly one */
static struct logs logs;
enum { LOGS_MS = 50 };

/* ---- where ---- */

static struct address address_of(const char *text)
{
	struct address a = {.family = AF_INET};
	if (inet_pton(AF_INET, text, a.bytes) == 1)
		return a;
	a.family = AF_INET6;
	return inet_pton(AF_INET6, text, a.bytes) == 1 ? a : (struct address){0};
}

static const struct apache_listen *listen_for(const struct apache_conf *c, uint16_t port)
{
	const struct apache_listen *best = NULL;
	for (size_t i = 0; i < c->nlistens; i++) {
		const struct apache_listen *l = &c->listens[i];
		if (!l->tls && (!port || l->port == port) && !best)
			best = l;
	}
	return best;
}

static bool find_place(
	const struct apache_conf *c, const struct book_target *t, struct http_place *p)
{
	const struct apache_status *s = &c->status;
	if (!s->there)
		return false;
	const struct apache_listen *l = listen_for(c, s->port);
	if (!l && c->nlistens)
		return false; /* by TLS only */
	struct address a = l ? address_of(*s->address ? s->address : l->address) : t->address;
	uint16_t port = l ? l->port : t->port;
	*p = (struct http_place){.dir_fd = -1};
	http_address(p, &a, port);
	(void)snprintf(p->host, sizeof p->host, "%s", s->host);
	(void)snprintf(p->page, sizeof p->page, "%s", s->page);
	return port != 0;
}

int book_open_apache(struct book_target *t)
{
	self = (struct apache){.asked = false};
	t->state = &self;
	int r = apache_conf_read(&self.conf, t);
	self.have_conf = r == 0;
	logs_open(&logs, t, NULL);
	(void)snprintf(self.mark, sizeof self.mark, "plimsoll=%d", (int)getpid());
	self.have_place = r == 0 && find_place(&self.conf, t, &self.place);
	if (self.have_place)
		server_copy(logs.own, sizeof logs.own, self.place.page);
	return r < 0 ? r : self.have_place ? 0 : -ENOENT;
}

/* ---- writing ---- */

static void write_slot(struct book *b, const struct apache_slot *s)
{
	char peer[64], who[128], text[360];
	const bool v6 = strchr(s->client, ':') != NULL;
	if (*s->client)
		(void)snprintf(who, sizeof who, v6 ? "[%s]:0" : "%s:0", s->client);
	else
		who[0] = '\0';
	(void)book_word(peer, sizeof peer, who, strlen(who));
	(void)book_word(who, sizeof who, s->vhost, strlen(s->vhost));
	(void)book_word(text, sizeof text, s->request, strlen(s->request));
	book_line(b,
		"slot %" PRIu32 " pid=%" PRIu32 " state=%s ms=%" PRIu64 " peer=%s who=%s text=%s",
		s->id, s->pid, book_state_name(s->state), s->seconds * 1000, peer, who, text);
}

static void write_config(struct book *b, const struct apache *a)
{
	if (!a->have_conf)
		return;
	const struct apache_conf *c = &a->conf;
	book_line(b, "number config.timeout %" PRIu64, c->timeout_s);
	book_line(b, "number config.keepalive %" PRIu64, c->keepalive ? c->keepalive_timeout_s : 0);
	if (c->threads_per_child)
		book_line(b, "number config.threads %" PRIu64, c->threads_per_child);
	if (c->server_limit)
		book_line(b, "number config.processes %" PRIu64, c->server_limit);
}

static uint64_t less_one(uint64_t v)
{
	return v ? v - 1 : 0;
}

/* The request that asked is one of those that work. */
static void write_counts(struct book *b, const struct apache_counts *n, uint64_t limit)
{
	char most[40] = "", served[40] = "";
	if (limit)
		(void)snprintf(most, sizeof most, " limit=%" PRIu64, limit);
	if (n->have_served)
		(void)snprintf(served, sizeof served, " served=%" PRIu64, n->served);
	book_line(b,
		"pool workers - used=%" PRIu64 " idle=%" PRIu64 "%s%s reading=%" PRIu64
		" working=%" PRIu64 " keepalive=%" PRIu64 " closing=%" PRIu64 " finishing=%" PRIu64
		" starting=%" PRIu64,
		less_one(n->busy), n->idle, most, served, n->by_state[SLOT_READING],
		less_one(n->by_state[SLOT_WORKING]) + n->by_state[SLOT_DNS] +
			n->by_state[SLOT_LOGGING],
		n->by_state[SLOT_KEEPALIVE], n->by_state[SLOT_CLOSING], n->by_state[SLOT_FINISHING],
		n->by_state[SLOT_STARTING]);
	if (n->have_served) {
		book_line(b, "number requests %" PRIu64, n->served);
		book_line(b, "number bytes %" PRIu64, n->kib * 1024);
	}
	book_line(b, "number uptime.s %" PRIu64, n->uptime_s);
	if (n->generation)
		book_line(b, "number restarts %" PRIu64, less_one(n->generation));
	if (!n->have_conns)
		return;
	book_line(b, "number connections %" PRIu64, n->conns);
	book_line(b, "number connections.writing %" PRIu64, n->conns_writing);
	book_line(b, "number connections.keepalive %" PRIu64, n->conns_keepalive);
	book_line(b, "number connections.closing %" PRIu64, n->conns_closing);
	book_line(b, "number processes %" PRIu64, n->processes);
	book_line(b, "number processes.stopping %" PRIu64, n->stopping);
}

/* ---- asking ---- */

static enum book_status ask_page(struct apache *a, uint64_t until_ns, struct http_page *page)
{
	http_get(&a->place, a->mark, until_ns, false, page);
	if (page->status != BOOK_OK)
		return page->status;
	return apache_page(page->text, page->n, a->mark, &a->slots) == 0 ? BOOK_OK : BOOK_GARBAGE;
}

/* Somebody but us is at work, and the page tells of slots; or somebody was since the last page, and no log says how long that took. Two requests are ours. */
static bool worth_a_page(const struct apache *a)
{
	const struct apache_counts *n = &a->counts;
	return n->have_served &&
	       (n->busy > 1 || (!logs.timed && !a->no_places &&
				       (!a->nplaces || n->served > a->served + 2)));
}

/* The page is asked after the counts: there is room for what came between the two. */
static void count_latency(struct apache *a)
{
	const uint64_t few = 16;
	if (a->nplaces && !logs.timed && a->counts.served >= a->served)
		apache_latency(a->places, a->nplaces, &a->slots,
			2 * (a->counts.served - a->served) + few, a->latency);
	a->nplaces = a->slots.nplaces;
	a->served = a->counts.served;
	a->no_places = a->nplaces == 0;
	memcpy(a->places, a->slots.places, a->nplaces * sizeof *a->places);
}

/* Of the numbers; *page: what it took. A connection is kept for the page only where a worker that waits for us is missed by nobody. */
static enum book_status ask_counts(struct apache *a, uint64_t until, struct http_page *page)
{
	char query[64];
	(void)snprintf(query, sizeof query, "auto&%s", a->mark);
	http_get(&a->place, query, until, !a->asked || a->counts.idle, page);
	if (page->status == BOOK_OK && apache_auto(page->text, page->n, &a->counts) < 0)
		return BOOK_GARBAGE;
	return page->status;
}

/* The numbers, then the page. A page that is owed comes first: what it tells is of now, and the numbers that it was to go with are not. */
static enum book_status ask_both(
	struct apache *a, bool full, struct http_page *first, bool *counted)
{
	struct http_page page;
	uint64_t until = clock_mono_ns() + BOOK_DEADLINE_MS * UINT64_C(1000000);
	bool late = http_owes() && a->owes_page;
	enum book_status told = BOOK_OK, status;
	a->slots.n = 0;
	if (late)
		told = ask_page(a, until, first);
	a->owes_page = http_owes();
	if (late && (told != BOOK_OK || full))
		return told == BOOK_OK || told == BOOK_HUNG ? (full ? BOOK_FULL : told) : told;
	status = ask_counts(a, until, first);
	*counted = status == BOOK_OK;
	if (!*counted || !worth_a_page(a)) {
		http_end();
		return full && status == BOOK_HUNG ? BOOK_FULL : status;
	}
	if (full) { /* the answer was owed; another request would wait as this one did */
		http_end();
		return BOOK_FULL;
	}
	if (!late)
		told = ask_page(a, until, &page);
	a->owes_page = http_owes();
	if (told == BOOK_OK)
		count_latency(a);
	else if (told == BOOK_GARBAGE)
		a->no_places = true;
	http_end();
	return a->counts.busy > 1 ? told : status;
}

static void write_limit(struct book *b, uint64_t limit)
{
	if (limit)
		book_line(b, "pool workers - limit=%" PRIu64, limit);
}

void book_ask_apache(struct book_target *t, bool full, struct book *ret)
{
	struct apache *a = &self;
	char source[320];
	bool counted = false;
	struct http_page page = {.took_us = 0};
	enum book_status status = !a->have_place         ? BOOK_CLOSED
				  : full && !http_owes() ? BOOK_FULL
							 : BOOK_OK;
	if (status == BOOK_OK)
		status = ask_both(a, full, &page, &counted);
	t->held_ns = page.held_ns;
	(void)snprintf(source, sizeof source, "http://%.*s%.*s", (int)sizeof a->place.at,
		a->place.at, (int)sizeof a->place.page, a->place.page);
	book_server(ret, t, t->program, a->have_place ? source : opens, status, page.took_us);
	const char *mpm = counted && *a->counts.mpm ? a->counts.mpm : a->conf.mpm;
	uint64_t limit = a->have_conf ? apache_limit(&a->conf, mpm) : 0;
	if (http_owes())
		book_line(ret, "number asking 1");
	write_config(ret, a);
	logs_ask(&logs, t, full, clock_mono_ns() + LOGS_MS * UINT64_C(1000000), ret);
	if (!counted) {
		write_limit(ret, limit);
		return;
	}
	write_counts(ret, &a->counts, limit);
	if (!logs.timed)
		book_latency(ret, a->latency);
	book_line(ret, "number slots %" PRIu64, a->slots.seen);
	for (size_t i = 0; i < a->slots.n; i++)
		if (a->slots.rows[i].seconds)
			write_slot(ret, &a->slots.rows[i]);
	if (a->asked && a->counts.generation != a->generation)
		t->again = true; /* it read its configuration anew */
	a->asked = true;
	a->generation = a->counts.generation;
}
