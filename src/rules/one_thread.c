/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for a server that runs one command after the other (Redis, Valkey): while a command runs, or while the kernel copies the server's page tables for
 * a fork, everybody else waits. The server tells both (src/books/redis.c). */
#include "rules/one_thread.h"

#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum {
	LONG_MS = 100, /* that others are kept waiting */
	COMMANDS = 64, /* of the last minute that are looked at */
	OWN = 5,       /* commands of an asking of ours */
};
#define PART    0.05 /* of the time in which the server does nothing else */
#define MOST    0.3  /* the same, where little is left for others */
#define EXCUSED 0.5  /* of the time lost that something else would explain */
#define FAULTS_S                                                                                   \
	100.0 /* pages a second that had to come from a disk: the command waited for them */

/* ---- what the books of the window say ---- */

struct books {
	const struct sample *first, *last; /* with a book that answers; NULL */
	unsigned good, hung;
	double span_s; /* from the first to the last */
};

static struct books books_of(const struct view *v, int32_t pid)
{
	struct books r = {0};
	uint64_t told = 0, begun = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		const struct server_book *b = server_book_of(s, pid);
		if (!b || b->at_ns == told)
			continue;
		told = b->at_ns;
		r.hung += b->status == BOOK_HUNG || b->status == BOOK_SLOW;
		if (b->status != BOOK_OK)
			continue;
		r.good++;
		r.last = s;
		if (!r.first) {
			r.first = s;
			begun = told;
		}
		r.span_s = (double)(told - begun) / 1e9;
	}
	return r;
}

/* Who else wants something of the server: commands a second that are neither ours nor slow, between the first and the last book. */
static double others_ask(const struct view *v, const struct books *b, int32_t pid, double slow)
{
	uint64_t before, now;
	if (b->span_s <= 0 || !server_number_of(v, b->first, pid, "commands", &before) ||
		!server_number_of(v, b->last, pid, "commands", &now) || now < before)
		return 0;
	double n = (double)(now - before) - slow - OWN * (b->good + b->hung);
	return n > 0 ? n / b->span_s : 0;
}

/* Connections of others than this peer that sent something the server did not read yet: most of all in one sample. */
static double kept_waiting(
	const struct view *v, const struct server_book *b, const struct address *but)
{
	double most = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		double n = 0;
		for (uint32_t k = 0; k < s->conns.count; k++) {
			const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[k];
			if (!g->outgoing && !g->stale && b->port && g->port == b->port &&
				g->netns == b->netns && !(but && address_equal(&g->peer, but)))
				n += g->recvq_conns;
		}
		most = n > most ? n : most;
	}
	return most;
}

/* Of so many seconds in commands, those in which the server did not wait itself: for a CPU, a disk or its pages. What it runs then is slow, whatever it is. */
static double ran_of(const struct view *v, int32_t pid, double seconds)
{
	const struct usage *u = view_usage(v, pid);
	if (!u)
		return seconds;
	double faults = u->p->major_faults > u->first->major_faults
				? (double)(u->p->major_faults - u->first->major_faults)
				: 0;
	if (u->p->state == 'T' || u->blocked * 2 >= u->samples || faults > FAULTS_S * seconds)
		return 0;
	return seconds > u->delay_s ? seconds - u->delay_s : 0;
}

/* ---- slow commands ---- */

const struct rule_case rule_case_commands_slow = {
	.mechanism =
		"Redis runs one command after the other. One that goes over all keys (KEYS), over "
		"a very large value (HGETALL, SORT, LRANGE 0 -1) or through a long script lets "
		"everybody else wait until it is done, while CPU and memory look well.",
	.threshold =
		"Commands of 100 ms or more (SLOWLOG) came again within a minute and took five "
		"hundredths of the time, the server did not wait itself meanwhile, and others "
		"asked "
		"it for something: their commands went on between, or what they sent lay unread. "
		"Three tenths of the time are critical. Where the server was in such commands "
		"when it was asked and did not answer in time, that is enough. The culprit is "
		"the client that sent most of them, by time.",
	.false_alarms =
		"A server with very many short commands. A single long command: a note. A job that "
		"has the server for itself. Commands that took long as the server waited for a "
		"CPU or its pages.",
	.confirm =
		"redis-cli slowlog get 16; redis-cli --latency; ss -tn 'sport = :PORT'   # Recv-Q",
	.remedy = "SCAN instead of KEYS, smaller pieces instead of whole values, a replica for "
		  "reports; forbid the command to that client (ACL), or disconnect it.",
};

struct command {
	const struct server_slot *slot;
	bool fresh; /* ended in the window */
};

struct slow {
	struct command rows[COMMANDS];
	size_t n, fresh;
	double fresh_s; /* taken by fresh ones */
	struct books books;
	bool accused;
	double part; /* of the time; -1: not known, but the server did not answer */
	double others, waiting;
	const struct server_slot *longest;
};

static void take_commands(const struct view *v, int32_t pid, struct slow *ret)
{
	uint64_t had = 0;
	bool since = server_number_of(v, ret->books.first, pid, "commands.slow", &had);
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->slots.count && ret->n < COMMANDS; k++) {
			const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[k];
			bool known = o->server != pid || o->state != SLOT_LOGGING ||
				     o->state_ms < LONG_MS;
			for (size_t m = 0; !known && m < ret->n; m++)
				known = ret->rows[m].slot->id == o->id;
			if (known)
				continue;
			bool fresh = !since || o->id >= had;
			ret->rows[ret->n++] = (struct command){o, fresh};
			ret->fresh += fresh;
			ret->fresh_s += fresh ? o->state_ms / 1000.0 : 0;
		}
	}
	for (size_t i = 0; i < ret->n; i++)
		if (ret->rows[i].fresh >= (ret->fresh > 0) &&
			(!ret->longest || ret->rows[i].slot->state_ms > ret->longest->state_ms))
			ret->longest = ret->rows[i].slot;
}

/* Of the client with the same address and name, the time that its commands took. */
static double taken_by(const struct slow *s, const struct server_slot *o)
{
	double sum = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].fresh >= (s->fresh > 0) &&
			address_equal(&s->rows[i].slot->peer, &o->peer) &&
			strcmp(s->rows[i].slot->who, o->who) == 0)
			sum += s->rows[i].slot->state_ms / 1000.0;
	return sum;
}

/* The longest command of the client that took most. */
static const struct server_slot *guilty(const struct slow *s)
{
	const struct server_slot *most = s->longest;
	for (size_t i = 0; most && i < s->n; i++) {
		const struct server_slot *o = s->rows[i].slot;
		double here = taken_by(s, o), best = taken_by(s, most);
		if (s->rows[i].fresh >= (s->fresh > 0) &&
			(here > best || (here >= best && o->state_ms > most->state_ms)))
			most = o;
	}
	return most;
}

/* False: nothing to say. */
static bool look(struct view *v, const struct server_book *b, struct slow *ret)
{
	*ret = (struct slow){.books = books_of(v, b->pid)};
	if (!ret->books.first || strcmp(server_kind(v, b), "redis") != 0)
		return false;
	take_commands(v, b->pid, ret);
	if (!ret->longest)
		return false;
	const struct server_slot *most = guilty(ret);
	ret->others = others_ask(v, &ret->books, b->pid, (double)ret->fresh);
	ret->waiting = kept_waiting(v, b, most->peer.family ? &most->peer : NULL);
	double span = ret->books.span_s;
	bool stood = ret->books.hung > 0 && ret->n >= 2;
	ret->part = ret->fresh && span >= 1 ? ret->fresh_s / span : -1;
	ret->part = ret->part > 1 ? 1 : ret->part;
	if (stood && ret->part < MOST)
		ret->part = -1; /* the books say less than we met */
	/* On a machine that is short of CPUs, or whose pages are gone, nothing runs fast. */
	double ran = ran_of(v, b->pid, stood ? v->seconds : ret->fresh_s);
	ret->accused = (stood ? ran >= MOST * v->seconds
			      : ret->n >= 2 && ret->part >= PART && ran >= PART * span) &&
		       (ret->others >= 1 || ret->waiting >= 1);
	return ret->accused || ret->fresh > 0;
}

bool slow_commands_accuse(struct view *v, int32_t pid)
{
	const struct server_book *b = server_book_of(view_last(v), server_first(v, pid));
	struct slow s;
	return b && look(v, b, &s) && s.accused;
}

static void blame_client(struct view *v, struct verdict *f, const struct server_book *b,
	const struct slow *s, const struct server_slot *most)
{
	char took[32];
	double all = 0;
	for (size_t i = 0; i < s->n; i++)
		all += s->rows[i].fresh >= (s->fresh > 0) ? s->rows[i].slot->state_ms / 1000.0 : 0;
	const struct usage *u =
		most->peer.family ? server_local_client(v, b->port, &most->peer) : NULL;
	const char *why = say(v, "its commands took %s; the longest: \"%s\"",
		text_duration(took, taken_by(s, most)), arena_str(&v->scratch, most->text));
	double share = taken_by(s, most) / all;
	bool own = most->peer.family && who_is_loopback(&most->peer);
	struct who peer = {"peer", server_slot_peer(v, most), 0, share, why},
		   process = {"process", u ? who_name(v, u->p) : "", u ? u->p->pid : 0, share, why};
	if (u && own)
		f->culprits[f->nculprits++] = process;
	if (most->peer.family)
		f->culprits[f->nculprits++] = peer;
	if (u && !own)
		f->culprits[f->nculprits++] = process;
	if (most->who[0] && strcmp(most->who, "default") != 0)
		f->culprits[f->nculprits++] =
			(struct who){"session", arena_str(&v->scratch, most->who), 0, share, why};
	if (f->nculprits == 0)
		f->culprits[f->nculprits++] =
			(struct who){"session", arena_str(&v->scratch, most->text), 0, share, why};
}

static void slow_remedies(struct view *v, struct verdict *f, const struct server_book *b,
	const struct server_slot *most)
{
	const char *cli = b->port ? say(v, "redis-cli -p %u", b->port) : "redis-cli";
	bool keys = strncasecmp(most->text, "keys", 4) == 0;
	verdict_remedy(f,
		keys ? "SCAN instead of KEYS in that program: the same in small pieces"
		     : "Smaller pieces in that program (SCAN, HSCAN, LRANGE by pages) instead of "
		       "one long command; a replica for reports",
		NULL, "the program that sends it", true, "work on the program", "none");
	if (most->peer.family)
		verdict_remedy(f, "Disconnect that client for now",
			say(v, "%s client kill addr %s", cli,
				who_end(v, server_slot_peer(v, most), most->peer_port)),
			NULL, false, "its command that waits is lost", "it comes back");
	if (keys)
		verdict_remedy(f, "Forbid the command to that user",
			say(v, "%s acl setuser default -keys", cli), "redis.conf: ACL", true,
			"programs that use it fail",
			"redis-cli acl save, or it is gone at the next start");
}

static void judge_commands(struct view *v, struct verdicts *out, const struct server_book *b)
{
	struct slow s;
	if (!look(v, b, &s))
		return;
	const struct server_slot *most = guilty(&s);
	const struct usage *u = view_usage(v, b->pid);
	const char *name = u ? who_name(v, u->p) : server_name(v, b);
	char longest[32], took[32];
	struct verdict *f = verdict_new(v, out,
		!s.accused                     ? SEVERITY_NOTICE
		: s.part < 0 || s.part >= MOST ? SEVERITY_CRITICAL
					       : SEVERITY_WARNING,
		s.accused ? STATE_SATURATED : STATE_NOTE, name);
	if (!f)
		return;
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = b->port;
	f->used = s.part >= 0 ? s.part : 1;
	f->limit = 1;
	(void)text_duration(longest, most->state_ms / 1000.0);
	(void)text_duration(took, s.fresh_s);
	blame_client(v, f, b, &s, most);
	f->title = say(v, "%s %s \"%s\" for %s", server_name(v, b),
		s.accused ? "serves nobody else while it runs" : "ran",
		arena_str(&v->scratch, most->text), longest);
	const char *cli = say(v, "%sredis-cli%s slowlog get 16", in_netns(v, b->netns),
		b->port ? say(v, " -p %u", b->port) : "");
	verdict_evidence(f,
		s.fresh ? say(v, "%zu commands of %d ms or more took %s of the last %.0f s",
				  s.fresh, LONG_MS, took,
				  s.books.span_s > 0 ? s.books.span_s : v->seconds)
			: say(v, "%zu commands of %d ms or more in the last minute", s.n, LONG_MS),
		-1, f->used, 1, cli);
	if (s.books.hung)
		verdict_evidence(f,
			say(v, "asked by Plimsoll, it did not answer within %d ms, %u times of %u",
				500, s.books.hung, s.books.hung + s.books.good),
			-1, s.books.hung, -1, cli);
	if (s.waiting >= 1)
		verdict_evidence(f,
			say(v, "what up to %.0f connections of others sent lay unread", s.waiting),
			-1, s.waiting, -1,
			say(v, "%sss -tn 'sport = :%u'   # Recv-Q", in_netns(v, b->netns),
				b->port));
	else if (s.others >= 1)
		verdict_evidence(f, say(v, "others send it %.0f commands a second", s.others), -1,
			s.others, -1, say(v, "%s info stats", "redis-cli"));
	if (s.accused) {
		verdict_victim(f, "server", name, b->pid,
			say(v, "all its other clients wait, up to %s each time", longest));
		slow_remedies(v, f, b, most);
	}
}

void rule_commands_slow(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++)
		judge_commands(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
}
