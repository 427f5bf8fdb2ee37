/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what processes may have: descriptors, and processes themselves. The kernel counts no
 * EMFILE and no EAGAIN of fork (but for cgroups), so standing at the limit is the proof. */
#include "rules/process.h"

#include "ledger/use.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct rule_case rule_case_fds_process = {
	.mechanism = "A process has as many files and sockets open as its limit (RLIMIT_NOFILE) "
		     "allows. accept(), open() and socket() fail with EMFILE; it runs and listens, "
		     "but serves nobody.",
	.threshold =
		"At 99 % of its own limit, or five below it (a connection, and a child with a "
		"pipe), in the last two samples. Filling: grows in four steps of "
		"five, not fading, above half of the limit, and the line reaches it within ten "
		"times the time watched.",
	.false_alarms =
		"A server whose connections rise and level off: growth that began or ended in the "
		"window, or is all there is, is a start. Many descriptors far from the limit.",
	.confirm = "ls /proc/PID/fd | wc -l; grep 'open files' /proc/PID/limits; ls -l "
		   "/proc/PID/fd | awk '{print $NF}' | sort | uniq -c | sort -n | tail",
	.remedy = "A leak: restart it and mend it (the file that is open most often names the "
		  "place). Honest load: raise LimitNOFILE of its unit.",
};

static const double FORKED = 0.3; /* of the tasks: who has as many as its own is who makes them */

struct verdict *process_at_limit(struct view *v, struct verdicts *out, const struct proc *p,
	const char *name, const struct process_use *use)
{
	const double *y = use->y, enough = use->full;
	unsigned n = use->n;
	if (n == 0)
		return NULL;
	bool full = n >= 2 && y[n - 1] >= enough && y[n - 2] >= enough;
	double eta = full ? -1 : forecast(v, trend_fit(use->t, y, n), y[n - 1], use->limit);
	if (!full && eta < 0)
		return NULL;
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, name);
	if (!f)
		return NULL;
	f->pid = p->pid;
	f->netns = p->netns;
	f->used = y[n - 1];
	f->limit = use->limit;
	f->eta_s = eta;
	for (unsigned i = 0; full && i < n; i++)
		if (y[i] >= enough) {
			verdict_began(f, v->now_ns - (uint64_t)((use->t[n - 1] - use->t[i]) * 1e9));
			break;
		}
	return f;
}

double process_gain(const struct process_use *use)
{
	unsigned last = use->n - 1;
	return use->n < 2 || use->y[last] <= use->y[0]
		       ? 0
		       : (use->y[last] - use->y[0]) / (use->t[last] - use->t[0]);
}

/* What one request may need at once: its connection, and a child with a pipe to it, which are two, and two more until it runs. Who has not as many left
 * stands below its limit, and fails all the same. */
enum { FDS_AT_ONCE = 5, FDS_SMALL = 32 };

/* A limit of a few is a lock against opening more, and what stands just below it is meant. */
static double fds_full(double limit)
{
	double left = 0.01 * limit;
	return limit - (limit >= FDS_SMALL && left < FDS_AT_ONCE ? FDS_AT_ONCE : left);
}

static void fds_of_process(struct view *v, struct verdicts *out, const struct proc *p)
{
	double limit = (double)p->fd_limit, used = (double)p->fds;
	struct process_use use = {.limit = limit, .full = fds_full(limit)};
	if (used * 2 < limit || p->fd_limit < 16)
		return;
	use.n = use_of_fds(v, p, use.t, use.y);
	const char *name = who_name(v, p);
	struct verdict *f = process_at_limit(v, out, p, name, &use);
	if (!f)
		return;
	char eta_text[32];
	struct who files[WHO_MAX];
	size_t nfiles = who_fds_of(v, p, files, WHO_MAX - 1);
	const char *most = nfiles ? say(v, "; %.0f %% of them are open on %s", 100 * files[0].share,
					    files[0].value)
				  : "";
	f->culprits[f->nculprits++] = (struct who){"process", name, p->pid, 1,
		say(v, "has %.0f of %.0f descriptors open%s", used, limit, most)};
	for (size_t i = 0; i < nfiles && f->nculprits < WHO_MAX; i++)
		f->culprits[f->nculprits++] = files[i];
	f->title =
		f->state == STATE_EXHAUSTED && limit - used <= 0.01 * limit
			? say(v, "%s has no file descriptors left: it can accept and open nothing",
				  name)
		: f->state == STATE_EXHAUSTED
			? say(v, "%s has %.0f file descriptors left: what needs more at once fails",
				  name, limit - used)
			: say(v, "%s runs out of file descriptors in %s", name,
				  text_duration(eta_text, f->eta_s));
	verdict_evidence(f, say(v, "%.0f of %.0f descriptors", used, limit), -1, used, limit,
		say(v,
			"ls /proc/%" PRId32 "/fd | wc -l; grep 'open files' /proc/%" PRId32
			"/limits",
			p->pid, p->pid));
	double gain = process_gain(&use);
	if (gain > 0)
		verdict_evidence(f, say(v, "%.1f more every second", gain), -1, gain, -1,
			say(v, "watch -n 1 'ls /proc/%" PRId32 "/fd | wc -l'", p->pid));
	if (nfiles)
		verdict_evidence(f, say(v, "%s: %s", files[0].value, files[0].why), -1,
			files[0].share, -1,
			say(v,
				"ls -l /proc/%" PRId32
				"/fd | awk '{print $NF}' | sort | uniq -c | sort -n | tail -3",
				p->pid));
	verdict_remedy(f, say(v, "Win time: raise the limit of the running process"),
		say(v, "prlimit --pid %" PRId32 " --nofile=%.0f:%.0f", p->pid, limit * 4,
			limit * 4),
		NULL, false, "a leak goes on", "programs that use select() break above 1024");
	const char *unit = unit_of(v, p->pid);
	verdict_remedy(f, say(v, "Restart %s", name), restart_command(v, p->pid), NULL, false,
		"its clients reconnect", "none");
	verdict_remedy(f, "Raise the limit it is started with (LimitNOFILE of its unit, ulimit -n)",
		unit ? say(v, "systemctl edit %s   # [Service] LimitNOFILE=%.0f", unit, limit * 4)
		     : NULL,
		unit ? say(v, "/etc/systemd/system/%s.d/override.conf", unit)
		     : "/etc/security/limits.conf",
		true, "a little kernel memory", "hides a leak for longer");
}

void rule_fds_process(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	bool any = false;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->kernel || p->self || p->state == 'Z' || !(p->have & HAVE_FDS) ||
			!(p->have & HAVE_FD_LIMIT))
			continue;
		any = true;
		fds_of_process(v, out, p);
	}
	if (!any)
		verdict_unknown(out, "/proc/PID/fd of any process");
}

const struct rule_case rule_case_fds_host = {
	.mechanism = "All processes together have as many files open as fs.file-max allows: open() "
		     "fails with ENFILE for everybody but root.",
	.threshold = "99 % of fs.file-max in use.",
	.false_alarms = "Rare today: the default is tied to memory or unlimited. A process's own "
			"limit (fds:PROCESS) is reached far earlier.",
	.confirm = "cat /proc/sys/fs/file-nr   # open, 0, limit",
	.remedy = "Restart who holds most; raise fs.file-max.",
};

void rule_fds_host(struct view *v, struct verdicts *out)
{
	double used, limit;
	if (!view_gauge(v, view_id(v, M_FDS_USED, 0, 0), &used) ||
		!view_gauge(v, view_id(v, M_FDS_MAX, 0, 0), &limit)) {
		verdict_unknown(out, "/proc/sys/fs/file-nr");
		return;
	}
	double eta = used < 0.99 * limit
			     ? forecast(v, view_trend(v, view_id(v, M_FDS_USED, 0, 0)), used, limit)
			     : -1;
	if (used < 0.99 * limit && eta < 0)
		return;
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, eta < 0 ? STATE_EXHAUSTED : STATE_FILLING, NULL);
	if (!f)
		return;
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	f->nculprits = who_fds(v, f->culprits, WHO_MAX);
	f->title =
		eta < 0 ? "The host has no file handles left" : "The host runs out of file handles";
	verdict_evidence(f, say(v, "%.0f of %.0f open", used, limit), M_FDS_USED, used, limit,
		"cat /proc/sys/fs/file-nr");
	verdict_remedy(f, "Raise the host's limit", say(v, "sysctl -w fs.file-max=%.0f", limit * 2),
		"/etc/sysctl.d/90-file-max.conf", false,
		"1 KiB of kernel memory for each open file", "none");
}

const struct rule_case rule_case_pids_host = {
	.mechanism = "The kernel gives out no more process ids, or has as many threads as it "
		     "allows: fork and pthread_create fail with EAGAIN, cron and ssh too.",
	.threshold = "Tasks at 98 % of the smaller of kernel.pid_max and kernel.threads-max, or on "
		     "a steady line to it from above half.",
	.false_alarms = "Many threads far below the limit. A user's or a cgroup's own limit is "
			"reached earlier: nproc, cgroup.pids.",
	.confirm = "cut -d/ -f2 /proc/loadavg; sysctl kernel.pid_max kernel.threads-max; ps -eLf | "
		   "awk '{print $10}' | sort | uniq -c | sort -n | tail",
	.remedy = "Stop who forks without end (the parent, not the children); cap it with "
		  "TasksMax; raise the limit last.",
};

/* An array by usage: does it count? A zombie is in the group of its parent, as nobody lists it any more. */
static bool *which_count(struct view *v, struct process_tasks of)
{
	bool *in = arena_alloc(&v->scratch, (v->nusages + 1) * sizeof *in);
	for (size_t i = 0; in && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		in[i] = !of.cgroup && !u->gone && !u->p->kernel && !u->p->self &&
			(of.uid < 0 || u->p->uid == of.uid);
	}
	for (unsigned i = 0; in && of.cgroup && i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->members.count; k++) {
			const struct member *m = &TABLE_ROWS(s->members, struct member)[k];
			const struct usage *u =
				m->cgroup == of.cgroup ? view_usage(v, m->pid) : NULL;
			if (u)
				in[u - v->usages] = true;
		}
	}
	for (size_t i = 0; in && of.cgroup && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!u->gone && u->p->state == 'Z' && u->parent && in[u->parent - v->usages])
			in[i] = true;
	}
	return in;
}

/* The one that has most of the tasks as its children or threads, where it is one of them itself. A manager starts what it was told to. */
static const struct usage *forker(
	struct view *v, struct process_tasks of, double *ret_share, bool *ret_threads)
{
	const bool *in = which_count(v, of);
	uint32_t *children = arena_alloc(&v->scratch, (v->nusages + 1) * sizeof *children);
	const struct usage *best = NULL;
	uint64_t most = 0, all = 0;
	*ret_share = 0;
	if (!in || !children)
		return NULL;
	for (size_t i = 0; i < v->nusages; i++)
		if (in[i] && v->usages[i].parent)
			children[v->usages[i].parent - v->usages]++;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!in[i])
			continue;
		uint32_t threads = u->p->threads > 1 ? u->p->threads - 1 : 0;
		all += 1 + threads;
		if ((uint64_t)children[i] + threads <= most || view_starts_strangers(u))
			continue;
		most = (uint64_t)children[i] + threads;
		*ret_threads = threads > children[i];
		best = u;
	}
	*ret_share = all ? (double)most / (double)all : 0;
	return best;
}

bool process_blame_tasks(struct view *v, struct verdict *f, struct process_tasks of)
{
	struct who others[WHO_MAX];
	size_t n = of.cgroup ? who_in_cgroup(v, of.cgroup, WHO_BY_TASKS, others, WHO_MAX)
			     : who_tasks(v, of.uid, others, WHO_MAX);
	double share;
	bool threads = false;
	const struct usage *u = forker(v, of, &share, &threads);
	bool found = u && share >= FORKED && (n == 0 || share >= others[0].share / 2);
	if (found)
		f->culprits[f->nculprits++] = (struct who){"process", who_name(v, u->p), u->p->pid,
			share,
			say(v, "%s %.0f %% of the %stasks",
				threads ? "has in its threads" : "is the parent of", 100 * share,
				of.cgroup     ? "group's "
				: of.uid >= 0 ? "user's "
					      : "")};
	for (size_t i = 0; i < n && f->nculprits < WHO_MAX; i++)
		if (!found || strcmp(f->culprits[0].value, others[i].value) != 0)
			f->culprits[f->nculprits++] = others[i];
	return found;
}

static void task_remedies(struct view *v, struct verdict *f, bool makes)
{
	const struct usage *top =
		f->nculprits && f->culprits[0].pid ? view_usage(v, f->culprits[0].pid) : NULL;
	if (makes && top)
		verdict_remedy(f,
			say(v, "Stop %s (pid %" PRId32 "): it makes them", f->culprits[0].value,
				f->culprits[0].pid),
			say(v, "kill -STOP %" PRId32, f->culprits[0].pid), NULL, false,
			"its service stands still", "none");
	else if (top && top->parent && !view_starts_strangers(top->parent))
		verdict_remedy(f,
			say(v, "Stop %s (pid %" PRId32 "), which starts %s, before its children",
				who_name(v, top->parent->p), top->parent->p->pid,
				f->culprits[0].value),
			say(v, "kill -STOP %" PRId32, top->parent->p->pid), NULL, false,
			"its service stands still", "none");
	const char *unit = f->nculprits ? unit_of(v, f->culprits[0].pid) : NULL;
	verdict_remedy(f, "Cap it in a unit or cgroup of its own, so that it alone fails",
		unit ? say(v, "systemctl set-property %s TasksMax=500", unit) : NULL,
		unit ? "/etc/systemd/system.control/" : NULL, true, "forks beyond it fail",
		"choose it above honest need");
}

void rule_pids_host(struct view *v, struct verdicts *out)
{
	double used, threads = -1, pids = -1;
	uint32_t id = view_id(v, M_TASKS, 0, 0);
	bool t = view_gauge(v, view_id(v, M_THREADS_MAX, 0, 0), &threads),
	     p = view_gauge(v, view_id(v, M_PID_MAX, 0, 0), &pids);
	if (!view_gauge(v, id, &used) || (!t && !p)) {
		verdict_unknown(out, "/proc/loadavg or kernel.pid_max");
		return;
	}
	double limit = t && (!p || threads < pids) ? threads : pids;
	bool full = used >= 0.98 * limit;
	double eta = full ? -1 : forecast(v, view_trend(v, id), used, limit);
	if (!full && eta < 0)
		return;
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, NULL);
	if (!f)
		return;
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	bool makes = process_blame_tasks(v, f, (struct process_tasks){.uid = -1});
	f->title = full ? "No more processes or threads can be made"
			: "The host runs out of processes";
	verdict_evidence(f, say(v, "%.0f of %.0f tasks", used, limit), M_TASKS, used, limit,
		"cut -d/ -f2 /proc/loadavg; sysctl kernel.pid_max kernel.threads-max");
	task_remedies(v, f, makes);
}

const struct rule_case rule_case_nproc_user = {
	.mechanism = "A user has as many processes and threads as RLIMIT_NPROC allows: fork fails "
		     "with EAGAIN for all of that user's services at once.",
	.threshold = "The user's tasks are at 98 % of the smallest limit that one of its processes "
		     "has. Root is exempt from the limit, and left out.",
	.false_alarms = "The limit is checked against all tasks of the real user id, in every "
			"container that shares it: a count in one container alone looks too small. "
			"A limit below 8 is a lock against forking (LimitNPROC=1), and no finding. "
			"A user with far more tasks than one of its processes may have: that one "
			"lives with it, and it is a note.",
	.confirm = "ps -Lu USER --no-headers | wc -l; grep processes /proc/PID/limits",
	.remedy = "Stop who forks; give services users of their own; raise LimitNPROC of the unit.",
};

enum { NPROC_LOCK = 8 };
#define NPROC_BEYOND                                                                               \
	1.1 /* times the limit: others, which have another one, made these, and it did not stop them */

void rule_nproc_user(struct view *v, struct verdicts *out)
{
	struct use_tasks users[USE_USERS];
	unsigned unknown;
	size_t n = use_tasks_by_user(v, users, &unknown);
	if (unknown)
		verdict_unknown(out, "RLIMIT_NPROC of some processes");
	for (size_t k = 0; k < n; k++) {
		/* A limit of a few tasks is a lock against forking (LimitNPROC=1), and meant. */
		if (users[k].limit < NPROC_LOCK || users[k].tasks < 0.98 * users[k].limit)
			continue;
		const char *user = who_user(v, users[k].uid);
		bool beyond = users[k].tasks > NPROC_BEYOND * users[k].limit;
		struct verdict *f =
			verdict_new(v, out, beyond ? SEVERITY_NOTICE : SEVERITY_CRITICAL,
				beyond ? STATE_NOTE : STATE_EXHAUSTED, user);
		if (!f)
			return;
		f->pid = users[k].pid;
		f->used = users[k].tasks;
		f->limit = users[k].limit;
		bool makes = process_blame_tasks(v, f, (struct process_tasks){.uid = users[k].uid});
		f->title = beyond ? say(v,
					    "A process of user %s may not fork: the user has far "
					    "more processes than its limit",
					    user)
				  : say(v, "User %s has all the processes its limit allows", user);
		verdict_evidence(f, say(v, "%.0f of %.0f tasks", f->used, f->limit), -1, f->used,
			f->limit,
			say(v,
				"ps -LU %s --no-headers | wc -l; grep processes /proc/%" PRId32
				"/limits",
				shell_word(v, user), users[k].pid));
		task_remedies(v, f, makes);
	}
}
