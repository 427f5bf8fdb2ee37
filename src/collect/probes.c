/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* probes: what happened between this sample and the one before, as the probes in the kernel tell it: processes that ended, signals, TCP
 * connections that began, ended or lost something, and how long was waited for CPUs and disks.
 *
 * A second may hold thousands of events; rows add up what is alike, and what finds no row of its own is added to one that says less. */
#include "collect/engine_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { ENDED_ROWS = 200, FLOW_ROWS = 512 };

struct probe_walk {
	struct engine *e;
	struct sample *out;
};

/* ---- events ---- */

static struct ended *find_ended(struct sample *out, int32_t ppid, const char *comm)
{
	struct ended *rows = TABLE_ROWS(out->ended, struct ended);
	for (uint32_t i = out->ended.count; i-- > 0;)
		if (rows[i].ppid == ppid &&
			strncmp(rows[i].comm, comm, sizeof rows[i].comm - 1) == 0)
			return &rows[i];
	return NULL;
}

/* Beyond so many rows, names and parents are no longer told apart. */
static struct ended *ended_row(struct sample *out, const struct probe_exit *x)
{
	int32_t ppid = (int32_t)x->ppid;
	const char *comm = x->comm;
	struct ended *r = find_ended(out, ppid, comm);
	if (!r && out->ended.count >= ENDED_ROWS) {
		ppid = 0;
		comm = "(others)";
		r = find_ended(out, ppid, comm);
	}
	if (r)
		return r;
	r = table_add(&out->ended, sizeof *r);
	if (!r)
		return NULL;
	r->ppid = ppid;
	(void)snprintf(r->comm, sizeof r->comm, "%.*s", (int)sizeof r->comm - 1, comm);
	return r;
}

/* Its path when one of the same cgroups was seen alive. */
static uint32_t group_of(const struct engine *e, uint64_t css)
{
	for (size_t i = 0; i < ENGINE_GROUPS; i++)
		if (e->groups[i].css == css)
			return e->groups[i].path;
	return 0;
}

static void take_exit(struct probe_walk *w, const struct probe_exit *x)
{
	w->e->totals.ended++;
	w->e->totals.killed_oom += x->oom;
	struct ended *r = ended_row(w->out, x);
	if (!r)
		return;
	if (!r->cgroup)
		r->cgroup = group_of(w->e, x->css);
	r->pid = (int32_t)x->pid;
	r->uid = x->uid;
	r->count++;
	r->failed += x->code != 0;
	r->oom += x->oom;
	r->code = x->code;
	r->cpu_ns += x->cpu_ns;
	r->run_delay_ns += x->run_delay_ns;
	r->io_read += x->io_read;
	r->io_write += x->io_write;
	r->life_ns += x->end_ns > x->start_ns ? x->end_ns - x->start_ns : 0;
	if (x->rss_peak_pages > r->rss_peak_pages)
		r->rss_peak_pages = x->rss_peak_pages;
}

static void take_signal(struct probe_walk *w, const struct probe_signal *x)
{
	w->e->totals.signals++;
	struct sent_signal *rows = TABLE_ROWS(w->out->signals, struct sent_signal), *r = NULL;
	for (uint32_t i = w->out->signals.count; i-- > 0 && !r;)
		if (rows[i].sender == (int32_t)x->sender && rows[i].target == (int32_t)x->target &&
			rows[i].number == x->number)
			r = &rows[i];
	if (!r)
		r = table_add(&w->out->signals, sizeof *r);
	if (!r)
		return;
	r->sender = (int32_t)x->sender;
	r->target = (int32_t)x->target;
	r->number = (uint8_t)x->number;
	r->kernel = x->kernel;
	r->sender_uid = x->sender_uid;
	memcpy(r->sender_comm, x->sender_comm, sizeof r->sender_comm - 1);
	memcpy(r->target_comm, x->target_comm, sizeof r->target_comm - 1);
	r->count++;
}

static int take_events(void *ctx, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint32_t event;
	while (len >= sizeof event) {
		size_t size = 0;
		memcpy(&event, p, sizeof event);
		if (event == PROBE_EXIT && len >= sizeof(struct probe_exit)) {
			struct probe_exit x;
			size = sizeof x;
			memcpy(&x, p, size);
			take_exit(ctx, &x);
		} else if (event == PROBE_SIGNAL && len >= sizeof(struct probe_signal)) {
			struct probe_signal x;
			size = sizeof x;
			memcpy(&x, p, size);
			take_signal(ctx, &x);
		}
		if (size == 0)
			break; /* none of ours: what follows cannot be told apart */
		p += size;
		len -= size;
	}
	return 0;
}

/* ---- connections ---- */

static struct address address_of(uint8_t family, const uint8_t *bytes)
{
	struct address a = {.family = family};
	memcpy(a.bytes, bytes, family == AF_INET6 ? 16 : 4);
	return a;
}

/* Beyond so many rows, peers are no longer told apart. */
static struct tcp_flow *flow_row(struct sample *out, struct tcp_flow *key)
{
	if (out->flows.count >= FLOW_ROWS) {
		key->local = key->peer = (struct address){0};
		struct tcp_flow *rows = TABLE_ROWS(out->flows, struct tcp_flow);
		for (uint32_t i = FLOW_ROWS; i < out->flows.count; i++)
			if (rows[i].netns == key->netns && rows[i].outgoing == key->outgoing &&
				rows[i].port == key->port && rows[i].pid == key->pid)
				return &rows[i];
	}
	struct tcp_flow *r = table_add(&out->flows, sizeof *r);
	if (r)
		*r = *key;
	return r;
}

static int netns_index(struct engine *e, uint32_t inode)
{
	return inode == e->series->netns[NETNS_HOST].inode ? NETNS_HOST
							   : series_netns(e->series, inode, NULL);
}

static void take_flow(
	struct probe_walk *w, const struct probe_flow_key *k, const struct probe_flow *f)
{
	int netns = netns_index(w->e, k->netns);
	struct tcp_flow key = {.netns = (uint16_t)(netns < 0 ? NETNS_HOST : netns),
		.outgoing = k->outgoing,
		.port = k->port,
		.local = address_of(k->family, k->local),
		.peer = address_of(k->family, k->peer),
		.pid = (int32_t)k->pid};
	struct tcp_flow *r = flow_row(w->out, &key);
	if (!r)
		return;
	r->opened += (uint32_t)f->opened;
	r->closed += (uint32_t)f->closed;
	r->failed += (uint32_t)f->failed;
	r->bytes_out += f->bytes_out;
	r->bytes_in += f->bytes_in;
	r->duration_ns += f->duration_ns;
	r->timed += (uint32_t)f->timed;
	r->retransmits += (uint32_t)f->retransmits;
	r->resets_in += (uint32_t)f->resets_in;
	r->resets_out += (uint32_t)f->resets_out;
}

static int take_flows(void *ctx, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	struct probe_flow_key k;
	struct probe_flow f;
	for (; len >= sizeof k + sizeof f; p += sizeof k + sizeof f, len -= sizeof k + sizeof f) {
		memcpy(&k, p, sizeof k);
		memcpy(&f, p + sizeof k, sizeof f);
		take_flow(ctx, &k, &f);
	}
	return 0;
}

/* ---- histograms ---- */

/* "1us", "2us" ... "512us", "1ms" ... as far as powers of two are told by their first digits; the last bucket has no edge. */
static const char *const edges[PROBE_BUCKETS] = {"1us", "2us", "4us", "8us", "16us", "32us", "64us",
	"128us", "256us", "512us", "1ms", "2ms", "4ms", "8ms", "16ms", "33ms", "66ms", "131ms",
	"262ms", "524ms", "1s", "2s", "4s", "8s", "17s", "34s", "67s", "inf"};

/* Buckets that never counted anything are no series. */
static void put_histogram(
	struct probe_walk *w, enum metric m, const char *of, const struct probe_histogram *h)
{
	const struct out o = {w->out, w->e->series, NETNS_HOST};
	char name[64];
	for (unsigned i = 0; i < PROBE_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		int n = snprintf(name, sizeof name, "%s%s%s", of, *of ? " " : "", edges[i]);
		out_value(&o, m, out_instance(&o, scan_over(name, (size_t)n)), h->count[i]);
	}
}

static int take_run_queue(void *ctx, const void *bytes, size_t len)
{
	struct probe_histogram h;
	if (len < sizeof h)
		return 0;
	memcpy(&h, bytes, sizeof h);
	put_histogram(ctx, M_RUNQ_LATENCY, "", &h);
	return 0;
}

/* The name that /proc/diskstats has for a device number, in this sample. */
static const char *disk_name(const struct probe_walk *w, const struct probe_disk_key *k)
{
	uint64_t devno = (uint64_t)k->major << 20 | k->minor, v;
	for (uint32_t id = w->e->series->first[M_DISK_DEVNO]; id;
		id = series_row(w->e->series, id)->next)
		if (sample_get(w->out, id, &v) && v == devno)
			return series_instance(w->e->series, id);
	return NULL;
}

static int take_disks(void *ctx, const void *bytes, size_t len)
{
	static const enum metric of[PROBE_OP_COUNT] = {
		M_DISK_LATENCY_READ, M_DISK_LATENCY_WRITE, M_DISK_LATENCY_OTHER};
	const unsigned char *p = bytes;
	struct probe_disk_key k;
	struct probe_histogram h;
	for (; len >= sizeof k + sizeof h; p += sizeof k + sizeof h, len -= sizeof k + sizeof h) {
		memcpy(&k, p, sizeof k);
		memcpy(&h, p + sizeof k, sizeof h);
		const char *name = disk_name(ctx, &k);
		if (name && k.op < PROBE_OP_COUNT)
			put_histogram(ctx, of[k.op], name, &h);
	}
	return 0;
}

static int take_losses(void *ctx, const void *bytes, size_t len)
{
	struct probe_walk *w = ctx;
	uint64_t lost[PROBE_LOST_COUNT], sum = 0;
	if (len < sizeof lost)
		return 0;
	memcpy(lost, bytes, sizeof lost);
	for (unsigned i = 0; i < PROBE_LOST_COUNT; i++)
		sum += lost[i];
	if (sum > w->e->totals.lost)
		sample_gap(w->out, NETNS_HOST, ENOSPC, "events of the probes beyond their room",
			"some processes, signals or connections of this second");
	w->e->totals.lost = sum;
	return 0;
}

void engine_probes(struct engine *e, struct sample *out)
{
	struct reader *r = e->reader;
	struct probe_walk w = {e, out};
	const struct out o = {out, e->series, NETNS_HOST};
	unsigned there = 0;
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++)
		there += reader_probe_there(r, (enum probe_fd)i) &&
			 (i == PROBE_FD_TASKS || i == PROBE_FD_HELD || i >= PROBE_FD_EXIT);
	if (!reader_is_replay(r))
		out_plain(&o, M_SELF_PROBES, there);
	if (reader_probe(r, PROBE_EVENTS, take_events, &w) == 0) {
		out->have_ended = true;
		out_plain(&o, M_PROCS_ENDED, e->totals.ended);
		out_plain(&o, M_PROCS_OOM_KILLED, e->totals.killed_oom);
		out_plain(&o, M_SIGNALS_SENT, e->totals.signals);
	}
	out->have_flows = reader_probe(r, PROBE_TCP_FLOWS, take_flows, &w) == 0;
	(void)reader_probe(r, PROBE_RUN_QUEUE, take_run_queue, &w);
	(void)reader_probe(r, PROBE_DISK_LATENCY, take_disks, &w);
	if (reader_probe(r, PROBE_LOSSES, take_losses, &w) == 0)
		out_plain(&o, M_SELF_PROBES_LOST, e->totals.lost);
}
