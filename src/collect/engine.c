/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/engine.h"

#include "base/clock.h"
#include "collect/engine_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static void kept_init(struct kept *kept, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kept[i].fd = -1;
}

static void kept_close(struct kept *kept, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		attr_close_fd(&kept[i].fd);
		kept[i].fd = -1;
	}
}

int engine_open(struct reader *r, struct series_set *series, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof *e);
	if (!e)
		return -ENOMEM;
	e->reader = r;
	e->series = series;
	e->mountinfo.fd = -1;
	e->self_pid = getpid();
	kept_init(e->host_kept, COLLECTOR_COUNT);
	int err = arena_init(&e->scratch, 16 << 20);
	void *buffer = mmap(NULL, ENGINE_BUFFER, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	e->buffer = buffer == MAP_FAILED ? NULL : buffer;
	if (err == 0)
		err = engine_cgroups_open(e);
	if (err == 0)
		err = engine_held_open(e);
	if (err == 0)
		err = engine_connections_open(e);
	if (err == 0)
		err = engine_owners_open(e);
	if (err == 0)
		err = engine_servers_open(e);
	e->pids = calloc(ENGINE_MAX_PIDS, sizeof *e->pids);
	e->times = calloc(ENGINE_MAX_PIDS, sizeof *e->times);
	e->times_ok = calloc(ENGINE_MAX_PIDS, sizeof *e->times_ok);
	e->groups = calloc(ENGINE_GROUPS, sizeof *e->groups);
	if (err == 0 && (!e->groups || !e->pids || !e->times || !e->times_ok || !e->buffer))
		err = -ENOMEM;
	if (err < 0) {
		engine_close(e);
		return err;
	}
	*ret = e;
	return 0;
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	kept_close(e->host_kept, COLLECTOR_COUNT);
	kept_close(&e->mountinfo, 1);
	for (size_t i = 0; i < NETNS_MAX; i++)
		if (e->netns[i].used)
			kept_close(e->netns[i].kept, COLLECTOR_COUNT);
	engine_cgroups_close(e);
	engine_held_close(e);
	engine_connections_close(e);
	engine_owners_close(e);
	engine_servers_close(e);
	if (e->buffer)
		(void)munmap(e->buffer, ENGINE_BUFFER);
	arena_destroy(&e->scratch);
	free(e->groups);
	free(e->pids);
	free(e->times);
	free(e->times_ok);
	free(e);
}

/* A file as wide as there are CPUs may take milliseconds on large hosts: then it is read so seldom that it takes a five-hundredth of the time. */
enum { DEAR_NS = 1000000, DEAR_REST = 500, KEPT_BELOW_S = 10, GIVE_BACK_TICKS = 64 };

static bool is_wide(enum collector_id c)
{
	return c == COLLECTOR_interrupts || c == COLLECTOR_softirqs || c == COLLECTOR_zoneinfo ||
	       c == COLLECTOR_slabinfo;
}

static void run_collector(struct engine *e, enum collector_id c, unsigned netns, struct kept *kept,
	struct sample *out, int *error)
{
	const struct collector_info *info = collector_info(c);
	size_t size = info->size < ENGINE_BUFFER ? info->size : ENGINE_BUFFER;
	uint64_t begun = is_wide(c) ? clock_thread_ns() : 0;
	/* A descriptor is kept for what is read often; a hundred namespaces have many files. */
	ssize_t n = reader_file(
		e->reader, info->path, info->every_s < KEPT_BELOW_S ? kept : NULL, e->buffer, size);
	const struct out o = {out, e->series, netns};
	struct scan bytes = scan_over(e->buffer, n > 0 ? (size_t)n : 0);
	out->source = (uint8_t)(SOURCE_COLLECTORS + c);
	int r = n < 0 ? (int)n
		      : collector_fn(c)(c == COLLECTOR_utmp ? bytes : scan_whole(bytes), &o);
	out->source = SOURCE_NONE;
	if (n >= 0 && (size_t)n == size && r == 0)
		sample_gap(out, netns, EFBIG, info->path, "what stood in the rest of it");
	uint64_t cost = is_wide(c) ? clock_thread_ns() - begun : 0;
	e->not_before_ns[c] = cost > DEAR_NS ? e->now_ns + cost * DEAR_REST : 0;
	*error = -r;
}

static void report(struct sample *out, enum collector_id c, unsigned netns, int error)
{
	if (error == 0 || (error == ENOENT && (collector_info(c)->absent == ABSENT_MAY_LACK ||
						      netns != NETNS_HOST)))
		return;
	sample_gap(out, netns, error, collector_info(c)->path, collector_info(c)->hides);
}

static struct netns_state *netns_state(struct engine *e, const struct reader_netns *info)
{
	struct netns_state *free_slot = NULL;
	for (size_t i = 0; i < NETNS_MAX; i++) {
		if (e->netns[i].used && e->netns[i].inode == info->inode) {
			/* It may have been met by a process before /run/netns told its name. */
			(void)series_netns(e->series, info->inode, info->name);
			return &e->netns[i];
		}
		if (!e->netns[i].used && !free_slot)
			free_slot = &e->netns[i];
	}
	int index = free_slot ? series_netns(e->series, info->inode, info->name) : -1;
	if (index < 0)
		return NULL;
	*free_slot =
		(struct netns_state){.inode = info->inode, .used = true, .series_netns = index};
	kept_init(free_slot->kept, COLLECTOR_COUNT);
	return free_slot;
}

/* Lets go of namespaces that the reader no longer names: our descriptors would keep them alive. */
static void forget_vanished(struct engine *e)
{
	for (size_t i = 0; i < NETNS_MAX; i++) {
		if (!e->netns[i].used)
			continue;
		bool there = false;
		for (size_t k = 0; k < reader_netns_count(e->reader); k++)
			there = there || reader_netns_at(e->reader, k)->inode == e->netns[i].inode;
		if (!there) {
			engine_connections_forget(e, &e->netns[i]);
			kept_close(e->netns[i].kept, COLLECTOR_COUNT);
			e->netns[i].used = false;
		}
	}
}

/* Where a process is was asked some ticks ago. Some only visit a namespace, as `ip -n`, `nsenter` and other recorders do, and
 * would show the way to where they are now. */
static bool still_inside(struct engine *e, const struct proc *p)
{
	uint64_t inode;
	return reader_is_replay(e->reader) || (reader_proc_netns(e->reader, p->pid, &inode) == 0 &&
						      inode == e->series->netns[p->netns].inode);
}

static void scan_namespaces(struct engine *e, struct sample *out)
{
	uint64_t *inodes = arena_alloc(&e->scratch, NETNS_MAX * sizeof *inodes);
	int32_t *pids = arena_alloc(&e->scratch, NETNS_MAX * sizeof *pids);
	if (!inodes || !pids)
		return;
	size_t n = 0;
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	bool *seen = arena_alloc(&e->scratch, NETNS_MAX);
	for (uint32_t i = 0; seen && i < out->procs.count; i++) {
		const struct proc *p = &procs[i];
		if (!(p->have & HAVE_NETNS) || p->netns == NETNS_HOST || seen[p->netns] ||
			!still_inside(e, p))
			continue;
		seen[p->netns] = true;
		inodes[n] = e->series->netns[p->netns].inode;
		pids[n++] = p->pid;
	}
	(void)reader_netns_scan(e->reader, inodes, pids, n);
	forget_vanished(e);
}

static void sample_namespace(struct engine *e, size_t i, struct netns_state *ns,
	const struct sample *prev, struct sample *out)
{
	int r = reader_netns_enter(e->reader, i);
	if (r < 0) {
		if (r != -ENOENT && r != -ESRCH) /* it ended just now */
			sample_gap(out, (unsigned)ns->series_netns, -r, "the inside",
				"everything in it");
		return;
	}
	for (unsigned c = 0; c < COLLECTOR_COUNT; c++) {
		if (collector_info(c)->scope != SCOPE_NETNS)
			continue;
		if (e->due[SOURCE_COLLECTORS + c] || !ns->read)
			run_collector(e, c, (unsigned)ns->series_netns, &ns->kept[c], out,
				&ns->errors[c]);
		report(out, c, (unsigned)ns->series_netns, ns->errors[c]);
	}
	ns->read = true;
	engine_sockets(e, ns, prev, out);
	engine_links(e, ns, prev, out);
	engine_firewall(e, ns, prev, out);
	engine_local_sockets(e, ns, prev, out);
	if (e->want & WANT_STATES)
		engine_ct_states(e, ns, out);
	uint64_t used, max;
	if (sample_gauge(e->series, out, M_CONNTRACK_USED, (unsigned)ns->series_netns, &used) &&
		sample_gauge(e->series, out, M_CONNTRACK_MAX, (unsigned)ns->series_netns, &max) &&
		used * 10 > max * 8 && e->ticks % 2 == 0)
		engine_conntrack_peers(e, ns, out);
}

static void take_over_namespaces(struct engine *e, const struct sample *prev, struct sample *out)
{
	bool *here = arena_alloc(&e->scratch, NETNS_MAX);
	if (!here)
		return;
	here[NETNS_HOST] = true;
	for (size_t i = 0; i < NETNS_MAX; i++)
		if (e->netns[i].used)
			here[e->netns[i].series_netns] = true;
	engine_pace_netns(e, prev, out, here);
}

void engine_namespaces(struct engine *e, const struct sample *prev, struct sample *out)
{
	scan_namespaces(e, out);
	engine_owners_begin(e, out);
	engine_connections_begin(e, prev);
	if (e->netns_denied && !reader_is_replay(e->reader))
		sample_gap(out, NETNS_HOST, EACCES,
			"the network namespaces of other users' processes",
			"everything inside them");
	take_over_namespaces(e, prev, out);
	engine_paces_begin(e);
	for (size_t i = 0; i < reader_netns_count(e->reader); i++) {
		const struct reader_netns *info = reader_netns_at(e->reader, i);
		struct netns_state *ns;
		if (i == 0) {
			e->series->netns[NETNS_HOST].inode = info->inode;
			ns = &e->netns[0];
			if (!ns->used) {
				*ns = (struct netns_state){.inode = info->inode,
					.used = true,
					.series_netns = NETNS_HOST};
				kept_init(ns->kept, COLLECTOR_COUNT);
			}
		} else {
			ns = netns_state(e, info);
		}
		if (!ns) {
			sample_gap(out, NETNS_HOST, ENOSPC, "network namespaces beyond 1024",
				"everything inside them");
			break;
		}
		sample_namespace(e, i, ns, prev, out);
	}
	engine_paces_end(e);
	if (reader_netns_enter(e->reader, 0) < 0)
		sample_gap(out, NETNS_HOST, EPERM, "the way back to the host's network namespace",
			"all network numbers");
}

/* Which process is Plimsoll: never a culprit, not even in its own recording. */
static void know_self(struct engine *e)
{
	char text[16];
	if (!reader_is_replay(e->reader)) {
		int n = snprintf(text, sizeof text, "%" PRId32 "\n", e->self_pid);
		reader_note(e->reader, "self", text, (size_t)n);
		return;
	}
	ssize_t n = reader_file(e->reader, "self", NULL, text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
	uint64_t pid;
	e->self_pid = scan_u64(&s, &pid) && pid <= INT32_MAX ? (int32_t)pid : -1;
}

/* Less than a twentieth of the CPUs' time was idle since the sample before. */
static bool no_cpu_idle(const struct engine *e, const struct sample *prev, const struct sample *out)
{
	uint64_t idle, idle0, wait, wait0, busy, busy0;
	if (!prev || !sample_gauge(e->series, out, M_CPU_IDLE, 0, &idle) ||
		!sample_gauge(e->series, prev, M_CPU_IDLE, 0, &idle0) ||
		!sample_gauge(e->series, out, M_CPU_IOWAIT, 0, &wait) ||
		!sample_gauge(e->series, prev, M_CPU_IOWAIT, 0, &wait0) ||
		!sample_gauge(e->series, out, M_CPU_BUSY, 0, &busy) ||
		!sample_gauge(e->series, prev, M_CPU_BUSY, 0, &busy0))
		return false;
	uint64_t rest = (idle > idle0 ? idle - idle0 : 0) + (wait > wait0 ? wait - wait0 : 0);
	uint64_t used = busy > busy0 ? busy - busy0 : 0;
	return used && rest * 19 < used;
}

/* A process had a processor to itself since the sample before: it may be a server that can use no more than one. */
static bool one_thread_full(const struct sample *prev, const struct sample *out)
{
	uint64_t tick = prev && out->mono_ns > prev->mono_ns ? out->mono_ns - prev->mono_ns : 0;
	for (uint32_t i = 0; tick && i < out->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(out->procs, struct proc)[i];
		const struct proc *before =
			p->kernel ? NULL : sample_proc_near(prev, p->pid, p->start_ticks, i);
		if (before && p->cpu_ns > before->cpu_ns &&
			(p->cpu_ns - before->cpu_ns) * 10 >= tick * 8)
			return true;
	}
	return false;
}

/* Pages that a large file took which is read seldom, or was at the start, when all is due at once. Where the kernel keeps locked ones (before 5.18) they stay. */
static void give_back_buffer(struct engine *e)
{
	enum { KEPT = 32 * 1024, DONTNEED_LOCKED = 24 };
	if (madvise(e->buffer + KEPT, ENGINE_BUFFER - KEPT, MADV_DONTNEED) < 0)
		(void)madvise(e->buffer + KEPT, ENGINE_BUFFER - KEPT, DONTNEED_LOCKED);
}

int engine_tick(struct engine *e, const struct sample *prev, struct sample *out, unsigned want,
	uint64_t due_mono_ns)
{
	sample_reset(out);
	arena_reset(&e->scratch);
	if (e->ticks % GIVE_BACK_TICKS == 8)
		give_back_buffer(e);
	int r = reader_begin(e->reader, &out->real_ns, &out->mono_ns);
	if (r < 0)
		return r;
	e->slow_from_ns = prev ? prev->mono_ns : 0;
	e->now_ns = out->mono_ns;
	e->want = want;
	if (reader_is_recording(e->reader)) /* each moment is to stand for itself */
		e->want |= WANT_CONNS | WANT_OWNERS | WANT_ALL_FDS | WANT_SLOW;
	know_self(e);
	e->demand = 0;
	engine_pace(e, prev, out);
	for (unsigned c = 0; c < COLLECTOR_COUNT; c++) {
		if (collector_info(c)->scope != SCOPE_HOST)
			continue;
		if (e->due[SOURCE_COLLECTORS + c])
			run_collector(e, c, NETNS_HOST, &e->host_kept[c], out, &e->host_error[c]);
		report(out, c, NETNS_HOST, e->host_error[c]);
	}
	engine_slab_peaks(e, prev, out);
	engine_folders(e, out);
	engine_blockdevs(e, prev, out);
	if (!prev && e->ticks == 0) /* the host's namespace has to be known before processes are
				       told apart by it */
		(void)reader_netns_scan(e->reader, NULL, NULL, 0);
	if (reader_netns_count(e->reader))
		e->series->netns[NETNS_HOST].inode = reader_netns_at(e->reader, 0)->inode;
	engine_processes(e, prev, out);
	engine_filesystems(e, out);
	engine_cgroups(e, prev, out);
	engine_storage_demand(e, prev, out);
	if (e->ndevices || no_cpu_idle(e, prev, out) || one_thread_full(prev, out))
		e->demand |= DEMAND_OWNERS;
	engine_process_details(e, prev, out);
	engine_maps(e, prev, out);
	engine_files(e, prev, out);
	engine_namespaces(e, prev, out);
	engine_owners(e, prev, out);
	engine_servers(e, prev, out);
	engine_port_users(e, prev, out);
	engine_held(e, prev, out);
	engine_probes(e, out);
	engine_books(e, prev, out);
	const struct out o = {out, e->series, NETNS_HOST};
	if (!reader_is_replay(e->reader)) {
		out_plain(&o, M_SELF_TICK_TIME, clock_mono_ns() - out->mono_ns);
		out_plain(&o, M_SELF_TICK_LATE,
			due_mono_ns && out->mono_ns > due_mono_ns ? out->mono_ns - due_mono_ns : 0);
	}
	if (e->series->lost || e->scratch.overflowed)
		sample_gap(out, NETNS_HOST, ENOSPC, "series or groups beyond the tables' size",
			"what found no place");
	e->ticks++;
	return 0;
}
