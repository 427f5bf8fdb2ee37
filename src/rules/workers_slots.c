/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for workers that are not there for clients: held by something behind the server, by processes that end or are gone; and for those of which
 * nothing better is known than that they are all busy. */
#include "rules/conns.h"
#include "rules/workers.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *told_by(struct view *v, const struct server *s)
{
	return say(v, "ps -o pid,ppid,stat,lstart,nlwp,args --ppid %" PRId32, s->pid);
}

/* ---- a lock of a file ---- */

const struct rule_case rule_case_workers_locked = {
	.mechanism =
		"Each worker wants the same file for itself (flock, fcntl: a session, a cache, a "
		"counter, a database in a file), and one process has it and keeps it: an import, a "
		"backup, a worker that hangs. Requests wait behind it one by one, until no worker "
		"is left. More workers only make the queue at the lock longer.",
	.threshold =
		"Connections wait to be accepted for a second or more, and at two looks "
		"at least half of the workers wait for a lock of one file that the same process "
		"holds (/proc/locks).",
	.false_alarms = "Short waits for locks, which is what they are for: the holder changes. "
			"Locks while workers are free: nobody waits here.",
	.confirm = "grep -B 1 -e '->' /proc/locks   # who waits stands below who holds; lslocks",
	.remedy =
		"See what the holder does; end it, and the lock goes with it. Mend the program: "
		"hold it shorter, wait with a time-out, a lock for each object instead of one for "
		"all.",
};

static void locked_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	const struct usage *u = view_usage(v, h->holder);
	if (!f || !u)
		return;
	const char *name = who_name(v, u->p);
	bool own = server_has(v, s->pid, h->holder);
	f->used = h->count + own;
	f->culprits[f->nculprits++] = (struct who){"process", name, h->holder,
		h->count >= s->workers ? 1 : h->count / s->workers,
		say(v, "holds the lock of a file for which %.0f of %.0f workers wait%s", h->count,
			s->workers, own ? "; it is one of them" : "")};
	f->title = say(v,
		"%.0f of %.0f workers of %s wait for a file that %s (pid %" PRId32 ") has locked",
		h->count, s->workers, s->name, name, h->holder);
	verdict_evidence(f,
		say(v,
			"%.0f workers wait for a lock of inode %" PRIu64
			", held by %s (pid %" PRId32 ")",
			h->count, h->inode, name, h->holder),
		M_LOCKS_WAITING, h->count, s->workers,
		say(v,
			"grep -w %" PRIu64 " /proc/locks; find -L /proc/%" PRId32
			"/fd -inum %" PRIu64 " -exec readlink {} +",
			h->inode, h->holder, h->inode));
	verdict_remedy(f, say(v, "See what %s does while it has the lock", name),
		say(v, "timeout 5 strace -f -tt -p %" PRId32, h->holder), NULL, false,
		"slows it while it runs", "none");
	const char *unit = unit_of(v, h->holder);
	verdict_remedy(f, say(v, "End %s: its lock goes with it", name),
		unit ? say(v, "systemctl stop %s", unit) : say(v, "kill -TERM %" PRId32, h->holder),
		NULL, false, "what it was at is not finished", "the file may be half written");
	verdict_remedy(f,
		"Mend the program: hold the lock for moments, wait for it with a time-out, one "
		"lock "
		"for each object instead of one for all",
		NULL, NULL, true, "none", "none");
}

void rule_workers_locked(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_LOCK, locked_verdict);
}

/* ---- what is behind the server ---- */

const struct rule_case rule_case_workers_backend = {
	.mechanism = "Each worker passes its request on (to an application server, a database, "
		     "another host) and waits for the answer. When that is slow, all workers wait "
		     "there, and new connections in front of the server. More workers only "
		     "make the queue at the backend longer.",
	.threshold =
		"Connections wait to be accepted for a second or more, and at least half of the "
		"workers have a connection to one destination, or each to one of several, on "
		"which the last data went out and no answer came, or which is not answered at "
		"all (SYN-SENT).",
	.false_alarms = "Connections to a database that are kept open and idle: their last data "
			"came in. A slow backend while workers are free: nobody waits here.",
	.confirm = "ss -tinp state established 'dst ADDRESS'   # lastsnd older than lastrcv is not "
		   "answered",
	.remedy =
		"See what the backend waits for; a time-out and a limit of connections towards it, "
		"so that the rest of the site lives; more workers do not help.",
};

/* The process that listens there, if it is one of this machine. */
static const struct usage *listens_at(const struct view *v, const struct conn_group *g)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(last->listeners, struct listener)[i];
		if (l->port == g->port && l->pid &&
			(address_equal(&l->local, &g->peer) ||
				(l->netns == g->netns && who_is_loopback(&g->peer))))
			return view_usage(v, l->pid);
	}
	return NULL;
}

static const char *destination(struct view *v, const struct conn_group *g)
{
	char peer[56];
	return who_end(v, conn_peer_text(peer, g), g->port);
}

static void blame_backend(
	struct view *v, struct verdict *f, const struct server *s, const struct behind *b)
{
	const struct usage *local = listens_at(v, b->group);
	double share = b->waits >= s->workers ? 1 : b->waits / s->workers;
	const char *why = say(v, "%.0f of %.0f workers wait for %s",
		b->waits < s->workers ? b->waits : s->workers, s->workers,
		b->connecting * 2 > b->waits ? "a connection to it" : "its answer");
	if (local && f->nculprits < WHO_MAX)
		f->culprits[f->nculprits++] =
			(struct who){"process", who_name(v, local->p), local->p->pid, share, why};
	if (f->nculprits < WHO_MAX)
		f->culprits[f->nculprits++] =
			(struct who){"destination", destination(v, b->group), 0, share, why};
}

static void backend_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	const struct behind *most = &h->backends[0];
	double connecting = 0, count = h->count < s->workers ? h->count : s->workers;
	if (!f)
		return;
	for (size_t i = 0; i < h->nbackends; i++) {
		blame_backend(v, f, s, &h->backends[i]);
		connecting += h->backends[i].connecting;
	}
	const char *to = destination(v, most->group);
	const struct usage *local = listens_at(v, most->group);
	const char *first = local ? say(v, "%s (%s)", who_name(v, local->p), to) : to;
	bool makes = connecting * 2 > h->count;
	f->title = say(v, "%.0f of %.0f workers of %s wait for %s%s%s", count, s->workers, s->name,
		makes ? "a connection to " : "",
		h->destinations > 1 ? say(v, "%u destinations, most for ", h->destinations) : "",
		first);
	if (h->count > connecting)
		verdict_evidence(f,
			say(v, "%.0f connections to %s were sent something and have no answer",
				h->count - connecting,
				h->destinations > 1 ? say(v, "%u destinations", h->destinations)
						    : to),
			-1, h->count - connecting, s->workers,
			say(v, "%sss -tinp state established 'dport = :%u'", in_netns(v, s->netns),
				most->group->port));
	if (connecting > 0)
		verdict_evidence(f,
			say(v, "%.0f connections are not answered at all (SYN-SENT)", connecting),
			-1, connecting, s->workers,
			say(v, "%sss -tnp state syn-sent", in_netns(v, s->netns)));
	if (local)
		verdict_remedy(f, say(v, "See what %s waits for", who_name(v, local->p)),
			say(v, "timeout 5 strace -f -tt -p %" PRId32, local->p->pid), NULL, false,
			"slows it while it runs", "none");
	else if (makes)
		verdict_remedy(f,
			say(v, "See whether %s is there, and whether a firewall is between", to),
			say(v, "%sip route get %s", in_netns(v, s->netns),
				conn_peer(v, most->group)),
			NULL, false, "none", "none");
	verdict_remedy(f,
		say(v,
			"A time-out for %s of %s, and a limit of connections to it, so that other "
			"requests are served",
			makes ? "the connect" : "answers", to),
		NULL, "the configuration of the server", true, "its requests fail sooner", "none");
	verdict_remedy(
		f, "No more workers: they would wait there too", NULL, NULL, true, "none", "none");
}

void rule_workers_backend(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_BACKEND, backend_verdict);
}

/* ---- ghosts ---- */

const struct rule_case rule_case_workers_ghosts = {
	.mechanism = "A server keeps a slot for each worker in shared memory (Apache's "
		     "scoreboard). A worker that was killed cannot give its slot back; as long as "
		     "the first process does not notice (it is stopped, hangs, or was killed "
		     "itself), the slot counts as taken and no other worker is started.",
	.threshold =
		"Slots whose process does not exist, or is dead and not collected, in two books of "
		"the server one after the other: at least half of the workers while connections "
		"wait. Of an Apache that has no worker left to tell: as many places without a "
		"process while connections wait, none started in the whole window, and either "
		"some that it told of are dead, or its first process is gone. Fewer, or while "
		"nobody waits: a note.",
	.false_alarms =
		"A worker that ended a moment ago: its slot is free in the next book, and another "
		"one is started within a second or two. A server that has not started all its "
		"workers yet: none of them is dead.",
	.confirm = "ps -o pid,ppid,stat --ppid PID   # beside the pids of the server's status page",
	.remedy =
		"Restart the server (not gracefully), and find who killed its workers: kernel log, "
		"signals.",
};

static void note_ghosts(struct view *v, struct verdicts *out)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(last->servers, struct server_book)[i];
		unsigned n = b->status == BOOK_OK ? workers_ghosts(v, b->pid) : 0;
		bool told = false;
		for (size_t k = 0; k < out->count; k++)
			told = told ||
			       (out->rows[k].rule == out->current && out->rows[k].pid == b->pid);
		struct verdict *f = n && !told ? verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE,
							 server_name(v, b))
					       : NULL;
		if (!f)
			continue;
		f->netns = b->netns;
		f->pid = b->pid;
		f->used = n;
		f->title = say(v, "%u slots of %s belong to processes that are gone", n,
			server_name(v, b));
		f->culprits[f->nculprits++] = (struct who){
			"slot", say(v, "%u slots", n), 0, -1, "their processes do not exist"};
		verdict_evidence(f, say(v, "%u slots without a process", n), -1, n, -1,
			say(v, "ps -o pid,stat --ppid %" PRId32, b->pid));
		verdict_remedy(f, say(v, "Restart %s", server_name(v, b)), NULL, NULL, false,
			"running requests are cut", "none");
	}
}

static void ghosts_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	if (!f)
		return;
	const char *gone = "belong to processes that are gone";
	f->used = h->count;
	f->culprits[f->nculprits++] = (struct who){"slot", say(v, "%.0f slots", h->count), 0,
		h->count >= s->workers ? 1 : h->count / s->workers,
		h->orphans ? say(v, "%s, nor does the process that would start others", gone)
		: h->stopped
			? say(v, "%s; the first process (pid %" PRId32 ") is stopped", gone, s->pid)
			: gone};
	f->title = say(v, "%.0f of %.0f slots of %s belong to processes that are gone%s", h->count,
		s->workers, s->name,
		h->orphans   ? ", and so is its first process"
		: h->stopped ? "; its first process is stopped"
			     : "");
	if (h->left || h->orphans || h->stopped)
		verdict_evidence(f,
			say(v, "%u processes of %s are left, and none was started in %.0f s",
				h->left, s->name, v->seconds),
			-1, h->left, s->workers,
			h->orphans ? say(v, "ps -o pid,ppid,stat,lstart,args -C %s",
					     shell_word(v, s->name))
				   : told_by(v, s));
	else
		verdict_evidence(f,
			say(v, "%.0f slots name a process that does not exist", h->count), -1,
			h->count, s->workers, told_by(v, s));
	if (h->stopped)
		verdict_remedy(f, say(v, "Let its first process go on, if nobody debugs it"),
			say(v, "kill -CONT %" PRId32, h->stopped), NULL, false, "none", "none");
	const char *unit = unit_of(v, s->pid);
	verdict_remedy(f, say(v, "Restart %s; a graceful restart does not free them", s->name),
		unit ? say(v, "systemctl restart %s", unit) : NULL, NULL, false,
		"running requests are cut", "none");
	verdict_remedy(f, "Find who killed the workers: the kernel for lack of memory, or a script",
		"dmesg | grep -i 'killed process' | tail", NULL, false, "none", "none");
}

void rule_workers_ghosts(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_GHOSTS, ghosts_verdict);
	note_ghosts(v, out);
}

/* ---- graceful restarts ---- */

const struct rule_case rule_case_workers_dip = {
	.mechanism =
		"A graceful restart lets each process end after its last request. As long as a "
		"long request runs, the whole process keeps its place in the scoreboard and takes "
		"no new ones; a process with one long download and twenty idle threads blocks "
		"twenty. New processes find no place: \"scoreboard is full, not at "
		"MaxRequestWorkers\". logrotate does this every hour or night.",
	.threshold =
		"Connections wait to be accepted for a second or more, and: half of the workers "
		"finish gracefully, as the server tells; or it serves fewer connections than "
		"it may have workers and has no thread left, because the processes that end "
		"have given up theirs; or no process was started since it was told to begin "
		"anew.",
	.false_alarms = "Workers that finish gracefully while others take connections: nobody "
			"waits. A server that is at its limit: all workers have a connection.",
	.confirm =
		"grep 'scoreboard is full' ERRORLOG; ps -o pid,lstart,nlwp --ppid PID; the status "
		"page: G",
	.remedy = "More room for processes that end (ServerLimit twice what is needed for "
		  "MaxRequestWorkers), GracefulShutdownTimeout; rotate logs without a restart "
		  "(rotatelogs, piped logs, copytruncate).",
};

static void dip_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	if (!f)
		return;
	const char *job = h->job ? h->job : "graceful restart";
	f->culprits[f->nculprits++] = (struct who){"job", job, 0, 1,
		h->signal ? say(v,
				    "sent SIG%s: a graceful restart, after which %.0f long "
				    "requests keep "
				    "the slots",
				    h->signal, h->count)
			  : say(v, "%.0f long requests of processes that end keep the slots",
				    h->count)};
	f->title = say(v,
		"A graceful restart%s%s leaves %s no slot for new workers: %.0f are at work, "
		"%.0f are allowed",
		h->job ? " by " : "", h->job ? h->job : "", s->name, h->count, s->workers);
	if (h->told && h->told->finishing)
		verdict_evidence(f,
			say(v, "%" PRIu32 " workers finish gracefully (G), %.0f are idle",
				h->told->finishing, (double)h->told->idle),
			-1, h->told->finishing, s->workers, told_by(v, s));
	else
		verdict_evidence(f,
			say(v,
				"%.0f connections are served, %.0f workers are allowed, and the "
				"%.0f "
				"processes have %.0f threads in all: the scoreboard is full, not "
				"at "
				"the limit",
				s->taken, s->workers, s->children, s->threads),
			-1, s->taken, s->workers, told_by(v, s));
	if (h->signal)
		verdict_evidence(f,
			say(v, "SIG%s was sent to %s (pid %" PRId32 ")%s%s", h->signal, s->name,
				s->pid, h->job ? " by " : "", h->job ? h->job : ""),
			-1, 1, -1,
			say(v, "ps -o pid,lstart,args --ppid %" PRId32 "   # none is younger",
				s->pid));
	uint32_t ms;
	char length[32];
	const char *text = workers_request(v, s, "", &ms);
	if (text)
		verdict_evidence(f,
			say(v, "requests that keep the slots: \"%s\", for up to %s", text,
				text_duration(length, ms / 1000.0)),
			-1, ms / 1000.0, -1, told_by(v, s));
	const char *unit = unit_of(v, s->pid);
	verdict_remedy(f, "Now: a restart that is not graceful, if the long requests may be cut",
		unit ? say(v, "systemctl restart %s", unit) : NULL, NULL, false,
		"running requests are cut", "none");
	verdict_remedy(f,
		"More places than workers: ServerLimit twice MaxRequestWorkers / ThreadsPerChild; "
		"GracefulShutdownTimeout ends the last ones",
		NULL, "the configuration of the server", true, "memory while two generations run",
		"needs a full restart");
	verdict_remedy(f,
		"Rotate logs without a restart: piped logs (rotatelogs), copytruncate; or when "
		"nobody downloads",
		NULL, "/etc/logrotate.d/apache2", true, "none",
		"copytruncate can lose lines of a moment");
}

void rule_workers_dip(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_DIP, dip_verdict);
}

/* ---- all busy ---- */

const struct rule_case rule_case_workers_exhausted = {
	.mechanism = "All workers that the server may have are busy, and requests wait for one: in "
		     "the accept queue, or in the queue of the pool.",
	.threshold =
		"The server's own limit is reached (it tells so, or as many connections are "
		"accepted, or each of the processes that it started before has a request that is "
		"not answered), and connections wait a second or more in two thirds of the "
		"samples, or are refused. Of who waits at a unix socket the kernel is asked (the "
		"connection that was last at a look of before is still there), or the pool's rate "
		"tells. Workers that are stopped or blocked in I/O, half of them, are told as "
		"such.",
	.false_alarms = "All workers busy and none waits: that is full use. A queue that is taken "
			"within a second. A client that holds most workers is the culprit only "
			"where others are served or wait beside it: all users may come by one "
			"proxy. Of a proxy on this machine its own clients are asked.",
	.confirm = "ss -ltn 'sport = :PORT'; the server's status page",
	.remedy = "See what the requests do that take longest, and who sends them; then more "
		  "workers, as far as memory allows.",
};

/* Who sends most to a server of this machine that stands in front of this one, and is not all who do. */
static void blame_behind(struct view *v, struct verdict *f, const struct usage *front)
{
	struct server c;
	const struct server_peer *top = NULL;
	if (!server_of_process(v, front, &c))
		return;
	for (size_t i = 0; i < c.npeers; i++)
		if (!top || c.peers[i].owing > top->owing)
			top = &c.peers[i];
	if (!top || top->owing < 2 || top->owing * 2 < c.owing || server_peer_is_all(&c, top))
		return;
	f->culprits[f->nculprits++] = (struct who){"peer", top->name, 0, top->owing / c.owing,
		say(v,
			"sent %.0f of %.0f requests that %s in front of it has not answered "
			"yet",
			top->owing, c.owing, c.name)};
}

/* Who is served alone says nothing where everybody comes by it: then it is the server that takes long, and the peer may or may not have its part. */
static void blame_requests(struct view *v, struct verdict *f, const struct server *s)
{
	const struct server_peer *top = s->npeers && s->peers[0].taken > 0 ? &s->peers[0] : NULL;
	if (top && !server_peer_is_all(s, top)) {
		workers_blame(v, f, s, offsetof(struct server_peer, taken),
			"sends requests that take long");
		return;
	}
	const struct usage *local = top ? workers_local_peer(v, s, top) : NULL;
	if (local)
		blame_behind(v, f, local);
	f->culprits[f->nculprits++] = (struct who){"process", s->name, s->pid, -1,
		local ? say(v, "its requests take long; all of them come by %s",
				who_name(v, local->p))
		      : "its requests take long"};
	if (top && !local)
		f->culprits[f->nculprits++] = (struct who){"peer", top->name, 0,
			top->taken >= s->workers ? 1 : top->taken / s->workers,
			say(v, "sends all of them: one client, or a proxy with many users")};
}

static void exhausted_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	if (!f)
		return;
	uint32_t ms;
	char length[32];
	const char *text = workers_request(v, s, "", &ms);
	const char *held = h->by == HELD_DISK      ? "blocked in I/O"
			   : h->by == HELD_STOPPED ? "stopped (SIGSTOP, a debugger, a terminal)"
						   : NULL;
	f->used = h->count < s->workers ? h->count : s->workers;
	if (held)
		f->culprits[f->nculprits++] = (struct who){"process", s->name,
			h->by == HELD_STOPPED ? h->stopped : s->pid, -1,
			say(v, "its workers are %s", held)};
	else
		blame_requests(v, f, s);
	f->title = held ? say(v, "%.0f of %.0f workers of %s are %s while others wait", h->count,
				  s->workers, s->name, held)
			: say(v, "All %.0f workers of %s are busy and %.0f requests wait",
				  s->workers, s->name, s->waits);
	if (h->told)
		verdict_evidence(f,
			say(v, "%.0f of %.0f workers are busy, %.0f idle, as the server tells",
				(double)h->told->used, s->workers, (double)h->told->idle),
			-1, (double)h->told->used, s->workers, told_by(v, s));
	if (text)
		verdict_evidence(f,
			say(v, "most of those it tells of: \"%s\", for up to %s", text,
				text_duration(length, ms / 1000.0)),
			-1, ms / 1000.0, -1, told_by(v, s));
	workers_tell_usual(v, f, s, text, ms / 1000.0);
	workers_tell_parts(v, f, s);
	if (h->by == HELD_STOPPED) {
		verdict_remedy(f, "Let them go on", say(v, "pkill -CONT -P %" PRId32, s->pid), NULL,
			false, "none", "somebody may have stopped them on purpose");
		return;
	}
	verdict_remedy(f, "See what the requests that take longest do",
		say(v, "timeout 5 strace -f -tt -p %" PRId32, s->pid), NULL, false,
		"slows it while it runs", "none");
	verdict_remedy(f,
		"More workers, as far as memory allows (MaxRequestWorkers, pm.max_children)", NULL,
		"the configuration of the server", true, "memory for each worker",
		"what the workers wait for gets more of it");
}

void rule_workers_exhausted(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_OTHER, exhausted_verdict);
	workers_each(v, out, HELD_STOPPED, exhausted_verdict);
	workers_each(v, out, HELD_DISK, exhausted_verdict);
}
