/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for a server that saves what it has in memory from a copy of itself (Redis, Valkey): the fork that makes the copy, and what becomes of a server whose copy cannot
 * be made or written. */
#include "ledger/servers.h"
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum { LONG_US = 100000 }; /* that a fork lets everybody wait */
#define PART 0.05          /* of the time that forks take, as commands.slow */
#define PART_EVER                                                                                  \
	0.01 /* since its start: one so large that a fork takes seconds cannot have two in a window */
#define EXCUSED 0.5
#define NO_ROOM 65536.0 /* bytes, as filesystem.space */

static bool number(
	const struct view *v, const struct sample *s, int32_t pid, const char *name, double *ret)
{
	uint64_t n;
	if (!s || !server_number_of(v, s, pid, name, &n))
		return false;
	*ret = (double)n;
	return true;
}

/* The highest that a number was in the window; 0 where it is not told. */
static double highest(const struct view *v, int32_t pid, const char *name)
{
	double most = 0, n;
	for (unsigned i = 0; i < v->n; i++)
		if (number(v, view_at(v, i), pid, name, &n) && n > most)
			most = n;
	return most;
}

static const char *cli_of(struct view *v, const struct server_book *b, const char *words)
{
	return say(v, "%sredis-cli%s %s", in_netns(v, b->netns),
		b->port ? say(v, " -p %u", b->port) : "", words);
}

/* ---- the fork ---- */

const struct rule_case rule_case_server_fork = {
	.mechanism =
		"To save, Redis forks: the kernel copies its page tables, some 10 to 20 ms for "
		"each "
		"GiB, more on virtual machines, and meanwhile nobody is served. Then each page "
		"that is written is copied, which takes memory, up to as much again; with "
		"transparent huge pages 2 MiB are copied for each key, and each such write waits.",
	.threshold = "Two forks and more, of 100 ms or more each, or one where all since the start "
		     "took a "
		     "hundredth, took five hundredths of the time "
		     "watched, and the server "
		     "did not wait for a CPU itself. One such fork is a note.",
	.false_alarms = "A large server that saves once in a while.",
	.confirm = "redis-cli info stats | grep fork; redis-cli info persistence; cat "
		   "/sys/kernel/mm/transparent_hugepage/enabled",
	.remedy = "Save less often (save, auto-aof-rewrite-percentage), on a replica, in smaller "
		  "instances; transparent huge pages \"madvise\" or \"never\".",
};

/* Forks in the window; servers before 6.2 do not count them, but a time that changed was another one. */
static double forks_of(const struct view *v, int32_t pid)
{
	double n = 0, before = -1, now;
	if (server_number_growth(v, pid, "forks", &n))
		return n;
	for (unsigned i = 0; i < v->n; i++)
		if (number(v, view_at(v, i), pid, "fork.us", &now)) {
			n += before >= 0 && (before < now || before > now);
			before = now;
		}
	return n;
}

/* Of the time since its start, had all forks taken as long as the last. */
static double part_ever(const struct view *v, int32_t pid, double us)
{
	double forks, uptime;
	return number(v, view_last(v), pid, "forks", &forks) &&
			       number(v, view_last(v), pid, "uptime.s", &uptime) && uptime > 0
		       ? forks * us / 1e6 / uptime
		       : 0;
}

static void judge_fork(struct view *v, struct verdicts *out, const struct server_book *b)
{
	double us, copied = highest(v, b->pid, "fork.copied"), forks = forks_of(v, b->pid);
	if (forks < 1 || !number(v, view_last(v), b->pid, "fork.us", &us) || us < LONG_US)
		return;
	const struct usage *u = view_usage(v, b->pid);
	double lost = forks * us / 1e6, part = lost / v->seconds;
	bool again = forks >= 2 || part_ever(v, b->pid, us) >= PART_EVER;
	bool often = again && part >= PART && !(u && u->delay_s >= EXCUSED * lost);
	const char *name = u ? who_name(v, u->p) : server_name(v, b);
	struct verdict *f = verdict_new(v, out, often ? SEVERITY_WARNING : SEVERITY_NOTICE,
		often ? STATE_SATURATED : STATE_NOTE, name);
	char each[32], bytes[32];
	if (!f)
		return;
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = b->port;
	f->used = part;
	f->limit = 1;
	(void)text_duration(each, us / 1e6);
	f->culprits[f->nculprits++] = (struct who){"process", name, b->pid, 1,
		say(v, "forks to save what it has, %.0f times in %.0f s", forks, v->seconds)};
	f->title = often ? say(v, "%s forks again and again, and serves nobody for %s each time",
				   server_name(v, b), each)
			 : say(v, "%s forked to save and served nobody for %s", server_name(v, b),
				   each);
	verdict_evidence(f,
		say(v, "%.0f forks in %.0f s, the last took %s", forks, v->seconds, each), -1,
		us / 1e6, -1, cli_of(v, b, "info stats | grep fork"));
	if (copied > 0)
		verdict_evidence(f,
			say(v, "%s were copied as they were written meanwhile",
				text_bytes(bytes, copied)),
			-1, copied, -1, cli_of(v, b, "info persistence | grep cow"));
	if (!often)
		return;
	verdict_victim(
		f, "server", name, b->pid, say(v, "its clients wait for %s at each fork", each));
	verdict_remedy(f, "Save less often, or on a replica", cli_of(v, b, "config get save"),
		"redis.conf: save, auto-aof-rewrite-percentage", true,
		"more is lost when the server ends", "none");
	verdict_remedy(f, "No transparent huge pages where a server forks",
		"cat /sys/kernel/mm/transparent_hugepage/enabled; echo madvise > "
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"the kernel's command line: transparent_hugepage=madvise", true,
		"some programs lose a little speed", "none");
	verdict_remedy(f, "Several smaller instances", NULL, NULL, true, "work", "none");
}

void rule_server_fork(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++)
		judge_fork(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
}

/* ---- saving that fails ---- */

const struct rule_case rule_case_writes_refused = {
	.mechanism =
		"When Redis could not save (no memory for the fork, no space, a folder that it "
		"may not write), it refuses all further writes (MISCONF) until a save succeeds "
		"(stop-writes-on-bgsave-error), while reading goes on.",
	.threshold = "Its last save failed, and commands were refused for that in the window, as "
		     "it counts them.",
	.false_alarms = "A save that failed while nobody writes, or while writes go on: nobody is "
			"refused.",
	.confirm = "redis-cli info persistence; redis-cli info errorstats; its log",
	.remedy = "Its log has the reason: memory for the fork (vm.overcommit_memory=1), space or "
		  "rights of its folder; then redis-cli bgsave.",
};

/* The fullest filesystem on which nobody may write any more, most likely why; 0. */
static uint64_t full_device(struct view *v, const char **ret_mount)
{
	for (uint32_t id = view_each(v, M_FS_AVAILABLE, 0); id;
		id = view_each(v, M_FS_AVAILABLE, id)) {
		double left, dev;
		uint32_t mount = series_row(v->series, id)->instance;
		if (!view_gauge(v, id, &left) || left >= NO_ROOM ||
			!view_gauge(v, view_id(v, M_FS_DEVNO, 0, mount), &dev))
			continue;
		*ret_mount = arena_str(&v->scratch, intern_text(&v->series->names, mount));
		return (uint64_t)dev;
	}
	return 0;
}

static void judge_refused(struct view *v, struct verdicts *out, const struct server_book *b)
{
	double refused, ok, forks = 0;
	const char *mount = NULL;
	if (!server_number_growth(v, b->pid, "errors.misconf", &refused) || refused < 1 ||
		!number(v, view_last(v), b->pid, "rdb.ok", &ok) || ok > 0)
		return;
	struct verdict *f =
		verdict_new(v, out, SEVERITY_CRITICAL, STATE_EXHAUSTED, server_name(v, b));
	if (!f)
		return;
	bool counts = server_number_growth(v, b->pid, "forks", &forks);
	const struct usage *u = view_usage(v, b->pid);
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = b->port;
	f->refused = refused;
	f->devno = full_device(v, &mount);
	f->culprits[f->nculprits++] =
		(struct who){"process", u ? who_name(v, u->p) : server_name(v, b), b->pid, 1,
			"could not save, and stores nothing until it can"};
	f->title =
		say(v, "%s could not save what it has and refuses all writes", server_name(v, b));
	verdict_evidence(f,
		say(v, "%.0f commands were refused in %.0f s (MISCONF)", refused, v->seconds), -1,
		refused, 0, cli_of(v, b, "info errorstats"));
	verdict_evidence(f,
		say(v, "its last save failed%s",
			mount                 ? say(v, "; no space is left on %s", mount)
			: counts && forks > 0 ? "; the copy of itself was made, but not written"
					      : ""),
		-1, 0, -1, cli_of(v, b, "info persistence"));
	verdict_victim(f, "server", server_name(v, b), b->pid, "commands that store fail");
	verdict_remedy(f,
		"Find the reason in its log (memory for the fork, space, rights), mend it, and "
		"save",
		cli_of(v, b, "bgsave"), NULL, false, "memory and disk for a copy", "none");
	verdict_remedy(f, "Let the kernel promise the memory that a fork may need",
		"sysctl vm.overcommit_memory=1",
		"/etc/sysctl.d/90-redis.conf: vm.overcommit_memory = 1", true, "none",
		"programs are killed instead of refused when memory is really used up");
	verdict_remedy(f, "Take writes although nothing is saved",
		cli_of(v, b, "config set stop-writes-on-bgsave-error no"), "redis.conf", true,
		"what is stored since the last save is lost when the server ends",
		"hides the reason");
}

void rule_writes_refused(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++)
		judge_refused(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
}
