/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Who makes memory fill, and where that ends: what is largest is not what grows, and a server with a ceiling of its own stops there. */
#include "rules/memory.h"

#include "base/text.h"
#include "ledger/servers.h"
#include "rules/killed.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double MOST = 0.5; /* of a growth, or of all: this one is to blame for it */
static const double LESS = 0.6, MORE = 1.1; /* of what files grew by: about as much */
static const double LEFT =
	0.05; /* of all: nearly used up, as MemAvailable is low; less than that somebody always takes */

static double grown_by(const struct usage *u)
{
	return ((double)u->p->rss_pages - (u->born ? 0 : (double)u->first->rss_pages)) * 4096;
}

/* Where it grows by what it keeps of its files (a buffer pool), which has a size: what is left of that. -1: it does not, or does not tell. */
static double cache_room(struct view *v, int32_t server, const struct usage *u)
{
	const struct sample *s = view_last(v);
	uint64_t most, used;
	double grown;
	if (!server_number_of(v, s, server, "cache.most", &most) ||
		!server_number_of(v, s, server, "cache.bytes", &used) ||
		!server_number_growth(v, server, "cache.bytes", &grown) ||
		grown < LESS * grown_by(u))
		return -1;
	return most > used ? (double)(most - used) : 0;
}

double memory_own_room(struct view *v, const struct usage *u)
{
	const struct sample *s = view_last(v);
	int32_t server = server_first(v, u->p->pid);
	const struct server_book *b = server_book_of(s, server);
	uint64_t loading = 0;
	/* What it reads from its own file at its start ends with that. */
	if (b && server_number_of(v, s, server, "loading", &loading) && loading)
		return 0;
	double room = b ? cache_room(v, server, u) : -1;
	for (uint32_t i = 0; b && b->status == BOOK_OK && i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		if (p->server != server || p->kind != POOL_MEMORY || !p->have_limit || !p->limit)
			continue;
		double here = p->limit > p->used ? (double)(p->limit - p->used) : 0;
		room = room < 0 || here < room ? here : room;
	}
	return room;
}

double memory_group_room(struct view *v, const struct usage *u)
{
	double room = -1;
	for (uint32_t id = view_each(v, M_CG_MEM_LIMIT, 0); id;
		id = view_each(v, M_CG_MEM_LIMIT, id)) {
		double limit, used;
		uint32_t group = series_row(v->series, id)->instance;
		if (!view_gauge(v, id, &limit) || limit <= 0 ||
			!view_gauge(v, view_id(v, M_CG_MEM_ANON, 0, group), &used) ||
			!who_lives_in(v, u, group))
			continue;
		double here = limit > used ? limit - used : 0;
		room = room < 0 || here < room ? here : room;
	}
	return room;
}

static bool same_program(const struct usage *a, const struct usage *b)
{
	return a->p->uid == b->p->uid && memcmp(a->p->comm, b->p->comm, PROC_COMM) == 0;
}

const struct usage *memory_grower_in(struct view *v, uint32_t group, double least)
{
	const struct usage *best = NULL;
	double most = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->p->kernel || u->p->self || u->gone || (group && !who_lives_in(v, u, group)))
			continue;
		double sum = 0;
		for (size_t k = 0; k < v->nusages; k++)
			if (same_program(u, &v->usages[k]) && !v->usages[k].gone &&
				(!group || who_lives_in(v, &v->usages[k], group)))
				sum += grown_by(&v->usages[k]);
		if (grown_by(u) > most && sum >= MOST * least) {
			most = grown_by(u);
			best = u;
		}
	}
	return best;
}

static void put_first(struct verdict *f, struct who who)
{
	size_t at = 0;
	while (at < f->nculprits && strcmp(f->culprits[at].value, who.value) != 0)
		at++;
	if (at == 0 && f->nculprits)
		return;
	if (at == f->nculprits)
		at = f->nculprits < WHO_MAX ? f->nculprits++ : WHO_MAX - 1;
	memmove(&f->culprits[1], &f->culprits[0], at * sizeof f->culprits[0]);
	f->culprits[0] = who;
}

void memory_first(struct view *v, struct verdict *f, const struct usage *u)
{
	char a[32];
	if (u)
		put_first(f, (struct who){"process", who_name(v, u->p), u->p->pid, -1,
				     say(v, "grows, and has %s resident",
					     text_bytes(a, (double)u->p->rss_pages * 4096))});
}

/* ---- after a kill ---- */

/* What a process grew by from the window's begin to the sample in which memory was fullest. One that has not run for as long as the window before it is still at its start,
 * and what it takes there may be all that it needs: who is killed for another comes again and again. */
static double grown_to(const struct view *v, const struct usage *u, const struct sample *full)
{
	enum { TICK_NS = 10000000 };
	const struct proc *then = sample_proc(full, u->p->pid, u->p->start_ticks);
	double ran = (double)view_at(v, 0)->mono_ns - (double)u->p->start_ticks * TICK_NS;
	if (u->born || !then || ran < v->seconds * 1e9)
		return 0;
	return ((double)then->rss_pages - (double)u->first->rss_pages) * 4096;
}

/* What was in use for good, in the group or of the machine. */
static bool in_use(const struct view *v, const struct sample *s, uint32_t group, double *ret)
{
	uint64_t x;
	uint32_t id =
		group ? view_id(v, M_CG_MEM_ANON, 0, group) : view_id(v, M_MEM_AVAILABLE, 0, 0);
	if (!sample_get(s, id, &x))
		return false;
	*ret = (double)x * metric_scale(group ? M_CG_MEM_ANON : M_MEM_AVAILABLE) * (group ? 1 : -1);
	return true;
}

void memory_taker_first(struct view *v, struct verdict *f, uint32_t group, double limit)
{
	const struct sample *full = who_fullest(v, group);
	const struct usage *taker = NULL;
	double before, after, most = 0, taken = 0;
	char a[32];
	/* Who had most of it, but grew and went between two samples. */
	const struct ended_sum *killed = killed_largest(v, group);
	if (killed && killed->rss_peak >= MOST * limit)
		put_first(f, (struct who){"process", arena_str(&v->scratch, killed->comm),
				     killed->pid, -1,
				     say(v, "had %s resident when it was killed",
					     text_bytes(a, killed->rss_peak))});
	if (!in_use(v, view_at(v, 0), group, &before) || !in_use(v, full, group, &after))
		return;
	double least =
		MOST * (after - before) > LEFT * limit ? MOST * (after - before) : LEFT * limit;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		double own = u->p->kernel || u->p->self ? 0 : grown_to(v, u, full), sum = 0;
		if (own <= most || (group && !who_lives_in(v, u, group)))
			continue;
		for (size_t k = 0; k < v->nusages; k++)
			if (same_program(u, &v->usages[k]) &&
				(!group || who_lives_in(v, &v->usages[k], group)))
				sum += grown_to(v, &v->usages[k], full);
		if (sum >= least) {
			taker = u;
			most = own;
			taken = sum;
		}
	}
	if (taker)
		put_first(f, (struct who){"process", who_name(v, taker->p), taker->p->pid, -1,
				     say(v, "took %s of what was left before the kill",
					     text_bytes(a, taken))});
}

/* ---- files that have no disk ---- */

/* What an open file grew by since the first sample that knows it. */
static double file_grown(const struct view *v, const struct open_file *f)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->files.count; k++) {
			const struct open_file *o = &TABLE_ROWS(s->files, struct open_file)[k];
			if (o->pid == f->pid && o->inode == f->inode && o->devno == f->devno)
				return f->size > o->size ? (double)(f->size - o->size) : 0;
		}
	}
	return 0;
}

/* The same of all files on no disk that a process writes: of those it has open where they were looked at, or of those that the walk over all descriptors saw grow. */
static double files_grown(const struct view *v, const struct usage *u, uint64_t *ret_devno)
{
	const struct sample *s = view_with_files(v);
	double open = 0, held = 0;
	for (uint32_t i = 0; s && i < s->files.count; i++) {
		const struct open_file *f = &TABLE_ROWS(s->files, struct open_file)[i];
		double grown = f->pid == u->p->pid && f->writable && !devno_has_device(f->devno)
				       ? file_grown(v, f)
				       : 0;
		if (grown > 0)
			*ret_devno = f->devno;
		open += grown;
	}
	s = NULL;
	for (unsigned i = v->n; i-- > 0 && !s;)
		s = view_at(v, i)->have_held ? view_at(v, i) : NULL;
	for (uint32_t i = 0; s && i < s->held.count; i++) {
		const struct held_file *h = &TABLE_ROWS(s->held, struct held_file)[i];
		if (h->pid != u->p->pid || devno_has_device(h->devno) || !h->growth || !h->since_ns)
			continue;
		*ret_devno = h->devno;
		held += (double)h->growth * 1e9 / (double)h->since_ns * v->seconds;
	}
	return open > held ? open : held;
}

/* The filesystem without a disk that lost as much. */
static uint64_t grown_filesystem(struct view *v, double shared)
{
	for (uint32_t id = view_each(v, M_FS_DEVNO, 0); id; id = view_each(v, M_FS_DEVNO, id)) {
		double devno, size;
		uint32_t mount = series_row(v->series, id)->instance;
		if (!view_gauge(v, id, &devno) || devno_has_device((uint64_t)devno) ||
			!view_gauge(v, view_id(v, M_FS_SIZE, 0, mount), &size))
			continue;
		struct trend t = use_trend_of_rest(v, view_id(v, M_FS_FREE, 0, mount), size);
		if (t.slope * t.span_s >= MOST * shared)
			return (uint64_t)devno;
	}
	return 0;
}

/* Whose files grow as memory in files does; else who wrote about as much, to whatever: what goes to sockets counts as well. */
static bool blame_files(struct view *v, struct verdict *f, uint32_t group, double grown)
{
	struct trend t = view_trend(
		v, group ? view_id(v, M_CG_MEM_SHMEM, 0, group) : view_id(v, M_MEM_SHMEM, 0, 0));
	double shared = t.slope * t.span_s, most = 0, nearest = 1;
	const struct usage *owner = NULL, *writer = NULL;
	char a[32];
	if (!t.steady || shared < MOST * grown)
		return false;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		uint64_t devno = 0;
		if (u->p->kernel || u->p->self || u->gone || (group && !who_lives_in(v, u, group)))
			continue;
		double files = files_grown(v, u, &devno);
		if (files > most && files >= MOST * shared && files <= MORE * shared) {
			most = files;
			owner = u;
			f->devno = devno;
		}
		double share = u->have_io ? u->written_chars / shared : 0;
		if (share >= LESS && share <= MORE && fabs(share - 1) < nearest) {
			nearest = fabs(share - 1);
			writer = u;
		}
	}
	f->devno = f->devno ? f->devno : grown_filesystem(v, shared);
	f->nculprits = 0;
	if (owner)
		f->culprits[f->nculprits++] =
			(struct who){"process", who_name(v, owner->p), owner->p->pid, -1,
				say(v, "its files in memory grew by %s in %.0f s",
					text_bytes(a, most), v->seconds)};
	else if (writer)
		f->culprits[f->nculprits++] =
			(struct who){"process", who_name(v, writer->p), writer->p->pid, -1,
				say(v, "wrote %s in %.0f s, as much as files in memory grew by",
					text_bytes(a, writer->written_chars), v->seconds)};
	else
		f->culprits[f->nculprits++] = (struct who){"kernel", "tmpfs", 0, -1,
			"files in memory (tmpfs, /dev/shm) or shared memory grow"};
	const char *what =
		say(v, "files in memory and shared memory grow by %s/s", text_bytes(a, t.slope));
	if (group) {
		const char *word = shell_word(v, intern_text(&v->series->names, group));
		verdict_evidence(f, what, M_CG_MEM_SHMEM, t.slope, -1,
			say(v,
				"grep -sH shmem /sys/fs/cgroup%s/memory.stat "
				"/sys/fs/cgroup/memory%s/memory.stat; df -h -t tmpfs",
				word, word));
	} else {
		verdict_evidence(f, what, M_MEM_SHMEM, t.slope, -1,
			"grep Shmem: /proc/meminfo; sleep 5; grep Shmem: /proc/meminfo; df -h -t "
			"tmpfs");
	}
	return true;
}

bool memory_blame_growth(struct view *v, struct verdict *f, uint32_t group, double grown)
{
	struct who list[WHO_MAX] = {{0}};
	size_t n = 0;
	double all = 0;
	char a[32];
	if (grown <= 0)
		return false;
	if (blame_files(v, f, group, grown))
		return true;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		double sum = 0;
		bool first = !u->p->kernel && !u->p->self && !u->gone &&
			     (!group || who_lives_in(v, u, group));
		for (size_t k = 0; first && k < v->nusages; k++) {
			if (!same_program(u, &v->usages[k]) || v->usages[k].gone ||
				(group && !who_lives_in(v, &v->usages[k], group)))
				continue;
			first = k >= i;
			sum += grown_by(&v->usages[k]);
		}
		if (!first || sum <= 0)
			continue;
		all += sum;
		size_t at = n < WHO_MAX ? n++ : WHO_MAX;
		for (; at > 0 && list[at - 1].share < sum; at--)
			if (at < WHO_MAX)
				list[at] = list[at - 1];
		if (at < WHO_MAX)
			list[at] = (struct who){"process", who_name(v, u->p), u->p->pid, sum,
				say(v, "grew by %s in %.0f s", text_bytes(a, sum), v->seconds)};
	}
	f->nculprits = 0;
	for (size_t i = 0; i < n && all >= MOST * grown; i++) {
		list[i].share = list[i].share < grown ? list[i].share / grown : 1;
		f->culprits[f->nculprits++] = list[i];
	}
	if (!f->nculprits)
		f->culprits[f->nculprits++] = (struct who){"kernel", "memory of no process", 0, -1,
			"no process grows by as much as memory in use does"};
	return false;
}

/* ---- swap ---- */

static double faults_of(const struct usage *u)
{
	uint64_t before = u->born ? 0 : u->first->major_faults;
	return u->p->major_faults > before ? (double)(u->p->major_faults - before) : 0;
}

/* At its limit, as far as memory that cannot be dropped goes. */
static uint32_t full_group_of(struct view *v, const struct usage *u)
{
	for (uint32_t id = view_each(v, M_CG_MEM_LIMIT, 0); id;
		id = view_each(v, M_CG_MEM_LIMIT, id)) {
		double limit, used, hits = 0;
		uint32_t group = series_row(v->series, id)->instance;
		if (view_gauge(v, id, &limit) && limit > 0 && who_lives_in(v, u, group) &&
			view_gauge(v, view_id(v, M_CG_MEM_ANON, 0, group), &used) &&
			(used >= 0.9 * limit ||
				(view_delta(v, view_id(v, M_CG_MEM_HITS, 0, group), &hits) &&
					hits > 0)))
			return group;
	}
	return 0;
}

void memory_blame_swap(struct view *v, struct verdict *f)
{
	const struct usage *most = NULL;
	double all = 0, largest = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->p->kernel || u->p->self || u->gone)
			continue;
		all += faults_of(u);
		if (!most || faults_of(u) > faults_of(most))
			most = u;
		if (f->nculprits && same_program(u, view_usage(v, f->culprits[0].pid)
							    ? view_usage(v, f->culprits[0].pid)
							    : u))
			largest += faults_of(u);
	}
	if (!most || faults_of(most) < MOST * all || faults_of(most) < v->seconds)
		return;
	uint32_t group = full_group_of(v, most);
	/* The machine's own shortage: the largest is to blame as long as it takes part in the moving. */
	if (!group && largest >= 0.2 * all)
		return;
	struct who who = {"process", who_name(v, most->p), most->p->pid, faults_of(most) / all,
		say(v, "needed %.0f times a page that was in swap or on disk, most of all%s",
			faults_of(most), group ? "; its group is at its memory limit" : "")};
	size_t at = 0;
	while (at < f->nculprits && f->culprits[at].pid != who.pid)
		at++;
	if (at == f->nculprits)
		at = f->nculprits < WHO_MAX ? f->nculprits++ : WHO_MAX - 1;
	memmove(&f->culprits[1], &f->culprits[0], at * sizeof f->culprits[0]);
	f->culprits[0] = who;
	if (group) {
		f->nculprits = 1;
		f->cgroup = group;
		verdict_evidence(f,
			say(v, "%s is in a control group that is at its own limit: %s", who.value,
				intern_text(&v->series->names, group)),
			M_CG_MEM_ANON, 0, -1, say(v, "cat /proc/%" PRId32 "/cgroup", most->p->pid));
	}
}
