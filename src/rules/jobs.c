/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for how processes begin and end: children that nobody collects, services that end and are started again, jobs that overlap, and processes
 * that make no progress at all. */
#include "rules/verdict.h"

#include "base/text.h"
#include "ledger/ended.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- zombies ---- */

const struct rule_case rule_case_zombies = {
	.mechanism = "A process starts children and does not wait for them when they end: each "
		     "stays as a zombie and keeps its number, until no number is left or "
		     "the parent's limit is reached.",
	.threshold = "Zombies of one parent grow on a line, and there were already as many when "
		     "the look began as came since: it has not collected for longer than "
		     "was watched.",
	.false_alarms = "A parent that is busy and collects a moment later; a shell between two "
			"commands of a pipeline. Zombies that stay but do not become "
			"more hurt nobody: from ten of one parent on they are a note.",
	.confirm = "ps -eo stat,ppid,pid,comm | awk '$1 ~ /^Z/' | sort -k 2 | head",
	.remedy = "Restart the parent (its zombies go with it); it has to call wait(), or ignore "
		  "SIGCHLD. In a container run an init (docker --init).",
};

static unsigned zombies_of(const struct sample *s, int32_t parent, const struct proc **ret_one)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->state == 'Z' && p->ppid == parent) {
			*ret_one = p;
			n++;
		}
	}
	return n;
}

void rule_zombies(struct view *v, struct verdicts *out)
{
	const struct sample *last = view_last(v);
	double t[STORE_MAX], y[STORE_MAX], pid_max = -1;
	int32_t done[64];
	size_t ndone = 0;
	(void)view_gauge(v, view_id(v, M_PID_MAX, 0, 0), &pid_max);
	for (uint32_t i = 0; i < last->procs.count && ndone < COUNTOF(done); i++) {
		const struct proc *z = &TABLE_ROWS(last->procs, struct proc)[i], *one = z;
		bool known = z->state != 'Z' || z->ppid <= 0;
		for (size_t k = 0; k < ndone && !known; k++)
			known = done[k] == z->ppid;
		if (known)
			continue;
		done[ndone++] = z->ppid;
		const struct usage *parent = view_usage(v, z->ppid);
		unsigned now = zombies_of(last, z->ppid, &one);
		if (now < 10 || !parent || parent->p->self)
			continue;
		for (unsigned k = 0; k < v->n; k++) {
			t[k] = (double)(view_at(v, k)->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
			y[k] = zombies_of(view_at(v, k), z->ppid, &one);
		}
		struct trend trend = trend_fit(t, y, v->n);
		bool grows = trend.steady && trend.first >= trend.last - trend.first;
		bool young = trend.last > trend.first && !grows; /* collected later, perhaps */
		const char *name = who_name(v, parent->p);
		struct verdict *f =
			young ? NULL
			      : verdict_new(v, out, grows ? SEVERITY_WARNING : SEVERITY_NOTICE,
					grows ? STATE_WRONG : STATE_NOTE, name);
		if (!f)
			continue;
		f->pid = parent->p->pid;
		f->used = now;
		f->limit = pid_max;
		f->title =
			grows ? say(v,
					"%s does not collect its children: %u zombies, %.0f more "
					"in %.0f s",
					name, now, trend.last - trend.first, v->seconds)
			      : say(v, "%s has %u children that ended and that it does not collect",
					name, now);
		f->culprits[f->nculprits++] = (struct who){"process", name, parent->p->pid, 1,
			say(v, "is the parent of %u zombies, most recently %s", now,
				who_name(v, one))};
		verdict_evidence(f, say(v, "%u zombies, %.1f more every second", now, trend.slope),
			M_PROCS_ZOMBIE, now, pid_max,
			say(v, "ps --ppid %" PRId32 " -o stat,pid,comm | grep -c '^Z'",
				parent->p->pid));
		verdict_remedy(f, say(v, "Restart %s: its zombies go with it", name),
			restart_command(v, parent->p->pid), NULL, false, "its clients reconnect",
			"none");
		verdict_remedy(f,
			"Mend it: wait() for children, or ignore SIGCHLD; in a container start an "
			"init as process 1",
			NULL, NULL, true, "work on the program", "none");
	}
}

/* ---- services that end and begin again ---- */

const struct rule_case rule_case_restarts = {
	.mechanism = "A program fails soon after it was started, and who watches over it starts it "
		     "again: the service is there for moments only, and each start costs "
		     "time and memory.",
	.threshold =
		"Two or more processes of one name and parent in the window, all of which failed: "
		"ended by a fault (SIGSEGV, SIGABRT ...) or killed for lack of memory. "
		"With an error as exit status: two after 20 ms of CPU each, or three, when a "
		"service manager starts them; or three after 20 ms of CPU each when who starts "
		"them only waits for them, and waits before it does so again.",
	.false_alarms =
		"Tools whose failure is an answer (grep, test, curl and other clients in a "
		"loop that waits for something). Of what a script tries again, as until a "
		"database is there, recorders tell after 30 s. Jobs that end well. Processes that "
		"somebody ends with SIGTERM or SIGKILL.",
	.confirm =
		"systemctl status UNIT; journalctl -u UNIT -n 50; dmesg | grep -i segfault | tail",
	.remedy = "Stop it from being restarted, read its last lines, mend what it trips over "
		  "(configuration, port in use, memory, a bug).",
};

static bool is_fault(uint32_t code)
{
	switch (code & 0x7f) {
	case SIGSEGV:
	case SIGABRT:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGSYS:
	case SIGTRAP: return true;
	default: return false;
	}
}

/* Their exit status is an answer to who asked. */
static bool answers_by_status(const char *comm)
{
	static const char *const names[] = {"grep", "egrep", "fgrep", "zgrep", "test", "[", "false",
		"diff", "cmp", "curl", "wget", "nc", "ncat", "pg_isready", "mysqladmin", "mysql",
		"psql", "redis-cli", "ping", "ssh", "systemctl", "pgrep", "pkill", "kill",
		"timeout", "expr", "which", "id", "getent", "ls", "stat", "dpkg-query", "git",
		"sleep", "nagios", "flock", "lsof", "fuser"};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strcmp(comm, names[i]) == 0)
			return true;
	return strncmp(comm, "check_", 6) == 0; /* plugins of monitoring */
}

static bool is_manager(const struct view *v, int32_t pid, const char *path)
{
	const struct usage *u = view_usage(v, pid);
	return u && view_is_manager(u) && (pid != 1 || !*path || strstr(path, ".service"));
}

/* Who does nothing but wait for it, and waits before it starts it again. A script of tests starts one after the other, and has work to do itself. */
static bool watches_over(const struct view *v, const struct ended_sum *r)
{
	const struct usage *u = r->ppid > 1 ? view_usage(v, r->ppid) : NULL;
	return u && r->life_s <= 0.8 * v->seconds && u->cpu_s <= 0.02 * v->seconds;
}

static bool is_shell(const struct usage *u)
{
	return u && (strcmp(u->p->comm, "sh") == 0 || strcmp(u->p->comm, "bash") == 0 ||
			    strcmp(u->p->comm, "dash") == 0);
}

static const double TRIES_S = 30;

static bool crashes(const struct view *v, const struct ended_sum *r)
{
	const struct usage *parent = view_usage(v, r->ppid);
	if (r->count < 2 || r->failed < r->count || (parent && parent->p->self))
		return false;
	if (r->oom >= 2 || is_fault(r->code))
		return true;
	if ((r->code & 0x7f) != 0 || answers_by_status(r->comm))
		return false;
	bool works = r->cpu_s >= 0.02 * r->count;
	bool managed = is_manager(v, r->ppid, intern_text(&v->series->names, r->cgroup));
	return (managed && (works || r->count >= 3)) ||
	       (works && r->count >= 3 && watches_over(v, r));
}

static const char *how_it_ended(struct view *v, const struct ended_sum *r)
{
	if (r->oom > 0)
		return "killed for lack of memory";
	if (r->code & 0x7f)
		return say(v, "ended by SIG%s",
			sigabbrev_np((int)(r->code & 0x7f)) ? sigabbrev_np((int)(r->code & 0x7f))
							    : "?");
	return say(v, "exit status %u", r->code >> 8 & 0xff);
}

static void judge_restarts(struct view *v, struct verdicts *out, const struct ended_sum *r)
{
	const char *name = arena_str(&v->scratch, r->comm), *how = how_it_ended(v, r);
	const struct usage *parent = r->ppid > 1 ? view_usage(v, r->ppid) : NULL;
	bool fault = (r->code & 0x7f) || r->oom > 0;
	struct verdict *f = verdict_new(
		v, out, fault ? SEVERITY_CRITICAL : SEVERITY_WARNING, STATE_WRONG, name);
	if (!f)
		return;
	/* The one that runs now, if there is one. */
	int32_t pid = r->pid;
	for (size_t i = 0; i < v->nusages; i++)
		if (!v->usages[i].gone && v->usages[i].p->ppid == r->ppid &&
			strncmp(v->usages[i].p->comm, r->comm, PROC_COMM - 1) == 0)
			pid = v->usages[i].p->pid;
	char life[32];
	double each = r->life_s / r->count;
	/* A script that waits for what it needs asks again and again until that is there. */
	f->settle_s = !fault && parent && is_shell(parent) ? TRIES_S : 0;
	f->used = r->count;
	f->refused = r->failed;
	f->cgroup = r->cgroup;
	f->since_ns = r->first_ns;
	f->pid = pid;
	f->title = say(v, "%s fails and is started again: %.0f times in %.0f s, %s", name, r->count,
		v->seconds, how);
	f->culprits[f->nculprits++] = (struct who){"process", name, pid, 1,
		say(v, "lived %s each time, then: %s", text_duration(life, each), how)};
	if (parent && !parent->p->self)
		f->culprits[f->nculprits++] =
			(struct who){"job", who_name(v, parent->p), r->ppid, -1, "starts it again"};
	const char *unit = unit_of(v, pid);
	if (!unit && parent)
		unit = unit_of(v, r->ppid);
	verdict_evidence(f,
		say(v, "%.0f ended in %.0f s, %.0f of them badly (%s)", r->count, v->seconds,
			r->failed, how),
		M_PROCS_ENDED, r->count, -1,
		unit ? say(v, "journalctl -u %s -n 50", unit)
		     : say(v, "ps -o pid,etimes,comm --ppid %" PRId32, r->ppid > 0 ? r->ppid : 1));
	verdict_evidence(f,
		say(v, "each lived %s and used %.2f s of CPU", text_duration(life, each),
			r->cpu_s / r->count),
		-1, each, -1,
		fault ? "dmesg -T | grep -iE 'segfault|killed process|trap' | tail"
		      : say(v, "ps -C %s -o pid,etimes,stat,args", shell_word(v, name)));
	verdict_remedy(f, "Read what it said last",
		unit ? say(v, "journalctl -u %s -n 50 --no-pager", unit) : NULL, NULL, false,
		"none", "none");
	verdict_remedy(f, "Stop the restarts until it is mended",
		unit     ? say(v, "systemctl stop %s", unit)
		: parent ? say(v, "kill -STOP %" PRId32, r->ppid)
			 : NULL,
		NULL, false, "it stays down", "none");
	verdict_remedy(f,
		r->oom > 0 ? "Give it more memory, or mend its leak"
			   : "Mend what it trips over: configuration, a port or file that is "
			     "taken, a bug",
		NULL, NULL, true, "work", "none");
}

void rule_restarts(struct view *v, struct verdicts *out)
{
	/* Without probes nothing is known of what ended: doctor says so, once for all that it hides. */
	struct ended_sum *rows;
	size_t n = ended_sums(v, &rows), told = 0;
	for (size_t i = 0; i < n && told < 8; i++)
		if (crashes(v, &rows[i])) {
			judge_restarts(v, out, &rows[i]);
			told++;
		}
}

/* ---- jobs that overlap ---- */

const struct rule_case rule_case_cron_overlap = {
	.mechanism = "A job is started by the clock while the one before has not ended: they take "
		     "longer side by side, more of them pile up, and at the end they take "
		     "the machine.",
	.threshold = "Three or more processes of one name and user that cron started at regular "
		     "distances run at the same time; five, where the name is that of an "
		     "interpreter.",
	.false_alarms = "Different jobs that cron started at the same minute: different names, or "
			"the same start. One that began anew before the last one had quite "
			"ended.",
	.confirm = "ps -eo pid,ppid,etimes,comm --sort -etimes | grep JOB",
	.remedy = "Let the job not start while it runs (flock -n, a systemd timer); end the ones "
		  "that hang; see why it takes longer than its interval.",
};

static bool is_cron(const struct usage *u)
{
	static const char *const names[] = {
		"cron", "crond", "CRON", "CROND", "fcron", "anacron", "atd"};
	for (size_t i = 0; u && i < COUNTOF(names); i++)
		if (strncmp(u->p->comm, names[i], PROC_COMM) == 0)
			return true;
	return false;
}

/* What cron started: its child, or what the shell that it starts runs. */
static bool is_job(const struct usage *u)
{
	return !u->gone && !is_cron(u) && !is_shell(u) && u->p->state != 'Z' &&
	       (is_cron(u->parent) || (is_shell(u->parent) && is_cron(u->parent->parent)));
}

struct job_run {
	const struct usage *u;
};

enum { SCRIPTS = 5 };

static bool is_interpreter(const char *name)
{
	static const char *const names[] = {"python", "perl", "php", "ruby", "node", "java", "lua"};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int by_start(const void *pa, const void *pb)
{
	const struct job_run *a = pa, *b = pb;
	uint64_t x = a->u->p->start_ticks, y = b->u->p->start_ticks;
	return x < y ? -1 : x > y;
}

static void judge_overlap(struct view *v, struct verdicts *out, struct job_run *runs, size_t n)
{
	qsort(runs, n, sizeof *runs, by_start);
	/* Distances between the starts, in seconds: none below two, and the longest not twice the shortest. */
	double shortest = 1e18, longest = 0;
	for (size_t i = 1; i < n; i++) {
		double d =
			(double)(runs[i].u->p->start_ticks - runs[i - 1].u->p->start_ticks) / 100;
		shortest = d < shortest ? d : shortest;
		longest = d > longest ? d : longest;
	}
	if (shortest < 2 || longest > 2 * shortest)
		return;
	const char *name = who_name(v, runs[0].u->p);
	/* Of scripts only the interpreter is known: a few at even distances may be different ones. */
	if (is_interpreter(name) && (n < SCRIPTS || longest > 1.1 * shortest))
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_WRONG, name);
	if (!f)
		return;
	char d[32];
	f->pid = runs[0].u->p->pid;
	f->used = (double)n;
	f->limit = 1;
	f->title = say(v, "The job %s is started every %s and runs %zu times at once", name,
		text_duration(d, shortest), n);
	f->culprits[f->nculprits++] =
		(struct who){"job", name, runs[0].u->p->pid, 1, "the oldest one that still runs"};
	verdict_evidence(f,
		say(v, "%zu of them run, started %s apart", n, text_duration(d, shortest)), -1,
		(double)n, 1, say(v, "ps -C %s -o pid,etimes,stat,args", shell_word(v, name)));
	verdict_remedy(f,
		"Start it only when the last one has ended: flock -n LOCKFILE JOB, or a systemd "
		"timer",
		NULL, "/etc/crontab, /etc/cron.d/", true, "a run is left out",
		"one that hangs blocks all later ones");
	verdict_remedy(f, "See what the oldest one waits for, and end it",
		say(v, "cat /proc/%" PRId32 "/stack; ls -l /proc/%" PRId32 "/fd", f->pid, f->pid),
		NULL, false, "its work is lost", "none");
}

void rule_cron_overlap(struct view *v, struct verdicts *out)
{
	enum { RUNS = 256 };
	struct job_run *runs = arena_alloc(&v->scratch, RUNS * sizeof *runs);
	for (size_t i = 0; runs && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!is_job(u))
			continue;
		size_t n = 0;
		bool first = true;
		for (size_t k = 0; k < v->nusages && n < RUNS; k++) {
			const struct usage *o = &v->usages[k];
			if (!is_job(o) || o->p->uid != u->p->uid ||
				memcmp(o->p->comm, u->p->comm, PROC_COMM) != 0)
				continue;
			first = first && k >= i;
			runs[n++].u = o;
		}
		if (first && n >= 3)
			judge_overlap(v, out, runs, n);
	}
}

/* ---- no progress ---- */

const struct rule_case rule_case_hang = {
	.mechanism = "A process waits in the kernel for something that does not come (a network "
		     "filesystem, a filesystem in a program (FUSE), a driver) and cannot be "
		     "killed. What is on the other side does not answer, and no disk of this "
		     "machine shows it.",
	.threshold = "In uninterruptible sleep (D) in every sample of four seconds or more, not "
		     "put on a CPU once, while no disk is busy or without answers.",
	.false_alarms =
		"A process that waits for a slow disk: it is woken by each answer. One "
		"that waits for its child to exec (vfork), or is frozen. Who writes to a "
		"filesystem that is frozen for a snapshot: recorders tell of it after 20 s.",
	.confirm = "ps -eo pid,stat,wchan:32,comm | grep ' D'; cat /proc/PID/stack; cat "
		   "/proc/mounts | grep -E 'nfs|fuse|cifs'",
	.remedy = "Bring back the server or program behind the filesystem; else unmount it lazily "
		  "(umount -l) or with force (-f), so that others go on.",
};

static const double FROZEN_S = 20;

static bool meant(const char *wchan)
{
	return strstr(wchan, "vfork") || strstr(wchan, "freez") || strstr(wchan, "refrigerator") ||
	       strstr(wchan, "signal_stop");
}

/* A disk that answers is slow, one that does not is disk.stalled's. */
static bool disk_explains(const struct view *v)
{
	for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id; id = view_each(v, M_DISK_BUSY, id)) {
		double busy, inflight;
		if (view_rate(v, id, &busy) && busy >= 0.5)
			return true;
		if (view_gauge(v,
			    view_id(v, M_DISK_INFLIGHT, 0, series_row(v->series, id)->instance),
			    &inflight) &&
			inflight > 0)
			return true;
	}
	return false;
}

static const char *behind(const char *wchan)
{
	if (strstr(wchan, "nfs") || strstr(wchan, "rpc_"))
		return "a server of NFS";
	if (strstr(wchan, "fuse") || strstr(wchan, "request_wait_answer"))
		return "the program behind a FUSE filesystem";
	if (strstr(wchan, "cifs") || strstr(wchan, "smb"))
		return "a server of SMB";
	if (strstr(wchan, "p9_") || strstr(wchan, "v9fs") || strstr(wchan, "virtio"))
		return "the host of this virtual machine";
	return NULL;
}

void rule_hang(struct view *v, struct verdicts *out)
{
	struct verdict *f = NULL;
	if (v->seconds < 4 || disk_explains(v))
		return;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		const char *wchan = intern_text(&v->series->names, u->p->wchan);
		if (u->p->kernel || u->p->self || u->gone || u->born || u->samples < v->n ||
			u->blocked < v->n || u->p->state != 'D' ||
			!(u->p->have & u->first->have & HAVE_DELAY) ||
			u->p->switches != u->first->switches || !*wchan ||
			strcmp(wchan, "0") == 0 || meant(wchan))
			continue;
		const char *name = who_name(v, u->p), *side = behind(wchan);
		if (f) { /* what hangs with it hangs for the same */
			verdict_victim(f, u->listens ? "server" : "process", name, u->p->pid,
				"blocked all the time, cannot be killed");
			continue;
		}
		f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_STALLED, name);
		if (!f)
			return;
		f->pid = u->p->pid;
		f->used = v->seconds;
		/* A filesystem is frozen while a snapshot of it is made. */
		f->settle_s = strstr(wchan, "percpu_rwsem") ? FROZEN_S : 0;
		f->title = say(v, "%s hangs: it waits for %s and made no progress for %.0f s", name,
			side ? side : "something that does not answer", v->seconds);
		f->culprits[f->nculprits++] =
			side ? (struct who){"destination", side, 0, -1, "does not answer"}
			     : (struct who){"kernel", *wchan ? wchan : "not known", 0, -1,
				       "it sleeps there"};
		verdict_victim(f, u->listens ? "server" : "process", name, u->p->pid,
			"blocked all the time, cannot be killed");
		verdict_evidence(f,
			say(v, "in D in %u of %u samples and not once on a CPU%s%s", u->blocked,
				v->n, *wchan ? ", in " : "", wchan),
			-1, v->seconds, -1,
			say(v,
				"cat /proc/%" PRId32
				"/stack; ps -o pid,stat,wchan:32,comm -p %" PRId32,
				f->pid, f->pid));
		verdict_remedy(f,
			side ? say(v, "Bring back %s", side)
			     : "Find what it waits for, and bring it back",
			say(v,
				"ls -l /proc/%" PRId32
				"/cwd; grep -E 'nfs|fuse|cifs|9p' /proc/mounts",
				f->pid),
			NULL, false, "none", "the first command may hang as well");
		verdict_remedy(f, "Unmount it lazily, so that nothing new walks into it", NULL,
			NULL, false, "what is not written is lost", "none");
	}
}
