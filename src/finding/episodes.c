/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "finding/episodes.h"

#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Of the last episode with this id: a trouble may come back. */
static struct episode *episode_of(struct episodes *e, const char *id)
{
	for (size_t i = e->count; i-- > 0;)
		if (strcmp(e->rows[i].id, id) == 0)
			return &e->rows[i];
	return NULL;
}

static struct episode *episode_add(struct episodes *e, const char *id)
{
	if (e->count == e->room) {
		size_t room = e->room ? e->room * 2 : 16;
		struct episode *rows = realloc(e->rows, room * sizeof *rows);
		if (!rows)
			return NULL;
		e->rows = rows;
		e->room = room;
	}
	struct episode *row = &e->rows[e->count++];
	*row = (struct episode){0};
	(void)snprintf(row->id, sizeof row->id, "%s", id);
	return row;
}

static int by_weight(const void *a, const void *b)
{
	const struct episode *x = a, *y = b;
	if (!x->muted != !y->muted)
		return x->muted ? 1 : -1;
	if (x->severity != y->severity)
		return (int)y->severity - (int)x->severity;
	return x->since_ns < y->since_ns ? -1 : x->since_ns > y->since_ns;
}

static void sort_episodes(struct episodes *e)
{
	if (e->count)
		qsort(e->rows, e->count, sizeof *e->rows, by_weight);
}

void episodes_mute(struct episodes *e, const struct mutes *m)
{
	char class[64];
	for (size_t i = 0; m && i < e->count; i++) {
		struct episode *ep = &e->rows[i];
		uint64_t from = ep->since_ns > e->first_ns ? ep->since_ns : e->first_ns;
		(void)snprintf(
			class, sizeof class, "%.*s", (int)strcspn(ep->resource, ":"), ep->resource);
		ep->muted = mutes_cover(m, from, ep->until_ns ? ep->until_ns : e->last_ns, ep->id,
			ep->rule, ep->resource, class);
	}
	sort_episodes(e);
}

void episodes_free(struct episodes *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->rows[i].recorded);
	free(e->rows);
	*e = (struct episodes){0};
}

/* ---- by looking ---- */

struct looking {
	struct episodes *e;
	uint64_t now_ns;
	bool failed;
};

static void take_event(
	void *ctx, enum track_event event, const struct tracked *row, const struct verdict *f)
{
	struct looking *l = ctx;
	struct episode *ep =
		event == TRACK_OPEN ? episode_add(l->e, row->id) : episode_of(l->e, row->id);
	if (!ep) {
		l->failed = true;
		return;
	}
	if (event == TRACK_CLOSE) {
		ep->until_ns = row->last_ns;
		return;
	}
	if (event == TRACK_OPEN)
		ep->since_ns = row->since_ns;
	if (event == TRACK_OPEN || row->severity > ep->severity) {
		ep->severity = row->severity;
		ep->worst_ns = l->now_ns;
		(void)snprintf(ep->title, sizeof ep->title, "%s", row->title);
		(void)snprintf(ep->resource, sizeof ep->resource, "%s", row->resource);
		(void)snprintf(ep->rule, sizeof ep->rule, "%s", f ? rule_info(f->rule)->name : "");
	}
}

static void drop_before(struct episodes *e, uint64_t from_ns)
{
	size_t kept = 0;
	for (size_t i = 0; i < e->count; i++)
		if (!e->rows[i].until_ns || e->rows[i].until_ns >= from_ns)
			e->rows[kept++] = e->rows[i];
		else
			free(e->rows[i].recorded);
	e->count = kept;
}

int episodes_look(struct history *h, struct store *into, struct view *v, unsigned window,
	uint64_t from_ns, uint64_t to_ns, const char *only, struct verdicts *scratch,
	struct episodes *ret)
{
	struct track *track = calloc(1, sizeof *track);
	struct findings fs;
	struct looking l = {ret, 0, false};
	*ret = (struct episodes){0};
	/* What began before the span had settled by then. */
	uint64_t lead_ns = TRACK_SETTLES_S * UINT64_C(1000000000),
		 begin_ns = from_ns > lead_ns ? from_ns - lead_ns : 0;
	int r = track ? history_seek(h, into, begin_ns) : -ENOMEM;
	into->count = 0;
	while (r == 0 && !l.failed) {
		r = history_next(h);
		const struct sample *s = store_newest(into, 0);
		if (r < 0 || s->real_ns > to_ns)
			break;
		const struct sample *before = store_newest(into, 1);
		uint64_t apart = before ? s->mono_ns - before->mono_ns : 0;
		if (!track->hold_ns && before)
			track->hold_ns = 5 * apart;
		/* A pause, or another run: what was before is no window with what is now. */
		if (before && (s->mono_ns <= before->mono_ns || apart > track->hold_ns * 2))
			into->count = 1;
		bool within = s->real_ns >= from_ns;
		if (within) {
			ret->first_ns = ret->first_ns ? ret->first_ns : s->real_ns;
			ret->last_ns = s->real_ns;
		}
		if (into->count < window)
			continue;
		r = view_open(v, into, window);
		if (r == 0)
			r = findings_build(v, only, scratch, &fs);
		l.now_ns = v->now_ns;
		if (r == 0)
			track_update(track, v, &fs, take_event, &l);
		ret->looks += within;
	}
	free(track);
	if (l.failed || (r < 0 && r != -ENODATA)) {
		episodes_free(ret);
		return l.failed ? -ENOMEM : r;
	}
	drop_before(ret, from_ns);
	sort_episodes(ret);
	return ret->looks ? 0 : -ENODATA;
}

/* ---- from what was recorded ---- */

struct remembering {
	struct episodes *e;
	const char *only;
	uint64_t from_ns;
	bool failed;
};

static const char *text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));
	return s ? s : "";
}

static bool selected(const struct remembering *m, const json_t *j)
{
	char class[64];
	const char *resource = text_of(j, "resource");
	(void)snprintf(class, sizeof class, "%.*s", (int)strcspn(resource, ":"), resource);
	return !m->only || fnmatch(m->only, resource, 0) == 0 || fnmatch(m->only, class, 0) == 0 ||
	       fnmatch(m->only, text_of(json_object_get(j, "finding"), "rule"), 0) == 0;
}

static enum severity severity_of(const char *name)
{
	for (unsigned s = 0; s <= SEVERITY_CRITICAL; s++)
		if (strcmp(severity_name((enum severity)s), name) == 0)
			return (enum severity)s;
	return SEVERITY_NOTICE;
}

static int remember(void *ctx, const struct event *e)
{
	struct remembering *m = ctx;
	if (!*e->id) /* about the recorder */
		return 0;
	json_t *j = json_loads(e->text, 0, NULL);
	if (!j || !selected(m, j)) {
		json_decref(j);
		return 0;
	}
	bool opens = strcmp(e->kind, "open") == 0;
	struct episode *ep = episode_of(m->e, e->id);
	if (opens || !ep || ep->until_ns) /* one that opened before the span begins with it */
		ep = episode_add(m->e, e->id);
	enum severity severity = severity_of(text_of(j, "severity"));
	if (!ep) {
		m->failed = true;
	} else {
		if (!ep->since_ns)
			ep->since_ns = opens ? e->real_ns : m->from_ns;
		if (strcmp(e->kind, "close") == 0)
			ep->until_ns = e->real_ns;
		if (!ep->worst_ns || severity > ep->severity) {
			ep->severity = severity;
			ep->worst_ns = e->real_ns;
			(void)snprintf(ep->title, sizeof ep->title, "%s", text_of(j, "title"));
			(void)snprintf(
				ep->resource, sizeof ep->resource, "%s", text_of(j, "resource"));
			(void)snprintf(ep->rule, sizeof ep->rule, "%s",
				text_of(json_object_get(j, "finding"), "rule"));
			if (json_is_object(json_object_get(j, "finding"))) {
				free(ep->recorded);
				ep->recorded =
					json_dumps(json_object_get(j, "finding"), JSON_COMPACT);
			}
		}
	}
	json_decref(j);
	return m->failed;
}

int episodes_recorded(
	struct history *h, uint64_t from_ns, uint64_t to_ns, const char *only, struct episodes *ret)
{
	*ret = (struct episodes){.first_ns = from_ns, .last_ns = to_ns};
	struct remembering m = {ret, only, from_ns, false};
	int r = history_events(h, from_ns, to_ns, remember, &m);
	if (r < 0 || m.failed) {
		episodes_free(ret);
		return m.failed ? -ENOMEM : r;
	}
	sort_episodes(ret);
	return 0;
}
