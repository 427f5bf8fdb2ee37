/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/moments.h"

#include "base/text.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct moment *moments_add(struct moments *m, const char *kind, uint64_t at_ns)
{
	if (m->n == MOMENTS_MAX) {
		m->left_out++;
		return NULL;
	}
	if (m->n == m->room) {
		size_t room = m->room ? m->room * 2 : 32;
		struct moment *rows = realloc(m->rows, room * sizeof *rows);
		if (!rows) {
			m->failed = true;
			return NULL;
		}
		m->rows = rows;
		m->room = room;
	}
	struct moment *row = &m->rows[m->n++];
	*row = (struct moment){.kind = kind, .at_ns = at_ns};
	return row;
}

void moment_say(struct moment *row, const char *fmt, ...)
{
	va_list ap;
	if (!row)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(row->text, sizeof row->text, fmt, ap);
	va_end(ap);
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

void moments_sort(struct moments *m)
{
	if (m->n)
		qsort(m->rows, m->n, sizeof *m->rows, by_time);
}

void moments_free(struct moments *m)
{
	free(m->rows);
	*m = (struct moments){0};
}

/* ---- of samples ---- */

static const struct proc *proc_of(const struct sample *s, int32_t pid)
{
	return s && pid > 0 ? sample_proc(s, pid, 0) : NULL;
}

static const char *signal_name(unsigned number, char buf[static 16])
{
	const char *name = number < NSIG ? sigabbrev_np((int)number) : NULL;
	if (name)
		(void)snprintf(buf, 16, "SIG%s", name);
	else
		(void)snprintf(buf, 16, "signal %u", number);
	return buf;
}

static void look_at_signals(struct moments *m, const struct sample *s)
{
	for (uint32_t i = 0; i < s->signals.count; i++) {
		const struct sent_signal *g = &TABLE_ROWS(s->signals, struct sent_signal)[i];
		char name[16], from[4 * PROC_COMM], to[4 * PROC_COMM], times[32] = "";
		if (g->count > 1)
			(void)snprintf(times, sizeof times, ", %u times", g->count);
		struct moment *row = moments_add(m, "signal", s->real_ns);
		text_safe(to, sizeof to, g->target_comm);
		if (g->kernel)
			moment_say(row, "%s to %s (%d) from the kernel%s",
				signal_name(g->number, name), to, g->target, times);
		else
			moment_say(row, "%s to %s (%d) from %s (%d)%s",
				signal_name(g->number, name), to, g->target,
				text_safe(from, sizeof from, g->sender_comm), g->sender, times);
	}
}

static bool starts_jobs(const struct proc *p)
{
	static const char *const names[] = {"cron", "crond", "anacron", "atd", "fcron", "bcron"};
	for (size_t i = 0; p && i < COUNTOF(names); i++)
		if (strncmp(p->comm, names[i], PROC_COMM) == 0)
			return true;
	return false;
}

/* cron's own child starts the command, and ends with it. */
static const struct ended *command_of(const struct sample *s, const struct ended *child)
{
	for (uint32_t i = 0; i < s->ended.count; i++) {
		const struct ended *e = &TABLE_ROWS(s->ended, struct ended)[i];
		if (e->ppid == child->pid)
			return e;
	}
	return child;
}

static void say_job(struct moment *row, const struct ended *child, const struct ended *command,
	const struct proc *parent)
{
	char name[4 * PROC_COMM], by[4 * PROC_COMM], how[40] = "";
	uint32_t code = command->code ? command->code : child->code;
	if (code & 0x7f)
		(void)snprintf(how, sizeof how, ", ended by signal %u", code & 0x7f);
	else if (code >> 8)
		(void)snprintf(how, sizeof how, ", exit status %u", code >> 8 & 0xff);
	moment_say(row, "job of %s: %s (%d)%s", text_safe(by, sizeof by, parent->comm),
		text_safe(name, sizeof name, command->comm), command->pid, how);
}

/* From the begin of cron's child to its end; what that child started is told with it. */
static void look_at_job(struct moments *m, const struct sample *before, const struct sample *s,
	const struct ended *e, const struct proc *parent)
{
	const struct proc *above = proc_of(s, parent->ppid);
	if (!e->count || !starts_jobs(parent) ||
		starts_jobs(above ? above : proc_of(before, parent->ppid)))
		return;
	uint64_t lived = e->life_ns / e->count;
	struct moment *row =
		moments_add(m, "job", s->real_ns > lived ? s->real_ns - lived : s->real_ns);
	say_job(row, e, command_of(s, e), parent);
	if (row)
		row->until_ns = s->real_ns;
}

static void look_at_ended(struct moments *m, const struct sample *before, const struct sample *s)
{
	for (uint32_t i = 0; i < s->ended.count; i++) {
		const struct ended *e = &TABLE_ROWS(s->ended, struct ended)[i];
		const struct proc *parent = proc_of(s, e->ppid);
		parent = parent ? parent : proc_of(before, e->ppid);
		if (e->oom) {
			char name[4 * PROC_COMM];
			struct moment *row = moments_add(m, "oom", s->real_ns);
			moment_say(row, "%s (%d) was killed for lack of memory",
				text_safe(name, sizeof name, e->comm), e->pid);
			if (row)
				row->severity = "critical";
		}
		if (parent)
			look_at_job(m, before, s, e, parent);
	}
}

static struct moment_owner *owner_of(struct moments *m, const struct listener *l)
{
	for (size_t i = 0; i < m->nowners; i++)
		if (m->owners[i].port == l->port && m->owners[i].netns == l->netns)
			return &m->owners[i];
	return NULL;
}

/* A worker that is replaced by its parent, which bears its name, is no restart. */
static bool is_worker(const struct sample *s, const struct proc *p)
{
	const struct proc *parent = proc_of(s, p->ppid);
	return parent && strncmp(parent->comm, p->comm, PROC_COMM) == 0;
}

static void look_at_owners(struct moments *m, const struct sample *s)
{
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		const struct proc *p = l->pid > 0 ? proc_of(s, l->pid) : NULL;
		struct moment_owner *o = p ? owner_of(m, l) : NULL;
		if (!p || (!o && m->nowners == MOMENT_PORTS))
			continue;
		if (o && o->pid != l->pid && !proc_of(s, o->pid) && !is_worker(s, p)) {
			char name[4 * PROC_COMM];
			moment_say(moments_add(m, "restart", s->real_ns),
				"%s: port %u is served by process %d, before by %d",
				text_safe(name, sizeof name, p->comm), l->port, l->pid, o->pid);
		}
		if (!o) {
			o = &m->owners[m->nowners++];
			*o = (struct moment_owner){.netns = l->netns, .port = l->port};
		}
		o->pid = l->pid;
		memcpy(o->comm, p->comm, sizeof o->comm);
	}
}

void moments_look(struct moments *m, const struct sample *before, const struct sample *s)
{

	look_at_signals(m, s);
	look_at_ended(m, before, s);
	look_at_owners(m, s);
}
