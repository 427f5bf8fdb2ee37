/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/logs.h"

#include "base/clock.h"
#include "books/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	SPAN_MS = LOGS_SPAN_S * 1000,
	TUNNELS_MS = LOGS_TUNNELS_S * 1000,
	BACK_MS = LOGS_BACK_S * 1000,
	BUCKET_MS = SPAN_MS / LOGS_BUCKETS,
	LATE_MS =
		10 * 1000, /* a line that is written now is of now: else its clock is another one */
	SLOT_FIRST = SLOT_OF_LOG,
	SLOT_URLS = SLOT_OF_LOG + 100,
};

/* ---- lines ---- */

static unsigned proxy_of(struct logs *l, struct scan name)
{
	char text[sizeof l->proxies[0]];
	scan_text(name, text, sizeof text);
	for (unsigned i = 0; i < l->nproxies; i++)
		if (strcmp(l->proxies[i], text) == 0)
			return i;
	if (l->nproxies == LOGS_PROXIES)
		return LOGS_PROXIES;
	memcpy(l->proxies[l->nproxies], text, sizeof text);
	return l->nproxies++;
}

static void count_answer(struct logs *l, unsigned proxy, uint64_t at_ms)
{
	unsigned b = (unsigned)(at_ms / BUCKET_MS % LOGS_BUCKETS);
	if (l->bucket_at[b] != at_ms / BUCKET_MS) {
		l->bucket_at[b] = at_ms / BUCKET_MS;
		for (unsigned i = 0; i < LOGS_PROXIES; i++)
			l->answered[i][b] = 0;
	}
	l->answered[proxy][b]++;
}

/* What the line is an event of; LOG_EVENT_KINDS for none. */
static enum log_event_kind kind_of(const struct log_line *e)
{
	if (e->tunnel && e->timed_out)
		return e->who == 'c' ? LOG_CUT_CLIENT : LOG_CUT_SERVER;
	if (e->tunnel)
		return e->form == LOG_NGINX_ERROR ? LOG_EVENT_KINDS : LOG_TUNNEL_ENDED;
	if (e->status == STATUS_NO_UPGRADE || e->status == STATUS_NO_VERSION)
		return LOG_NO_UPGRADE;
	if (e->status == STATUS_GAVE_UP ||
		(e->who == 'C' && (e->when == 'H' || e->when == 'Q' || e->when == 'C')))
		return LOG_GAVE_UP;
	if (e->form == LOG_NGINX_ERROR || (e->who == 's' && (e->when == 'H' || e->when == 'D')))
		return LOG_TIMED_OUT;
	return LOG_EVENT_KINDS;
}

/* A request that was answered well, and is known to have taken so long. */
static bool is_answer(const struct log_line *e)
{
	bool whole = e->who == 0 || e->who == '-';
	return e->have_took && whole && !e->tunnel && e->status >= STATUS_OK &&
	       e->status < STATUS_SERVER_ERROR && e->status != STATUS_GAVE_UP;
}

static void take_duration(struct logs *l, unsigned proxy, const struct log_line *e, uint64_t end_ms)
{
	unsigned at = l->ntook[proxy]++ % LOGS_TOOK;
	l->took[proxy][at].end_ms = end_ms;
	l->took[proxy][at].took_ms = e->took_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)e->took_ms;
}

/* Who may end a connection before its time, and in which phase: as HAProxy's letters say it. */
static const char ended_by[LOGS_WHO + 1] = "CSPcs", ended_in[LOGS_WHEN + 1] = "RQCHDT";

static void count_end(struct logs *l, unsigned proxy, const struct log_line *e)
{
	const char *who = e->who ? strchr(ended_by, e->who) : NULL,
		   *when = e->when ? strchr(ended_in, e->when) : NULL;
	if (who && when)
		l->ends[proxy][who - ended_by][when - ended_in]++;
}

static uint64_t span_of(unsigned kind)
{
	return kind <= LOG_TUNNEL_ENDED ? TUNNELS_MS : SPAN_MS;
}

void logs_full(struct logs *l, uint64_t now_ms)
{
	if (!l->full_ms[1] || now_ms > l->full_ms[1] + BACK_MS)
		l->full_ms[0] =
			now_ms > BACK_MS ? now_ms - BACK_MS : 0; /* it is not seen at once */
	l->full_ms[1] = now_ms;
}

/* An error is no answer that is legitimate; nor is one of a time in which somebody waited. */
static void take_url(struct logs *l, const struct log_line *e, uint64_t begin_ms, uint64_t end_ms)
{
	bool waited =
		l->full_ms[1] && end_ms >= l->full_ms[0] && begin_ms <= l->full_ms[1] + BACK_MS;
	log_urls_take(&l->urls, e->url, e->took_ms);
	if (e->status < STATUS_BAD_REQUEST && !waited)
		log_urls_well(&l->urls, e->url, e->took_ms, end_ms, &e->peer);
}

/* Whatever the answer was: who was sent an error has waited for it. A tunnel's duration is that of a visit. */
static void count_latency(struct logs *l, const struct log_line *e, bool old)
{
	l->timed = l->timed || e->have_took;
	if (!old && e->have_took && !e->tunnel && e->status &&
		!(*l->own && scan_is(e->url, l->own)))
		l->latency[book_edge(e->took_ms)]++;
}

void logs_take(struct logs *l, struct scan line, uint64_t now_ms, bool old)
{
	struct log_line e;
	l->lines++;
	if (!log_line(line, &e))
		return;
	l->known++;
	if (e.form == LOG_NGINX_FULL) {
		l->none += !old;
		return;
	}
	count_latency(l, &e, old);
	uint64_t begin = e.at_end || !e.have_took ? 0 : e.at_ms,
		 end = e.at_end ? e.at_ms : e.at_ms + e.took_ms;
	bool whole = e.at_ms && (e.at_end || e.have_took);
	bool far = end > now_ms || now_ms - end > LATE_MS;
	if (!old &&
		(far || !whole)) { /* without its duration, or by another clock: it was written just now */
		end = now_ms;
		begin = e.have_took && e.took_ms < end ? end - e.took_ms : 0;
	}
	if (is_answer(&e))
		take_url(l, &e, end > e.took_ms ? end - e.took_ms : 0, end);
	enum log_event_kind kind = kind_of(&e);
	unsigned proxy = end > now_ms ? LOGS_PROXIES : proxy_of(l, e.proxy);
	if (proxy == LOGS_PROXIES)
		return;
	logs_failures_take(l, proxy, &e, end, now_ms);
	if (now_ms - end > span_of(kind))
		return;
	if (e.form != LOG_NGINX_ERROR && now_ms - end <= SPAN_MS) /* the same is in the other log */
		count_answer(l, proxy, end);
	count_end(l, proxy, &e);
	logs_parts_take(l, &e, end);
	if (is_answer(&e))
		take_duration(l, proxy, &e, end);
	if (kind == LOG_EVENT_KINDS)
		return;
	if (kind <= LOG_CUT_SERVER)
		scan_text(e.url, l->url, sizeof l->url);
	else if (kind == LOG_GAVE_UP || kind == LOG_TIMED_OUT)
		scan_text(e.url, l->gave_up[proxy], sizeof l->gave_up[proxy]);
	l->events[l->next] = (struct log_event){
		begin, end, e.peer, (uint8_t)kind, (uint8_t)proxy, e.form == LOG_NGINX_ERROR};
	l->next = (l->next + 1) % LOGS_EVENTS;
	l->count += l->count < LOGS_EVENTS;
}

/* ---- what comes of it ---- */

static bool is_cut(const struct log_event *e)
{
	return e->kind == LOG_CUT_CLIENT || e->kind == LOG_CUT_SERVER;
}

/* The tunnel b is who had a, again. Where nobody says when one began: it is cut once more after the same silence. */
static bool is_next(const struct logs *l, const struct log_event *a, const struct log_event *b)
{
	if (b->kind > LOG_TUNNEL_ENDED || b->proxy != a->proxy ||
		!address_equal(&a->peer, &b->peer))
		return false;
	if (b->begin_ms)
		return b->begin_ms + 1 >= a->end_ms && b->begin_ms <= a->end_ms + BACK_MS;
	bool fits = false;
	for (unsigned i = 0; i < LOGS_TIMERS && l->timers_ms[i]; i++) {
		uint64_t least = a->end_ms + l->timers_ms[i];
		fits = fits || (b->end_ms + 1000 >= least && b->end_ms <= least + BACK_MS);
	}
	return fits && is_cut(b) && !a->begin_ms;
}

/* How many came back at once after they were cut. Each tunnel answers for one: many clients behind one address are not one that comes back. */
static unsigned came_back(const struct logs *l, unsigned proxy)
{
	static bool taken[LOGS_EVENTS];
	unsigned n = 0;
	memset(taken, 0, sizeof taken);
	for (unsigned i = 0; i < l->count; i++) {
		const struct log_event *a = &l->events[i];
		for (unsigned k = 0; is_cut(a) && a->proxy == proxy && k < l->count; k++) {
			if (k == i || taken[k] || !is_next(l, a, &l->events[k]))
				continue;
			taken[k] = true;
			n++;
			break;
		}
	}
	return n;
}

/* The middle one of the durations of a kind, and how many are near it: a timer makes them equal. */
static uint64_t middle(const struct logs *l, unsigned proxy, unsigned kinds, unsigned *ret_near)
{
	static uint64_t took[LOGS_EVENTS];
	unsigned n = 0;
	*ret_near = 0;
	for (unsigned i = 0; i < l->count; i++) {
		const struct log_event *e = &l->events[i];
		if (e->proxy == proxy && (kinds >> e->kind & 1) && e->begin_ms)
			took[n++] = e->end_ms - e->begin_ms;
	}
	if (n == 0)
		return 0;
	qsort(took, n, sizeof *took, num_order_u64);
	uint64_t m = took[n / 2];
	for (unsigned i = 0; i < n; i++)
		*ret_near += took[i] + m / 20 + 50 >= m && took[i] <= m + m / 20 + 50;
	return m;
}

static void forget_old(struct logs *l, uint64_t now_ms)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < l->count; i++) {
		const struct log_event e = l->events[i];
		if (e.end_ms + span_of(e.kind) >= now_ms)
			l->events[kept++] = e;
	}
	l->count = kept;
	l->next = kept % LOGS_EVENTS;
}

/* The client of most events of a kind. */
static const struct log_event *most_by(
	const struct logs *l, unsigned proxy, unsigned kinds, unsigned *ret_count)
{
	const struct log_event *best = NULL;
	*ret_count = 0;
	for (unsigned i = 0; i < l->count; i++) {
		const struct log_event *e = &l->events[i];
		unsigned n = 0;
		if (e->proxy != proxy || !(kinds >> e->kind & 1) || !e->peer.family ||
			(best && address_equal(&best->peer, &e->peer)))
			continue;
		for (unsigned k = 0; k < l->count; k++)
			n += l->events[k].proxy == proxy && (kinds >> l->events[k].kind & 1) &&
			     address_equal(&l->events[k].peer, &e->peer);
		if (n > *ret_count) {
			*ret_count = n;
			best = e;
		}
		if (i > 64) /* of so many the first will do */
			break;
	}
	return best;
}

/* How long answers took in the last two minutes. */
static void write_durations(
	const struct logs *l, unsigned p, uint64_t now_ms, const char *name, struct book *ret)
{
	enum { LEAST = 5 };
	static uint64_t took[LOGS_TOOK];
	unsigned n = 0, have = l->ntook[p] < LOGS_TOOK ? l->ntook[p] : LOGS_TOOK;
	for (unsigned i = 0; i < have; i++)
		if (l->took[p][i].end_ms + SPAN_MS >= now_ms)
			took[n++] = l->took[p][i].took_ms;
	if (n < LEAST)
		return;
	qsort(took, n, sizeof *took, num_order_u64);
	book_line(ret, "number log.took.p50.ms/%s %" PRIu64, name, took[n / 2]);
	book_line(ret, "number log.took.p90.ms/%s %" PRIu64, name, took[n * 9 / 10]);
}

/* Its error log tells of those that are cut (at level info). */
static bool by_error_log(const struct logs *l, unsigned proxy)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->events[i].told && l->events[i].proxy == proxy)
			return true;
	return false;
}

/* The timer that is the time from each end of a tunnel of the client to the next one, with less than a few seconds to come back; 0: none is. Of nginx,
 * which writes down when a tunnel ended and neither when it began nor by whom. */
static uint64_t period_of(
	const struct logs *l, unsigned proxy, const struct address *peer, unsigned *ret_count)
{
	enum { SOON_MS = 5000, LEAST = 4 };
	uint64_t least = UINT64_MAX, most = 0, before = 0;
	unsigned n = 0;
	for (unsigned i = 0; i < l->count; i++) {
		const struct log_event *e = &l->events[i];
		if (e->kind != LOG_TUNNEL_ENDED || e->begin_ms || e->proxy != proxy ||
			!address_equal(&e->peer, peer))
			continue;
		uint64_t gap = e->end_ms > before ? e->end_ms - before : 0;
		if (n++) {
			least = gap < least ? gap : least;
			most = gap > most ? gap : most;
		}
		before = e->end_ms;
	}
	*ret_count = n;
	for (unsigned i = 0; n >= LEAST && i < LOGS_TIMERS && l->timers_ms[i]; i++)
		if (least + 1000 >= l->timers_ms[i] && most <= l->timers_ms[i] + SOON_MS)
			return l->timers_ms[i];
	return 0;
}

/* Tunnels that ended in step with a timer were cut by it: they become events of that kind. */
static void find_periods(struct logs *l, unsigned proxy)
{
	for (unsigned i = 0; l->timers_ms[0] && i < l->count && i < LOGS_CLIENTS; i++) {
		const struct log_event e = l->events[i];
		unsigned n;
		if (e.kind != LOG_TUNNEL_ENDED || e.begin_ms || e.proxy != proxy ||
			!e.peer.family || !period_of(l, proxy, &e.peer, &n))
			continue;
		for (unsigned k = i; k < l->count; k++)
			if (l->events[k].kind == LOG_TUNNEL_ENDED && l->events[k].proxy == proxy &&
				address_equal(&l->events[k].peer, &e.peer))
				l->events[k].kind = LOG_CUT_SERVER;
	}
}

static void write_proxy(struct logs *l, unsigned p, uint64_t now_ms, struct book *ret)
{
	const unsigned cut = 1u << LOG_CUT_CLIENT | 1u << LOG_CUT_SERVER;
	static const char *const names[LOG_EVENT_KINDS] = {"log.tunnels.cut.client",
		"log.tunnels.cut.server", "log.tunnels.ended", "log.gaveup", "log.timedout",
		"log.no-upgrade"};
	unsigned counts[LOG_EVENT_KINDS] = {0}, near, n;
	uint64_t answered = 0, last[LOG_EVENT_KINDS] = {0};
	char name[160], who[64], peer[80];
	if (!by_error_log(l, p))
		find_periods(l, p);
	for (unsigned i = 0; i < l->count; i++)
		if (l->events[i].proxy == p) {
			const struct log_event *e = &l->events[i];
			counts[e->kind]++;
			last[e->kind] = e->end_ms > last[e->kind] ? e->end_ms : last[e->kind];
		}
	for (unsigned b = 0; b < LOGS_BUCKETS; b++)
		if (l->bucket_at[b] + LOGS_BUCKETS > now_ms / BUCKET_MS)
			answered += l->answered[p][b];
	(void)book_word(name, sizeof name, l->proxies[p], strlen(l->proxies[p]));
	book_line(ret, "number log.answers/%s %" PRIu64, name, answered);
	for (unsigned k = 0; k < LOG_EVENT_KINDS; k++)
		if (counts[k]) {
			book_line(ret, "number %s/%s %u", names[k], name, counts[k]);
			book_line(ret, "number %s.age.s/%s %" PRIu64, names[k], name,
				(now_ms > last[k] ? now_ms - last[k] : 0) / 1000);
		}
	for (unsigned i = 0; i < LOGS_WHO * LOGS_WHEN; i++)
		if (l->ends[p][i / LOGS_WHEN][i % LOGS_WHEN])
			book_line(ret, "number log.end.%c%c/%s %" PRIu64, ended_by[i / LOGS_WHEN],
				ended_in[i % LOGS_WHEN], name,
				l->ends[p][i / LOGS_WHEN][i % LOGS_WHEN]);
	write_durations(l, p, now_ms, name, ret);
	if (counts[LOG_GAVE_UP] || counts[LOG_TIMED_OUT])
		book_line(ret, "slot %u state=logging who=%s text=%s",
			SLOT_FIRST + LOGS_PROXIES + p, name,
			book_word((char[320]){0}, 320, l->gave_up[p], strlen(l->gave_up[p])));
	if (counts[LOG_GAVE_UP]) {
		book_line(ret, "number log.gaveup.ms/%s %" PRIu64, name,
			middle(l, p, 1u << LOG_GAVE_UP, &near));
		book_line(ret, "number log.gaveup.same/%s %u", name, near);
	}
	if (!counts[LOG_CUT_CLIENT] && !counts[LOG_CUT_SERVER])
		return;
	book_line(ret, "number log.tunnels.back/%s %u", name, came_back(l, p));
	book_line(ret, "number log.tunnels.ms/%s %" PRIu64, name, middle(l, p, cut, &near));
	const struct log_event *e = most_by(l, p, cut, &n);
	if (!e)
		return;
	(void)address_text(who, &e->peer);
	(void)snprintf(peer, sizeof peer, e->peer.family == 2 ? "%s:0" : "[%s]:0", who);
	book_line(ret, "slot %u state=closing bytes=%u peer=%s who=%s text=%s", SLOT_FIRST + p, n,
		peer, name, book_word((char[320]){0}, 320, l->url, strlen(l->url)));
}

void logs_write(struct logs *l, uint64_t now_ms, struct book *ret)
{
	forget_old(l, now_ms);
	if (l->lines)
		book_line(ret, "number log.lines %" PRIu64, l->lines);
	for (unsigned p = 0; p < l->nproxies; p++)
		write_proxy(l, p, now_ms, ret);
	if (l->tells_none)
		book_line(ret, "number log.connections.none %" PRIu64, l->none);
	book_latency(ret, l->latency);
	logs_parts_write(l, now_ms, ret);
	logs_failures_write(l, now_ms, ret);
	log_urls_write(&l->urls, SLOT_URLS, ret);
}

static bool take_line(void *ctx, struct scan line)
{
	struct logs *l = ctx;
	logs_take(l, line, l->now_ms, l->old);
	return true;
}

void logs_ask(struct logs *l, struct book_target *t, bool full, uint64_t until_ns, struct book *ret)
{
	l->now_ms = clock_real_ns() / 1000000;
	if (full)
		logs_full(l, l->now_ms);
	for (unsigned i = 0; i < l->nfiles; i++) {
		l->old = l->files[i].old;
		tail_read(&l->files[i], until_ns, take_line, l);
		t->again = t->again || l->files[i].moved;
	}
	if (l->nfiles)
		logs_write(l, l->now_ms, ret);
}
