/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for small limits of the kernel that are all alike: so many may be, and the next one is refused without being counted. Standing at the
 * limit is the proof; a line to it from above half is a forecast. */
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One number with its limit. */
struct limit {
	enum metric used, limit;
	const char *what;    /* "inotify watches": more than one */
	const char *fails;   /* what is refused */
	const char *confirm; /* a command */
	const char *raise, *file;
	const char *setting, *maker; /* who makes them, where no process is known by it */
};

static bool near_limit(const struct view *v, uint32_t id, unsigned back, double limit)
{
	uint64_t raw;
	return sample_get(view_at(v, v->n - 1 - back), id, &raw) &&
	       (double)raw * metric_scale((enum metric)series_row(v->series, id)->metric) >=
		       0.99 * limit;
}

static void judge(
	struct view *v, struct verdicts *out, const struct limit *l, uint32_t id, bool by_user)
{
	uint32_t instance = series_row(v->series, id)->instance;
	double used, limit;
	if (!view_gauge(v, id, &used) ||
		(!view_gauge(v, view_id(v, l->limit, 0, instance), &limit) &&
			!view_gauge(v, view_id(v, l->limit, 0, 0), &limit)) ||
		limit <= 0)
		return;
	bool full = near_limit(v, id, 0, limit) && near_limit(v, id, 1, limit);
	double eta = full ? -1 : forecast(v, view_trend(v, id), used, limit);
	if (!full && eta < 0)
		return;
	const char *user = by_user ? series_instance(v->series, id) : NULL;
	int64_t uid = -1;
	uint64_t known;
	if (user && sample_get(view_last(v), view_id(v, M_USER_ID, 0, instance), &known))
		uid = (int64_t)known;
	else if (user && user[strspn(user, "0123456789")] == '\0') {
		uid = strtol(user, NULL, 10);
		user = who_user(v, (uint32_t)uid);
	}
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, user);
	if (!f)
		return;
	char a[32];
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	const char *of = user ? say(v, " of user %s", user) : "";
	f->title =
		full ? say(v, "All the %s%s are taken: %s fails", l->what, of, l->fails)
		     : say(v, "The %s%s will be used up in %s", l->what, of, text_duration(a, eta));
	if (user)
		f->nculprits = l->used == M_EPOLL_USED /* each is of a descriptor */
				       ? who_fds_of_user(v, uid, f->culprits, WHO_MAX)
				       : who_tasks(v, uid, f->culprits, WHO_MAX);
	for (size_t i = 0; i < f->nculprits; i++)
		f->culprits[i].why = say(v, "runs as this user: %s", f->culprits[i].why);
	if (!f->nculprits)
		f->culprits[f->nculprits++] = (struct who){"config", l->setting, 0, -1, l->maker};
	verdict_evidence(f, say(v, "%.0f of %.0f %s", used, limit, l->what), (int)l->used, used,
		limit, l->confirm);
	verdict_remedy(f, "End who makes them without giving them back", NULL, NULL, false,
		"its service stands still", "none");
	verdict_remedy(f, "Raise the limit", say(v, "sysctl -w %s", l->raise), l->file, false,
		"a little kernel memory", "hides a leak for longer");
}

static void judge_all(struct view *v, struct verdicts *out, const struct limit *l, bool by_user)
{
	for (uint32_t id = view_each(v, l->used, 0); id; id = view_each(v, l->used, id))
		judge(v, out, l, id, by_user);
}

#define COMMON_THRESHOLD                                                                           \
	"99 % of the limit in the last two samples (refusals are not counted, so standing there "  \
	"is the proof); or in use grows on a line, more than half is used, and "                   \
	"the line reaches the limit within ten times the time watched."

const struct rule_case rule_case_inotify = {
	.mechanism = "A user has as many inotify watches or instances as it may: programs that "
		     "watch files (tail -f, editors, file syncs, systemd units) fail with ENOSPC, "
		     "which they tell as \"no space left on device\".",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = "Many watches far below the limit. The limit is per user, and containers "
			"with the same user share it.",
	.confirm = "sysctl fs.inotify; find /proc/[0-9]*/fd -lname anon_inode:inotify 2>/dev/null "
		   "| cut -d/ -f3 | sort | uniq -c | sort -n | tail",
	.remedy = "Restart who leaks watches; raise fs.inotify.max_user_watches or "
		  "max_user_instances.",
};

void rule_inotify(struct view *v, struct verdicts *out)
{
	static const char confirm[] = "find /proc/[0-9]*/fd -lname anon_inode:inotify 2>/dev/null "
				      "| cut -d/ -f3 | sort | uniq -c | sort -n | tail";
	static const struct limit watches = {M_INOTIFY_WATCHES, M_INOTIFY_WATCHES_MAX,
		"inotify watches", "inotify_add_watch()", confirm,
		"fs.inotify.max_user_watches=1048576", "/etc/sysctl.d/90-inotify.conf",
		"fs.inotify.max_user_watches", "who holds them was not seen"};
	static const struct limit instances = {M_INOTIFY_INSTANCES, M_INOTIFY_INSTANCES_MAX,
		"inotify instances", "inotify_init()", confirm,
		"fs.inotify.max_user_instances=1024", "/etc/sysctl.d/90-inotify.conf",
		"fs.inotify.max_user_instances", "who holds them was not seen"};
	judge_all(v, out, &watches, true);
	judge_all(v, out, &instances, true);
}

const struct rule_case rule_case_epoll = {
	.mechanism = "A user watches as many descriptors with epoll as it may: epoll_ctl() fails "
		     "with ENOSPC (\"no space left on device\"). A server accepts a connection and "
		     "cannot watch it: it closes it, or turns round and round.",
	.threshold = COMMON_THRESHOLD " The kernel counts them by user, each CPU a few dozen for "
				      "itself, which are not seen.",
	.false_alarms = "Very many connections far below the limit, which is a 25th of the memory "
			"unless somebody set it lower. It is one limit for all processes and "
			"containers of the user.",
	.confirm = "sysctl fs.epoll.max_user_watches; grep -c ^tfd /proc/PID/fdinfo/FD   # FD is "
		   "an anon_inode:[eventpoll]",
	.remedy = "Restart who leaks descriptors; raise fs.epoll.max_user_watches.",
};

void rule_epoll(struct view *v, struct verdicts *out)
{
	static const struct limit l = {.used = M_EPOLL_USED,
		.limit = M_EPOLL_WATCHES,
		.what = "epoll watches",
		.fails = "epoll_ctl()",
		.confirm = "grep -c ^tfd /proc/[0-9]*/fdinfo/* 2>/dev/null | sort -t: -k2 -n | "
			   "tail -3; sysctl fs.epoll.max_user_watches",
		.raise = "fs.epoll.max_user_watches=4194304",
		.file = "/etc/sysctl.d/90-epoll.conf",
		.setting = "fs.epoll.max_user_watches",
		.maker = "who holds them was not seen"};
	judge_all(v, out, &l, true);
}

const struct rule_case rule_case_aio = {
	.mechanism = "Contexts for asynchronous I/O were made for as many requests as the host may "
		     "have: io_setup() fails with EAGAIN, and databases do not start.",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = "A database that reserves a large share at its start and stays there.",
	.confirm = "sysctl fs.aio-nr fs.aio-max-nr",
	.remedy = "Raise fs.aio-max-nr; fewer instances of the database on one host.",
};

void rule_aio(struct view *v, struct verdicts *out)
{
	static const struct limit l = {M_AIO_USED, M_AIO_LIMIT, "asynchronous I/O requests",
		"io_setup()", "sysctl fs.aio-nr fs.aio-max-nr", "fs.aio-max-nr=1048576",
		"/etc/sysctl.d/90-aio.conf", "fs.aio-max-nr",
		"who made the contexts: grep aio /proc/[0-9]*/maps"};
	judge_all(v, out, &l, false);
}

const struct rule_case rule_case_pty = {
	.mechanism = "All pseudo terminals are taken: nobody can log in by ssh with a terminal, "
		     "and screen, tmux and docker exec -t fail.",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = "Many sessions far below the limit.",
	.confirm = "sysctl kernel.pty.nr kernel.pty.max; ls /dev/pts | wc -l",
	.remedy = "End sessions that were forgotten, and who opens terminals without closing them; "
		  "raise kernel.pty.max.",
};

void rule_pty(struct view *v, struct verdicts *out)
{
	static const struct limit l = {M_PTY_USED, M_PTY_LIMIT, "pseudo terminals",
		"a login with a terminal", "sysctl kernel.pty.nr kernel.pty.max",
		"kernel.pty.max=8192", "/etc/sysctl.d/90-pty.conf", "kernel.pty.max",
		"who has them: lsof /dev/ptmx"};
	judge_all(v, out, &l, false);
}

const struct rule_case rule_case_keys = {
	.mechanism = "A user has as many kernel keys as it may (key rings of sessions, Kerberos, "
		     "NFS, containers): add_key() fails with EDQUOT, and containers and "
		     "logins fail with it.",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = "Root's keys have a limit of their own, far above.",
	.confirm = "cat /proc/key-users; sysctl kernel.keys.maxkeys",
	.remedy = "End who makes key rings; raise kernel.keys.maxkeys (and maxbytes).",
};

void rule_keys(struct view *v, struct verdicts *out)
{
	static const struct limit count = {M_KEYS_USED, M_KEYS_LIMIT, "kernel keys", "add_key()",
		"cat /proc/key-users", "kernel.keys.maxkeys=2000", "/etc/sysctl.d/90-keys.conf",
		"kernel.keys.maxkeys", "who made them was not seen"};
	static const struct limit bytes = {M_KEYS_BYTES, M_KEYS_BYTES_LIMIT, "bytes of kernel keys",
		"add_key()", "cat /proc/key-users", "kernel.keys.maxbytes=200000",
		"/etc/sysctl.d/90-keys.conf", "kernel.keys.maxbytes", "who made them was not seen"};
	judge_all(v, out, &count, true);
	judge_all(v, out, &bytes, true);
}

#define IPC_FALSE                                                                                  \
	"Objects of programs that ended stay until somebody removes them: a number that stands "   \
	"is a leftover, one that grows a leak."

const struct rule_case rule_case_ipc_sem = {
	.mechanism =
		"All System V semaphores are taken: semget() fails with ENOSPC. Apache (mod_ssl, "
		"mpm with sysvsem) and databases do not start; sets of programs that "
		"crashed stay until somebody removes them.",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = IPC_FALSE,
	.confirm = "ipcs -s -p; sysctl kernel.sem",
	.remedy = "Remove sets whose maker has ended (ipcrm -s); raise kernel.sem.",
};

void rule_ipc_sem(struct view *v, struct verdicts *out)
{
	static const struct limit sets = {M_SEM_SETS, M_SEM_SETS_LIMIT, "semaphore sets",
		"semget()", "cat /proc/sysvipc/sem", "kernel.sem=\"32000 1024000000 500 32000\"",
		"/etc/sysctl.d/90-sem.conf", "kernel.sem",
		"who made them: ipcs -s -c; leftovers of programs that crashed stay"};
	static const struct limit count = {M_SEM_COUNT, M_SEM_LIMIT, "semaphores", "semget()",
		"cat /proc/sysvipc/sem", "kernel.sem=\"32000 1024000000 500 32000\"",
		"/etc/sysctl.d/90-sem.conf", "kernel.sem",
		"who made them: ipcs -s -c; leftovers of programs that crashed stay"};
	judge_all(v, out, &sets, false);
	judge_all(v, out, &count, false);
}

const struct rule_case rule_case_ipc_shm = {
	.mechanism = "All System V shared memory segments (or their size together) are taken: "
		     "shmget() fails with ENOSPC, and databases do not start.",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = IPC_FALSE,
	.confirm = "ipcs -m -p; sysctl kernel.shmmni kernel.shmall",
	.remedy = "Remove segments without a process (ipcrm -m); raise kernel.shmmni or "
		  "kernel.shmall.",
};

void rule_ipc_shm(struct view *v, struct verdicts *out)
{
	static const struct limit count = {M_SHM_COUNT, M_SHM_COUNT_LIMIT, "shared memory segments",
		"shmget()", "cat /proc/sysvipc/shm", "kernel.shmmni=8192",
		"/etc/sysctl.d/90-shm.conf", "kernel.shmmni",
		"who made them: ipcs -m -p; those without a process are leftovers"};
	static const struct limit size = {M_SHM_BYTES, M_SHM_PAGES_LIMIT, "bytes of shared memory",
		"shmget()", "cat /proc/sysvipc/shm", "kernel.shmall=18446744073692774399",
		"/etc/sysctl.d/90-shm.conf", "kernel.shmall",
		"who made them: ipcs -m -p; those without a process are leftovers"};
	judge_all(v, out, &count, false);
	judge_all(v, out, &size, false);
}

const struct rule_case rule_case_ipc_msg = {
	.mechanism = "All System V message queues are taken: msgget() fails with ENOSPC.",
	.threshold = COMMON_THRESHOLD,
	.false_alarms = IPC_FALSE,
	.confirm = "ipcs -q -p; sysctl kernel.msgmni",
	.remedy = "Remove queues whose maker has ended (ipcrm -q); raise kernel.msgmni.",
};

void rule_ipc_msg(struct view *v, struct verdicts *out)
{
	static const struct limit l = {M_MSG_QUEUES, M_MSG_QUEUES_LIMIT, "message queues",
		"msgget()", "cat /proc/sysvipc/msg", "kernel.msgmni=64000",
		"/etc/sysctl.d/90-msg.conf", "kernel.msgmni", "who made them: ipcs -q -p"};
	judge_all(v, out, &l, false);
}
