/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/ledger.h"

#include "base/num.h"
#include "ledger/ledger_impl.h"
#include "ledger/stack.h"
#include "ledger/use.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NO_HOLDER_BELOW = 2 /* percent used */ };

double ledger_left(const struct ledger_row *r)
{
	if (r->limit <= 0)
		return 2;
	double left = 1 - r->used / r->limit;
	return left < 0 ? 0 : left;
}

struct ledger_row *ledger_add_row(struct builder *b, enum resource res, const char *instance,
	unsigned netns, const char *source)
{
	struct ledger_row *r = arena_push(&b->v->rows, sizeof *r);
	if (!r)
		return NULL;
	b->l->count++;
	const struct resource_info *info = resource_info(res);
	*r = (struct ledger_row){.resource = res,
		.netns = netns,
		.unit = info->unit,
		.source = source,
		.limit = -1,
		.refused = -1,
		.pressure = -1,
		.eta_s = -1};
	r->name = instance && *instance
			  ? arena_printf(&b->v->scratch, "%s:%s", info->class, instance)
			  : info->class;
	return r;
}

/* Rows that are two gauges and perhaps a counter, each for every instance or namespace that has
 * them. */
struct simple {
	enum resource resource;
	enum metric used, limit, refused; /* METRIC_COUNT: none */
	const char *source;
};

static const struct simple simples[] = {
	{RES_CONNTRACK, M_CONNTRACK_USED, M_CONNTRACK_MAX, M_CONNTRACK_DROP,
		"nf_conntrack_count, nf_conntrack_max, /proc/net/stat/nf_conntrack"},
	{RES_TCP_TIMEWAIT, M_TCP_TIMEWAIT, M_TCP_MAX_TW, M_TW_OVERFLOWS,
		"/proc/net/sockstat, tcp_max_tw_buckets, TCPTimeWaitOverflow"},
	{RES_FDS, M_FDS_USED, M_FDS_MAX, METRIC_COUNT, "/proc/sys/fs/file-nr"},
	{RES_NEIGH, M_NEIGH_ENTRIES, M_NEIGH_LIMIT, M_NEIGH_FULLS,
		"/proc/net/stat/arp_cache, gc_thresh3"},
	{RES_CGROUP_MEMORY, M_CG_MEM_ANON, M_CG_MEM_LIMIT, M_CG_OOM_KILLS,
		"memory.current less file cache, memory.max, oom_kill"},
	{RES_CGROUP_PIDS, M_CG_PIDS_USED, M_CG_PIDS_LIMIT, M_CG_PIDS_REFUSED,
		"pids.current, pids.max, pids.events"},
	{RES_ROUTE, M_ROUTE6_ENTRIES, M_ROUTE6_LIMIT, METRIC_COUNT,
		"/proc/net/rt6_stats, net.ipv6.route.max_size"},
	{RES_AIO, M_AIO_USED, M_AIO_LIMIT, METRIC_COUNT, "fs.aio-nr, fs.aio-max-nr"},
	{RES_PTY, M_PTY_USED, M_PTY_LIMIT, METRIC_COUNT, "kernel.pty.nr, kernel.pty.max"},
	{RES_IPC_SEM, M_SEM_SETS, M_SEM_SETS_LIMIT, METRIC_COUNT,
		"/proc/sysvipc/sem, kernel.sem (SEMMNI)"},
	{RES_IPC_SHM, M_SHM_COUNT, M_SHM_COUNT_LIMIT, METRIC_COUNT,
		"/proc/sysvipc/shm, kernel.shmmni"},
	{RES_IPC_MSG, M_MSG_QUEUES, M_MSG_QUEUES_LIMIT, METRIC_COUNT,
		"/proc/sysvipc/msg, kernel.msgmni"},
	{RES_KEYS, M_KEYS_USED, M_KEYS_LIMIT, METRIC_COUNT, "/proc/key-users"},
	{RES_NEIGH, M_NEIGH6_ENTRIES, M_NEIGH6_LIMIT, M_NEIGH6_FULLS,
		"/proc/net/stat/ndisc_cache, gc_thresh3 of IPv6"},
};

/* What stands behind the class: as a rule the label of the series. Keys are counted by the number of their user, and the neighbours of
 * IPv6 have a table of their own. */
static const char *instance_of(struct view *v, const struct simple *s, uint32_t id)
{
	const char *text = series_instance(v->series, id);
	uint64_t uid;
	if (s->used == M_NEIGH6_ENTRIES || s->used == M_ROUTE6_ENTRIES)
		return "ipv6";
	if (s->resource == RES_KEYS && num_u64(text, &uid) == 0 && uid <= UINT32_MAX)
		return who_user(v, (uint32_t)uid);
	return text;
}

/* Host-wide values that /proc/net/sockstat repeats in each namespace: taken once. */
static const struct simple host_simples[] = {
	{RES_TCP_MEMORY, M_TCP_MEM, M_TCP_MEM_MAX, M_TCP_ABORT_MEMORY,
		"/proc/net/sockstat, tcp_mem, TCPAbortOnMemory"},
	{RES_UDP_MEMORY, M_UDP_MEM, M_UDP_MEM_MAX, METRIC_COUNT, "/proc/net/sockstat, udp_mem"},
	{RES_TCP_ORPHANS, M_TCP_ORPHANS, M_TCP_MAX_ORPHANS, METRIC_COUNT,
		"/proc/net/sockstat, tcp_max_orphans"},
};

static void holders_of(struct builder *b, struct ledger_row *r, uint32_t instance)
{
	struct view *v = b->v;
	if (r->limit > 0 && r->used * 100 < r->limit * NO_HOLDER_BELOW)
		return;
	switch (r->resource) {
	case RES_CONNTRACK: r->nholders = who_conntrack(v, r->netns, r->holders, WHO_MAX); break;
	case RES_FDS: r->nholders = who_fds(v, r->holders, WHO_MAX); break;
	case RES_CGROUP_MEMORY:
		r->nholders = who_in_cgroup(v, instance, WHO_BY_MEMORY, r->holders, WHO_MAX);
		break;
	case RES_CGROUP_PIDS:
		r->nholders = who_in_cgroup(v, instance, WHO_BY_TASKS, r->holders, WHO_MAX);
		break;
	case RES_TCP_MEMORY: r->nholders = who_queues(v, -1, r->holders, WHO_MAX); break;
	default: break;
	}
}

static void add_simple(struct builder *b, const struct simple *s, uint32_t id, bool host_limit)
{
	struct view *v = b->v;
	const struct series row = *series_row(v->series, id);
	unsigned limit_ns = host_limit ? NETNS_HOST : row.netns;
	double used, limit, x;
	if (!view_gauge(v, id, &used) ||
		!view_gauge(v, view_id(v, s->limit, limit_ns, row.instance), &limit))
		return;
	struct ledger_row *r =
		ledger_add_row(b, s->resource, instance_of(v, s, id), row.netns, s->source);
	if (!r)
		return;
	r->used = used;
	r->limit = limit;
	r->series = id;
	(void)view_highest(v, id, &r->high, &r->high_at);
	if (s->resource == RES_CGROUP_MEMORY || s->resource == RES_CGROUP_PIDS)
		r->cgroup = row.instance;
	/* The kernel's own high-water mark, page cache included; when it was is not known. */
	if (s->resource == RES_CGROUP_MEMORY &&
		view_gauge(v, view_id(v, M_CG_MEM_HIGH, 0, row.instance), &x)) {
		r->high = x;
		r->high_at = 0;
	}
	if (s->refused != METRIC_COUNT) {
		uint32_t refused = view_id(v, s->refused, row.netns, row.instance);
		if (view_gauge(v, refused, &x))
			r->refused = x;
		if (view_rate(v, refused, &x))
			r->refused_per_s = x;
	}
	struct trend t = view_trend(v, id);
	r->slope = t.slope;
	r->eta_s = trend_eta(v, t, limit - used);
	holders_of(b, r, row.instance);
}

static void add_simples(struct builder *b)
{
	for (size_t i = 0; i < COUNTOF(simples); i++)
		for (uint32_t id = view_each(b->v, simples[i].used, 0); id;
			id = view_each(b->v, simples[i].used, id))
			add_simple(b, &simples[i], id, false);
	for (size_t i = 0; i < COUNTOF(host_simples); i++)
		add_simple(b, &host_simples[i], view_id(b->v, host_simples[i].used, NETNS_HOST, 0),
			true);
}

static void add_cpu(struct builder *b)
{
	struct view *v = b->v;
	double busy, cpus, x;
	if (v->seconds <= 0 || !view_delta(v, view_id(v, M_CPU_BUSY, 0, 0), &busy) ||
		!view_gauge(v, view_id(v, M_CPU_ONLINE, 0, 0), &cpus))
		return;
	struct ledger_row *r =
		ledger_add_row(b, RES_CPU, NULL, NETNS_HOST, "/proc/stat, /proc/pressure/cpu");
	if (!r)
		return;
	r->used = r->high = busy / v->seconds;
	r->limit = cpus;
	if (view_rate(v, view_id(v, M_PSI_CPU_SOME, 0, 0), &x))
		r->pressure = x;
	r->nholders = who_cpu(v, r->holders, WHO_MAX);
}

/* used = total - left: memory, swap. */
static void add_remainder(struct builder *b, enum resource res, enum metric total_m,
	enum metric left_m, enum metric psi, const char *source)
{
	struct view *v = b->v;
	double total, left, x;
	uint32_t id = view_id(v, left_m, 0, 0);
	if (!view_gauge(v, view_id(v, total_m, 0, 0), &total) || !view_gauge(v, id, &left) ||
		total <= 0)
		return;
	struct ledger_row *r = ledger_add_row(b, res, NULL, NETNS_HOST, source);
	if (!r)
		return;
	r->used = total - left;
	r->limit = total;
	r->high = r->used;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t raw;
		if (sample_get(view_at(v, i), id, &raw) && total - (double)raw * 1024 > r->high) {
			r->high = total - (double)raw * 1024;
			r->high_at = view_at(v, i)->real_ns;
		}
	}
	r->slope = use_trend_of_rest(v, id, total).slope;
	if (psi != METRIC_COUNT && view_rate(v, view_id(v, psi, 0, 0), &x))
		r->pressure = x;
	if (res == RES_MEMORY) /* whose pages are in swap is not sampled */
		r->nholders = who_memory(v, r->holders, WHO_MAX);
}

static void add_commit(struct builder *b)
{
	struct view *v = b->v;
	double mode, used, limit;
	if (!view_gauge(v, view_id(v, M_OVERCOMMIT, 0, 0), &mode) || mode < 2 ||
		!view_gauge(v, view_id(v, M_MEM_COMMITTED, 0, 0), &used) ||
		!view_gauge(v, view_id(v, M_MEM_COMMIT_LIMIT, 0, 0), &limit))
		return;
	struct ledger_row *r =
		ledger_add_row(b, RES_MEMORY_COMMIT, NULL, NETNS_HOST, "Committed_AS, CommitLimit");
	if (!r)
		return;
	r->series = view_id(v, M_MEM_COMMITTED, 0, 0);
	r->used = r->high = used;
	r->limit = limit;
}

static void add_disks(struct builder *b)
{
	struct view *v = b->v;
	for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id; id = view_each(v, M_DISK_BUSY, id)) {
		double busy, x;
		if (who_is_partition(v, id) || !view_rate(v, id, &busy))
			continue;
		const char *stack = stack_text(v, series_row(v->series, id)->instance);
		struct ledger_row *r =
			ledger_add_row(b, RES_DISK_IO, series_instance(v->series, id), NETNS_HOST,
				arena_printf(&v->scratch, "/proc/diskstats, /proc/pressure/io%s%s",
					stack ? "; " : "", stack ? stack : ""));
		if (!r)
			return;
		r->used = r->high = busy > 1 ? 1 : busy;
		r->limit = 1;
		if (view_rate(v, view_id(v, M_PSI_IO_SOME, 0, 0), &x))
			r->pressure = x;
		uint64_t devnos[32];
		if (busy > 0.1)
			r->nholders =
				who_disk(v, devnos, who_disk_family(v, id, devnos, COUNTOF(devnos)),
					r->holders, WHO_MAX);
	}
}

static void add_filesystems(struct builder *b)
{
	static const struct {
		enum resource res;
		enum metric total, left;
	} kinds[] = {{RES_FS_SPACE, M_FS_SIZE, M_FS_AVAILABLE},
		{RES_FS_INODES, M_FS_INODES, M_FS_INODES_FREE}};
	struct view *v = b->v;
	for (size_t k = 0; k < COUNTOF(kinds); k++) {
		for (uint32_t id = view_each(v, kinds[k].total, 0); id;
			id = view_each(v, kinds[k].total, id)) {
			uint32_t mount = series_row(v->series, id)->instance,
				 left_id = view_id(v, kinds[k].left, 0, mount);
			double total, left, free_, devno;
			if (!view_gauge(v, id, &total) || !view_gauge(v, left_id, &left) ||
				total <= 0)
				continue;
			struct ledger_row *r = ledger_add_row(b, kinds[k].res,
				series_instance(v->series, id), NETNS_HOST, "statvfs(2)");
			if (!r)
				return;
			/* As df: what root keeps for itself is neither used nor to be had. */
			bool space = kinds[k].res == RES_FS_SPACE &&
				     view_gauge(v, view_id(v, M_FS_FREE, 0, mount), &free_);
			r->used = r->high = total - (space ? free_ : left);
			r->limit = r->used + left;
			struct trend t = use_trend_of_rest(v, left_id, total);
			r->slope = t.slope;
			r->eta_s = trend_eta(v, t, left);
			if (left * 10 >= r->limit ||
				!view_gauge(v, view_id(v, M_FS_DEVNO, 0, mount), &devno))
				continue;
			double lost = t.steady ? t.slope : 0;
			if (kinds[k].res == RES_FS_INODES)
				r->nholders = who_makes_files(
					v, (uint64_t)devno, lost, r->holders, WHO_MAX);
			else if (lost > 0)
				r->nholders =
					who_fills(v, (uint64_t)devno, lost, r->holders, WHO_MAX);
			else
				r->nholders = who_holds_files(
					v, (uint64_t)devno, r->used, r->holders, WHO_MAX);
		}
	}
}

static void add_tasks(struct builder *b)
{
	struct view *v = b->v;
	double used, threads, pids;
	uint32_t id = view_id(v, M_TASKS, 0, 0);
	if (!view_gauge(v, id, &used))
		return;
	bool t = view_gauge(v, view_id(v, M_THREADS_MAX, 0, 0), &threads),
	     p = view_gauge(v, view_id(v, M_PID_MAX, 0, 0), &pids);
	struct ledger_row *r = ledger_add_row(
		b, RES_PIDS, NULL, NETNS_HOST, "/proc/loadavg, kernel.threads-max, kernel.pid_max");
	if (!r)
		return;
	r->used = used;
	if (t || p)
		r->limit = t && (!p || threads < pids) ? threads : pids;
	r->series = id;
	(void)view_highest(v, id, &r->high, &r->high_at);
	struct trend trend = view_trend(v, id);
	r->slope = trend.slope;
	r->eta_s = r->limit > 0 ? trend_eta(v, trend, r->limit - used) : -1;
	r->nholders = who_tasks(v, -1, r->holders, WHO_MAX);
}

static void add_users(struct builder *b)
{
	struct use_tasks users[USE_USERS];
	unsigned unknown;
	size_t n = use_tasks_by_user(b->v, users, &unknown);
	for (size_t k = 0; k < n; k++) {
		if (users[k].limit <= 0)
			continue;
		struct ledger_row *r = ledger_add_row(b, RES_NPROC, who_user(b->v, users[k].uid),
			NETNS_HOST, "/proc/PID/stat, RLIMIT_NPROC");
		if (!r)
			return;
		r->used = r->high = users[k].tasks;
		r->limit = users[k].limit;
		if (r->used * 10 > r->limit)
			r->nholders = who_tasks(b->v, users[k].uid, r->holders, WHO_MAX);
	}
}

static void add_process_fds(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->kernel || p->self || !(p->have & HAVE_FDS) || !(p->have & HAVE_FD_LIMIT) ||
			p->fd_limit == 0)
			continue;
		if (p->fds * 20 < p->fd_limit) /* below a twentieth: no row of its own */
			continue;
		struct ledger_row *r = ledger_add_row(
			b, RES_FDS, who_name(v, p), p->netns, "/proc/PID/fd, RLIMIT_NOFILE");
		if (!r)
			return;
		r->used = r->high = (double)p->fds;
		r->limit = (double)p->fd_limit;
		double at[STORE_MAX], fds[STORE_MAX];
		struct trend t = trend_fit(at, fds, use_of_fds(v, p, at, fds));
		r->slope = t.slope;
		r->eta_s = trend_eta(v, t, r->limit - r->used);
		r->holders[0] =
			(struct who){"process", who_name(v, p), p->pid, 1, "its own descriptors"};
		r->nholders = 1 + who_fds_of(v, p, r->holders + 1, WHO_MAX - 1);
	}
}

static void add_listeners(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		char port[8];
		(void)snprintf(port, sizeof port, "%u", l->port);
		struct ledger_row *r = ledger_add_row(b, RES_TCP_LISTEN, port, l->netns,
			"sock_diag: Recv-Q, Send-Q, drops of the listening socket");
		if (!r)
			return;
		r->used = r->high = l->waiting;
		r->limit = l->backlog;
		for (unsigned k = 0; k < v->n; k++) {
			const struct listener *o = sample_listener(view_at(v, k), l);
			if (o && o->waiting > r->high) {
				r->high = o->waiting;
				r->high_at = view_at(v, k)->real_ns;
			}
		}
		const struct listener *first = sample_listener(view_at(v, 0), l);
		if (l->have_drops)
			r->refused = l->drops;
		if (first && l->have_drops && v->seconds > 0)
			r->refused_per_s = (double)(uint32_t)(l->drops - first->drops) / v->seconds;
		r->nholders = who_listener(v, l, r->holders, WHO_MAX);
	}
}

static void add_ports(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		double limit;
		if (!g->outgoing || g->peer_hostbits || g->ephemeral == 0 ||
			!use_limit_of_ports(v, g->netns, &limit))
			continue;
		double used = use_of_ports(v, g);
		if (used * 100 < limit)
			continue;
		char peer[48];
		const char *name = who_end(v, address_text(peer, &g->peer), g->port);
		struct ledger_row *r = ledger_add_row(
			b, RES_TCP_PORTS, name, g->netns, "sock_diag, ip_local_port_range");
		if (!r)
			return;
		r->used = r->high = used;
		r->limit = limit;
		if (used * 2 > r->limit)
			r->nholders = who_ports(v, g, r->holders, WHO_MAX);
	}
}

static void add_cgroup_cpu(struct builder *b)
{
	struct view *v = b->v;
	for (uint32_t id = view_each(v, M_CG_CPU_QUOTA, 0); id;
		id = view_each(v, M_CG_CPU_QUOTA, id)) {
		uint32_t group = series_row(v->series, id)->instance;
		double quota, period, throttled, periods, used = 0;
		if (!view_gauge(v, id, &quota) ||
			!view_gauge(v, view_id(v, M_CG_CPU_PERIOD, 0, group), &period) ||
			period <= 0)
			continue;
		struct ledger_row *r =
			ledger_add_row(b, RES_CGROUP_CPU, series_instance(v->series, id),
				NETNS_HOST, "cpu.max or cpu.cfs_quota_us, cpu.stat");
		if (!r)
			return;
		r->cgroup = group;
		r->series = view_id(v, M_CG_CPU_USED, 0, group);
		r->limit = quota / period;
		bool have_used = view_rate(v, view_id(v, M_CG_CPU_USED, 0, group), &used);
		if (view_delta(v, view_id(v, M_CG_CPU_THROTTLED, 0, group), &throttled) &&
			view_delta(v, view_id(v, M_CG_CPU_PERIODS, 0, group), &periods))
			r->pressure = periods > 0 ? throttled / periods : 0;
		if (r->pressure > 0.05)
			r->nholders = who_in_cgroup(v, group, WHO_BY_CPU, r->holders, WHO_MAX);
		for (size_t i = 0; !have_used && i < v->nusages;
			i++) /* v1 has no usage beside its limit: what the members used */
			used += who_is_member(v, group, v->usages[i].p->pid)
					? v->usages[i].cpu_s / v->seconds
					: 0;
		r->used = r->high = used;
	}
}

static int compare_rows(const void *pa, const void *pb)
{
	const struct ledger_row *a = pa, *b = pb;
	bool ra = a->refused_per_s > 0, rb = b->refused_per_s > 0;
	if (ra != rb)
		return ra ? -1 : 1;
	double la = ledger_left(a), lb = ledger_left(b);
	if (a->eta_s >= 0 || b->eta_s >= 0) {
		double ea = a->eta_s >= 0 ? a->eta_s : 1e18, eb = b->eta_s >= 0 ? b->eta_s : 1e18;
		if (ea < eb || ea > eb)
			return ea < eb ? -1 : 1;
	}
	if (la < lb || la > lb)
		return la < lb ? -1 : 1;
	int n = strcmp(a->name, b->name);
	return n ? n : (int)a->netns - (int)b->netns;
}

int ledger_build(struct view *v, struct ledger *ret)
{
	*ret = (struct ledger){0};
	struct builder b = {v, ret};
	arena_reset(&v->rows);
	ret->rows = (void *)v->rows.base;
	add_cpu(&b);
	add_remainder(&b, RES_MEMORY, M_MEM_TOTAL, M_MEM_AVAILABLE, M_PSI_MEMORY_SOME,
		"/proc/meminfo, /proc/pressure/memory");
	add_remainder(&b, RES_SWAP, M_SWAP_TOTAL, M_SWAP_FREE, METRIC_COUNT, "/proc/meminfo");
	add_commit(&b);
	add_disks(&b);
	add_filesystems(&b);
	add_tasks(&b);
	add_users(&b);
	add_process_fds(&b);
	add_listeners(&b);
	add_ports(&b);
	ledger_add_unix(&b);
	ledger_add_udp(&b);
	ledger_add_tcp_queues(&b);
	ledger_add_sending(&b);
	ledger_add_servers(&b);
	add_cgroup_cpu(&b);
	add_simples(&b);
	ledger_add_kernel(&b);
	qsort(ret->rows, ret->count, sizeof *ret->rows, compare_rows);
	return v->scratch.overflowed || v->rows.overflowed ? -ENOMEM : 0;
}
