/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Signals that tell a service to begin anew or to end, sent twice in quick succession: somebody, mostly two of them, works against itself. */
#include "ledger/servers.h"
#include "rules/verdict.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define QUICK_NS UINT64_C(3000000000)

const struct rule_case rule_case_signals_twice = {
	.mechanism =
		"A supervisor, a script and logrotate may each tell the same service to reload or "
		"to end. A second signal that comes while the service deals with the first "
		"one can end it, or begin another restart before the last one is over: workers "
		"are lost and requests with them.",
	.threshold =
		"The same signal (HUP, USR1, USR2, TERM) to the same process twice within three "
		"seconds, and the process ended though nobody told it to, or one of its processes "
		"did so "
		"with an error or by a signal. Without that: a note.",
	.false_alarms =
		"A reload a day; a signal to each of several processes. An upgrade that sends "
		"different signals, one after the other. A service that is told to end twice, and "
		"ends. What a "
		"process sends to its own group.",
	.confirm = "ps -o pid,ppid,lstart,args -p SENDER; grep -r 'kill ' /etc/logrotate.d "
		   "/etc/cron.d",
	.remedy = "One supervisor for a service; logrotate with sharedscripts, so that it reloads "
		  "once "
		  "for all logs.",
};

static const char *name_of(unsigned number)
{
	switch (number) {
	case SIGHUP: return "HUP";
	case SIGUSR1: return "USR1";
	case SIGUSR2: return "USR2";
	case SIGTERM: return "TERM";
	default: return NULL;
	}
}

/* timeout(1) and others send one to their whole group, themselves included. */
static bool is_meant(const struct sent_signal *o)
{
	return name_of(o->number) && !o->kernel && o->sender != o->target;
}

/* Signals of one number to one process in the window. */
struct twice {
	const struct sent_signal *first, *last;
	unsigned count;
	uint64_t first_ns, last_ns, gap_ns, since_ns;
};

static struct twice count_signals(const struct view *v, const struct sent_signal *like)
{
	struct twice t = {.gap_ns = UINT64_MAX};
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->signals.count; k++) {
			const struct sent_signal *o =
				&TABLE_ROWS(s->signals, struct sent_signal)[k];
			if (o->target != like->target || o->number != like->number || !is_meant(o))
				continue;
			uint64_t gap = t.count ? s->mono_ns - t.last_ns : UINT64_MAX;
			if (o->count > 1)
				gap = 0;
			t.gap_ns = gap < t.gap_ns ? gap : t.gap_ns;
			t.first = t.first ? t.first : o;
			t.since_ns = t.since_ns ? t.since_ns : s->real_ns;
			t.last = o;
			t.last_ns = s->mono_ns;
			t.count += o->count;
		}
	}
	return t;
}

/* Processes of the service that ended badly, or the service itself that ended, which TERM asks it to. */
static unsigned ended_badly(const struct view *v, int32_t target, unsigned number)
{
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->ended.count; k++) {
			const struct ended *e = &TABLE_ROWS(s->ended, struct ended)[k];
			if (e->pid == target)
				n += number != SIGTERM;
			else if (e->ppid == target)
				n += e->failed;
		}
	}
	return n;
}

/* Once for each target and number: this is the first of them in the window. */
static bool is_first(
	const struct view *v, unsigned sample, uint32_t row, const struct sent_signal *o)
{
	for (unsigned i = 0; i <= sample; i++) {
		const struct sample *s = view_at(v, i);
		uint32_t end = i == sample ? row : s->signals.count;
		for (uint32_t k = 0; k < end; k++) {
			const struct sent_signal *b =
				&TABLE_ROWS(s->signals, struct sent_signal)[k];
			if (b->target == o->target && b->number == o->number && is_meant(b))
				return false;
		}
	}
	return true;
}

static const char *sender_name(struct view *v, const struct sent_signal *s)
{
	const struct usage *u = view_usage(v, s->sender);
	return u ? who_name(v, u->p)
		 : arena_strn(&v->scratch, s->sender_comm, strnlen(s->sender_comm, PROC_COMM));
}

static void judge_target(struct view *v, struct verdicts *out, const struct sent_signal *o)
{
	struct twice t = count_signals(v, o);
	/* A process that many tell to end is being ended; a service is one that serves or that init started. */
	const struct usage *u = view_usage(v, o->target);
	bool service = u && (u->listens || u->p->ppid == 1);
	if (t.count < 2 || t.gap_ns > QUICK_NS || !service)
		return;
	unsigned lost = ended_badly(v, o->target, o->number);
	const char *service_name = who_name(v, u->p), *signal = name_of(o->number);
	struct verdict *f = verdict_new(v, out, lost ? SEVERITY_WARNING : SEVERITY_NOTICE,
		lost ? STATE_WRONG : STATE_NOTE, service_name);
	if (!f)
		return;
	f->pid = o->target;
	f->netns = u->p->netns;
	f->since_ns = t.since_ns;
	f->used = t.count;
	const struct sent_signal *senders[2] = {t.last, t.first};
	for (size_t i = 0; i < 2; i++)
		if (i == 0 || t.first->sender != t.last->sender)
			f->culprits[f->nculprits++] = (struct who){"process",
				sender_name(v, senders[i]), senders[i]->sender, -1,
				say(v, "sent SIG%s to %s", signal, service_name)};
	f->title = say(v, "%s got SIG%s %u times in quick succession%s", service_name, signal,
		t.count, lost ? ", and lost processes" : "");
	verdict_evidence(f,
		say(v, "SIG%s %u times within %.0f s, the last from %s (pid %" PRId32 ")", signal,
			t.count, v->seconds, f->culprits[0].value, f->culprits[0].pid),
		-1, t.count, 1,
		say(v, "ps -o pid,ppid,lstart,args -p %" PRId32 " --ppid %" PRId32, o->target,
			o->target));
	if (lost) {
		verdict_evidence(f, say(v, "%u of its processes ended badly meanwhile", lost), -1,
			lost, 0, "journalctl -n 50");
		verdict_victim(
			f, "server", service_name, o->target, "requests of ended processes fail");
	}
	verdict_remedy(f, "Let one supervisor alone tell the service to reload or restart", NULL,
		"/etc/logrotate.d: sharedscripts", true, "none", "none");
}

void rule_signals_twice(struct view *v, struct verdicts *out)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->signals.count; k++) {
			const struct sent_signal *o =
				&TABLE_ROWS(s->signals, struct sent_signal)[k];
			if (is_meant(o) && is_first(v, i, k, o))
				judge_target(v, out, o);
		}
	}
}
