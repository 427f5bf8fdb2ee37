/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/message.h"

#include "base/attr.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SUBJECT_MAX = 150, LINE_MAX_ = 2000 };

/* ---- lines ---- */

static const char *str(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));
	return s ? s : "";
}

/* "  label     text": printable, one line. */
static void line(FILE *f, const char *label, const char *text)
{
	char safe[LINE_MAX_];
	(void)fprintf(f, "  %-9s %s\n", label, text_safe(safe, sizeof safe, text));
}

static void command(FILE *f, const char *mark, const char *text)
{
	char safe[LINE_MAX_];
	if (*text)
		(void)fprintf(f, "  %-9s %s%s\n", "", mark, text_safe(safe, sizeof safe, text));
}

static char *amount(char buf[static 32], const json_t *v, const char *unit)
{
	double d = json_number_value(v);
	if (strcmp(unit, "bytes") == 0)
		return text_bytes(buf, d);
	if (strcmp(unit, "ratio") == 0)
		(void)snprintf(buf, 32, "%.0f %%", 100 * d);
	else
		(void)snprintf(buf, 32, d < 1e6 && d == (double)(long)d ? "%.0f" : "%.4g", d);
	return buf;
}

/* "conntrack: 6000 of 6000 entries, 97 refused" */
static void what(FILE *f, const json_t *fd)
{
	char all[LINE_MAX_], a[32], b[32];
	const char *unit = str(fd, "unit"), *ns = str(fd, "netns");
	const json_t *limit = json_object_get(fd, "limit"),
		     *refused = json_object_get(fd, "refused");
	bool bare = strcmp(unit, "bytes") == 0 || strcmp(unit, "ratio") == 0;
	int n = snprintf(all, sizeof all, "%s: %s", str(fd, "resource"),
		amount(a, json_object_get(fd, "used"), unit));
	if (json_is_number(limit) && n > 0 && (size_t)n < sizeof all)
		n += snprintf(all + n, sizeof all - (size_t)n, " of %s", amount(b, limit, unit));
	if (n > 0 && (size_t)n < sizeof all)
		n += snprintf(
			all + n, sizeof all - (size_t)n, "%s%s", bare ? "" : " ", bare ? "" : unit);
	if (json_number_value(refused) > 0 && n > 0 && (size_t)n < sizeof all)
		n += snprintf(all + n, sizeof all - (size_t)n, ", %.0f refused",
			json_number_value(refused));
	if (*ns && n > 0 && (size_t)n < sizeof all)
		(void)snprintf(all + n, sizeof all - (size_t)n, " (network namespace %s)", ns);
	line(f, "what", all);
}

static void people(FILE *f, const json_t *fd, const char *key, const char *label, const char *why)
{
	char all[LINE_MAX_];
	size_t k;
	json_t *w;
	json_array_foreach(json_object_get(fd, key), k, w)
	{
		const char *kind = str(w, "kind");
		const json_t *pid = json_object_get(w, "pid");
		bool named = strcmp(key, "culprits") == 0 && strcmp(kind, "process") != 0;
		char number[32] = "";
		if (json_is_integer(pid))
			(void)snprintf(
				number, sizeof number, " (pid %d)", (int)json_integer_value(pid));
		(void)snprintf(all, sizeof all, "%s%s%s%s%s%s", named ? kind : "", named ? " " : "",
			str(w, "value"), number, *str(w, why) ? ": " : "", str(w, why));
		line(f, k == 0 ? label : "", all);
	}
}

static void proof(FILE *f, const json_t *fd)
{
	size_t k;
	json_t *e;
	json_array_foreach(json_object_get(fd, "evidence"), k, e)
	{
		line(f, k == 0 ? "proof" : "", str(e, "text"));
		command(f, "$ ", str(e, "confirm"));
	}
}

static void remedies(FILE *f, const json_t *fd)
{
	char all[LINE_MAX_];
	size_t k;
	json_t *r;
	json_array_foreach(json_object_get(fd, "remedies"), k, r)
	{
		const char *cost = str(r, "cost"), *risk = str(r, "risk"), *file = str(r, "file");
		bool costs = *cost && strcmp(cost, "none") != 0,
		     risks = *risk && strcmp(risk, "none") != 0;
		(void)snprintf(all, sizeof all, "%s%s%s%s%s", str(r, "text"),
			costs ? "; costs: " : "", costs ? cost : "", risks ? "; risk: " : "",
			risks ? risk : "");
		line(f, k == 0 ? "do" : "", all);
		command(f, "# ", str(r, "command"));
		if (!json_is_true(json_object_get(r, "lasts")))
			command(f, "to keep it: ", file);
	}
}

/* ---- one finding ---- */

static const char *word_of(enum news_kind kind, const struct news_item *i)
{
	switch (kind) {
	case NEWS_CLOSE: return "OVER";
	case NEWS_PASSED: return "WAS";
	default: return strcmp(i->severity, "critical") == 0 ? "CRITICAL" : "WARNING";
	}
}

/* "CRITICAL: title" */
static void headline(char *to, size_t size, enum news_kind kind, const struct news_item *i)
{
	char title[512];
	(void)snprintf(to, size, "%s%s: %s", word_of(kind, i), kind == NEWS_WORSE ? " now" : "",
		text_safe(title, sizeof title, i->title));
}

static void times(FILE *f, const struct news_item *i, uint64_t now_ns)
{
	char since[40], over[40], length[32], all[256];
	uint64_t begin = i->since_ns ? i->since_ns : i->event_ns;
	uint64_t end = i->over_ns ? i->over_ns : now_ns;
	const char *lasted = text_duration(length, end > begin ? (double)(end - begin) / 1e9 : 0);
	(void)text_time(since, begin);
	if (!i->over_ns && !now_ns)
		(void)snprintf(all, sizeof all, "%s", since);
	else if (!i->over_ns)
		(void)snprintf(all, sizeof all, "%s, %s ago", since, lasted);
	else
		(void)snprintf(all, sizeof all, "%s to %s, %s%s", since,
			text_time(over, i->over_ns), lasted,
			i->vanished ? " at most; the recorder was started anew and does not see it "
				      "any more"
				    : "");
	line(f, i->over_ns ? "lasted" : "since", all);
}

/* now_ns 0: how long ago it was is not said, as the text is to stay as it is. */
static void say_item(
	FILE *f, const char *host, enum news_kind kind, const struct news_item *i, uint64_t now_ns)
{
	char text[700], at[40], eta[32];
	headline(text, sizeof text, kind, i);
	(void)fprintf(f, "%s\n", text);
	line(f, "host", host);
	times(f, i, now_ns);
	json_t *j = i->text ? json_loads(i->text, 0, NULL) : NULL;
	const json_t *fd = json_object_get(j, "finding");
	if (json_is_object(fd)) {
		const json_t *left = json_object_get(fd, "eta_s");
		what(f, fd);
		if (json_is_number(left) && !i->over_ns)
			line(f, "left", text_duration(eta, json_number_value(left)));
		people(f, fd, "culprits", "culprit", "why");
		people(f, fd, "victims", "suffers", "effect");
		people(f, fd, "effects", "follows", "text");
		if (kind != NEWS_CLOSE && kind != NEWS_PASSED) {
			proof(f, fd);
			remedies(f, fd);
		}
		(void)snprintf(text, sizeof text, "plimsoll check --at %s    plimsoll explain %s",
			text_time(at, i->event_ns), i->rule);
		line(f, "look", text);
		if (kind != NEWS_CLOSE && kind != NEWS_PASSED) {
			(void)snprintf(text, sizeof text,
				"plimsoll mute %s --for 2h --reason '...'", i->id);
			line(f, "quiet", text);
		}
	}
	json_decref(j);
}

static const char *kind_name(enum news_kind k)
{
	static const char *const names[] = {"", "open", "worse", "passed", "close"};
	return names[k];
}

static json_t *item_json(enum news_kind kind, const struct news_item *i)
{
	char at[40];
	json_t *j = i->text ? json_loads(i->text, 0, NULL) : NULL;
	json_t *fd = json_object_get(j, "finding");
	json_t *r = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", kind_name(kind), "id",
		i->id, "title", i->title, "resource", i->resource, "severity", i->severity, "state",
		i->state);
	if (r) {
		json_object_set_new(r, "since",
			json_string(text_time(at, i->since_ns ? i->since_ns : i->event_ns)));
		json_object_set_new(r, "until",
			i->over_ns ? json_string(text_time(at, i->over_ns)) : json_null());
		json_object_set(r, "finding", fd ? fd : json_null());
	}
	json_decref(j);
	return r;
}

/* ---- messages ---- */

/* The worst first; what is over last. */
static unsigned place(enum news_kind kind, const struct news_item *i)
{
	return kind == NEWS_CLOSE ? 200 : kind == NEWS_PASSED ? 199 : 100 - i->rank;
}

struct row {
	const struct news_item *i;
	enum news_kind kind;
};

static int by_place(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	unsigned x = place(a->kind, a->i), y = place(b->kind, b->i);
	return x != y                             ? (x < y ? -1 : 1)
	       : a->i->event_ns != b->i->event_ns ? (a->i->event_ns < b->i->event_ns ? -1 : 1)
						  : 0;
}

static size_t pick(const struct news *n, const struct mutes *m, uint64_t now_ns,
	struct row rows[static NEWS_MAX])
{
	size_t count = 0;
	for (size_t k = 0; k < n->count; k++) {
		enum news_kind kind = news_of(n, &n->items[k], m, now_ns);
		if (kind != NEWS_NONE)
			rows[count++] = (struct row){&n->items[k], kind};
	}
	qsort(rows, count, sizeof *rows, by_place);
	return count;
}

/* Cut between characters. */
static char *subject_of(const char *host, const struct row *rows, size_t count)
{
	char first[700], more[48] = "", *all = malloc(1024);
	if (!all)
		return NULL;
	headline(first, sizeof first, rows[0].kind, rows[0].i);
	if (count > 1)
		(void)snprintf(more, sizeof more, " (+%zu more)", count - 1);
	(void)snprintf(all, 1024, "[%.64s] ", host);
	size_t used = strlen(all), room = SUBJECT_MAX - used - strlen(more), len = strlen(first);
	if (len > room) {
		len = room - 3;
		while (len > 0 && ((unsigned char)first[len] & 0xc0) == 0x80)
			len--;
		(void)snprintf(first + len, sizeof first - len, "...");
	}
	(void)snprintf(all + used, 1024 - used, "%s%s", first, more);
	return all;
}

enum { SAY_IN_FULL = 8 }; /* findings of one message; the others are named */

static char *text_of_rows(const struct news *n, const char *host, uint64_t now_ns,
	const struct row *rows, size_t count, bool held, uint64_t last_until_ns)
{
	char *text = NULL, at[40], head[700];
	size_t size;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	if (held)
		(void)fprintf(f,
			"Held back until now: more than %u messages in an hour. This is the sum of "
			"what happened meanwhile.\n\n",
			n->target->per_hour);
	if (count > 1) {
		for (size_t k = 0; k < count; k++) {
			headline(head, sizeof head, rows[k].kind, rows[k].i);
			(void)fprintf(f, "%zu. %s\n", k + 1, head);
		}
		(void)fputc('\n', f);
	}
	for (size_t k = 0; k < count && k < SAY_IN_FULL; k++) {
		say_item(f, host, rows[k].kind, rows[k].i, now_ns);
		(void)fputc('\n', f);
	}
	if (count > SAY_IN_FULL)
		(void)fprintf(
			f, "The other %zu: plimsoll check on %s.\n", count - SAY_IN_FULL, host);
	if (n->dropped)
		(void)fprintf(f, "%" PRIu64 " findings more than can be told were left out.\n",
			n->dropped);
	if (last_until_ns)
		(void)fprintf(f,
			"This was the last message for now: %u went out within an hour. What "
			"follows is "
			"told in one message at %s.\n",
			n->target->per_hour, text_time(at, last_until_ns));
	return fclose(f) == EOF ? NULL : text;
}

static char *json_of_rows(const char *subject, const char *text, const char *host, uint64_t now_ns,
	const struct row *rows, size_t count, bool held)
{
	char at[40];
	json_t *all = json_array();
	for (size_t k = 0; k < count; k++)
		json_array_append_new(all, item_json(rows[k].kind, rows[k].i));
	json_t *j = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b, s:o}", "plimsoll",
		PLIMSOLL_VERSION, "schema", 1, "host", host, "at", text_time(at, now_ns), "subject",
		subject, "text", text, "held_back", held, "news", all);
	char *out = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(j);
	return out;
}

int message_of_news(const struct news *n, const struct mutes *m, const char *host, uint64_t now_ns,
	bool held, uint64_t last_until_ns, struct message *ret)
{
	struct row rows[NEWS_MAX];
	*ret = (struct message){0};
	size_t count = pick(n, m, now_ns, rows);
	if (!count)
		return -ENODATA;
	ret->subject = subject_of(host, rows, count);
	ret->text = text_of_rows(n, host, now_ns, rows, count, held, last_until_ns);
	if (ret->subject && ret->text)
		ret->json = json_of_rows(ret->subject, ret->text, host, now_ns, rows, count, held);
	if (!ret->json) {
		message_free(ret);
		return -ENOMEM;
	}
	for (size_t k = 0; k < count; k++) {
		struct message_part *p = &ret->parts[ret->nparts++];
		p->kind = rows[k].kind;
		p->rank = rows[k].i->rank;
		memcpy(p->id, rows[k].i->id, sizeof p->id);
	}
	return 0;
}

int message_of_test(const char *host, uint64_t now_ns, struct message *ret)
{
	static const char format[] =
		"This is a test: plimsoll on %s can reach you. Nothing is wrong.\n";
	char subject[SUBJECT_MAX], text[256];
	*ret = (struct message){0};
	(void)snprintf(subject, sizeof subject, "[%.64s] TEST: plimsoll can reach you", host);
	(void)snprintf(text, sizeof text, format, host);
	ret->subject = strdup(subject);
	ret->text = strdup(text);
	ret->json = json_of_rows(subject, text, host, now_ns, NULL, 0, false);
	if (ret->subject && ret->text && ret->json)
		return 0;
	message_free(ret);
	return -ENOMEM;
}

void message_free(struct message *m)
{
	free(m->subject);
	free(m->text);
	free(m->json);
	*m = (struct message){0};
}

/* ---- Alertmanager ---- */

/* The labels make the alert: they stay as they are while it lasts, but for the severity, by which it is routed. */
static json_t *alert(const char *rule, const char *host, const struct news_item *i,
	const char *severity, uint64_t begin_ns, uint64_t end_ns)
{
	char a[40], b[40], *text = NULL;
	size_t size;
	json_t *j = i->text ? json_loads(i->text, 0, NULL) : NULL;
	const char *netns = str(json_object_get(j, "finding"), "netns");
	json_t *labels = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "alertname", rule, "job",
		"plimsoll", "instance", host, "severity", severity, "resource", i->resource,
		"finding", i->id);
	if (labels && *netns)
		json_object_set_new(labels, "netns", json_string(netns));
	json_decref(j);
	FILE *f = open_memstream(&text, &size);
	if (f) {
		say_item(f, host, i->over_ns ? NEWS_CLOSE : NEWS_OPEN, i, 0);
		(void)fclose(f);
	}
	json_t *r = json_pack("{s:o, s:{s:s, s:s}, s:s, s:s}", "labels", labels, "annotations",
		"summary", i->title, "description", text ? text : "", "startsAt",
		text_time(a, begin_ns), "endsAt",
		text_time(b, end_ns > begin_ns ? end_ns : begin_ns + 1000000));
	free(text);
	return r;
}

static const char *severity_of(unsigned rank)
{
	return rank > 20 ? "critical" : "warning";
}

char *message_alerts(const struct news *n, const struct mutes *m, const char *host, uint64_t now_ns,
	uint64_t until_ns, struct message *ret)
{
	json_t *all = json_array();
	*ret = (struct message){0};
	for (size_t k = 0; k < n->count; k++) {
		const struct news_item *i = &n->items[k];
		enum news_kind kind = news_of(n, i, m, now_ns);
		/* one that was told and is open goes on, unless it was muted since: then it ends by itself */
		bool goes_on = kind == NEWS_NONE && i->told && !i->over_ns && i->text &&
			       !news_muted(i, m, now_ns);
		if ((kind == NEWS_NONE && !goes_on) || !i->text)
			continue;
		uint64_t begin = i->since_ns ? i->since_ns : i->event_ns;
		bool over = kind == NEWS_CLOSE || kind == NEWS_PASSED;
		json_array_append_new(all, alert(i->rule, host, i, severity_of(i->worst), begin,
						   over ? i->over_ns : until_ns));
		if (kind == NEWS_WORSE && strcmp(severity_of(i->told), severity_of(i->worst)) != 0)
			json_array_append_new(
				all, alert(i->rule, host, i, severity_of(i->told), begin, now_ns));
		if (kind == NEWS_NONE)
			continue;
		struct message_part *p = &ret->parts[ret->nparts++];
		*p = (struct message_part){.kind = kind, .rank = i->rank};
		memcpy(p->id, i->id, sizeof p->id);
	}
	char *out = json_array_size(all) ? json_dumps(all, JSON_COMPACT) : NULL;
	json_decref(all);
	return out;
}

char *message_test_alert(const char *host, uint64_t now_ns, uint64_t until_ns)
{
	const struct news_item i = {.id = "test",
		.title = "This is a test: nothing is wrong",
		.resource = "test",
		.since_ns = now_ns};
	json_t *all = json_array();
	json_array_append_new(all, alert("plimsoll.test", host, &i, "none", now_ns, until_ns));
	char *out = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return out;
}
