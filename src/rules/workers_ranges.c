/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The rule for floods of requests for parts of files (Range). What such a request costs shows in what the server's log wrote down of them (books/logs_parts.c):
 * nothing of it is a threshold on how many there are. */
#include "rules/cpu.h"
#include "rules/workers.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct rule_case rule_case_workers_ranges = {
	.mechanism =
		"A request may ask for a part of a file, or for many parts, also such that "
		"overlap. Each is an answer of its own to be made and logged, however small; many "
		"parts of a large file by one client cost as much as as many visitors, and a list "
		"of overlapping ones sends more than the whole file.",
	.threshold =
		"There is harm: connections wait for a worker for a second or more, or all "
		"processors are busy, a third of them with the server, and somebody waits for "
		"one. And in the last "
		"half a minute of its log half of the time that all answers took went into "
		"parts of files (206); where the log has no durations, two thirds of all "
		"answers are parts. One to "
		"three clients got half of these parts, each of them little else. They also "
		"account for the harm: they have half of the connections that are served, or "
		"parts took half of the "
		"workers' time; or as much time as half of the processor time that the server "
		"used (20 ms for each part where the log has no durations). Of busy processors "
		"recorders tell when they tell of cpu.saturated.",
	.false_alarms =
		"Players, readers of documents and broken downloads ask for ranges all day: nobody "
		"waits. A slow page beside somebody who downloads: the parts took little of "
		"the time. Thousands who watch a film: no few clients have half of it. A proxy in "
		"front: it is sent other answers as well.",
	.confirm = "awk '$9 == 206 { n[$1]++ } END { for (a in n) print n[a], a }' ACCESSLOG | "
		   "sort -rn | head",
	.remedy = "Limit that client; few ranges in one request, or none (Apache: MaxRanges 5, "
		  "MaxRangeOverlaps none; nginx: max_ranges 1); a rate for each client "
		  "(mod_qos, limit_req, fail2ban on 206).",
};

static double number(const struct view *v, int32_t server, const char *name)
{
	uint64_t n;
	return server_number_of(v, view_last(v), server, name, &n) ? (double)n : 0;
}

/* Clients that were sent most parts. Returns how many these parts were. */
static double peers_of(struct view *v, int32_t server, struct ranges *ret)
{
	const struct sample *last = view_last(v);
	double sum = 0;
	for (uint32_t i = 0; i < last->slots.count && ret->npeers < RANGES_PEERS; i++) {
		const struct server_slot *o = &TABLE_ROWS(last->slots, struct server_slot)[i];
		if (o->server != server || o->id < SLOT_OF_LOG || !o->peer.family ||
			strcmp(o->who, "parts.now") != 0)
			continue;
		double n = (double)o->bytes;
		ret->peers[ret->npeers++] = (struct who){"peer", server_slot_peer(v, o), 0,
			ret->parts > 0 && n < ret->parts ? n / ret->parts : 1,
			say(v,
				"was sent %.0f of %.0f parts of files in %.0f s, the last one of "
				"\"%s\"",
				n, ret->parts, ret->span_s, o->text)};
		ret->url = ret->url ? ret->url : arena_str(&v->scratch, o->text);
		sum += n;
	}
	return sum;
}

bool workers_ranges(struct view *v, int32_t server, double cpus, struct ranges *ret)
{
	const double most_s =
		0.02; /* that one part takes of a processor, where nothing says how long it took */
	*ret = (struct ranges){.span_s = number(v, server, "log.now.ms") / 1000,
		.answers = number(v, server, "log.now.answers"),
		.parts = number(v, server, "log.now.parts"),
		.bytes = number(v, server, "log.now.parts.bytes"),
		.took_s = number(v, server, "log.now.took.ms") / 1000,
		.parts_s = number(v, server, "log.now.parts.took.ms") / 1000};
	if (ret->span_s <= 0 || ret->parts <= 0 || peers_of(v, server, ret) * 2 < ret->parts)
		return false;
	const bool timed = ret->took_s > 0;
	if (timed ? ret->parts_s * 2 < ret->took_s : ret->parts * 3 < ret->answers * 2)
		return false;
	ret->at_once = (timed ? ret->parts_s : ret->parts * most_s) / ret->span_s;
	return ret->at_once * 2 >= cpus;
}

/* Those of a server's that are in the view, in each second. */
static double cpus_of(const struct view *v, int32_t server)
{
	double sum = 0;
	for (size_t i = 0; i < v->nusages; i++)
		if (server_has(v, server, v->usages[i].p->pid))
			sum += v->usages[i].cpu_s;
	return v->seconds > 0 ? sum / v->seconds : 0;
}

static void blame(struct view *v, struct verdict *f, const struct server *s, const struct ranges *r)
{
	char bytes[32];
	f->nculprits = r->npeers;
	memcpy(f->culprits, r->peers, sizeof r->peers);
	verdict_evidence(f,
		say(v,
			"%.0f of %.0f answers of the last %.0f s are parts of files (206), %s "
			"together%s",
			r->parts, r->answers, r->span_s, text_bytes(bytes, r->bytes),
			r->parts_s > 0 ? say(v, "; they took %.0f %% of the time of all",
						 100 * r->parts_s / r->took_s)
				       : ""),
		-1, r->parts, r->answers,
		"awk '$9 == 206 { n[$1]++ } END { for (a in n) print n[a], a }' ACCESSLOG | sort "
		"-rn | head");
	workers_limit_peer(v, f, s);
	verdict_remedy(f,
		"Few ranges in one request, or none (Apache: MaxRanges 5, MaxRangeOverlaps none; "
		"nginx: max_ranges 1)",
		NULL, "the configuration of the server", true,
		"downloads that broke off begin anew", "none");
	verdict_remedy(f,
		"A rate of requests for each client (nginx: limit_req; Apache: mod_qos; fail2ban "
		"on answers 206)",
		NULL, "the configuration of the server", true, "none",
		"a proxy with many users counts as one client");
}

static const char *who_asks(struct view *v, const struct ranges *r)
{
	return r->npeers > 1 ? say(v, "%s and %zu more", r->peers[0].value, r->npeers - 1)
			     : r->peers[0].value;
}

static void workers_verdict_of(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct ranges r;
	struct verdict *f = workers_verdict(v, out, s);
	if (!f || !workers_ranges(v, s->pid, 0, &r))
		return;
	f->used = h->count < s->workers ? h->count : s->workers;
	blame(v, f, s, &r);
	f->title =
		f->used * 2 < s->workers
			? say(v,
				  "%s is busy with parts of files for %s, a moment each, while "
				  "others wait",
				  s->name, who_asks(v, &r))
			: say(v, "%.0f of %.0f workers of %s are busy with parts of files for %s",
				  f->used, s->workers, s->name, who_asks(v, &r));
}

/* All processors are taken by a server that waits itself, or makes others wait. */
static void processors_verdict(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct cpu_waits *w)
{
	struct ranges r;
	struct server s;
	double cpus = cpus_of(v, b->pid);
	for (size_t i = 0; i < out->count; i++)
		if (out->rows[i].rule == RULE_workers_ranges && out->rows[i].pid == b->pid)
			return;
	if (cpus < 0.3 * w->cpus || !workers_ranges(v, b->pid, cpus, &r))
		return;
	struct verdict *f = cpu_verdict(v, out, w, server_name(v, b));
	if (!f)
		return;
	server_clients(v, b, &s);
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = s.port;
	f->used = cpus;
	f->limit = w->cpus;
	blame(v, f, &s, &r);
	cpu_victims(v, w, f);
	f->title = say(v, "%s keeps %.1f of %.0f processors busy with parts of files for %s",
		s.name, cpus, w->cpus, who_asks(v, &r));
	verdict_evidence(f,
		say(v, "idle %.1f %% of %.0f CPUs; %s uses %.1f of them", 100 * w->idle, w->cpus,
			s.name, cpus),
		M_CPU_IDLE, w->idle, -1, "pidstat -u 5 1");
}

void rule_workers_ranges(struct view *v, struct verdicts *out)
{
	const struct sample *last = view_last(v);
	struct cpu_waits w = {.state = CPU_NOT_KNOWN};
	bool looked = false;
	workers_each(v, out, HELD_RANGES, workers_verdict_of);
	for (uint32_t i = 0; i < last->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(last->servers, struct server_book)[i];
		if (b->pid <= 0 || number(v, b->pid, "log.now.parts") <= 0)
			continue;
		if (!looked)
			cpu_waits(v, &w);
		looked = true;
		if (w.state == CPU_OTHERS_WAIT && w.taker && server_has(v, b->pid, w.taker->p->pid))
			processors_verdict(v, out, b, &w);
	}
}
