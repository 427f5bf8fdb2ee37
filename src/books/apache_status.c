/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* apache_status: the two forms of mod_status's page.
 *
 * "?auto" has numbers, each a line, and the scoreboard, a letter a slot (include/scoreboard.h). The page for people has a row for each slot that was ever
 * used: its process, letter, how many seconds ago its last request began ("SS"), client, virtual host, request; of whoever reads a request, 2.2 tells no
 * client. Columns are found by their heads, since versions add some. The form without tables (?notable) has the same in sentences. Whoever sends
 * requests chose much of it: it is cut, and never trusted to be whole. */
#include "books/apache.h"

#include "base/attr.h"
#include "base/num.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 24, CELL = 512 };

/* A slot's state; -1 for one that is not there ('.'). */
static int state_of(char letter)
{
	switch (letter) {
	case '_': return SLOT_IDLE;
	case 'S': return SLOT_STARTING;
	case 'R': return SLOT_READING;
	case 'W': return SLOT_WORKING;
	case 'K': return SLOT_KEEPALIVE;
	case 'D': return SLOT_DNS;
	case 'C': return SLOT_CLOSING;
	case 'L': return SLOT_LOGGING;
	case 'G':
	case 'I': return SLOT_FINISHING;
	default: return -1;
	}
}

/* ---- ?auto ---- */

static void take_scoreboard(struct scan line, struct apache_counts *ret)
{
	for (; line.p < line.end; line.p++) {
		int state = state_of(*line.p);
		if (state >= 0)
			ret->by_state[state]++;
	}
}

static bool take_counter(struct scan key, struct scan value, struct apache_counts *ret)
{
	const struct {
		const char *key;
		uint64_t *to;
		bool *have;
	} rows[] = {
		{"BusyWorkers", &ret->busy, &ret->have_busy},
		{"BusyServers", &ret->busy, &ret->have_busy},
		{"IdleWorkers", &ret->idle, NULL},
		{"IdleServers", &ret->idle, NULL},
		{"Total Accesses", &ret->served, &ret->have_served},
		{"Total kBytes", &ret->kib, NULL},
		{"ServerUptimeSeconds", &ret->uptime_s, NULL},
		{"Processes", &ret->processes, NULL},
		{"Stopping", &ret->stopping, NULL},
		{"ConnsTotal", &ret->conns, &ret->have_conns},
		{"ConnsAsyncWriting", &ret->conns_writing, NULL},
		{"ConnsAsyncKeepAlive", &ret->conns_keepalive, NULL},
		{"ConnsAsyncClosing", &ret->conns_closing, NULL},
		{"ParentServerConfigGeneration", &ret->generation, NULL},
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		uint64_t v;
		if (!scan_is(key, rows[i].key) || !scan_u64(&value, &v))
			continue;
		*rows[i].to = v;
		if (rows[i].have)
			*rows[i].have = true;
		return true;
	}
	return false;
}

static void take_mpm(struct scan value, struct apache_counts *ret)
{
	struct scan word;
	if (scan_word(&value, &word) && scan_len(word) < sizeof ret->mpm)
		(void)snprintf(ret->mpm, sizeof ret->mpm, "%.*s", (int)scan_len(word), word.p);
	for (char *p = ret->mpm; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
}

int apache_auto(const char *text, size_t n, struct apache_counts *ret)
{
	struct scan s = scan_over(text, n), line;
	bool board = false;
	*ret = (struct apache_counts){0};
	while (scan_line(&s, &line)) {
		const char *colon = memchr(line.p, ':', scan_len(line));
		if (!colon)
			continue;
		struct scan key = scan_over(line.p, (size_t)(colon - line.p));
		struct scan value = scan_over(colon + 1, (size_t)(line.end - colon - 1));
		if (scan_is(key, "Scoreboard")) {
			scan_blanks(&value);
			take_scoreboard(value, ret);
			board = true;
		} else if (scan_is(key, "ServerMPM")) {
			take_mpm(value, ret);
		} else {
			(void)take_counter(key, value, ret);
		}
	}
	return board && ret->have_busy ? 0 : -EBADMSG;
}

/* ---- the page ---- */

/* Text of a piece of HTML, without tags, entities as what they stand for, blanks at its ends left out. */
static void plain(struct scan html, char *dst, size_t size)
{
	static const struct {
		const char *entity;
		char is;
	} entities[] = {
		{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&#39;", '\''}};
	size_t n = 0;
	while (html.p < html.end && n + 1 < size) {
		char c = *html.p++;
		if (c == '<') {
			const char *close = memchr(html.p, '>', scan_len(html));
			html.p = close ? close + 1 : html.end;
			continue;
		}
		for (size_t i = 0; c == '&' && i < COUNTOF(entities); i++) {
			struct scan at = scan_over(html.p - 1, scan_len(html) + 1);
			if (scan_starts(at, entities[i].entity)) {
				html.p += strlen(entities[i].entity) - 1;
				c = entities[i].is;
				break;
			}
		}
		if (c == '\0')
			c = '?';
		if (n || (c != ' ' && c != '\n' && c != '\r' && c != '\t'))
			dst[n++] = c;
	}
	while (n && (dst[n - 1] == ' ' || dst[n - 1] == '\n' || dst[n - 1] == '\r'))
		n--;
	dst[n] = '\0';
}

/* The bytes up to a mark, which is stepped over; false without one. */
static bool until(struct scan *s, const char *mark, struct scan *ret)
{
	const char *at = memmem(s->p, scan_len(*s), mark, strlen(mark));
	if (!at)
		return false;
	*ret = scan_over(s->p, (size_t)(at - s->p));
	s->p = at + strlen(mark);
	return true;
}

/* The oldest ones are kept. */
static void keep(struct apache_slots *all, const struct apache_slot *slot, const char *mine)
{
	if (slot->state == SLOT_IDLE || (*mine && strstr(slot->request, mine)))
		return;
	all->seen++;
	if (all->n < APACHE_SLOTS) {
		all->rows[all->n++] = *slot;
		return;
	}
	size_t youngest = 0;
	for (size_t i = 1; i < all->n; i++)
		if (all->rows[i].seconds < all->rows[youngest].seconds)
			youngest = i;
	if (slot->seconds > all->rows[youngest].seconds)
		all->rows[youngest] = *slot;
}

static uint64_t number_in(const char *text)
{
	struct scan s = scan_over(text, strlen(text));
	uint64_t v;
	return scan_u64(&s, &v) ? v : 0;
}

enum column { OTHER, PID, MODE, SECONDS, CLIENT, VHOST, REQUEST, ACCESSES, LAST_MS };

static enum column column_of(const char *head)
{
	static const struct {
		const char *head;
		enum column is;
	} heads[] = {{"PID", PID}, {"M", MODE}, {"SS", SECONDS}, {"Client", CLIENT},
		{"VHost", VHOST}, {"Request", REQUEST}, {"Acc", ACCESSES}, {"Req", LAST_MS}};
	for (size_t i = 0; i < COUNTOF(heads); i++)
		if (strcmp(head, heads[i].head) == 0)
			return heads[i].is;
	return OTHER;
}

static size_t columns_of(struct scan row, enum column ret[COLUMNS])
{
	struct scan cell;
	char text[32];
	size_t n = 0;
	while (n < COLUMNS && until(&row, "<th>", &cell) && until(&row, "</th>", &cell)) {
		plain(cell, text, sizeof text);
		ret[n++] = column_of(text);
	}
	return n;
}

static void set_text(char *dst, size_t size, const char *text)
{
	server_copy(dst, size, strcmp(text, "?") == 0 ? "" : text);
}

/* "0/3/17": of this connection, of this process, of the slot. */
static uint64_t third_in(const char *text)
{
	const char *slash = strrchr(text, '/');
	return slash ? number_in(slash + 1) : 0;
}

static void take_cell(struct apache_slot *slot, enum column c, const char *text, int *state,
	struct apache_place *place)
{
	switch (c) {
	case PID: slot->pid = (uint32_t)number_in(text); break;
	case MODE: *state = state_of(text[0]); break;
	case SECONDS: slot->seconds = number_in(text); break;
	case CLIENT: set_text(slot->client, sizeof slot->client, text); break;
	case VHOST: set_text(slot->vhost, sizeof slot->vhost, text); break;
	case REQUEST: set_text(slot->request, sizeof slot->request, text); break;
	case ACCESSES: place->accesses = third_in(text); break;
	case LAST_MS: place->last_ms = (uint32_t)number_in(text); break;
	case OTHER: break;
	}
}

static void take_table(struct scan s, const char *mine, struct apache_slots *ret)
{
	enum column columns[COLUMNS];
	struct scan row, cell;
	size_t n = until(&s, "</tr>", &row) ? columns_of(row, columns) : 0;
	uint32_t at = 0;
	while (until(&s, "</tr>", &row)) {
		struct apache_slot slot = {.id = at++};
		struct apache_place place = {.accesses = 0};
		int state = -1;
		char text[CELL];
		for (size_t i = 0; i < n && until(&row, "<td", &cell) && until(&row, ">", &cell);
			i++) {
			if (!until(&row, "</td>", &cell))
				break;
			plain(cell, text, sizeof text);
			take_cell(&slot, columns[i], text, &state, &place);
		}
		place.mine = *mine && strstr(slot.request, mine);
		if (ret->nplaces < APACHE_PLACES)
			ret->places[ret->nplaces++] = place;
		if (state < 0)
			continue;
		slot.state = (enum slot_state)state;
		keep(ret, &slot, mine);
	}
}

/* "Read" and so on, as the form without tables has them. */
static int state_called(const char *word)
{
	static const struct {
		const char *word;
		enum slot_state is;
	} words[] = {{"Ready", SLOT_IDLE}, {"Starting", SLOT_STARTING}, {"Read", SLOT_READING},
		{"Write", SLOT_WORKING}, {"Keepalive", SLOT_KEEPALIVE}, {"Logging", SLOT_LOGGING},
		{"DNS lookup", SLOT_DNS}, {"Closing", SLOT_CLOSING}, {"Graceful", SLOT_FINISHING},
		{"Dying", SLOT_FINISHING}};
	for (size_t i = 0; i < COUNTOF(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return (int)words[i].is;
	return -1;
}

/* <b>Server 0-0</b> (PID): 1|2|3 [<b>Write</b>] u0 s0 cu0 cs0\n SS REQ (...)\n <i>CLIENT {REQUEST}</i> <i>(PROTOCOL)</i> <b>[VHOST]</b><br /> */
static void take_sentences(struct scan s, const char *mine, struct apache_slots *ret)
{
	struct scan slot_text, part;
	uint32_t at = 0; /* "Srv" numbers processes, whose threads are slots of their own */
	while (until(&s, "<b>Server ", &part) && until(&s, "<br />", &slot_text)) {
		struct apache_slot slot = {.id = at++};
		char text[CELL];
		int state = -1;
		uint64_t v;
		if (until(&slot_text, "(", &part) && until(&slot_text, ")", &part) &&
			scan_u64(&part, &v))
			slot.pid = (uint32_t)v;
		if (until(&slot_text, "[", &part) && until(&slot_text, "]", &part)) {
			plain(part, text, sizeof text);
			state = state_called(text);
		}
		if (until(&slot_text, "\n", &part) && scan_u64(&slot_text, &v))
			slot.seconds = v;
		if (until(&slot_text, "<i>", &part) && until(&slot_text, "{", &part)) {
			plain(part, text, sizeof text);
			set_text(slot.client, sizeof slot.client, text);
			if (until(&slot_text, "}</i>", &part)) {
				plain(part, text, sizeof text);
				set_text(slot.request, sizeof slot.request, text);
			}
		}
		if (until(&slot_text, "<b>[", &part) && until(&slot_text, "]</b>", &part)) {
			plain(part, text, sizeof text);
			set_text(slot.vhost, sizeof slot.vhost, text);
		}
		if (state < 0)
			continue;
		slot.state = (enum slot_state)state;
		keep(ret, &slot, mine);
	}
}

int apache_page(const char *text, size_t n, const char *mine, struct apache_slots *ret)
{
	struct scan s = scan_over(text, n), part;
	ret->n = 0;
	ret->seen = 0;
	ret->nplaces = 0;
	ret->extended = false;
	if (!memmem(text, n, "Scoreboard Key", 14))
		return -EBADMSG;
	struct scan at = s;
	/* The table of slots is the one whose first head is "Srv"; a legend with the same heads comes after it. */
	if (until(&at, "<th>Srv</th>", &part)) {
		ret->extended = true;
		at.p = part.end;
		struct scan table = at;
		if (until(&at, "</table>", &part))
			table.end = part.end;
		take_table(table, mine, ret);
	} else if (until(&s, "Server Details", &part)) {
		ret->extended = true;
		take_sentences(s, mine, ret);
	}
	return 0;
}

void apache_latency(const struct apache_place *before, size_t nbefore,
	const struct apache_slots *now, uint64_t served, uint64_t counts[static BOOK_EDGES])
{
	uint64_t found[BOOK_EDGES] = {0}, sum = 0;
	for (size_t i = 0; i < now->nplaces && i < nbefore; i++) {
		const struct apache_place *p = &now->places[i];
		if (p->mine || p->accesses <= before[i].accesses)
			continue;
		found[book_edge(p->last_ms)] += p->accesses - before[i].accesses;
		sum += p->accesses - before[i].accesses;
	}
	for (unsigned k = 0; sum <= served && k < BOOK_EDGES; k++)
		counts[k] += found[k];
}
