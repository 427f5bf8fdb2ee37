/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* cpu, memory, irqs: what the machine's own time and memory go into. */
#include "base/text.h"
#include "show/screens/screen_impl.h"

#include <string.h>

/* ---- cpu ---- */

#define STAT "/proc/stat"

enum {
	C_CPU,
	C_BUSY,
	C_USER,
	C_SYS,
	C_WAIT,
	C_SOFT,
	C_IRQ,
	C_STEAL,
	C_NICE,
	C_GUEST,
	C_PACKETS,
	C_DROPS,
	C_SQUEEZED
};

static const struct screen_column cpu_columns[] = {
	[C_CPU] = {"cpu", "cpu", CELL_TEXT, 5, 0, false, M_CPU_ONLINE, NULL, NULL, STAT},
	[C_BUSY] = {"busy", "busy", CELL_SHARE, 6, 0, false, M_CPU_BUSY, NULL, NULL, STAT},
	[C_USER] = {"user", "user", CELL_SHARE, 6, 0, false, M_CPU_USER, NULL, NULL, STAT},
	[C_SYS] = {"system", "system", CELL_SHARE, 6, 0, false, M_CPU_SYSTEM, NULL, NULL, STAT},
	[C_WAIT] = {"iowait", "iowait", CELL_SHARE, 6, 1, false, M_CPU_IOWAIT, NULL, NULL, STAT},
	[C_SOFT] = {"softirq", "softirq", CELL_SHARE, 7, 1, false, M_CPU_SOFTIRQ, NULL, NULL, STAT},
	[C_IRQ] = {"irq", "irq", CELL_SHARE, 6, 2, false, M_CPU_IRQ, NULL, NULL, STAT},
	[C_STEAL] = {"steal", "steal", CELL_SHARE, 6, 1, false, M_CPU_STEAL, NULL, NULL, STAT},
	[C_NICE] = {"nice", "nice", CELL_SHARE, 6, 3, false, M_CPU_NICE, NULL, NULL, STAT},
	[C_GUEST] = {"guest", "guest", CELL_SHARE, 6, 4, false, M_CPU_GUEST, NULL, NULL, STAT},
	[C_PACKETS] = {"packets", "packets/s", CELL_COUNT, 9, 5, false, M_SOFTNET_PROCESSED,
		"a second", NULL, "/proc/net/softnet_stat"},
	[C_DROPS] = {"drops", "drops/s", CELL_COUNT, 7, 5, false, M_SOFTNET_DROPPED, "a second",
		NULL, "/proc/net/softnet_stat"},
	[C_SQUEEZED] = {"squeezed", "squeezed/s", CELL_COUNT, 10, 6, false, M_SOFTNET_SQUEEZED,
		"a second", NULL, "/proc/net/softnet_stat"},
};

static void add_cpu(struct screen *s, struct view *v, uint32_t instance, const char *name)
{
	static const enum metric shares[] = {[C_BUSY] = M_CPU_BUSY,
		[C_USER] = M_CPU_USER,
		[C_SYS] = M_CPU_SYSTEM,
		[C_WAIT] = M_CPU_IOWAIT,
		[C_SOFT] = M_CPU_SOFTIRQ,
		[C_IRQ] = M_CPU_IRQ,
		[C_STEAL] = M_CPU_STEAL,
		[C_NICE] = M_CPU_NICE,
		[C_GUEST] = M_CPU_GUEST,
		[C_PACKETS] = M_SOFTNET_PROCESSED,
		[C_DROPS] = M_SOFTNET_DROPPED,
		[C_SQUEEZED] = M_SOFTNET_SQUEEZED};
	double idle = rate_of(v, M_CPU_IDLE, 0, instance);
	if (isnan(idle) && isnan(rate_of(v, M_CPU_BUSY, 0, instance)))
		return;
	struct screen_row *row = screen_add(s, instance);
	if (!row)
		return;
	cell_text(row, C_CPU, name);
	for (unsigned c = C_BUSY; c < COUNTOF(shares); c++)
		if (c < C_PACKETS || instance)
			cell_number(s, row, c, rate_of(v, shares[c], 0, instance));
	if (!instance)
		row->tone = TONE_BOLD;
}

static int build_cpu(struct screen *s, struct view *v, const struct screen_context *c)
{
	double some = rate_of(v, M_PSI_CPU_SOME, 0, 0), irq = rate_of(v, M_PSI_IRQ_FULL, 0, 0);
	meter_cpu(s, v, c);
	if (!isnan(some))
		screen_meter(s, v, TONE_PLAIN, "waited", some, 0, false,
			"%6s  of the time some task waited for a CPU%s", read_share(v, some),
			isnan(irq) ? "" : say(v, "; interrupts took %s", read_share(v, irq)))
			->prio = 1;
	screen_say(s, v, TONE_PLAIN, "a second",
		"%s switches, %s processes and threads made, %s interrupts",
		read_count(v, rate_of(v, M_CTXT, 0, 0)), read_count(v, rate_of(v, M_FORKS, 0, 0)),
		read_count(v, rate_of(v, M_INTERRUPTS, 0, 0)))
		->prio = 2;
	for (size_t i = 0, most = c->tall ? 8 : 3; i < v->nprograms && i < most; i++) {
		const struct program *p = &v->programs[i];
		if (p->cpu_s / v->seconds < 0.005 && p->delay_s / v->seconds < 0.005)
			break;
		screen_say(s, v, TONE_PLAIN, i ? "" : "programs",
			"%s%s used %.2f CPUs, waited for %.2f more%s", who_name(v, p->top->p),
			p->count > 1 ? say(v, " (%u processes)", p->count)
				     : say(v, " (pid %d)", p->top->p->pid),
			p->cpu_s / v->seconds, p->delay_s / v->seconds,
			p->yields ? ", and yields to others (nice)" : "")
			->prio = 3;
	}
	screen_say(s, v, TONE_PLAIN, "", "%s", "")->prio = 7;
	s->empty = "no processor was read";
	add_cpu(s, v, 0, "all");
	uint32_t ids[4096];
	size_t n = 0;
	for (uint32_t id = view_each(v, M_CPU_IDLE, 0); id; id = view_each(v, M_CPU_IDLE, id))
		if (series_row(v->series, id)->instance && n < COUNTOF(ids))
			ids[n++] = id;
	series_sort(v->series, ids, n);
	for (size_t i = 0; i < n; i++)
		add_cpu(s, v, series_row(v->series, ids[i])->instance,
			series_instance(v->series, ids[i]));
	return 0;
}

const struct screen_maker screen_cpu = {COLUMNS_OF(cpu_columns), build_cpu, NULL};

/* ---- memory ---- */

#define MEMINFO "/proc/meminfo"

enum { W_WHAT, W_SIZE, W_SHARE, W_LIMIT_, W_HIGH, W_SLOPE, W_MEANS };

static const struct screen_column memory_columns[] = {
	[W_WHAT] = {"what", "what", CELL_TEXT, 22, 0, false, -1, NULL,
		"the metric of the catalogue; plimsoll explain METRIC",
		"/proc/meminfo, /proc/vmstat, /sys/devices/system/node"},
	[W_SIZE] = {"size", "size", CELL_BYTES, 9, 0, false, -1, NULL, "how much it is now",
		MEMINFO},
	[W_SHARE] = {"share", "share", CELL_SHARE, 6, 0, false, -1, NULL,
		"of the memory of the machine, or of its own limit", MEMINFO},
	[W_LIMIT_] = {"limit", "limit", CELL_BYTES, 9, 1, false, -1, NULL,
		"what it may be, where there is a limit of its own", MEMINFO},
	[W_HIGH] = {"high", "high", CELL_BYTES, 9, 2, false, -1, NULL,
		"the most in the time looked at", MEMINFO},
	[W_SLOPE] = {"slope", "grows/s", CELL_BYTES, 10, 1, false, -1, "a second",
		"how fast it grows or shrinks, over the time looked at", MEMINFO},
	[W_MEANS] = {"means", "what it is", CELL_TEXT, 20, 1, true, -1, NULL,
		"what the metric means", "the catalogue"},
};

static void add_memory(struct screen *s, struct view *v, uint32_t id, enum metric limit)
{
	double x, total = number_of(v, M_MEM_TOTAL, 0, 0), high;
	uint64_t at;
	const struct series *row_of = series_row(v->series, id);
	if (!id || !view_gauge(v, id, &x))
		return;
	enum metric m = (enum metric)row_of->metric;
	const char *instance = series_instance(v->series, id);
	struct screen_row *row = screen_add(s, id);
	if (!row)
		return;
	double whole = limit != METRIC_COUNT ? number_of(v, limit, 0, row_of->instance) : NAN;
	cell_text(row, W_WHAT,
		*instance ? say(v, "%s %s", metric_info(m)->name, instance) : metric_info(m)->name);
	cell_number(s, row, W_SIZE, x);
	cell_number(s, row, W_SHARE, x / (isnan(whole) || whole <= 0 ? total : whole));
	if (!isnan(whole))
		cell_number(s, row, W_LIMIT_, whole);
	if (view_highest(v, id, &high, &at))
		cell_number(s, row, W_HIGH, high);
	struct trend t = view_trend(v, id);
	if (fabs(t.slope) >= 1)
		cell_number(s, row, W_SLOPE, t.slope);
	cell_text(row, W_MEANS, metric_info(m)->help);
}

static int build_memory(struct screen *s, struct view *v, const struct screen_context *c)
{
	static const struct {
		enum metric m, limit;
	} rows[] = {{M_MEM_TOTAL, METRIC_COUNT}, {M_MEM_AVAILABLE, METRIC_COUNT},
		{M_MEM_FREE, METRIC_COUNT}, {M_MEM_ANON, METRIC_COUNT}, {M_MEM_SHMEM, METRIC_COUNT},
		{M_MEM_CACHED, METRIC_COUNT}, {M_MEM_BUFFERS, METRIC_COUNT},
		{M_MEM_DIRTY, M_MEM_DIRTY_LIMIT}, {M_MEM_WRITEBACK, METRIC_COUNT},
		{M_MEM_SLAB, METRIC_COUNT}, {M_MEM_SLAB_UNRECLAIM, METRIC_COUNT},
		{M_MEM_PAGETABLES, METRIC_COUNT}, {M_MEM_KERNEL_STACKS, METRIC_COUNT},
		{M_MEM_PERCPU, METRIC_COUNT}, {M_MEM_MLOCKED, METRIC_COUNT},
		{M_MEM_THP, METRIC_COUNT}, {M_VMALLOC_USED, M_VMALLOC_TOTAL},
		{M_MEM_COMMITTED, M_MEM_COMMIT_LIMIT}, {M_SWAP_FREE, M_SWAP_TOTAL},
		{M_ARC_SIZE, M_ARC_MAX}, {M_MEM_CORRUPTED, METRIC_COUNT}};
	static const enum metric each[] = {M_NODE_MEM_USED, M_NODE_MEM_FREE, M_ZONE_FREE};
	static const enum metric each_limit[] = {M_NODE_MEM_TOTAL, M_NODE_MEM_TOTAL, M_ZONE_TOTAL};
	double full = rate_of(v, M_PSI_MEMORY_FULL, 0, 0), kills = delta_of(v, M_OOM_KILLS, 0, 0);
	struct who who[WHO_MAX];
	meter_memory(s, v, c);
	screen_say(s, v, TONE_PLAIN, "a second",
		"%s major faults, %s allocations waited, %s pages scanned by tasks, %s in the "
		"background",
		read_count(v, rate_of(v, M_FAULTS_MAJOR, 0, 0)),
		read_count(v, rate_of(v, M_ALLOC_STALLS, 0, 0)),
		read_count(v, rate_of(v, M_RECLAIM_DIRECT, 0, 0)),
		read_count(v, rate_of(v, M_RECLAIM_KSWAPD, 0, 0)))
		->prio = 2;
	if (kills > 0 || full > 0.005)
		(void)screen_say(s, v, kills > 0 ? TONE_CRITICAL : TONE_WARNING, "harm",
			"%.0f processes killed for lack of memory in %s; all work stood still for "
			"%s of the time",
			isnan(kills) ? 0 : kills, read_time(v, v->seconds), read_share(v, full));
	size_t n = who_memory(v, who, WHO_MAX);
	for (size_t i = 0; i < n && i < 3; i++)
		screen_say(s, v, TONE_PLAIN, i ? "" : "held by", "%s (pid %d)%s%s", who[i].value,
			who[i].pid, who[i].why ? ": " : "", who[i].why ? who[i].why : "")
			->prio = 3;
	screen_say(s, v, TONE_PLAIN, "", "%s", "")->prio = 7;
	s->empty = "no number of the memory was read";
	for (size_t i = 0; i < COUNTOF(rows); i++)
		add_memory(s, v, view_id(v, rows[i].m, 0, 0), rows[i].limit);
	for (size_t i = 0; i < COUNTOF(each); i++)
		for (uint32_t id = view_each(v, each[i], 0); id; id = view_each(v, each[i], id))
			add_memory(s, v, id, each_limit[i]);
	return 0;
}

const struct screen_maker screen_memory = {COLUMNS_OF(memory_columns), build_memory, NULL};

/* ---- irqs ---- */

enum { I_LINE, I_RATE, I_TOTAL, I_KIND };

static const struct screen_column irq_columns[] = {
	[I_LINE] = {"line", "line", CELL_TEXT, 40, 0, true, M_IRQ_COUNT, NULL, NULL,
		"/proc/interrupts, /proc/softirqs"},
	[I_RATE] = {"rate", "rate/s", CELL_COUNT, 9, 0, false, M_IRQ_COUNT, "a second", NULL,
		"/proc/interrupts, /proc/softirqs"},
	[I_TOTAL] = {"total", "since boot", CELL_COUNT, 10, 0, false, M_INTERRUPTS, NULL, NULL,
		"/proc/interrupts, /proc/softirqs"},
	[I_KIND] = {"kind", "kind", CELL_TEXT, 9, 1, false, -1, NULL,
		"interrupt: of a device; deferred: work that follows it (softirq)",
		"/proc/interrupts, /proc/softirqs"},
};

static void add_irqs(struct screen *s, struct view *v, enum metric m, const char *kind)
{
	for (uint32_t id = view_each(v, m, 0); id; id = view_each(v, m, id)) {
		double rate, total;
		if (!view_gauge(v, id, &total))
			continue;
		struct screen_row *row = screen_add(s, id);
		if (!row)
			return;
		cell_text(row, I_LINE, series_instance(v->series, id));
		cell_number(s, row, I_RATE, view_rate(v, id, &rate) ? rate : NAN);
		cell_number(s, row, I_TOTAL, total);
		cell_text(row, I_KIND, kind);
	}
}

static int build_irqs(struct screen *s, struct view *v, const struct screen_context *c)
{
	(void)c;
	double hard = rate_of(v, M_CPU_IRQ, 0, 0), soft = rate_of(v, M_CPU_SOFTIRQ, 0, 0);
	screen_say(s, v, TONE_PLAIN, "time",
		"%s of all processors in interrupts, %s in deferred work; %s interrupts a second",
		read_share(v, hard), read_share(v, soft),
		read_count(v, rate_of(v, M_INTERRUPTS, 0, 0)))
		->prio = 1;
	s->empty = "interrupts were not read at that moment";
	add_irqs(s, v, M_IRQ_COUNT, "interrupt");
	add_irqs(s, v, M_SOFTIRQ_COUNT, "deferred");
	return 0;
}

const struct screen_maker screen_irqs = {COLUMNS_OF(irq_columns), build_irqs, NULL};
