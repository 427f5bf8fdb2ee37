/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/view.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

enum { NS_PER_TICK = 10000000, TREND_MIN_SAMPLES = 4, TREND_REACH = 10, TREND_NARROW = 8 };

int view_init(struct view *v)
{
	*v = (struct view){0};
	int r = arena_init(&v->scratch, 256u << 20);
	return r < 0 ? r : arena_init(&v->rows, 64u << 20);
}

void view_destroy(struct view *v)
{
	arena_destroy(&v->scratch);
	arena_destroy(&v->rows);
}

const struct sample *view_at(const struct view *v, unsigned i)
{
	return i < v->n ? store_newest(v->store, v->skip + v->n - 1 - i) : NULL;
}

const struct sample *view_last(const struct view *v)
{
	return view_at(v, v->n - 1);
}

uint32_t view_id(const struct view *v, enum metric m, unsigned netns, uint32_t instance)
{
	return series_find(v->series, m, netns, instance);
}

uint32_t view_each(const struct view *v, enum metric m, uint32_t id)
{
	return id ? series_row(v->series, id)->next : v->series->first[m];
}

uint32_t view_instance_with(const struct view *v, enum metric m, uint64_t raw)
{
	uint64_t is;
	for (uint32_t id = view_each(v, m, 0); id; id = view_each(v, m, id))
		if (sample_get(view_last(v), id, &is) && is == raw)
			return series_row(v->series, id)->instance;
	return 0;
}

static double scale_of(const struct view *v, uint32_t id)
{
	return metric_scale((enum metric)series_row(v->series, id)->metric);
}

static enum metric_kind kind_of(const struct view *v, uint32_t id)
{
	return metric_info((enum metric)series_row(v->series, id)->metric)->kind;
}

bool view_gauge(const struct view *v, uint32_t id, double *ret)
{
	uint64_t raw;
	if (!sample_get(view_last(v), id, &raw))
		return false;
	*ret = (double)raw * scale_of(v, id);
	return true;
}

bool view_highest(const struct view *v, uint32_t id, double *ret, uint64_t *ret_at)
{
	bool any = false;
	uint64_t best = 0;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t raw;
		const struct sample *s = view_at(v, i);
		if (!sample_get(s, id, &raw) || (any && raw <= best))
			continue;
		best = raw;
		any = true;
		*ret_at = s->real_ns;
	}
	if (any)
		*ret = (double)best * scale_of(v, id);
	return any;
}

/* Counters that are 32 bits wide in the kernel: the time fields of diskstats, and the per-CPU ones of softnet and conntrack. */
static bool wraps(enum metric m)
{
	switch (m) {
	case M_DISK_READ_TIME:
	case M_DISK_WRITE_TIME:
	case M_DISK_BUSY:
	case M_DISK_QUEUE_TIME:
	case M_SOFTNET_PROCESSED:
	case M_SOFTNET_DROPPED:
	case M_SOFTNET_SQUEEZED:
	case M_CONNTRACK_DROP:
	case M_CONNTRACK_EARLY_DROP:
	case M_CONNTRACK_INSERT_FAILED: return true;
	default: return false;
	}
}

/* Growth from one reading to the next. Less than before is a counter that wrapped, if it can and was near its end; otherwise it began
 * anew (a device or namespace made again), and what it lost is not known. */
static uint64_t step(enum metric m, uint64_t before, uint64_t now)
{
	if (now >= before)
		return now - before;
	uint64_t wrapped = now + (UINT64_C(1) << 32) - before;
	return wraps(m) && before >> 32 == 0 && before >= UINT64_C(0xf0000000) &&
			       wrapped < UINT64_C(1) << 28
		       ? wrapped
		       : 0;
}

/* Raw growth over the window; *steps and *since are optional. */
static bool raw_delta(const struct view *v, uint32_t id, uint64_t *ret, uint64_t *since,
	double least, unsigned *steps)
{
	uint64_t sum = 0, before = 0, at = 0;
	bool have = false, pair = false;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		uint64_t now;
		if (!sample_get(s, id, &now))
			continue;
		if (have) {
			uint64_t grown =
				step((enum metric)series_row(v->series, id)->metric, before, now);
			double sec = (double)(s->mono_ns - at) / 1e9;
			pair = true;
			if (grown && sum == 0 && since)
				*since = s->real_ns;
			if (steps && sec > 0 && (double)grown * scale_of(v, id) / sec >= least &&
				grown)
				(*steps)++;
			sum += grown;
		}
		before = now;
		at = s->mono_ns;
		have = true;
	}
	*ret = sum;
	/* What is not there any more does not go on at its old rate. */
	uint64_t last;
	return pair && sample_get(view_last(v), id, &last);
}

bool view_delta(const struct view *v, uint32_t id, double *ret)
{
	uint64_t raw;
	if (!raw_delta(v, id, &raw, NULL, 0, NULL))
		return false;
	*ret = (double)raw * scale_of(v, id);
	return true;
}

/* CPU time of all states together: the whole of which a state is a share, on however many CPUs were online meanwhile. */
static double cpu_whole(const struct view *v)
{
	static const enum metric states[] = {M_CPU_BUSY, M_CPU_IDLE, M_CPU_IOWAIT};
	double sum = 0, d;
	for (size_t i = 0; i < COUNTOF(states); i++)
		if (view_delta(v, view_id(v, states[i], 0, 0), &d))
			sum += d;
	return sum;
}

double view_grown(const struct view *v, uint32_t id)
{
	double d = 0;
	return view_delta(v, id, &d) && d > 0 ? d : 0;
}

bool view_rate(const struct view *v, uint32_t id, double *ret)
{
	double d;
	if (v->seconds <= 0 || !view_delta(v, id, &d))
		return false;
	const struct series *row = series_row(v->series, id);
	/* The line of all CPUs adds them up, those that came or went in the window too. */
	bool of_all_cpus = kind_of(v, id) == METRIC_SHARE && row->instance == 0 &&
			   metric_info((enum metric)row->metric)->label == LABEL_CPU;
	double whole = of_all_cpus ? cpu_whole(v) : v->seconds;
	if (whole <= 0)
		return false;
	*ret = d / whole;
	return true;
}

uint64_t view_grew_at(const struct view *v, uint32_t id)
{
	uint64_t raw, since = v->now_ns;
	(void)raw_delta(v, id, &raw, &since, 0, NULL);
	return since;
}

unsigned view_steps_growing(const struct view *v, uint32_t id, double least)
{
	uint64_t raw;
	unsigned steps = 0;
	(void)raw_delta(v, id, &raw, NULL, least, &steps);
	return steps;
}

/* Rate from sample a to sample b. */
static double rate_between(const double *t, const double *y, unsigned a, unsigned b)
{
	return t[b] > t[a] ? (y[b] - y[a]) / (t[b] - t[a]) : 0;
}

/* How far the samples lie from the line through (mt, my): root of the mean square. */
static double distance_from(
	const double *t, const double *y, unsigned n, double mt, double my, double slope)
{
	double sum = 0;
	for (unsigned i = 0; i < n; i++) {
		double d = y[i] - my - slope * (t[i] - mt);
		sum += d * d / n;
	}
	return sqrt(sum);
}

/* What is believed to go on. It must have grown in four steps of five, and from the window's begin to its end: a growth that began in the window
 * (people come in the morning) or ended in it (they are all there) is an event and no course. A saw-tooth falls back, noise and single
 * steps lie far from any line. What grows faster and faster is on its way all the same. */
static bool is_course(const double *t, const double *y, unsigned n, struct trend *r)
{
	unsigned up = 0, mid = n / 2, end = n > 6 ? (n - 1) / 5 : 1;
	for (unsigned i = 1; i < n; i++)
		up += y[i] > y[i - 1];
	double early = rate_between(t, y, 0, mid), late = rate_between(t, y, mid, n - 1);
	if (up * 5 < (n - 1) * 4 || early <= 0 || late < early / 2 ||
		rate_between(t, y, 0, end) * 3 < early * 2 ||
		rate_between(t, y, n - 1 - end, n - 1) * 3 < late * 2)
		return false;
	/* A rate that fades goes on to fade, by the same part in the same time. Below a tenth that is noise. */
	if (late < 0.9 * early) {
		double apart = (t[n - 1] - t[0]) / 2;
		r->fade_s = apart / log(early / late);
		r->end_rate = late * exp(-apart / 2 / r->fade_s);
	}
	return true;
}

struct trend trend_fit(const double *t, const double *y, unsigned n)
{
	struct trend r = {.n = n};
	if (n == 0)
		return r;
	r.first = y[0];
	r.last = y[n - 1];
	r.span_s = t[n - 1] - t[0];
	double mt = 0, my = 0, stt = 0, sty = 0;
	for (unsigned i = 0; i < n; i++) {
		mt += t[i] / n;
		my += y[i] / n;
	}
	for (unsigned i = 0; i < n; i++) {
		stt += (t[i] - mt) * (t[i] - mt);
		sty += (t[i] - mt) * (y[i] - my);
	}
	if (n < 2 || stt <= 0)
		return r;
	r.slope = sty / stt;
	r.steady = n >= TREND_MIN_SAMPLES && r.slope > 0 &&
		   distance_from(t, y, n, mt, my, r.slope) * TREND_NARROW <= r.slope * r.span_s &&
		   is_course(t, y, n, &r);
	return r;
}

struct trend view_trend(const struct view *v, uint32_t id)
{
	double t[STORE_MAX], y[STORE_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		uint64_t raw;
		if (!sample_get(s, id, &raw))
			continue;
		t[n] = (double)(s->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
		y[n++] = (double)raw * scale_of(v, id);
	}
	return trend_fit(t, y, n);
}

double trend_eta(const struct view *v, struct trend t, double left)
{
	if (!t.steady || t.slope <= 0 || left < 0)
		return -1;
	double eta = left / t.slope;
	if (t.fade_s > 0) {
		double ever = t.end_rate * t.fade_s; /* what it grows by until it stands */
		if (left >= ever)
			return -1;
		eta = -t.fade_s * log(1 - left / ever);
	}
	return eta <= v->seconds * TREND_REACH ? eta : -1;
}

/* ---- processes ---- */

static double grown(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

static void fill_usage(const struct view *v, struct usage *u, const struct proc *last, size_t at)
{
	const struct proc zero = {0};
	u->p = last;
	u->first = last;
	u->born = sample_proc_near(view_at(v, 0), last->pid, last->start_ticks, at) == NULL;
	for (unsigned i = 0; i < v->n; i++) {
		const struct proc *p =
			sample_proc_near(view_at(v, i), last->pid, last->start_ticks, at);
		if (!p)
			continue;
		if (u->samples++ == 0)
			u->first = p;
		u->blocked += p->state == 'D' || p->blocked_threads > 0;
		u->waiting += p->blocked_threads > 0 ? p->blocked_threads : p->state == 'D';
	}
	if (u->samples)
		u->waiting /= u->samples;
	const struct proc *from = u->born ? &zero : u->first;
	u->cpu_s = grown(from->cpu_ns, last->cpu_ns) / 1e9;
	u->child_cpu_s = grown(from->child_ticks, last->child_ticks) * NS_PER_TICK / 1e9;
	if (last->have & u->first->have & HAVE_DELAY)
		u->delay_s = grown(from->run_delay_ns, last->run_delay_ns) / 1e9;
	/* I/O is read on demand: from the first row that has it. */
	const struct proc *io = NULL;
	for (unsigned i = 0; i < v->n && !io; i++) {
		const struct proc *p =
			sample_proc_near(view_at(v, i), last->pid, last->start_ticks, at);
		if (p && (p->have & HAVE_IO))
			io = p;
	}
	if (io && (last->have & HAVE_IO)) {
		if (u->born)
			io = &zero;
		u->have_io = true;
		u->read_bytes = grown(io->io_read, last->io_read);
		u->write_bytes = grown(io->io_write, last->io_write);
		u->written_chars = grown(io->io_wchar, last->io_wchar);
		u->write_calls = grown(io->io_write_calls, last->io_write_calls);
	}
}

static int build_usages(struct view *v)
{
	size_t max = 0; /* by which time nobody has an interest in single processes any more */
	for (unsigned i = 0; i < v->n; i++)
		max += i + 1 == v->n ? view_at(v, i)->procs.count
				     : view_at(v, i)->procs.count / 4 + 64;
	const struct sample *last = view_last(v);
	v->usages = arena_alloc(&v->scratch, last->procs.count * sizeof *v->usages);
	if (!v->usages)
		return -ENOMEM;
	for (uint32_t i = 0; i < last->procs.count; i++)
		fill_usage(
			v, &v->usages[v->nusages++], &TABLE_ROWS(last->procs, struct proc)[i], i);
	/* Those that ended inside the window, at the last sample that had them. */
	for (unsigned k = v->n - 1; k-- > 0;) {
		const struct sample *s = view_at(v, k), *next = view_at(v, k + 1);
		for (uint32_t i = 0; i < s->procs.count && v->nusages < max; i++) {
			const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
			if (sample_proc_near(next, p->pid, p->start_ticks, i))
				continue;
			/* right behind the others: nothing else is taken from there meanwhile */
			struct usage *u = arena_push(&v->scratch, sizeof *u);
			if (!u)
				return -ENOMEM;
			v->nusages++;
			fill_usage(v, u, p, i);
			u->gone = true;
		}
	}
	return 0;
}

static struct usage *usage_of(const struct view *v, int32_t pid)
{
	size_t low = 0, high = view_last(v)->procs.count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (v->usages[mid].p->pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < view_last(v)->procs.count && v->usages[low].p->pid == pid ? &v->usages[low]
									       : NULL;
}

const struct usage *view_usage(const struct view *v, int32_t pid)
{
	return usage_of(v, pid);
}

static const struct {
	const char *name;
	bool again; /* starts anew what ended */
} starters[] = {{"systemd", true}, {"runsv", true}, {"s6-supervise", true}, {"supervise", true},
	{"supervisord", true}, {"containerd-shim", true}, {"conmon", true}, {"monit", true},
	{"dockerd", true}, {"PM2", true}, {"daemon", true}, {"openrc", true}, {"runsvdir", false},
	{"s6-svscan", false}, {"tini", false}, {"dumb-init", false}, {"docker-init", false},
	{"catatonit", false}, {"cron", false}, {"crond", false}, {"CRON", false}, {"CROND", false},
	{"fcron", false}, {"anacron", false}, {"atd", false}};

/* A name may have more behind it ("PM2 v5.3", "supervise-daemo"), but is a word of its own: monitor is not monit. */
static bool starts(const struct usage *u, bool again)
{
	for (size_t i = 0; i < COUNTOF(starters); i++) {
		size_t n = strlen(starters[i].name);
		if ((starters[i].again || !again) &&
			strncmp(u->p->comm, starters[i].name, n) == 0 &&
			!isalnum((unsigned char)u->p->comm[n]))
			return true;
	}
	return false;
}

bool view_is_manager(const struct usage *u)
{
	return starts(u, true);
}

bool view_starts_strangers(const struct usage *u)
{
	return starts(u, false);
}

const struct usage *view_namesake(const struct usage *u)
{
	return u->parent && strncmp(u->parent->p->comm, u->p->comm, PROC_COMM) == 0 ? u->parent
										    : NULL;
}

bool view_serves(const struct usage *u)
{
	const struct usage *parent = view_namesake(u);
	return u->listens || (parent && parent->listens);
}

bool view_serves_for(const struct usage *u, int32_t pid)
{
	const struct usage *parent = view_namesake(u);
	return pid && (pid == u->p->pid || (parent && parent->p->pid == pid));
}

static void link_usages(struct view *v)
{
	for (size_t i = 0; i < v->nusages; i++) {
		struct usage *u = &v->usages[i];
		u->parent = u->p->ppid > 1 ? usage_of(v, u->p->ppid) : NULL;
	}
	/* What a vanished child had used while we looked is in its own row already. */
	for (size_t i = 0; i < v->nusages; i++) {
		struct usage *u = &v->usages[i];
		if (u->gone && u->parent) {
			double seen = (double)u->p->cpu_ns / 1e9;
			u->parent->child_cpu_s =
				u->parent->child_cpu_s > seen ? u->parent->child_cpu_s - seen : 0;
		}
	}
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->listeners.count; i++) {
		struct usage *u = usage_of(v, TABLE_ROWS(last->listeners, struct listener)[i].pid);
		if (u && u->p->pid)
			u->listens = true;
	}
}

bool proc_yields(const struct proc *p)
{
	return p->nice > 0 || p->policy == 5 || p->policy == 3;
}

/* What makes two processes the same program. A server and a script of the same interpreter share no more than its name. */
struct program_key {
	char comm[PROC_COMM];
	char parent
		[PROC_COMM]; /* of what an interpreter runs: copies of one job have a parent of the same name ... */
	uint32_t uid, netns;
	int32_t ppid;    /* ... or the same, where that starts whatever it is told to */
	uint32_t serves; /* 0 or 1; no padding, since keys are compared as bytes */
};

static bool is_interpreter(const char *comm)
{
	static const char *const names[] = {"python", "perl", "ruby", "node", "java", "php", "bash",
		"sh", "dash", "zsh", "lua", "tclsh"};
	for (size_t i = 0; i < COUNTOF(names); i++) {
		size_t n = strlen(names[i]);
		if (strncmp(comm, names[i], n) == 0 &&
			comm[n + strspn(comm + n, "0123456789.")] == '\0')
			return true;
	}
	return false;
}

static struct program_key program_key(const struct usage *u)
{
	struct program_key key;
	memset(&key, 0, sizeof key);
	memcpy(key.comm, u->p->comm, PROC_COMM);
	key.comm[PROC_COMM - 1] = '\0';
	key.uid = u->p->uid;
	key.netns = u->p->netns;
	key.serves = view_serves(u);
	if (key.serves || !is_interpreter(key.comm))
		return key;
	if (u->parent && !view_starts_strangers(u->parent))
		memcpy(key.parent, u->parent->p->comm, PROC_COMM - 1);
	else
		key.ppid = u->p->ppid;
	return key;
}

/* Of a program, while they are counted. */
struct program_count {
	struct program_key key;
	double hard; /* CPU used without yielding */
};

/* Both arrays grow with the programs, of which there are few even where there are many processes: one in the scratch, the other in what the ledger does
 * not need yet. */
static int build_programs(struct view *v)
{
	size_t slots = 64;
	while (slots < v->nusages * 2)
		slots *= 2;
	uint32_t *hash = arena_alloc(&v->scratch, slots * sizeof *hash); /* index + 1 */
	v->programs = arena_alloc(&v->scratch, sizeof *v->programs);
	struct program_count *counts = arena_alloc(&v->rows, sizeof *counts);
	if (!hash || !v->programs || !counts)
		return -ENOMEM;
	for (size_t i = 0; i < v->nusages; i++) {
		struct usage *u = &v->usages[i];
		if (u->p->kernel)
			continue;
		struct program_key key = program_key(u);
		size_t at = (size_t)intern_hash(&key, sizeof key) & (slots - 1);
		while (hash[at] && memcmp(&counts[hash[at] - 1].key, &key, sizeof key) != 0)
			at = (at + 1) & (slots - 1);
		if (!hash[at]) {
			hash[at] = (uint32_t)++v->nprograms;
			v->programs[v->nprograms - 1] =
				(struct program){.top = u, .parent = u->parent, .id = hash[at]};
			counts[v->nprograms - 1].key = key;
			/* the next one's place, as there is one for the first before it comes */
			if (!arena_push(&v->scratch, sizeof *v->programs) ||
				!arena_push(&v->rows, sizeof *counts))
				return -ENOMEM;
		}
		struct program *g = &v->programs[hash[at] - 1];
		u->program = g->id;
		g->count++;
		g->cpu_s += u->cpu_s;
		g->delay_s += u->delay_s;
		g->read_bytes += u->read_bytes;
		g->write_bytes += u->write_bytes;
		g->listens = g->listens || u->listens;
		counts[hash[at] - 1].hard += proc_yields(u->p) ? 0 : u->cpu_s;
		if (u->cpu_s > g->top->cpu_s || g->top->gone)
			g->top = u;
		if (g->parent != u->parent &&
			(!g->parent || !u->parent ||
				memcmp(g->parent->p->comm, u->parent->p->comm, PROC_COMM) != 0))
			g->parent = NULL;
	}
	for (size_t i = 0; i < v->nprograms; i++) {
		v->programs[i].yields =
			v->programs[i].cpu_s > 0 && counts[i].hard <= v->programs[i].cpu_s * 0.05;
		/* children of a listener that bear its name serve for it */
		const struct usage *parent = v->programs[i].top->parent;
		if (parent && parent->listens)
			v->programs[i].listens = true;
	}
	for (size_t i = 1; i < v->nprograms;
		i++) { /* few programs use CPU: nearly sorted after the first pass */
		struct program p = v->programs[i];
		size_t k = i;
		for (; k > 0 && v->programs[k - 1].cpu_s < p.cpu_s; k--)
			v->programs[k] = v->programs[k - 1];
		v->programs[k] = p;
	}
	arena_reset(&v->rows);
	return 0;
}

int view_open(struct view *v, const struct store *s, unsigned samples)
{
	return view_open_at(v, s, samples, 0);
}

int view_open_at(struct view *v, const struct store *s, unsigned samples, unsigned skip)
{
	unsigned there = s->count > skip ? s->count - skip : 0;
	arena_reset(&v->scratch);
	arena_reset(&v->rows);
	v->store = s;
	v->series = &s->series;
	v->skip = skip;
	v->n = samples < there ? samples : there;
	v->nusages = v->nprograms = 0;
	if (v->n < 2)
		return -ENODATA;
	v->now_ns = view_last(v)->real_ns;
	v->seconds = (double)(view_last(v)->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
	int r = build_usages(v);
	if (r == 0) {
		link_usages(v);
		r = build_programs(v);
	}
	return r;
}

const struct sample *view_with_files(const struct view *v)
{
	for (unsigned i = v->n; i-- > 0;)
		if (view_at(v, i)->have_files)
			return view_at(v, i);
	return NULL;
}

const struct sample *view_with_ct_peers(const struct view *v)
{
	for (unsigned i = v->n; i-- > 0;)
		if (view_at(v, i)->have_ct_peers)
			return view_at(v, i);
	return NULL;
}
