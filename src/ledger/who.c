/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/who_impl.h"

#include "base/text.h"
#include "ledger/stack.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *who_end(struct view *v, const char *address, uint16_t port)
{
	if (!port)
		return arena_str(&v->scratch, address);
	return arena_printf(&v->scratch, strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, port);
}

const char *who_name(struct view *v, const struct proc *p)
{
	return arena_strn(&v->scratch, p->comm, strnlen(p->comm, PROC_COMM));
}

bool who_is_loopback(const struct address *a)
{
	static const uint8_t one[ADDR_BYTES] = {[15] = 1};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (a->family == AF_INET)
		return a->bytes[0] == 127;
	return memcmp(a->bytes, one, sizeof one) == 0 ||
	       (memcmp(a->bytes, mapped, sizeof mapped) == 0 && a->bytes[12] == 127);
}

const char *who_user(struct view *v, uint32_t uid)
{
	for (uint32_t id = view_each(v, M_USER_ID, 0); id; id = view_each(v, M_USER_ID, id)) {
		uint64_t known;
		if (sample_get(view_last(v), id, &known) && known == uid)
			return series_instance(v->series, id);
	}
	return arena_printf(&v->scratch, "%" PRIu32, uid);
}

/* Inserts into a list of at most max that is sorted by share, most first. */
size_t who_insert(struct who *out, size_t n, size_t max, struct who w)
{
	size_t at = n < max ? n++ : max;
	for (; at > 0 && out[at - 1].share < w.share; at--)
		if (at < max)
			out[at] = out[at - 1];
	if (at < max)
		out[at] = w;
	return n;
}

static double cpu_seconds(const struct view *v)
{
	double cpus = 1;
	(void)view_gauge(v, view_id(v, M_CPU_ONLINE, 0, 0), &cpus);
	return (cpus > 0 ? cpus : 1) * v->seconds;
}

/* ---- CPU ---- */

/* CPU seconds of the machine that no process row shows: those that came and went between two samples. */
static double unseen_cpu(const struct view *v)
{
	double busy = 0;
	(void)view_delta(v, view_id(v, M_CPU_BUSY, 0, 0), &busy);
	for (size_t i = 0; i < v->nusages; i++)
		busy -= v->usages[i].cpu_s;
	return busy > 0 ? busy : 0;
}

/* Short-lived children: what they used shows in their parent alone (and in its parent, when that has waited for it, so that the sums of parents
 * are no more than a hint). The parent with most of it, by name; never more than what nobody else accounts for. */
static const struct usage *best_job(const struct view *v, double *ret_cpu_s)
{
	const struct usage *best = NULL;
	double best_s = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->child_cpu_s <= 0.05 || u->p->kernel || u->p->self)
			continue;
		double sum = 0; /* several copies of one script count together */
		for (size_t k = 0; k < v->nusages; k++)
			if (memcmp(v->usages[k].p->comm, u->p->comm, PROC_COMM) == 0)
				sum += v->usages[k].child_cpu_s;
		if (sum > best_s) {
			best_s = sum;
			best = u;
		}
	}
	double unseen = unseen_cpu(v);
	*ret_cpu_s = best_s < unseen ? best_s : unseen;
	return best;
}

/* Programs with less than a fifth of the first one's share are bystanders; so are those with less than a fiftieth of the machine, or, where that is
 * large, than a quarter of one CPU. */
static const double BYSTANDER = 0.2, PART_OF_ALL = 0.02, PART_OF_ONE = 0.25;

size_t who_cpu(struct view *v, struct who *out, size_t max)
{
	double all = cpu_seconds(v), job_s;
	const struct usage *job = best_job(v, &job_s);
	const struct program *first = NULL;
	size_t n = 0;
	for (size_t i = 0; i < v->nprograms && n < max; i++) {
		const struct program *g = &v->programs[i];
		if (g->top->p->self)
			continue;
		if (g->cpu_s <= fmin(PART_OF_ALL * all, PART_OF_ONE * v->seconds) ||
			(first && g->cpu_s < BYSTANDER * first->cpu_s))
			break; /* sorted by CPU */
		if (!first)
			first = g;
		n = who_insert(out, n, max,
			(struct who){"process", who_name(v, g->top->p), g->top->p->pid,
				g->cpu_s / all,
				arena_printf(&v->scratch, "used %.2f of %.0f CPUs%s%s",
					g->cpu_s / v->seconds, all / v->seconds,
					g->count > 1 ? arena_printf(&v->scratch, " in %u processes",
							       g->count)
						     : "",
					g->yields ? ", at low priority" : "")});
	}
	/* Children too short-lived to be seen: their time shows in who started them. */
	if (job && job_s > 0.05 * all && (!first || job_s > first->cpu_s))
		return who_insert(out, n, max,
			(struct who){"job", who_name(v, job->p), job->p->pid, job_s / all,
				arena_printf(&v->scratch,
					"its short-lived children used %.2f of %.0f CPUs",
					job_s / v->seconds, all / v->seconds)});
	/* The script behind the busiest program, where it did not come up by itself. */
	const struct usage *parent = first ? first->parent : NULL;
	if (parent && !parent->p->self &&
		memcmp(parent->p->comm, first->top->p->comm, PROC_COMM) != 0) {
		n = n < max ? n + 1 : n;
		for (size_t i = n - 1; i > 1; i--)
			out[i] = out[i - 1];
		if (n > 1)
			out[1] = (struct who){"job", who_name(v, parent->p), parent->p->pid, -1,
				arena_printf(&v->scratch, "starts the %s processes", out[0].value)};
	}
	return n;
}

/* ---- memory and tasks ---- */

typedef double amount_fn(const struct proc *p);

static double amount_rss(const struct proc *p)
{
	return (double)p->rss_pages * 4096;
}

static double amount_threads(const struct proc *p)
{
	return p->threads;
}

static double amount_fds(const struct proc *p)
{
	return p->have & HAVE_FDS ? (double)p->fds : 0;
}

/* Sums an amount by program name over the newest sample; uid < 0: all users; cgroup: its members
 * alone, 0: everybody. */
static size_t by_program_at(struct view *v, const struct sample *s, amount_fn *amount, int64_t uid,
	uint32_t cgroup, double whole, struct who *out, size_t max)
{
	struct sum {
		const struct proc *top;
		double amount;
		unsigned count;
	};
	/* By the programs that the view knows of, and some: a process may have had another name in that sample. It is called for each user and each control group,
	 * and a table by the processes would be large. */
	size_t slots = 256, n = 0, different = 0;
	while (slots < v->nprograms * 2u + 64)
		slots *= 2;
	struct sum *sums = arena_alloc(&v->scratch, slots * sizeof *sums);
	if (!sums)
		return 0;
	double total = 0;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->kernel || p->self || (uid >= 0 && p->uid != uid) ||
			(cgroup && !who_is_member(v, cgroup, p->pid)))
			continue;
		size_t at = (size_t)intern_hash(p->comm, PROC_COMM) & (slots - 1);
		while (sums[at].top && memcmp(sums[at].top->comm, p->comm, PROC_COMM) != 0)
			at = (at + 1) & (slots - 1);
		double a = amount(p);
		total += a;
		if (!sums[at].top && ++different > slots * 3 / 4)
			break;
		if (!sums[at].top || a > amount(sums[at].top))
			sums[at].top = p;
		sums[at].amount += a;
		sums[at].count++;
	}
	if (whole <= 0)
		whole = total;
	for (size_t i = 0; i < slots; i++) {
		if (!sums[i].top || sums[i].amount < whole * 0.02)
			continue;
		const struct proc *p = sums[i].top;
		char text[32];
		if (amount == amount_rss)
			(void)text_bytes(text, sums[i].amount);
		else
			(void)text_amount(text, sums[i].amount);
		const char *noun = amount == amount_rss       ? "resident memory"
				   : amount == amount_threads ? "tasks"
							      : "descriptors";
		struct who w = {"process", who_name(v, p), p->pid,
			whole > 0 ? sums[i].amount / whole : -1,
			arena_printf(&v->scratch, "%s %s in %u process%s", text, noun,
				sums[i].count, sums[i].count == 1 ? "" : "es")};
		n = who_insert(out, n, max, w);
	}
	return n;
}

static size_t by_program(struct view *v, amount_fn *amount, int64_t uid, uint32_t cgroup,
	double whole, struct who *out, size_t max)
{
	return by_program_at(v, view_last(v), amount, uid, cgroup, whole, out, max);
}

const struct sample *who_fullest(const struct view *v, uint32_t cgroup)
{
	uint32_t id =
		cgroup ? view_id(v, M_CG_MEM_ANON, 0, cgroup) : view_id(v, M_MEM_AVAILABLE, 0, 0);
	const struct sample *best = view_last(v);
	uint64_t most = 0, x;
	for (unsigned i = 0; i < v->n; i++) {
		if (!sample_get(view_at(v, i), id, &x))
			continue;
		if (!cgroup)
			x = UINT64_MAX - x;
		if (x >= most) {
			most = x;
			best = view_at(v, i);
		}
	}
	return best;
}

size_t who_memory(struct view *v, struct who *out, size_t max)
{
	double total = 0;
	(void)view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total);
	return by_program_at(v, who_fullest(v, 0), amount_rss, -1, 0, total, out, max);
}

size_t who_tasks(struct view *v, int64_t uid, struct who *out, size_t max)
{
	return by_program(v, amount_threads, uid, 0, 0, out, max);
}

size_t who_fds(struct view *v, struct who *out, size_t max)
{
	return by_program(v, amount_fds, -1, 0, 0, out, max);
}

size_t who_fds_of_user(struct view *v, int64_t uid, struct who *out, size_t max)
{
	return by_program(v, amount_fds, uid, 0, 0, out, max);
}

size_t who_fds_of(struct view *v, const struct proc *p, struct who *out, size_t max)
{
	const struct sample *s = view_with_files(v);
	size_t n = 0;
	for (uint32_t i = 0; s && i < s->files.count; i++) {
		const struct open_file *f = &TABLE_ROWS(s->files, struct open_file)[i];
		if (f->pid != p->pid || f->count * 10u < p->fds)
			continue;
		const char *path = intern_text(&v->series->names, f->path);
		struct who w = {"file", path, p->pid,
			(double)f->count / (double)(p->fds ? p->fds : 1),
			arena_printf(
				&v->scratch, "%u of its descriptors are open on it", f->count)};
		n = who_insert(out, n, max, w);
	}
	return n;
}

/* ---- disks and files ---- */

bool who_has_file_on(const struct view *v, int32_t pid, const uint64_t *devnos, size_t n)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->files.count; k++) {
			const struct open_file *f = &TABLE_ROWS(s->files, struct open_file)[k];
			for (size_t d = 0; f->pid == pid && d < n; d++)
				if (f->devno == devnos[d])
					return true;
		}
	}
	return false;
}

/* "sda1" of "sda", "nvme0n1p2" of "nvme0n1". */
static bool is_part_of(const char *name, const char *disk)
{
	size_t n = strlen(disk);
	if (n == 0 || strncmp(name, disk, n) != 0 || name[n] == '\0')
		return false;
	const char *rest = name + n;
	if (disk[n - 1] >= '0' && disk[n - 1] <= '9' && *rest++ != 'p')
		return false;
	return *rest && rest[strspn(rest, "0123456789")] == '\0';
}

bool who_is_partition(const struct view *v, uint32_t disk)
{
	const char *name = series_instance(v->series, disk);
	for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id; id = view_each(v, M_DISK_BUSY, id))
		if (is_part_of(name, series_instance(v->series, id)))
			return true;
	return false;
}

size_t who_disk_family(const struct view *v, uint32_t disk, uint64_t *devnos, size_t max)
{
	const char *name = series_instance(v->series, disk);
	size_t n = 0;
	for (uint32_t id = view_each(v, M_DISK_DEVNO, 0); id && n < max;
		id = view_each(v, M_DISK_DEVNO, id)) {
		const char *other = series_instance(v->series, id);
		uint64_t devno;
		if ((strcmp(other, name) == 0 || is_part_of(other, name)) &&
			sample_get(view_last(v), id, &devno))
			devnos[n++] = devno;
	}
	return n;
}

size_t who_add_volumes(const struct view *v, uint32_t disk, uint64_t *devnos, size_t n, size_t max)
{
	uint32_t below = series_row(v->series, disk)->instance;
	for (uint32_t id = view_each(v, M_DISK_DEVNO, 0); id && n < max;
		id = view_each(v, M_DISK_DEVNO, id)) {
		uint64_t devno;
		if (!is_part_of(series_instance(v->series, id), series_instance(v->series, disk)) &&
			stack_lies_on(v, series_row(v->series, id)->instance, below) &&
			sample_get(view_last(v), id, &devno))
			devnos[n++] = devno;
	}
	return n;
}

size_t who_hugepages(struct view *v, struct who *out, size_t max)
{
	const struct sample *s = view_last(v);
	size_t n = 0;
	double all = 0;
	for (uint32_t i = 0; i < s->procs.count; i++)
		all += (double)TABLE_ROWS(s->procs, struct proc)[i].huge_pages;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		char text[32];
		if (p->kernel || p->self || !p->huge_pages)
			continue;
		n = who_insert(out, n, max,
			(struct who){"process", who_name(v, p), p->pid, (double)p->huge_pages / all,
				arena_printf(&v->scratch, "has %s in huge pages",
					text_bytes(text, (double)p->huge_pages * 4096))});
	}
	return n;
}

/* ---- control groups ---- */

bool who_is_member(const struct view *v, uint32_t cgroup, int32_t pid)
{
	for (unsigned i = v->n; i-- > 0;) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->members.count; k++) {
			const struct member *m = &TABLE_ROWS(s->members, struct member)[k];
			if (m->cgroup == cgroup && m->pid == pid)
				return true;
		}
	}
	return false;
}

bool who_lives_in(const struct view *v, const struct usage *u, uint32_t cgroup)
{
	return who_is_member(v, cgroup, u->p->pid) ||
	       ((u->p->have & HAVE_CGROUP) &&
		       text_within(intern_text(&v->series->names, u->p->cgroup),
			       intern_text(&v->series->names, cgroup)));
}

/* Many small processes of one program use as much together as a large one does. */
static size_t by_program_cpu(struct view *v, uint32_t cgroup, struct who *out, size_t max)
{
	struct sum {
		const struct usage *top;
		double cpu_s;
		unsigned count;
	} *sums = arena_alloc(&v->scratch, (v->nprograms + 1) * sizeof *sums);
	size_t n = 0;
	double total = 0;
	for (size_t i = 0; sums && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		struct sum *sum = &sums[u->program];
		if (u->p->self || u->p->kernel || u->cpu_s <= 0 ||
			!who_is_member(v, cgroup, u->p->pid))
			continue;
		total += u->cpu_s;
		sum->cpu_s += u->cpu_s;
		sum->count++;
		if (!sum->top || u->cpu_s > sum->top->cpu_s)
			sum->top = u;
	}
	for (size_t i = 1; sums && i <= v->nprograms; i++)
		if (sums[i].top)
			n = who_insert(out, n, max,
				(struct who){"process", who_name(v, sums[i].top->p),
					sums[i].top->p->pid, sums[i].cpu_s / total,
					arena_printf(&v->scratch, "used %.2f CPUs in this group%s",
						sums[i].cpu_s / v->seconds,
						sums[i].count > 1 ? arena_printf(&v->scratch,
									    ", in %u processes",
									    sums[i].count)
								  : "")});
	return n;
}

size_t who_in_cgroup(struct view *v, uint32_t cgroup, enum who_by by, struct who *out, size_t max)
{
	if (by == WHO_BY_MEMORY)
		return by_program_at(
			v, who_fullest(v, cgroup), amount_rss, -1, cgroup, 0, out, max);
	if (by == WHO_BY_TASKS)
		return by_program(v, amount_threads, -1, cgroup, 0, out, max);
	return by_program_cpu(v, cgroup, out, max);
}
