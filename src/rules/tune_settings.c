/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Where a limit is set: the command for now, and the file and its lines for good. */
#include "base/text.h"
#include "ledger/servers.h"
#include "ledger/who.h"
#include "rules/cgroup.h"
#include "rules/tune_impl.h"
#include "rules/verdict.h"

#include <math.h>
#include <string.h>

static const struct server_limit server_limits[] = {
#define SERVER_LIMIT(                                                                              \
	kind, pool, name, process, per, bytes, unit, more, file, line, now, afterwards, danger)    \
	{kind, POOL_##pool, name, process, PER_##per, bytes, unit, more, file, line, now,          \
		afterwards, danger},
#include "catalogue/server_limits.def"
};

struct program_setting {
	const char *program, *file, *line;
};

static const struct program_setting listen_settings[] = {
#define LISTEN_SETTING(program, file, line) {program, file, line},
#include "catalogue/server_limits.def"
};

static const struct program_setting datagram_settings[] = {
#define DATAGRAM_SETTING(program, file, line) {program, file, line},
#include "catalogue/server_limits.def"
};

const struct server_limit *tune_server_limits(size_t *ret_n)
{
	*ret_n = COUNTOF(server_limits);
	return server_limits;
}

void tune_now(struct tuning *t, const char *command)
{
	if (t->nnow < TUNE_LINES)
		t->now[t->nnow++] = command;
}

void tune_line(struct tuning *t, const char *text)
{
	if (t->nlines < TUNE_LINES)
		t->lines[t->nlines++] = text;
}

/* %.0f is the value, %2.0f twice that, %s the name of the pool: patterns of the catalogue. */
static const char *fill(
	struct view *v, const char *pattern, size_t len, double value, const char *pool)
{
	const char *out = "", *end = pattern + len;
	while (pattern < end) {
		const char *at = memchr(pattern, '%', (size_t)(end - pattern));
		if (!at)
			break;
		out = say(v, "%s%.*s", out, (int)(at - pattern), pattern);
		if (strncmp(at, "%.0f", 4) == 0)
			out = say(v, "%s%.0f", out, value);
		else if (strncmp(at, "%2.0f", 5) == 0)
			out = say(v, "%s%.0f", out, 2 * value);
		else
			out = say(v, "%s%s", out, pool);
		pattern = at + (at[1] == '.' ? 4 : at[1] == '2' ? 5 : 2);
	}
	return say(v, "%s%.*s", out, (int)(end - pattern), pattern);
}

static const struct program_setting *setting_of(
	const struct program_setting *rows, size_t n, const char *program)
{
	for (size_t i = 0; program && i < n; i++)
		if (strncmp(program, rows[i].program, strlen(rows[i].program)) == 0)
			return &rows[i];
	return NULL;
}

static void sysctl(
	struct view *v, struct tuning *t, const char *where, const char *name, double value)
{
	tune_now(t, say(v, "%ssysctl -w %s=%.0f", where, name, value));
	tune_line(t, say(v, "%s = %.0f", name, value));
	t->apply = "sysctl --system";
}

static void conntrack(struct view *v, struct tuning *t)
{
	sysctl(v, t, "", t->setting, t->value);
	double buckets = t->value / 4;
	tune_now(t, say(v, "echo %.0f > /sys/module/nf_conntrack/parameters/hashsize", buckets));
	tune_line(t, say(v, "net.netfilter.nf_conntrack_buckets = %.0f", buckets));
	/* At boot sysctl.d comes before the first rule of the firewall that loads the module, but after modules-load.d. */
	tune_line(t, "/etc/modules-load.d/90-conntrack.conf: nf_conntrack");
	t->apply =
		"sysctl --system (without the module loaded at boot the file would be read before "
		"these settings are there)";
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
	tune_now(t, say(v, "sysctl -w %s='%s'", t->setting, numbers));
	tune_line(t, say(v, "%s = %s", t->setting, numbers));
	t->apply = "sysctl --system";
}

static int32_t holder(const struct ledger_row *r)
{
	return r->nholders ? r->holders[0].pid : 0;
}

/* A setting that each network namespace has for itself. */
static void netns_sysctl(struct view *v, const struct ledger_row *r, struct tuning *t,
	const char *name, const char *value)
{
	const char *inside = in_netns(v, r->netns);
	/* Where none of its processes is seen, there is no way into it: without one the command would be the host's. */
	if (r->netns == NETNS_HOST || *inside)
		tune_now(t, say(v, strchr(value, ' ') ? "%ssysctl -w %s='%s'" : "%ssysctl -w %s=%s",
				    inside, name, value));
	tune_netns_sysctl(v, t, tune_place(v, r->netns, holder(r)), name, value);
}

static void ports(struct view *v, const struct ledger_row *r, struct tuning *t)
{
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
	netns_sysctl(v, r, t, t->setting, "1024 65535");
}

/* What the program asked for, and the kernel grants: the smaller one is the limit. */
static void listener(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	enum { SOMAXCONN_NOW = 4096 }; /* since 5.4 */
	static const char why[] = "a queue gets its length when the program listens";
	double most;
	const char *program = r->nholders ? r->holders[0].value : NULL;
	bool known = view_gauge(v, view_id(v, M_SOMAXCONN, r->netns, 0), &most),
	     granted = known && t->value <= most;
	struct tune_place place = tune_place(v, r->netns, holder(r));
	if (granted)
		t->file = "";
	else /* what the kernel grants is not made smaller, where it is not known */
		netns_sysctl(v, r, t, t->setting,
			say(v, "%.0f",
				known || t->value > SOMAXCONN_NOW ? t->value : SOMAXCONN_NOW));
	const struct program_setting *p =
		setting_of(listen_settings, COUNTOF(listen_settings), program);
	if (p)
		tune_line(t,
			say(v, "%s: %s", p->file, fill(v, p->line, strlen(p->line), t->value, "")));
	else
		tune_line(t, say(v, "%s: the backlog that it gives to listen(), at least %.0f",
				     program ? program : "the program", t->value));
	if (known && t->limit < most)
		t->why = say(v, "%s; the program asked for %.0f, the kernel would grant %.0f",
			t->why, t->limit, most);
	const char *unit = r->nholders ? unit_of(v, holder(r)) : NULL;
	if (!granted && place.kind != PLACE_HOST)
		t->apply = say(v, "%s; %s", t->apply, why);
	else if (tune_container(v, holder(r)).kind != PLACE_HOST)
		t->apply = say(v, "start the container anew: %s", why);
	else if (unit)
		t->apply = say(v, "%ssystemctl restart %s (%s)", granted ? "" : "sysctl --system; ",
			unit, why);
	else
		t->apply = say(v, "%sstart the program anew: %s",
			granted ? "" : "sysctl --system, and ", why);
}

/* SO_RCVBUF is doubled by the kernel, for what it needs besides; rmem_max bounds what a program may ask for. Both sysctls are one for all network namespaces, and
 * never made smaller here. */
static void datagrams(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	double ask = ceil(t->value / 2), most, preset;
	const char *program = r->nholders ? r->holders[0].value : NULL;
	const struct program_setting *p =
		setting_of(datagram_settings, COUNTOF(datagram_settings), program);
	bool known = view_gauge(v, view_id(v, M_RMEM_MAX, NETNS_HOST, 0), &most),
	     asks_none = view_gauge(v, view_id(v, M_RMEM_DEFAULT, NETNS_HOST, 0), &preset) &&
			 t->limit <= preset && t->limit >= preset,
	     granted = known && ask <= most;
	const char *who = program ? program : "the program";
	if (granted || !known)
		t->file = "";
	else
		sysctl(v, t, "", t->setting, ask);
	if (known && t->limit >= 2 * most && t->limit <= 2 * most)
		t->why = say(v, "%s; it has all that net.core.rmem_max grants", t->why);
	else if (asks_none)
		t->why = say(v, "%s; it is what a socket has that asks for none", t->why);
	if (p)
		tune_line(t, say(v, "%s: %s", p->file, fill(v, p->line, strlen(p->line), ask, "")));
	else
		tune_line(t, say(v, "%s: setsockopt(SO_RCVBUF) of %.0f, which the kernel doubles",
				     who, ask));
	if (!known)
		tune_line(t, say(v,
				     "/etc/sysctl.d/90-udp.conf: %s = %.0f, where it is less "
				     "(sysctl %s)",
				     t->setting, ask, t->setting));
	t->apply = say(v, "%sstart %s anew: a socket gets its buffer when it is made",
		granted ? "" : "sysctl --system, and ", who);
}

/* Of the two forms the one in bytes: it needs to know nothing of memory and huge pages. Swap counts besides. */
static void commit(struct view *v, struct tuning *t)
{
	double swap = 0;
	(void)view_gauge(v, view_id(v, M_SWAP_TOTAL, NETNS_HOST, 0), &swap);
	sysctl(v, t, "", t->setting, floor((t->value - swap) / 1024));
}

static void drop_in(struct view *v, struct tuning *t, const char *unit, const char *setting)
{
	t->file = say(v, "/etc/systemd/system/%s.d/90-limits.conf", unit);
	tune_line(t, "[Service]");
	tune_line(t, setting);
	t->apply = say(v, "systemctl daemon-reload; systemctl restart %s", unit);
}

/* False: it is in none. */
static bool container_ulimit(
	struct view *v, struct tuning *t, struct tune_place p, const char *what)
{
	switch (p.kind) {
	case PLACE_DOCKER:
	case PLACE_NERDCTL:
	case PLACE_PODMAN:
		t->file = p.kind == PLACE_PODMAN
				  ? "options of podman run"
				  : "options of docker run, or below ulimits: in compose.yaml";
		tune_line(t, say(v, "--ulimit %s=%.0f:%.0f   # compose.yaml: %s: %.0f", what,
				     t->value, t->value, what, t->value));
		t->apply = say(v, "make container %s anew with it", p.name);
		return true;
	case PLACE_KUBERNETES:
		t->file = "/etc/systemd/system/containerd.service.d/90-limits.conf (or that of the "
			  "runtime): a pod cannot ask for it";
		tune_line(t, "[Service]");
		tune_line(t, say(v, "Limit%s=%.0f",
				     strcmp(what, "nofile") == 0 ? "NOFILE" : "NPROC", t->value));
		t->apply =
			"systemctl daemon-reload; systemctl restart containerd; then make the pod "
			"anew";
		return true;
	case PLACE_LXC:
		t->file = say(v, "/var/lib/lxc/%s/config (Proxmox: /etc/pve/lxc/%s.conf)", p.name,
			p.name);
		tune_line(t, say(v, "lxc.prlimit.%s = %.0f", what, t->value));
		t->apply = "stop the container and start it again";
		return true;
	case PLACE_HOST:
	case PLACE_MACHINE:
	case PLACE_NAMED:
	case PLACE_UNIT:
	case PLACE_UNKNOWN: break;
	}
	return false;
}

static void nofile(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	int32_t pid = holder(r);
	const char *unit = pid ? unit_of(v, pid) : NULL;
	if (pid)
		tune_now(t, say(v, "prlimit --pid %d --nofile=%.0f:%.0f", pid, t->value, t->value));
	if (container_ulimit(v, t, tune_container(v, pid), "nofile"))
		return;
	if (unit && !strstr(unit, ".scope")) {
		drop_in(v, t, unit, say(v, "LimitNOFILE=%.0f", t->value));
		return;
	}
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	t->file = "/etc/security/limits.d/90-nofile.conf";
	tune_line(t, say(v, "%s - nofile %.0f", u ? shell_word(v, who_user(v, u->p->uid)) : "USER",
			     t->value));
	t->apply = "holds for what logs in from then on; a service has it in its unit";
}

static void nproc(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	const char *user = strchr(r->name, ':'), *unit = unit_of(v, holder(r));
	if (holder(r))
		tune_now(t, say(v, "prlimit --pid %d --nproc=%.0f:%.0f", holder(r), t->value,
				    t->value));
	if (container_ulimit(v, t, tune_container(v, holder(r)), "nproc"))
		return;
	if (unit && !strstr(unit, ".scope")) {
		drop_in(v, t, unit, say(v, "LimitNPROC=%.0f", t->value));
		return;
	}
	tune_line(t, say(v, "%s - nproc %.0f", user ? shell_word(v, user + 1) : "USER", t->value));
	t->apply = "holds for what logs in from then on; a service has LimitNPROC= in its unit";
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
	tune_now(t, say(v, "sysctl -w \"kernel.sem=%s\"", same));
	tune_now(t, say(v, "echo \"kernel.sem = %s\" >> %s", same, t->file));
	tune_line(t, say(v, "kernel.sem = (the first three as they are) %.0f", t->value));
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

/* How each keeper of containers calls it. */
struct group_setting {
	const char *v2_file, *docker, *compose, *kubernetes, *lxc;
};

static void in_container(struct view *v, struct tuning *t, struct tune_place p,
	const struct group_setting *g, const char *value, const char *raw)
{
	switch (p.kind) {
	case PLACE_DOCKER:
	case PLACE_NERDCTL:
	case PLACE_PODMAN:
		t->file = p.kind == PLACE_PODMAN
				  ? "options of podman run"
				  : "options of docker run, or of the service in compose.yaml";
		tune_line(t, say(v, "--%s=%s   # compose.yaml: %s", g->docker, value, g->compose));
		t->apply = "what was set by hand holds until the container is made anew";
		return;
	case PLACE_KUBERNETES:
		if (!g->kubernetes) {
			t->apply = "a pod has no such field: who set it, sets it again";
			return;
		}
		t->file = "definition of the pod, or of the kubelet";
		tune_line(t, say(v, "%s: %s", g->kubernetes, value));
		t->apply = "make the pod anew";
		return;
	case PLACE_LXC:
		t->file = say(v, "/var/lib/lxc/%s/config (Proxmox: /etc/pve/lxc/%s.conf)", p.name,
			p.name);
		tune_line(t, say(v, "%s = %s", g->lxc, raw));
		t->apply = "holds from the next start on";
		return;
	case PLACE_HOST:
	case PLACE_MACHINE:
	case PLACE_NAMED:
	case PLACE_UNIT:
	case PLACE_UNKNOWN: break;
	}
	t->apply = "whatever made the group has it in its own settings";
}

static void group(struct view *v, const struct ledger_row *r, struct tuning *t, const char *value,
	const struct group_setting *g, const char *plain, const char *raw)
{
	const char *path = intern_text(&v->series->names, r->cgroup), *unit = unit_in(v, path);
	struct tune_place p = tune_container_in(v, path);
	t->file = "";
	if (unit && (p.kind == PLACE_HOST || p.kind == PLACE_MACHINE)) {
		tune_now(t, say(v, "systemctl set-property %s %s=%s", unit, t->setting, value));
		t->apply =
			strstr(unit, ".scope")
				? "a scope ends with what runs in it: what starts it next has to "
				  "set it again, or its slice"
				: "set-property writes a drop-in: it lasts, without a restart";
		return;
	}
	tune_now(t, say(v, "echo %s > %s", raw,
			    shell_word(v, say(v, "/sys/fs/cgroup%s/%s", path, g->v2_file))));
	in_container(v, t, p, g, plain, raw);
}

static void groups(
	struct view *v, const struct tunable *k, const struct ledger_row *r, struct tuning *t)
{
	const char *plain = say(v, "%.0f", t->value);
	if (k->form == FORM_CG_MEMORY) {
		const struct group_setting g = {"memory.max", "memory",
			say(v, "mem_limit: %s", plain), "resources.limits.memory",
			"lxc.cgroup2.memory.max"};
		group(v, r, t, plain, &g, plain, plain);
	} else if (k->form == FORM_CG_PIDS) {
		const struct group_setting g = {"pids.max", "pids-limit",
			say(v, "pids_limit: %s", plain), "podPidsLimit", "lxc.cgroup2.pids.max"};
		group(v, r, t, plain, &g, plain, plain);
	} else {
		const char *cpus = say(v, "%g", t->value);
		const struct group_setting g = {"cpu.max", "cpus", say(v, "cpus: %s", cpus),
			"resources.limits.cpu", "lxc.cgroup2.cpu.max"};
		group(v, r, t, say(v, "%.0f%%", 100 * t->value), &g, cpus,
			say(v, "'%.0f 100000'", 100000 * t->value));
	}
}

static void group_io(struct view *v, const struct ledger_row *r, struct tuning *t)
{
	double share = 0;
	const struct cgroup_io *io = tune_group_io(v, r->cgroup, &share);
	if (!io)
		return;
	const struct cgroup_io_kind *kind = cgroup_io_kind(io);
	const char *disk = cgroup_io_disk(v, io), *docker = kind->docker;
	char key[32] = "";
	for (size_t i = 0; docker[i] && i + 1 < sizeof key; i++)
		key[i] = docker[i];
	for (char *dash = key; (dash = strchr(dash, '-'));)
		*dash = '_';
	const struct group_setting g = {"io.max", docker,
		say(v, "blkio_config: {%s: [{path: /dev/%s, rate: %.0f}]}", key, disk, t->value),
		NULL, "lxc.cgroup2.io.max"};
	t->setting = say(v, "%.*s", (int)strcspn(kind->unit, "="), kind->unit);
	group(v, r, t, say(v, "'/dev/%s %.0f'", disk, t->value), &g,
		say(v, "/dev/%s:%.0f", disk, t->value),
		say(v, "'%u:%u %s=%.0f'", (unsigned)(io->devno >> 20),
			(unsigned)(io->devno & 0xfffff), kind->key, t->value));
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
	case FORM_SYSCTL_NS: netns_sysctl(v, r, t, t->setting, say(v, "%.0f", t->value)); break;
	case FORM_CONNTRACK: conntrack(v, t); break;
	case FORM_NEIGH: neighbours(v, t); break;
	case FORM_LISTEN: listener(v, r, t); break;
	case FORM_PORTS: ports(v, r, t); break;
	case FORM_TCP_MEM: tcp_mem(v, t); break;
	case FORM_UDP: datagrams(v, r, t); break;
	case FORM_COMMIT: commit(v, t); break;
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
	case FORM_CG_IO: group_io(v, r, t); break;
	case FORM_HUGEPAGES: hugepages(v, t); break;
	case FORM_SERVER: break;
	}
}

/* How many of those that the setting is for are behind the limit that the server tells. */
static double several(
	const struct view *v, const struct server_limit *s, const struct server_book *b)
{
	enum { POOLS = 2 /* thread_pools, unless it says another number */ };
	const struct usage *u = view_usage(v, b->pid);
	uint64_t n = 0;
	switch (s->per) {
	case PER_SERVER: return 1;
	case PER_WORKER:
		(void)server_number_of(v, view_last(v), b->pid, "config.workers", &n);
		return n ? (double)n : 1;
	case PER_POOL:
		(void)server_number_of(v, view_last(v), b->pid, "threads.pools", &n);
		return n ? (double)n : POOLS;
	case PER_THREAD: return u && u->p->threads ? u->p->threads : 1;
	}
	return 1;
}

void tune_server_settings(struct view *v, const struct server_limit *s, const struct server_book *b,
	const struct server_pool *p, struct tuning *t)
{
	if (t->action != TUNE_RAISE)
		return;
	const char *pool = intern_text(&v->series->names, p->name), *line = s->line;
	double n = several(v, s, b), value = ceil(t->value / n / s->unit + s->more);
	/* A name goes into commands: one of letters, digits and what is harmless there. */
	bool plain = strcmp(shell_word(v, pool), pool) == 0;
	if (s->now && (plain || !strstr(s->now, "%s")))
		tune_now(t, fill(v, s->now, strlen(s->now), value, pool));
	while (*line) {
		size_t len = strcspn(line, "\n");
		tune_line(t, fill(v, line, len, value, pool));
		line += len + (line[len] == '\n');
	}
	t->apply = fill(v, s->afterwards, strlen(s->afterwards), value, pool);
	if (n > 1)
		t->apply = say(v, "%s; it is %.0f for each of %.0f", t->apply, value, n);
}
