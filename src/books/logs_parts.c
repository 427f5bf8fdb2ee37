/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* logs_parts: who is sent parts of files (206), and how much of all that a server does these are. Players, readers of documents and broken downloads ask for
 * ranges all day; so beside how many there are it is told what they cost, in answers and in time, that rules can tell a flood by what it takes away. */
#include "books/logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SPAN_MS = LOGS_SPAN_S * 1000, SLOT_PARTS = SLOT_OF_LOG + 90 };

static void count_now(
	struct log_now ring[static LOGS_NOW], const struct log_line *e, uint64_t end_ms)
{
	struct log_now *b = &ring[end_ms / LOGS_NOW_MS % LOGS_NOW];
	const bool part = e->status == STATUS_PART;
	if (b->at != end_ms / LOGS_NOW_MS)
		*b = (struct log_now){.at = end_ms / LOGS_NOW_MS};
	b->answers++;
	b->parts += part;
	b->took_ms += e->have_took && e->took_ms < UINT32_MAX ? e->took_ms : 0;
	b->parts_ms += part && e->have_took && e->took_ms < UINT32_MAX ? e->took_ms : 0;
	b->parts_bytes += part ? e->bytes : 0;
}

/* Of the last half a minute, as far as parts were answered in it: a flood may have begun a moment ago. at: the first bucket of that. */
static struct log_now sum_now(const struct log_now ring[static LOGS_NOW], uint64_t now_ms)
{
	struct log_now sum = {.at = now_ms / LOGS_NOW_MS};
	for (unsigned i = 0; i < LOGS_NOW; i++)
		if (ring[i].at + LOGS_NOW > now_ms / LOGS_NOW_MS && ring[i].parts &&
			ring[i].at < sum.at)
			sum.at = ring[i].at;
	for (unsigned i = 0; i < LOGS_NOW; i++) {
		if (ring[i].at < sum.at)
			continue;
		sum.answers += ring[i].answers;
		sum.parts += ring[i].parts;
		sum.took_ms += ring[i].took_ms;
		sum.parts_ms += ring[i].parts_ms;
		sum.parts_bytes += ring[i].parts_bytes;
	}
	return sum;
}

/* An answer that is a part of a file, as a range was asked for. A client that asks for none in two minutes, or for the fewest, gives its place away. */
void logs_parts_take(struct logs *l, const struct log_line *e, uint64_t end_ms)
{
	struct log_part *at = &l->parts[0];
	if (!e->tunnel && e->form != LOG_NGINX_ERROR)
		count_now(l->now, e, end_ms);
	if (e->status != STATUS_PART || !e->peer.family) {
		for (unsigned i = 0; e->peer.family && i < LOGS_PARTS; i++)
			if (l->parts[i].count && address_equal(&l->parts[i].peer, &e->peer))
				count_now(l->parts[i].now, e, end_ms);
		return;
	}
	for (unsigned i = 0; i < LOGS_PARTS; i++) {
		struct log_part *p = &l->parts[i];
		if (p->count && end_ms > p->last_ms + SPAN_MS)
			p->count = 0;
		if (p->count && address_equal(&p->peer, &e->peer)) {
			at = p;
			break;
		}
		at = p->count < at->count ? p : at;
	}
	if (!at->count || !address_equal(&at->peer, &e->peer))
		*at = (struct log_part){.peer = e->peer, .first_ms = end_ms};
	if (end_ms > at->first_ms + SPAN_MS) { /* the rate goes on, half as old */
		at->first_ms = end_ms - SPAN_MS / 2;
		at->count /= 2;
	}
	at->count++;
	at->last_ms = end_ms;
	count_now(at->now, e, end_ms);
	scan_text(e->url, at->url, sizeof at->url);
}

static const char *peer_word(char peer[static 80], const struct address *a)
{
	char text[48];
	(void)address_text(text, a);
	(void)snprintf(peer, 80, strchr(text, ':') ? "[%s]:0" : "%s:0", text);
	return peer;
}

/* What goes on now: how much of all that is answered are parts, and who is sent most of them, as far as parts are most of what he is sent. */
static void write_parts_now(const struct logs *l, uint64_t now_ms, struct book *ret)
{
	enum { LEAST = 20 };
	const struct log_now all = sum_now(l->now, now_ms);
	bool told[LOGS_PARTS] = {false};
	char peer[80];
	if (all.parts < LEAST)
		return;
	book_line(ret, "number log.now.ms %" PRIu64, now_ms - all.at * LOGS_NOW_MS);
	book_line(ret, "number log.now.answers %u", all.answers);
	book_line(ret, "number log.now.parts %u", all.parts);
	book_line(ret, "number log.now.parts.bytes %" PRIu64, all.parts_bytes);
	book_line(ret, "number log.now.took.ms %" PRIu64, all.took_ms);
	book_line(ret, "number log.now.parts.took.ms %" PRIu64, all.parts_ms);
	for (unsigned k = 0; k < LOGS_PARTS_TOLD; k++) {
		unsigned best = LOGS_PARTS;
		struct log_now most = {.at = 0};
		for (unsigned i = 0; i < LOGS_PARTS; i++) {
			const struct log_now n = sum_now(l->parts[i].now, now_ms);
			if (l->parts[i].count && !told[i] && n.parts * 2 >= n.answers &&
				n.parts * 10 >= all.parts && n.parts > most.parts) {
				most = n;
				best = i;
			}
		}
		if (best == LOGS_PARTS)
			return;
		told[best] = true;
		book_line(ret,
			"slot %u state=logging bytes=%u ms=%" PRIu64
			" peer=%s who=parts.now text=%s",
			SLOT_PARTS + 1 + k, most.parts,
			most.parts_ms < UINT32_MAX ? most.parts_ms : UINT32_MAX,
			peer_word(peer, &l->parts[best].peer),
			book_word((char[320]){0}, 320, l->parts[best].url,
				strlen(l->parts[best].url)));
	}
}

/* Who was sent most parts, if these are many: a download manager asks for a dozen. */
static void write_parts(const struct logs *l, uint64_t now_ms, struct book *ret)
{
	enum { MANY = 50 };
	const struct log_part *most = NULL;
	char peer[80];
	for (unsigned i = 0; i < LOGS_PARTS; i++)
		if (l->parts[i].count >= MANY && l->parts[i].last_ms + SPAN_MS >= now_ms &&
			(!most || l->parts[i].count > most->count))
			most = &l->parts[i];
	if (!most)
		return;
	book_line(ret, "slot %u state=logging bytes=%u ms=%" PRIu64 " peer=%s who=parts text=%s",
		SLOT_PARTS, most->count, most->last_ms - most->first_ms,
		peer_word(peer, &most->peer),
		book_word((char[320]){0}, 320, most->url, strlen(most->url)));
}

void logs_parts_write(const struct logs *l, uint64_t now_ms, struct book *ret)
{
	write_parts(l, now_ms, ret);
	write_parts_now(l, now_ms, ret);
}
