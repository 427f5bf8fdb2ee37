/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/proxy.h"

#include "base/text.h"
#include "rules/verdict.h"

#include <stdio.h>
#include <string.h>

bool proxy_told(struct view *v, const struct server_book *b, const char *what, const char *proxy,
	double *ret)
{
	uint64_t n;
	*ret = 0;
	if (!server_number_of(v, view_last(v), b->pid, say(v, "%s/%s", what, proxy), &n))
		return false;
	*ret = (double)n;
	return true;
}

const char *proxy_next(struct view *v, const struct server_book *b, const char *what, uint32_t *at)
{
	const struct sample *s = view_last(v);
	size_t n = strlen(what);
	while (*at < s->server_numbers.count) {
		const struct server_number *row =
			&TABLE_ROWS(s->server_numbers, struct server_number)[(*at)++];
		const char *name = intern_text(&v->series->names, row->name);
		if (row->server == b->pid && strncmp(name, what, n) == 0 && name[n] == '/')
			return arena_str(&v->scratch, name + n + 1);
	}
	return NULL;
}

void proxy_each(struct view *v, struct verdicts *out, const char *what,
	void (*judge)(struct view *v, struct verdicts *out, const struct server_book *b,
		const char *proxy))
{
	const struct sample *s = view_last(v);
	const char *proxy;
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		for (uint32_t at = 0; (proxy = proxy_next(v, b, what, &at));)
			judge(v, out, b, proxy);
	}
}

const struct server_slot *proxy_noted(
	const struct view *v, const struct server_book *b, const char *who, unsigned rank)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == b->pid && o->state == SLOT_LOGGING && o->pid == 0 &&
			strncmp(o->who, who, sizeof o->who - 1) == 0 && rank-- == 0)
			return o;
	}
	return NULL;
}

const char *proxy_place(struct view *v, const struct server_book *b, const char *proxy)
{
	return *proxy_called(proxy) ? say(v, "%s/%s", server_name(v, b), proxy) : server_name(v, b);
}

void proxy_blame(struct view *v, struct verdict *f, const struct server_book *b, const char *proxy,
	const char *why)
{
	f->culprits[f->nculprits++] = (struct who){"backend",
		*proxy_called(proxy) ? proxy : say(v, "servers behind %s", server_name(v, b)), 0,
		-1, why};
}

double proxy_timer(struct view *v, const struct server_book *b, const char *what, double life_ms)
{
	const char *proxy;
	double best = 0, least = 0, ms;
	for (uint32_t at = 0; (proxy = proxy_next(v, b, what, &at));) {
		if (!proxy_told(v, b, what, proxy, &ms) || ms <= 0)
			continue;
		least = least <= 0 || ms < least ? ms : least;
		if (ms > best && ms <= life_ms)
			best = ms;
	}
	return best > 0 ? best : least;
}

const char *proxy_span(struct view *v, double ms)
{
	char b[32];
	return ms < 10000 && ms != 1000 * (double)(long)(ms / 1000)
		       ? say(v, "%.0f ms", ms)
		       : say(v, "%s", text_duration(b, ms / 1000));
}

const char *proxy_called(const char *proxy)
{
	return strcmp(proxy, "-") == 0 ? "" : proxy;
}

struct verdict *proxy_verdict(struct view *v, struct verdicts *out, const struct server_book *b,
	enum finding_state state, const char *instance, double n)
{
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, state, instance);
	if (!f)
		return NULL;
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = b->port;
	f->used = n;
	f->refused = n;
	return f;
}
