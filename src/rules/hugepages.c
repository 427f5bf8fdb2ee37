/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for the pool of reserved huge pages. The kernel counts no refused mmap(MAP_HUGETLB), and a pool that is all in use is what a database wants. So
 * harm is what shows elsewhere: who was killed (SIGBUS) as the pool had no page for it, or memory that is short while reserved pages lie idle. */
#include "rules/memory.h"

#include "base/text.h"
#include "ledger/ended.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#define IDLE 0.05 /* of the memory: as much as would end a shortage (rules/memory.c) */
#define NOTE 0.10 /* of the memory: worth a word where nothing is short */
enum { CODE = 0x7f };

const struct rule_case rule_case_hugepages = {
	.mechanism =
		"Huge pages (vm.nr_hugepages) are taken out of the memory when they are reserved: "
		"only "
		"who asks for them (MAP_HUGETLB, PostgreSQL's huge_pages, Java's UseLargePages) "
		"gets "
		"them, and nobody else, whether they are used or not. When none is left mmap() "
		"fails, "
		"or, where nothing was promised (MAP_NORESERVE, a private page that a child "
		"changes), the process is killed with SIGBUS at the page that is not there. A "
		"server that finds too "
		"few at its start mostly goes on with small pages and leaves all of them idle.",
	.threshold =
		"Exhausted: a process that had huge pages ended with SIGBUS in the window, and the "
		"pool had an "
		"eighth or less free, or would have had at the rate at which that process took "
		"them. Filling: what is in use or promised grows in four steps "
		"of five, not fading, above half of the pool, and the line reaches its end "
		"within ten times the time watched. Wrong: memory is short (nearly nothing "
		"available, and tasks wait for it) while a twentieth of it or more is reserved "
		"as huge pages that nobody uses, and no program grows.",
	.false_alarms =
		"A pool that is all in use and stays so, as databases size it: the kernel "
		"does not count whom it refuses, so that is not told. A server that starts: "
		"what it maps is promised at once. Idle huge pages while nothing is short: "
		"a note, from a tenth of the memory on.",
	.confirm = "grep -i huge /proc/meminfo; grep -H HugetlbPages /proc/[0-9]*/status | grep -v "
		   "' 0 kB'; dmesg | "
		   "tail; sysctl vm.nr_hugepages vm.nr_overcommit_hugepages",
	.remedy = "Size the pool to what servers use (postgres -C "
		  "shared_memory_size_in_huge_pages), give "
		  "back what is idle (sysctl vm.nr_hugepages), or allow more for a while "
		  "(vm.nr_overcommit_hugepages).",
};

struct pool {
	double total, free, reserved, size;
};

static bool gauge(const struct view *v, enum metric m, double *ret)
{
	return view_gauge(v, view_id(v, m, NETNS_HOST, 0), ret);
}

/* Fewer than an eighth were free, or fewer will be at the next sample if the process takes pages as fast as it did since its birth: between two samples it
 * may have been none. */
static bool nearly_empty(
	const struct view *v, const struct sample *s, const struct proc *p, const struct pool *of)
{
	enum { NEARLY = 8, TICK_NS = 10000000, BASE_PAGE = 4096 };
	uint64_t left, born = p->start_ticks * TICK_NS;
	if (!sample_get(s, view_id(v, M_HUGEPAGES_FREE, NETNS_HOST, 0), &left))
		return false;
	double taken = 0, age = s->mono_ns > born ? (double)(s->mono_ns - born) / 1e9 : 0;
	if (age > 0.1 && v->n > 1 && of->size > 0)
		taken = (double)p->huge_pages * BASE_PAGE / of->size / age * v->seconds /
			(v->n - 1);
	return ((double)left - taken) * NEARLY <= of->total;
}

/* Who ended with SIGBUS in the window and had huge pages in a sample before, when the pool ran empty. */
static const struct proc *killed_by_touch(struct view *v, const struct pool *of, double *ret_count)
{
	struct ended_sum *rows;
	size_t n = ended_sums(v, &rows);
	const struct proc *found = NULL;
	*ret_count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct proc *one = NULL;
		if ((rows[i].code & CODE) != SIGBUS)
			continue;
		for (unsigned k = 0; k < v->n; k++) {
			const struct sample *s = view_at(v, k);
			for (uint32_t j = 0; j < s->procs.count; j++) {
				const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[j];
				if (p->huge_pages && p->ppid == rows[i].ppid &&
					strncmp(p->comm, rows[i].comm, PROC_COMM) == 0 &&
					nearly_empty(v, s, p, of))
					one = p;
			}
		}
		if (one) {
			found = one;
			*ret_count += rows[i].failed;
		}
	}
	return found;
}

/* What is in use or promised, over the window. */
static struct trend trend_of(const struct view *v)
{
	double t[STORE_MAX], y[STORE_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t total, left, promised = 0;
		const struct sample *s = view_at(v, i);
		if (!sample_get(s, view_id(v, M_HUGEPAGES_TOTAL, NETNS_HOST, 0), &total) ||
			!sample_get(s, view_id(v, M_HUGEPAGES_FREE, NETNS_HOST, 0), &left) ||
			total < left)
			continue;
		(void)sample_get(s, view_id(v, M_HUGEPAGES_RESERVED, NETNS_HOST, 0), &promised);
		t[n] = (double)(s->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
		y[n++] = (double)(total - left + promised);
	}
	return trend_fit(t, y, n);
}

static struct verdict *about(struct view *v, struct verdicts *out, enum severity severity,
	enum finding_state state, const struct pool *p)
{
	struct verdict *f = verdict_new(v, out, severity, state, NULL);
	char a[32], b[32];
	if (!f)
		return NULL;
	f->used = p->total - p->free + p->reserved;
	f->limit = p->total;
	verdict_evidence(f,
		say(v, "%.0f huge pages (%s), %.0f of them free (%s), of these %.0f promised",
			p->total, text_bytes(a, p->total * p->size), p->free,
			text_bytes(b, p->free * p->size), p->reserved),
		M_HUGEPAGES_FREE, p->free, p->total, "grep -i huge /proc/meminfo");
	return f;
}

static void judge_empty(struct view *v, struct verdicts *out, const struct pool *p)
{
	double used = p->total - p->free + p->reserved, count = 0;
	const struct proc *killed = killed_by_touch(v, p, &count);
	struct trend t = trend_of(v);
	double eta = killed ? -1 : forecast(v, t, used, p->total);
	char text[32];
	if (!killed && eta < 0)
		return;
	struct verdict *f =
		about(v, out, SEVERITY_CRITICAL, killed ? STATE_EXHAUSTED : STATE_FILLING, p);
	if (!f)
		return;
	f->eta_s = eta;
	if (killed) {
		const char *name = who_name(v, killed);
		f->refused = count;
		f->used = p->total;
		f->culprits[f->nculprits++] = (struct who){"process", name, killed->pid, -1,
			say(v, "touched a huge page that was not there, %.0f times", count)};
		verdict_victim(f, "process", name, killed->pid, "is killed with SIGBUS");
		verdict_evidence(f,
			say(v, "%s ended with SIGBUS, %.0f times in %.0f s", name, count,
				v->seconds),
			-1, count, 0, "journalctl -b | grep -iE 'status=7|BUS' | tail -3");
	} else {
		f->nculprits = who_hugepages(v, f->culprits, WHO_MAX);
		if (!f->nculprits)
			f->culprits[f->nculprits++] = (struct who){"config", "vm.nr_hugepages", 0,
				-1,
				"who has them was not seen: grep HugetlbPages /proc/[0-9]*/status"};
	}
	f->title = killed ? say(v, "No huge page is left: %s is killed when it touches one",
				    who_name(v, killed))
			  : say(v, "Huge pages run out in %s", text_duration(text, eta));
	verdict_remedy(f,
		"Allow more than are reserved, as long as there is memory in large pieces",
		say(v, "sysctl -w vm.nr_overcommit_hugepages=%.0f", p->total),
		"/etc/sysctl.d/90-hugepages.conf", false, "memory of all others",
		"none may be found when memory is in pieces");
	verdict_remedy(f, "Reserve more, at boot, when memory is whole",
		say(v, "sysctl -w vm.nr_hugepages=%.0f", p->total * 2),
		"/etc/sysctl.d/90-hugepages.conf", true, "it is lost to everybody else", "none");
}

static void judge_idle(struct view *v, struct verdicts *out, const struct pool *p)
{
	struct memory_grower g;
	double memory, idle = p->free > p->reserved ? (p->free - p->reserved) * p->size : 0;
	char text[32], of[32];
	if (!gauge(v, M_MEM_TOTAL, &memory) || idle < IDLE * memory)
		return;
	bool harm = memory_short(v) && !memory_grower(v, &g);
	if (!harm && idle < NOTE * memory)
		return;
	struct verdict *f = about(v, out, harm ? SEVERITY_CRITICAL : SEVERITY_NOTICE,
		harm ? STATE_WRONG : STATE_NOTE, p);
	if (!f)
		return;
	(void)text_bytes(text, idle);
	(void)text_bytes(of, memory);
	f->culprits[f->nculprits++] = (struct who){"config", "vm.nr_hugepages", 0, idle / memory,
		say(v, "keeps %s of %s for who asks for huge pages, and nobody does", text, of)};
	f->title = harm ? say(v, "Memory is short while %s of it lie idle as huge pages", text)
			: say(v, "%s of the memory lie idle as huge pages", text);
	double keep = p->total - p->free + p->reserved;
	if (harm) {
		double some;
		if (view_rate(v, view_id(v, M_PSI_MEMORY_SOME, 0, 0), &some))
			verdict_evidence(f,
				say(v, "some task waits for memory for %.0f %% of the time",
					100 * some),
				M_PSI_MEMORY_SOME, some, -1, "cat /proc/pressure/memory");
	}
	verdict_remedy(f, "Give back what nobody uses; it is there at once",
		say(v, "sysctl -w vm.nr_hugepages=%.0f", keep), "/etc/sysctl.d/90-hugepages.conf",
		false, "a server that wants huge pages at its next start finds none", "none");
	verdict_remedy(f,
		"If a server was to use them: it found too few at its start. Size the pool for it",
		NULL, "postgresql.conf: huge_pages = on tells it at the start", true,
		"a restart of it", "none");
}

void rule_hugepages(struct view *v, struct verdicts *out)
{
	struct pool p = {0};
	if (!gauge(v, M_HUGEPAGES_TOTAL, &p.total) || !gauge(v, M_HUGEPAGES_FREE, &p.free) ||
		p.total <= 0 || p.free > p.total || !gauge(v, M_HUGEPAGES_SIZE, &p.size))
		return;
	(void)gauge(v, M_HUGEPAGES_RESERVED, &p.reserved);
	p.reserved = p.reserved < p.free ? p.reserved : p.free;
	judge_empty(v, out, &p);
	judge_idle(v, out, &p);
}
