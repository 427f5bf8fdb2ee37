/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for checkpoints that a database is forced to. PostgreSQL tells how much log it has written, after how much it must write everything out, and
 * how many checkpoints were asked for; from the first two follows how often that is, in a window that is shorter than the time between two of them. */
#include "ledger/servers.h"
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>

#define SLACK_S 5.0 /* a checkpoint is told when it is done, and the log is not written evenly */
#define MOST    0.5 /* of what the sessions wrote: then it is this one */
enum { OFTEN = 3 };

const struct rule_case rule_case_checkpoint = {
	.mechanism =
		"PostgreSQL writes all changed pages to its files (a checkpoint) after "
		"checkpoint_timeout, or before that when the log has grown by half of max_wal_size "
		"and "
		"some. Forced in this way every few seconds, it writes the same pages over and "
		"over, and after each checkpoint each page that is changed goes whole into the "
		"log, "
		"which grows faster for it. Sessions wait for the log and the files.",
	.threshold =
		"At the rate of the window the log grows by what forces a checkpoint in less "
		"than checkpoint_warning (30 s), where the server itself calls it too often; "
		"one was asked for in the window, or the last is not older than two such times "
		"and most of all were asked for; and two sessions or more were seen waiting for "
		"files or the log at half of the askings or more.",
	.false_alarms =
		"A short load after which the log grows no more. Checkpoints that somebody asks "
		"for by "
		"hand, or a base backup: the log does not grow so fast. Forced ones for which no "
		"session waits: the disk takes it (a note).",
	.confirm = "psql -c 'select checkpoints_timed, checkpoints_req, buffers_backend from "
		   "pg_stat_bgwriter' (17: pg_stat_checkpointer); grep 'checkpoints are occurring "
		   "too frequently' LOG; psql -c 'show max_wal_size'",
	.remedy =
		"Raise max_wal_size to what the log grows by in checkpoint_timeout, twice (it is "
		"taken from the disk, and a reload is enough); spread or slow down who writes it.",
};

struct forced {
	double every_s;     /* time between two that are forced, at this rate */
	double rate, bytes; /* log a second; log that forces one */
	double timeout_s, warning_s;
	double in_window;
};

static bool told(const struct view *v, const struct server_book *b, const char *name, double *ret)
{
	uint64_t n;
	if (!server_number_of(v, view_last(v), b->pid, name, &n))
		return false;
	*ret = (double)n;
	return true;
}

/* From the first to the last asking of the window: log written a second, and the share of askings at which sessions waited. */
static bool log_rate(
	const struct view *v, const struct server_book *b, double *ret, double *ret_waiting)
{
	uint64_t first_ns = 0, last_ns = 0, first = 0, n = 0, sessions;
	unsigned asked = 0, waited = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		const struct server_book *o = server_book_of(s, b->pid);
		if (!o || o->at_ns == last_ns || o->status != BOOK_OK ||
			!server_number_of(v, s, b->pid, "wal.bytes", &n))
			continue;
		if (!first_ns) {
			first_ns = o->at_ns;
			first = n;
		}
		last_ns = o->at_ns;
		asked++;
		/* One alone waits for what it writes itself. */
		waited += server_number_of(v, s, b->pid, "sessions.io", &sessions) && sessions > 1;
	}
	if (last_ns <= first_ns || n < first)
		return false;
	*ret = (double)(n - first) / ((double)(last_ns - first_ns) / 1e9);
	*ret_waiting = (double)waited / asked;
	return true;
}

static bool is_forced(const struct view *v, const struct server_book *b, struct forced *f)
{
	double age = 0, timed = 0, requested = 0;
	if (!told(v, b, "checkpoint.wal.bytes", &f->bytes) ||
		!told(v, b, "checkpoint.warning.s", &f->warning_s) ||
		!told(v, b, "checkpoint.timeout.s", &f->timeout_s) || f->rate <= 0)
		return false;
	f->every_s = f->bytes / f->rate;
	if (f->every_s >= f->warning_s || f->every_s >= f->timeout_s)
		return false;
	f->in_window = 0;
	(void)server_number_growth(v, b->pid, "checkpoints.requested", &f->in_window);
	return f->in_window > 0 ||
	       (told(v, b, "checkpoint.age.ms", &age) && age / 1000 <= 2 * f->every_s + SLACK_S &&
		       told(v, b, "checkpoints.timed", &timed) &&
		       told(v, b, "checkpoints.requested", &requested) && requested >= OFTEN &&
		       requested > timed);
}

static const struct server_slot *session_of(const struct view *v, int32_t server, int32_t pid)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == server && o->pid == pid && o->who[0])
			return o;
	}
	return NULL;
}

/* One session that writes most of it, else what is configured. The server's own processes (it has no sessions for them) are left out. */
static void blame(
	struct view *v, struct verdict *f, const struct server_book *b, const struct forced *c)
{
	const struct usage *top = NULL;
	double all = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!u->have_io || !server_has(v, b->pid, u->p->pid) ||
			!session_of(v, b->pid, u->p->pid))
			continue;
		all += u->written_chars;
		if (!top || u->written_chars > top->written_chars)
			top = u;
	}
	char text[32];
	if (top && top->written_chars > 0 && top->written_chars >= MOST * all) {
		const struct server_slot *o = session_of(v, b->pid, top->p->pid);
		f->culprits[f->nculprits++] = (struct who){"session",
			arena_str(&v->scratch, o->who), top->p->pid, top->written_chars / all,
			say(v, "writes %.0f %% of what sessions write: \"%s\"",
				100 * top->written_chars / all, arena_str(&v->scratch, o->text))};
	}
	f->culprits[f->nculprits++] = (struct who){"config", "max_wal_size", 0, -1,
		say(v, "forces a checkpoint after %s of log", text_bytes(text, c->bytes))};
}

static void judge(struct view *v, struct verdicts *out, const struct server_book *b)
{
	struct forced c = {0};
	double waiting, age;
	if (!log_rate(v, b, &c.rate, &waiting) || !is_forced(v, b, &c))
		return;
	bool harm = waiting >= 0.5;
	struct verdict *f = verdict_new(v, out, harm ? SEVERITY_WARNING : SEVERITY_NOTICE,
		harm ? STATE_SATURATED : STATE_NOTE, server_name(v, b));
	char time[32], rate[32], bytes[32], size[32];
	if (!f)
		return;
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = b->port;
	f->used = c.every_s;
	blame(v, f, b, &c);
	(void)text_duration(time, c.every_s);
	f->title = say(v, "%s has to write everything out every %s%s", server_name(v, b), time,
		harm ? ", and sessions wait for it" : "; no session waits for it");
	verdict_evidence(f,
		say(v, "the log grows by %s/s, and %s of it force a checkpoint",
			text_bytes(rate, c.rate), text_bytes(bytes, c.bytes)),
		-1, c.every_s, c.warning_s,
		say(v,
			"ps -o pid,args --ppid %" PRId32
			"   # and: select * from pg_stat_bgwriter; show max_wal_size",
			b->pid));
	if (told(v, b, "checkpoint.age.ms", &age))
		verdict_evidence(f,
			say(v,
				"%.0f were asked for in the window; the last that is done began %s "
				"ago",
				c.in_window, text_duration(time, age / 1000)),
			-1, c.in_window, -1,
			say(v, "ps -o pid,etime,args --ppid %" PRId32 " | grep checkpointer",
				b->pid));
	if (!harm)
		return;
	verdict_victim(
		f, "server", server_name(v, b), b->pid, "its sessions wait for files and the log");
	/* What one checkpoint_timeout brings, and as much again, as that of two is kept. */
	double need = 2 * c.rate * c.timeout_s;
	verdict_remedy(f,
		say(v, "Let the log grow to %s before everything is written",
			text_bytes(size, need)),
		say(v,
			"psql -c \"alter system set max_wal_size = '%.0fMB'\" -c 'select "
			"pg_reload_conf()'",
			need / (1 << 20) + 1),
		"postgresql.conf: max_wal_size", true, "so much of its disk",
		"recovery after a crash takes longer");
	if (f->culprits[0].pid)
		verdict_remedy(f,
			say(v, "Let %s write less at once (batches with pauses, COPY at night)",
				f->culprits[0].value),
			NULL, NULL, false, "it takes longer", "none");
	verdict_remedy(f, "Make the log smaller",
		"psql -c \"alter system set wal_compression = on\" -c "
		"'select pg_reload_conf()'",
		"postgresql.conf: wal_compression = on", true, "some time of the processors",
		"none");
}

void rule_checkpoint(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++)
		if (TABLE_ROWS(s->servers, struct server_book)[i].status == BOOK_OK)
			judge(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
}
