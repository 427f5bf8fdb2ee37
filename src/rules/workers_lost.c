/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Places for workers that are lost: slots whose process is gone.
 *
 * A server that answers names the process of each slot. One that has nobody left to answer with does not; then the processes tell. A server's first process
 * starts another one for each that ended, within a second or two. Where fewer are there than half of the limit while clients wait, none was started in
 * the whole window, and some ended that nobody took note of, their places are not given back. A process that ended and that nobody collected (a
 * zombie) does no work either: it counts as gone. */
#include "rules/workers.h"

#include <string.h>

/* Gone in the whole span since `before`; or dead and not collected. */
static bool is_dead(const struct view *v, const struct sample *before, int32_t pid)
{
	const struct usage *u = view_usage(v, pid);
	const struct proc *b = u ? sample_proc(before, pid, u->p->start_ticks) : NULL;
	return !u || (!u->gone && u->p->state == 'Z' && b && b->state == 'Z');
}

static bool slot_in(const struct sample *s, const struct server_slot *like)
{
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == like->server && o->id == like->id && o->pid == like->pid)
			return true;
	}
	return false;
}

static unsigned dead_slots(const struct view *v, int32_t server, const struct sample *before)
{
	const struct sample *last = view_last(v);
	unsigned n = 0;
	for (uint32_t i = 0; i < last->slots.count; i++) {
		const struct server_slot *s = &TABLE_ROWS(last->slots, struct server_slot)[i];
		n += s->server == server && s->pid > 0 && s->pid != server &&
		     is_dead(v, before, s->pid) && slot_in(before, s);
	}
	return n;
}

/* The newest sample of the window with an older book of the server; NULL. */
static const struct sample *book_before(const struct view *v, const struct server_book *now)
{
	for (unsigned i = v->n; i-- > 0;) {
		const struct server_book *b = server_book_of(view_at(v, i), now->pid);
		if (b && b->at_ns < now->at_ns && b->status == BOOK_OK)
			return view_at(v, i);
	}
	return NULL;
}

unsigned workers_ghosts(const struct view *v, int32_t server)
{
	const struct server_book *b = server_book_of(view_last(v), server);
	const struct sample *before = b && b->status == BOOK_OK ? book_before(v, b) : NULL;
	return before ? dead_slots(v, server, before) : 0;
}

/* The processes that serve: children of the first one; or, where that is a worker itself, it and those beside it. */
struct family {
	unsigned live, dead, threads;
	bool young; /* one was started in the window */
};

static struct family family_of(const struct view *v, const struct server *s, bool orphans)
{
	const struct usage *first = view_usage(v, s->pid);
	struct family f = {.live = 0};
	for (size_t i = 0; first && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		bool of = orphans ? u->p->ppid == first->p->ppid && u->p->uid == first->p->uid
				  : u->p->ppid == s->pid && u != first;
		/* Where a dead one was, the kernel tells no more. */
		bool elsewhere = u->p->state != 'Z' && u->p->netns != first->p->netns;
		if (!of || u->gone || elsewhere ||
			memcmp(u->p->comm, first->p->comm, PROC_COMM) != 0)
			continue;
		if (is_dead(v, view_at(v, 0), u->p->pid)) {
			f.dead++;
			continue;
		}
		f.live++;
		f.young = f.young || u->born;
		f.threads = u->p->threads > f.threads ? u->p->threads : f.threads;
	}
	return f;
}

bool workers_lost(struct view *v, const struct server *s, struct held *ret)
{
	const struct usage *first = view_usage(v, s->pid);
	uint64_t each = 1, told;
	if (strcmp(s->kind, "apache") != 0 || s->limit < 2 || !first)
		return false;
	/* Apache's first process has workers, or it is one: who started it is gone, and nobody starts others. */
	bool orphans = s->children <= 0 && first->p->uid;
	struct family f = family_of(v, s, orphans);
	if (orphans && f.live < 2 && first->p->ppid != 1)
		return false; /* one process by intention */
	if (f.threads > SPARE_THREADS) {
		each = f.threads - SPARE_THREADS;
		if (server_number_of(v, view_last(v), s->pid, "config.threads", &told) && told > 0)
			each = told;
	}
	double lost = s->limit - (double)f.live * (double)each;
	if (f.young || lost * 2 < s->limit ||
		(!orphans && !f.dead && !dead_slots(v, s->pid, view_at(v, 0))))
		return false;
	ret->count = lost;
	ret->left = f.live;
	ret->orphans = orphans;
	ret->stopped = !orphans && (first->p->state == 'T' || first->p->state == 't') ? s->pid : 0;
	return true;
}
