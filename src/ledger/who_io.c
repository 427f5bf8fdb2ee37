/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Who reads and writes. A search over a tree, a build, a pool of workers do it with many processes of which none does much: what counts is
 * what a job does. */
#include "ledger/who_impl.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where somebody reads and writes: on one of these devices, or, without them, in a control group. */
struct io_place {
	const uint64_t *devnos;
	size_t ndev;
	uint32_t cgroup;
};

static bool is_at(const struct view *v, const struct io_place *at, int32_t pid)
{
	return at->devnos ? who_has_file_on(v, pid, at->devnos, at->ndev)
			  : who_is_member(v, at->cgroup, pid);
}

static double moved(const struct usage *u)
{
	return u->read_bytes + u->write_bytes;
}

/* Processes of one name and parent (searches that xargs starts, sessions of a database), such a process and its parent, or a process group; but a
 * server is no part of the script that started it, and who writes a checkpoint no part of those who have clients. */
static bool is_one_job(const struct usage *a, const struct usage *b)
{
	if (a->p->background != b->p->background)
		return false;
	if (memcmp(a->p->comm, b->p->comm, PROC_COMM) == 0 && a->p->uid == b->p->uid &&
		((a->parent && a->parent == b->parent) || a->parent == b || b->parent == a))
		return true;
	return a->p->pgrp && a->p->pgrp == b->p->pgrp && !a->listens && !b->listens;
}

static int by_moved(const void *a, const void *b)
{
	const struct usage *const *x = a, *const *y = b;
	double m = moved(*x), n = moved(*y);
	return m != n ? (m < n) - (m > n)
		      : ((*x)->p->pid > (*y)->p->pid) - ((*x)->p->pid < (*y)->p->pid);
}

static int by_sum(const void *a, const void *b)
{
	const struct io_job *x = a, *y = b;
	double m = io_job_moved(x), n = io_job_moved(y);
	return m != n ? (m < n) - (m > n)
		      : (x->top->p->pid > y->top->p->pid) - (x->top->p->pid < y->top->p->pid);
}

double io_job_read(const struct io_job *j)
{
	return j->asked > j->read_bytes ? j->asked : j->read_bytes;
}

double io_job_moved(const struct io_job *j)
{
	return io_job_read(j) + j->write_bytes;
}

const struct io_job *io_job_of(const struct io_job *jobs, size_t n, const struct usage *u)
{
	for (size_t i = 0; i < n; i++)
		if (jobs[i].top == u || is_one_job(jobs[i].top, u))
			return &jobs[i];
	return NULL;
}

double who_age(const struct view *v, const struct usage *u)
{
	double boot;
	return view_gauge(v, view_id(v, M_BOOT_TIME, 0, 0), &boot)
		       ? (double)v->now_ns / 1e9 - boot - (double)u->p->start_ticks / 100
		       : INFINITY;
}

/* Bytes a second over its life. */
static double over_life(const struct view *v, const struct usage *u, uint64_t bytes)
{
	double age = who_age(v, u);
	return (double)bytes / (age > v->seconds ? age : v->seconds);
}

/* Those that move most come first: each job bears the name of the one in it that does. */
static size_t jobs_of(
	struct view *v, const struct usage **list, size_t count, bool late, struct io_job **ret)
{
	size_t n = 0;
	struct io_job *jobs = arena_alloc(&v->scratch, (count ? count : 1) * sizeof *jobs);
	if (!jobs)
		return 0;
	qsort(list, count, sizeof(void *), by_moved);
	for (size_t i = 0; i < count; i++) {
		const struct usage *u = list[i];
		size_t k = 0;
		while (k < n && !is_one_job(jobs[k].top, u))
			k++;
		if (k == n)
			jobs[n++] = (struct io_job){.top = u, .pgrp = u->p->pgrp};
		struct io_job *j = &jobs[k];
		if (j->pgrp != u->p->pgrp)
			j->pgrp = 0;
		if (j->count < IO_JOB_PIDS)
			j->pids[j->count] = u->p->pid;
		j->count++;
		j->read_bytes += u->read_bytes;
		j->write_bytes += u->write_bytes;
		j->waiting += u->waiting;
		j->life_read += over_life(v, u, u->p->io_read);
		j->life_written += over_life(v, u, u->p->io_write);
	}
	for (size_t i = 0; i < n && late; i++) {
		const struct usage *u = jobs[i].top;
		bool serves = u->listens || (u->parent && u->parent->listens);
		jobs[i].asked = jobs[i].waiting > 0 && !serves ? jobs[i].life_read * v->seconds : 0;
	}
	qsort(jobs, n, sizeof *jobs, by_sum);
	*ret = jobs;
	return n;
}

static size_t jobs_at(struct view *v, const struct io_place *at, bool late, struct io_job **ret)
{
	size_t n = 0;
	const struct usage **list = arena_alloc(&v->scratch, (v->nusages + 1) * sizeof(void *));
	for (size_t i = 0; list && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->have_io && !u->p->kernel && !u->p->self && (moved(u) > 0 || u->blocked) &&
			is_at(v, at, u->p->pid))
			list[n++] = u;
	}
	return list ? jobs_of(v, list, n, late, ret) : 0;
}

size_t who_io_jobs(
	struct view *v, const uint64_t *devnos, size_t ndev, bool late, struct io_job **ret)
{
	const struct io_place at = {.devnos = devnos, .ndev = ndev};
	return jobs_at(v, &at, late, ret);
}

size_t who_io_jobs_unplaced(struct view *v, struct io_job **ret)
{
	uint64_t devnos[256], devno;
	size_t ndev = 0, n = 0;
	for (uint32_t id = view_each(v, M_DISK_DEVNO, 0); id && ndev < COUNTOF(devnos);
		id = view_each(v, M_DISK_DEVNO, id))
		if (sample_get(view_last(v), id, &devno))
			devnos[ndev++] = devno;
	const struct usage **list = arena_alloc(&v->scratch, (v->nusages + 1) * sizeof(void *));
	for (size_t i = 0; list && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->have_io && !u->p->kernel && !u->p->self && u->blocked >= 2 && moved(u) > 0 &&
			!who_has_file_on(v, u->p->pid, devnos, ndev))
			list[n++] = u;
	}
	return list ? jobs_of(v, list, n, false, ret) : 0;
}

size_t who_list_io(struct view *v, const struct io_job *jobs, size_t njobs, const char *besides,
	struct who *out, size_t max)
{
	size_t n = 0;
	double total = 0;
	for (size_t i = 0; i < njobs; i++) {
		const struct io_job *j = &jobs[i];
		char r[32], w[32], a[32];
		total += io_job_moved(j);
		if (n == max || io_job_moved(j) <= 0)
			continue;
		const char *several =
			j->count > 1 ? arena_printf(&v->scratch, " in %u processes", j->count) : "";
		const char *before =
			j->asked > j->read_bytes
				? arena_printf(&v->scratch, ", asked for %s/s since it began",
					  text_bytes(a, j->asked / v->seconds))
				: "";
		out[n++] = (struct who){"process", who_name(v, j->top->p), j->top->p->pid,
			io_job_moved(j),
			arena_printf(&v->scratch, "read %s/s and wrote %s/s%s%s%s",
				text_bytes(r, j->read_bytes / v->seconds),
				text_bytes(w, j->write_bytes / v->seconds), several, before,
				besides)};
	}
	for (size_t i = 0; i < n; i++)
		out[i].share /= total;
	return n;
}

size_t who_disk(struct view *v, const uint64_t *devnos, size_t ndev, struct who *out, size_t max)
{
	struct io_job *jobs = NULL;
	size_t n = who_io_jobs(v, devnos, ndev, false, &jobs);
	return who_list_io(v, jobs, n, WHO_ON_DISK, out, max);
}

size_t who_in_cgroup_by_io(struct view *v, uint32_t cgroup, struct who *out, size_t max)
{
	const struct io_place at = {.cgroup = cgroup};
	struct io_job *jobs = NULL;
	size_t n = jobs_at(v, &at, false, &jobs);
	return who_list_io(v, jobs, n, "", out, max);
}
