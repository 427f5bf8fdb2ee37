/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/news.h"

#include "base/attr.h"
#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t HOUR_NS = UINT64_C(3600000000000);
/* A recorder that begins needs its first look, and two for what refuses nothing: then what is still there was told again. */
static const uint64_t CONFIRM_NS = UINT64_C(60000000000);
/* What passed while nobody could be told is of no use to anybody later than this. */
static const uint64_t STALE_NS = UINT64_C(86400000000000);

static const uint64_t CLOCK_BACK_NS = UINT64_C(5000000000);

static const char head[] = "plimsoll notify state 1";

void news_init(struct news *n, const struct target *t)
{
	*n = (struct news){.target = t};
}

void news_destroy(struct news *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i].text);
	n->count = 0;
}

static struct news_item *item_of(struct news *n, const char *id)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->items[i].id, id) == 0)
			return &n->items[i];
	return NULL;
}

void news_forget(struct news *n, struct news_item *i)
{
	free(i->text);
	*i = n->items[--n->count];
}

/* ---- events ---- */

static const char *text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));
	return s ? s : "";
}

/* Harm that is there is worse than harm to come, and a worse severity worse than both. */
static unsigned rank_of(const char *severity, const char *state)
{
	static const char *const states[] = {
		"filling", "wrong", "saturated", "stalled", "exhausted"};
	unsigned rank = strcmp(severity, "critical") == 0  ? 20
			: strcmp(severity, "warning") == 0 ? 10
							   : 0;
	for (unsigned i = 0; i < COUNTOF(states); i++)
		if (strcmp(state, states[i]) == 0)
			return rank + i + 1;
	return rank + 1;
}

static void describe(struct news_item *i, const json_t *j)
{
	uint64_t ns;
	const char *rule = text_of(json_object_get(j, "finding"), "rule");
	(void)snprintf(i->title, sizeof i->title, "%s", text_of(j, "title"));
	(void)snprintf(i->resource, sizeof i->resource, "%s", text_of(j, "resource"));
	(void)snprintf(i->severity, sizeof i->severity, "%s", text_of(j, "severity"));
	(void)snprintf(i->state, sizeof i->state, "%s", text_of(j, "state"));
	if (*rule)
		(void)snprintf(i->rule, sizeof i->rule, "%s", rule);
	if (num_time(text_of(j, "since"), 0, &ns) == 0)
		i->since_ns = ns;
}

static int take_open(struct news *n, const struct event *e, const json_t *j)
{
	struct news_item *i = item_of(n, e->id);
	if (i ? e->real_ns < i->event_ns : e->real_ns <= n->known_ns)
		return 0; /* an earlier trouble, and settled */
	if (!i && n->count == NEWS_MAX) {
		n->dropped++;
		return 0;
	}
	char *text = strdup(e->text);
	if (!text)
		return -ENOMEM;
	if (!i) {
		i = &n->items[n->count++];
		*i = (struct news_item){.event_ns = e->real_ns};
		(void)snprintf(i->id, sizeof i->id, "%s", e->id);
	}
	bool reopened = i->over_ns != 0 && e->real_ns > i->over_ns;
	if (reopened) { /* before anybody was told that it is over: it goes on */
		i->over_ns = 0;
		i->vanished = false;
	}
	free(i->text);
	i->text = text;
	describe(i, j);
	i->rank = rank_of(i->severity, i->state);
	i->worst = i->rank > i->worst ? i->rank : i->worst;
	i->confirmed = true;
	return 0;
}

int news_take(struct news *n, const struct event *e)
{
	int r = 0;
	if (e->real_ns < n->read_ns) /* taken already */
		return 0;
	n->read_ns = e->real_ns;
	if (strcmp(e->kind, "start") == 0) {
		for (size_t i = 0; i < n->count; i++)
			n->items[i].confirmed = false;
		n->confirm_ns = e->real_ns + CONFIRM_NS;
		return 0;
	}
	bool closes = strcmp(e->kind, "close") == 0;
	struct news_item *i = item_of(n, e->id);
	if (closes) {
		if (i && !i->over_ns && e->real_ns >= i->event_ns)
			i->over_ns = e->real_ns;
		return 0;
	}
	if (strcmp(e->kind, "open") != 0 && strcmp(e->kind, "change") != 0)
		return 0;
	json_t *j = json_loads(e->text, 0, NULL);
	if (json_is_object(j))
		r = take_open(n, e, j);
	json_decref(j);
	return r;
}

void news_pass(struct news *n, uint64_t real_ns)
{
	if (real_ns + CLOCK_BACK_NS <
		n->read_ns) /* the clock was set back: what comes now is new */
		n->read_ns = n->known_ns = real_ns;
	if (!n->confirm_ns || real_ns < n->confirm_ns)
		return;
	n->confirm_ns = 0;
	for (size_t i = 0; i < n->count; i++)
		if (!n->items[i].confirmed && !n->items[i].over_ns) {
			n->items[i].over_ns = real_ns;
			n->items[i].vanished = true;
		}
}

/* ---- what is to be told ---- */

static bool wanted(const struct news *n, const struct news_item *i)
{
	char class[64];
	const char *only = n->target->only;
	(void)snprintf(class, sizeof class, "%.*s", (int)strcspn(i->resource, ":"), i->resource);
	return !only || fnmatch(only, i->resource, 0) == 0 || fnmatch(only, class, 0) == 0 ||
	       fnmatch(only, i->rule, 0) == 0;
}

bool news_muted(const struct news_item *i, const struct mutes *m, uint64_t at_ns)
{
	char class[64];
	(void)snprintf(class, sizeof class, "%.*s", (int)strcspn(i->resource, ":"), i->resource);
	return mutes_find(m, at_ns, i->id, i->rule, i->resource, class) != NULL;
}

enum news_kind news_of(
	const struct news *n, const struct news_item *i, const struct mutes *m, uint64_t now_ns)
{
	unsigned least = n->target->critical_only ? 20 : 10;
	if (i->over_ns && i->told)
		return NEWS_CLOSE; /* whoever was told that it began is told that it is over, muted or not */
	if (!i->text || !wanted(n, i))
		return NEWS_NONE;
	if (i->over_ns)
		return i->worst > least && !i->vanished && !news_muted(i, m, i->over_ns) &&
				       i->over_ns + STALE_NS > now_ns
			       ? NEWS_PASSED
			       : NEWS_NONE;
	if (i->rank <= i->told || i->rank <= least || news_muted(i, m, now_ns))
		return NEWS_NONE;
	return i->told ? NEWS_WORSE : NEWS_OPEN;
}

size_t news_due(struct news *n, const struct mutes *m, uint64_t now_ns, uint64_t *ret_since_ns)
{
	size_t due = 0;
	*ret_since_ns = 0;
	for (size_t k = n->count; k-- > 0;) {
		struct news_item *i = &n->items[k];
		enum news_kind kind = news_of(n, i, m, now_ns);
		if (kind == NEWS_NONE && i->over_ns) {
			news_forget(
				n, i); /* the last one takes its place, and was looked at already */
			continue;
		}
		if (kind == NEWS_NONE) {
			i->news_ns = 0;
			continue;
		}
		i->news_ns = i->news_ns ? i->news_ns : now_ns;
		due++;
		if (!*ret_since_ns || i->news_ns < *ret_since_ns)
			*ret_since_ns = i->news_ns;
	}
	return due;
}

bool news_may_send(struct news *n, uint64_t now_ns, uint64_t *ret_at_ns)
{
	unsigned old = 0;
	while (old < n->nsent &&
		(n->sent_ns[old] + HOUR_NS <= now_ns || n->sent_ns[old] > now_ns + HOUR_NS))
		old++;
	n->nsent -= old;
	memmove(n->sent_ns, n->sent_ns + old, n->nsent * sizeof *n->sent_ns);
	*ret_at_ns = n->nsent < n->target->per_hour
			     ? now_ns
			     : n->sent_ns[n->nsent - n->target->per_hour] + HOUR_NS;
	return n->nsent < n->target->per_hour;
}

void news_note_sent(struct news *n, uint64_t now_ns)
{
	if (n->nsent == NEWS_SENT_MAX)
		memmove(n->sent_ns, n->sent_ns + 1, --n->nsent * sizeof *n->sent_ns);
	n->sent_ns[n->nsent++] = now_ns;
}

void news_told(struct news *n, const char *id, enum news_kind kind, unsigned rank)
{
	struct news_item *i = item_of(n, id);
	if (!i)
		return;
	i->news_ns = 0;
	if (kind == NEWS_OPEN || kind == NEWS_WORSE)
		i->told = rank;
	else if (i->over_ns)
		news_forget(n, i);
	else /* it opened again meanwhile */
		i->told = 0;
}

/* ---- state ---- */

int news_save(const struct news *n, FILE *f)
{
	uint64_t read = n->read_ns > n->known_ns ? n->read_ns : n->known_ns, resume = read;
	char title[512];
	for (size_t i = 0; i < n->count; i++)
		if (n->items[i].event_ns < resume)
			resume = n->items[i].event_ns;
	(void)fprintf(f, "%s\nresume %" PRIu64 "\nread %" PRIu64 "\n", head, resume, read);
	for (unsigned i = 0; i < n->nsent; i++)
		(void)fprintf(f, "sent %" PRIu64 "\n", n->sent_ns[i]);
	for (size_t i = 0; i < n->count; i++)
		(void)fprintf(f, "told %" PRIu64 " %u %s %s\n", n->items[i].event_ns,
			n->items[i].told, n->items[i].id,
			text_safe(title, sizeof title, n->items[i].title));
	(void)fprintf(f, "end\n");
	return fflush(f) == EOF || ferror(f) ? -EIO : 0;
}

static bool load_told(struct news *n, struct scan line)
{
	uint64_t event_ns, told;
	struct scan id;
	if (!scan_u64(&line, &event_ns) || !scan_u64(&line, &told) || !scan_word(&line, &id) ||
		scan_len(id) != 16 || told > 100 || n->count == NEWS_MAX)
		return false;
	scan_blanks(&line);
	struct news_item *i = &n->items[n->count++];
	*i = (struct news_item){.event_ns = event_ns, .told = (unsigned)told, .confirmed = true};
	(void)snprintf(i->id, sizeof i->id, "%.16s", id.p);
	(void)snprintf(i->title, sizeof i->title, "%.*s", (int)scan_len(line), line.p);
	(void)snprintf(i->severity, sizeof i->severity, "%s", told > 20 ? "critical" : "warning");
	return true;
}

int news_load(struct news *n, FILE *f, uint64_t *ret_resume_ns)
{
	static const char sent[] = "sent ", read[] = "read ", told[] = "told ",
			  resume[] = "resume ";
	char text[512];
	bool whole = false,
	     good = fgets(text, sizeof text, f) && strncmp(text, head, sizeof head - 1) == 0;
	uint64_t resume_ns = 0, read_ns = 0, ns;
	while (good && !whole && fgets(text, sizeof text, f)) {
		struct scan line, all = scan_over(text, strlen(text));
		good = scan_line(&all, &line);
		if (scan_starts(line, resume)) {
			line.p += sizeof resume - 1;
			good = good && scan_u64(&line, &resume_ns);
		} else if (scan_starts(line, read)) {
			line.p += sizeof read - 1;
			good = good && scan_u64(&line, &read_ns);
		} else if (scan_starts(line, sent)) {
			line.p += sizeof sent - 1;
			good = good && scan_u64(&line, &ns);
			if (good)
				news_note_sent(n, ns);
		} else if (scan_starts(line, told)) {
			line.p += sizeof told - 1;
			good = good && load_told(n, line);
		} else {
			whole = scan_is(line, "end");
			good = good && whole;
		}
	}
	if (!good || !whole) {
		n->count = n->nsent = 0;
		return -EBADMSG;
	}
	n->known_ns = read_ns;
	*ret_resume_ns = resume_ns;
	return 0;
}
