/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Where a limit is set: the command for now, and the file and its lines for good. */
#include "base/text.h"
#include "ledger/who.h"
#include "rules/tune_impl.h"
#include "rules/verdict.h"

#include <math.h>
#include <string.h>

static const struct server_limit server_limits[] = {
#define SERVER_LIMIT(kind, pool, process, file, line, now, afterwards)                             \
	{kind, POOL_##pool, process, file, line, now, afterwards},
#define LISTEN_SETTING(program, file, line)
#include "catalogue/server_limits.def"
#undef SERVER_LIMIT
#undef LISTEN_SETTING
};

static const struct {
	const char *program, *file, *line;
} listen_settings[] = {
#define SERVER_LIMIT(kind, pool, process, file, line, now, afterwards)
#define LISTEN_SETTING(program, file, line) {program, file, line},
#include "catalogue/server_limits.def"
#undef SERVER_LIMIT
#undef LISTEN_SETTING
};

const struct server_limit *tune_server_limits(size_t *ret_n)
{
	*ret_n = COUNTOF(server_limits);
	return server_limits;
}

static void now(struct tuning *t, const char *command)
{
	if (t->nnow < TUNE_LINES)
		t->now[t->nnow++] = command;
}

static void line(struct tuning *t, const char *text)
{
	if (t->nlines < TUNE_LINES)
		t->lines[t->nlines++] = text;
}

/* The table has one line with one %.0f: what it is, is known when it is compiled. */
static const char *fill(struct view *v, const char *pattern, double value)
{
	const char *at = strstr(pattern, "%.0f");
	return at ? say(v, "%.*s%.0f%s", (int)(at - pattern), pattern, value, at + 4) : pattern;
}

static void sysctl(
	struct view *v, struct tuning *t, const char *where, const char *name, double value)
{
	now(t, say(v, "%ssysctl -w %s=%.0f", where, name, value));
	line(t, say(v, "%s = %.0f", name, value));
	t->apply = "sysctl --system";
}

static void conntrack(struct view *v, struct tuning *t)
{
	sysctl(v, t, "", t->setting, t->value);
	double buckets = t->value / 4;
	now(t, say(v, "echo %.0f > /sys/module/nf_conntrack/parameters/hashsize", buckets));
	line(t, say(v, "net.netfilter.nf_conntrack_buckets = %.0f", buckets));
}

static void neighbours(struct view *v, struct tuning *t)
{
	static const double shares[] = {4, 2,
		1}; /* below the first nothing is tidied; above the second it is within five seconds */
	for (unsigned i = 0; i < 3; i++)
		sysctl(v, t, "", say(v, "%s.gc_thresh%u", t->setting, i + 1),
			floor(t->value / shares[i]));
}

/* min, pressure, max, in pages. */
static void tcp_mem(struct view *v, struct tuning *t)
{
	double page = metric_scale(M_TCP_MEM), most = floor(t->value / page);
	const char *numbers = say(v, "%.0f %.0f %.0f", floor(most / 2), floor(most * 3 / 4), most);
	now(t, say(v, "sysctl -w %s='%s'", t->setting, numbers));
	line(t, say(v, "%s = %s", t->setting, numbers));
	t->apply = "sysctl --system";
}

static void ports(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	const char *where = in_netns(v, r->netns);
	if (t->limit > 60000) {
		t->action = TUNE_NO_HIGHER;
		t->value = t->limit;
		t->why = say(v,
			"%s; the range has all ports: more addresses to connect from or to, "
			"connections that are kept, or net.ipv4.tcp_tw_reuse = 1",
			t->why);
		return;
	}
	t->value = 64512;
	now(t, say(v, "%ssysctl -w net.ipv4.ip_local_port_range='1024 65535'", where));
	line(t, "net.ipv4.ip_local_port_range = 1024 65535");
	t->apply = "sysctl --system";
}

/* What the program asked for, and the kernel grants: the smaller one is the limit. */
static void listener(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	double most;
	const char *where = in_netns(v, r->netns), *program = NULL, *file = NULL, *pattern = NULL;
	bool known = view_gauge(v, view_id(v, M_SOMAXCONN, r->netns, 0), &most);
	if (!known || t->value > most) {
		now(t, say(v, "%ssysctl -w %s=%.0f", where, t->setting, t->value));
		line(t, say(v, "%s = %.0f", t->setting, t->value));
	} else {
		t->file = "";
	}
	if (r->nholders)
		program = r->holders[0].value;
	for (size_t i = 0; program && i < COUNTOF(listen_settings); i++)
		if (strncmp(program, listen_settings[i].program,
			    strlen(listen_settings[i].program)) == 0) {
			file = listen_settings[i].file;
			pattern = listen_settings[i].line;
		}
	if (file)
		line(t, say(v, "%s: %s", file, fill(v, pattern, t->value)));
	else
		line(t, say(v, "%s: the backlog that it gives to listen(), at least %.0f",
				program ? program : "the program", t->value));
	if (known && t->limit < most)
		t->why = say(v, "%s; the program asked for %.0f, the kernel would grant %.0f",
			t->why, t->limit, most);
	const char *unit = r->nholders ? unit_of(v, r->holders[0].pid) : NULL;
	t->apply = unit ? say(v,
				  "sysctl --system; systemctl restart %s (a queue gets its length "
				  "when the program listens)",
				  unit)
			: "sysctl --system, and start the program anew: a queue gets its length "
			  "when the program listens";
}

static void drop_in(struct view *v, struct tuning *t, const char *unit, const char *setting)
{
	t->file = say(v, "/etc/systemd/system/%s.d/90-limits.conf", unit);
	line(t, "[Service]");
	line(t, setting);
	t->apply = say(v, "systemctl daemon-reload; systemctl restart %s", unit);
}

static void nofile(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	int32_t pid = r->nholders ? r->holders[0].pid : 0;
	const char *unit = pid ? unit_of(v, pid) : NULL;
	if (pid)
		now(t, say(v, "prlimit --pid %d --nofile=%.0f:%.0f", pid, t->value, t->value));
	if (unit && !strstr(unit, ".scope")) {
		drop_in(v, t, unit, say(v, "LimitNOFILE=%.0f", t->value));
		return;
	}
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	t->file = "/etc/security/limits.d/90-nofile.conf";
	line(t, say(v, "%s - nofile %.0f", u ? shell_word(v, who_user(v, u->p->uid)) : "USER",
			t->value));
	t->apply = "holds for what logs in from then on; a service has it in its unit, a container "
		   "in its own settings";
}

static void nproc(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	const char *user = strchr(r->name, ':');
	line(t, say(v, "%s - nproc %.0f", user ? shell_word(v, user + 1) : "USER", t->value));
	if (r->nholders && r->holders[0].pid)
		now(t, say(v, "prlimit --pid %d --nproc=%.0f:%.0f", r->holders[0].pid, t->value,
			       t->value));
	t->apply = "holds for what logs in from then on";
}

static void pids(struct view *v, struct tuning *t)
{
	static const struct {
		enum metric m;
		const char *name;
	} both[] = {{M_PID_MAX, "kernel.pid_max"}, {M_THREADS_MAX, "kernel.threads-max"}};
	for (size_t i = 0; i < COUNTOF(both); i++) {
		double is;
		if (!view_gauge(v, view_id(v, both[i].m, NETNS_HOST, 0), &is) || is < t->value)
			sysctl(v, t, "", both[i].name, t->value);
	}
}

/* The first three numbers of kernel.sem are others' affair: they stay as they are. */
static void semaphores(struct view *v, struct tuning *t)
{
	const char *same =
		say(v, "$(awk '{print $1, $2, $3, %.0f}' /proc/sys/kernel/sem)", t->value);
	now(t, say(v, "sysctl -w \"kernel.sem=%s\"", same));
	now(t, say(v, "echo \"kernel.sem = %s\" >> %s", same, t->file));
	line(t, say(v, "kernel.sem = (the first three as they are) %.0f", t->value));
	t->apply = "sysctl --system";
}

/* The innermost part of a path of control groups that systemd knows. */
static const char *unit_in(struct view *v, const char *path)
{
	static const char *const ends[] = {".service", ".slice", ".scope"};
	const char *name = strrchr(path, '/');
	name = name ? name + 1 : path;
	size_t len = strlen(name);
	for (size_t i = 0; i < COUNTOF(ends); i++)
		if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return shell_word(v, name);
	return NULL;
}

static void group(struct view *v, const struct ledger_row *r, struct tuning *t, const char *value,
	const char *v2_file, const char *raw)
{
	const char *path = intern_text(&v->series->names, r->cgroup), *unit = unit_in(v, path);
	t->file = "";
	if (unit && !strstr(unit, "docker-") && !strstr(unit, "libpod-")) {
		now(t, say(v, "systemctl set-property %s %s=%s", unit, t->setting, value));
		t->apply = "set-property writes a drop-in: it lasts, without a restart";
		return;
	}
	now(t, say(v, "echo %s > %s", raw,
		       shell_word(v, say(v, "/sys/fs/cgroup%s/%s", path, v2_file))));
	t->apply = "a container has it in the settings it is started with (docker update, limits "
		   "of the pod)";
}

static void groups(
	struct view *v, const struct tunable *k, const struct ledger_row *r, struct tuning *t)
{
	const char *plain = say(v, "%.0f", t->value);
	if (k->form == FORM_CG_MEMORY)
		group(v, r, t, plain, "memory.max", plain);
	else if (k->form == FORM_CG_PIDS)
		group(v, r, t, plain, "pids.max", plain);
	else
		group(v, r, t, say(v, "%.0f%%", 100 * t->value), "cpu.max",
			say(v, "'%.0f 100000'", 100000 * t->value));
}

static void hugepages(struct view *v, struct tuning *t)
{
	double size = 0;
	char a[32];
	sysctl(v, t, "", t->setting, t->value);
	if (view_gauge(v, view_id(v, M_HUGEPAGES_SIZE, NETNS_HOST, 0), &size) && size > 0) {
		t->cost = t->value > t->limit ? (t->value - t->limit) * size : 0;
		if (t->value < t->limit)
			t->cost_text = say(
				v, "gives back %s", text_bytes(a, (t->limit - t->value) * size));
	}
}

void tune_settings(
	struct view *v, const struct tunable *k, const struct ledger_row *r, struct tuning *t)
{
	if (t->action != TUNE_RAISE && t->action != TUNE_LOWER)
		return;
	switch (k->form) {
	case FORM_SYSCTL: sysctl(v, t, "", t->setting, t->value); break;
	case FORM_SYSCTL_NS: sysctl(v, t, in_netns(v, r->netns), t->setting, t->value); break;
	case FORM_CONNTRACK: conntrack(v, t); break;
	case FORM_NEIGH: neighbours(v, t); break;
	case FORM_LISTEN: listener(v, r, t); break;
	case FORM_PORTS: ports(v, r, t); break;
	case FORM_TCP_MEM: tcp_mem(v, t); break;
	case FORM_NOFILE: nofile(v, r, t); break;
	case FORM_PIDS: pids(v, t); break;
	case FORM_NPROC: nproc(v, r, t); break;
	case FORM_KEYS:
		sysctl(v, t, "",
			strcmp(r->name, "keys:root") == 0 ? "kernel.keys.root_maxkeys" : t->setting,
			t->value);
		break;
	case FORM_SEM: semaphores(v, t); break;
	case FORM_CG_MEMORY:
	case FORM_CG_PIDS:
	case FORM_CG_CPU: groups(v, k, r, t); break;
	case FORM_HUGEPAGES: hugepages(v, t); break;
	case FORM_SERVER: break;
	}
}

void tune_server_settings(struct view *v, const struct server_limit *s, struct tuning *t)
{
	if (t->action != TUNE_RAISE)
		return;
	if (s->now)
		now(t, fill(v, s->now, t->value));
	line(t, fill(v, s->line, t->value));
	t->apply = s->afterwards;
}
