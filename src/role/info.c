/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* explain, doctor, version: what the program knows, what this machine lets it see, and which
 * program it is. */
#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "ledger/stack.h"
#include "role/commands.h"
#include "role/paths.h"
#include "role/probes.h"
#include "role/session.h"
#include "role/version.h"
#include "show/show.h"
#include "show/table.h"
#include "store/history.h"
#include "store/retain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sysexits.h>

static int done(void)
{
	return fflush(stdout) == EOF || ferror(stdout)
		       ? complain(EX_IOERR, "standard output: %s", strerror(errno))
		       : 0;
}

/* ---- explain ---- */

static json_t *metric_json(enum metric m)
{
	const struct metric_info *i = metric_info(m);
	return json_pack("{s:s, s:s, s:s, s:o, s:s}", "metric", i->name, "kind",
		metric_kind_name(m), "unit", metric_base_unit(m), "label",
		json_text(metric_label_name(i->label)), "help", i->help);
}

/* What can cause the resource's trouble, or what its trouble can cause. */
static json_t *causes_json(enum resource r, bool causes)
{
	json_t *rows = json_array();
	const struct cause_info *row;
	for (size_t i = 0; (row = cause_info(i)) != NULL; i++)
		if ((causes ? row->symptom : row->cause) == r)
			json_array_append_new(rows,
				json_pack("{s:s, s:s, s:s}", "resource",
					resource_info(causes ? row->cause : row->symptom)->class,
					"link", cause_link_text(row->link), "how", row->how));
	return rows;
}

static int explain_list(const struct options *o)
{
	if (o->set[OPTION_JSON]) {
		json_t *rules = json_array(), *resources = json_array(), *metrics = json_array();
		for (unsigned r = 0; r < RULE_COUNT; r++)
			json_array_append_new(rules, json_rule((enum rule_id)r));
		for (unsigned r = 0; r < RESOURCE_COUNT; r++)
			json_array_append_new(
				resources, json_pack("{s:s, s:s, s:s}", "resource",
						   resource_info((enum resource)r)->class, "unit",
						   resource_info((enum resource)r)->unit, "help",
						   resource_info((enum resource)r)->help));
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			json_array_append_new(metrics, metric_json((enum metric)m));
		return json_write(stdout,
			       json_pack("{s:o, s:o, s:o}", "rules", rules, "resources", resources,
				       "metrics", metrics),
			       false) < 0
			       ? complain(EX_IOERR, "standard output: %s", strerror(EIO))
			       : 0;
	}
	(void)puts("rules:");
	for (unsigned r = 0; r < RULE_COUNT; r++)
		(void)printf("  %-24s %s\n", rule_info((enum rule_id)r)->name,
			rule_info((enum rule_id)r)->subject);
	(void)puts("\nresources:");
	for (unsigned r = 0; r < RESOURCE_COUNT; r++)
		(void)printf("  %-24s %s\n", resource_info((enum resource)r)->class,
			resource_info((enum resource)r)->help);
	(void)puts("\nmetrics:");
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		(void)printf("  %-24s %s\n", metric_info((enum metric)m)->name,
			metric_info((enum metric)m)->help);
	return done();
}

int command_explain(struct options *o)
{
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	if (!o->argument)
		return explain_list(o);
	enum rule_id rule = rule_by_name(o->argument);
	enum resource res = resource_by_name(o->argument);
	enum metric metric = metric_by_name(o->argument);
	if (rule == RULE_COUNT && res == RESOURCE_COUNT && metric == METRIC_COUNT)
		return complain(EX_USAGE,
			"explain: '%s': no rule, resource or metric has this name (plimsoll "
			"explain lists them)",
			o->argument);
	/* A rule and a class may share a name: the class tells of all its rules. */
	bool whole = rule != RULE_COUNT && res != RESOURCE_COUNT &&
		     strcmp(rule_info(rule)->name, resource_info(res)->class) == 0;
	if (o->set[OPTION_JSON]) {
		json_t *j;
		if (rule != RULE_COUNT && !whole) {
			j = json_rule(rule);
		} else if (res != RESOURCE_COUNT) {
			json_t *rules = json_array();
			for (unsigned k = 0; k < RULE_COUNT; k++)
				if (rule_info((enum rule_id)k)->resource == res)
					json_array_append_new(rules, json_rule((enum rule_id)k));
			j = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "resource",
				resource_info(res)->class, "unit", resource_info(res)->unit, "help",
				resource_info(res)->help, "rules", rules, "caused_by",
				causes_json(res, true), "can_cause", causes_json(res, false));
		} else {
			j = metric_json(metric);
		}
		return json_write(stdout, j, false) < 0
			       ? complain(EX_IOERR, "standard output: %s", strerror(EIO))
			       : 0;
	}
	if (rule != RULE_COUNT && !whole)
		show_explain_rule(stdout, st, rule);
	if (res != RESOURCE_COUNT && (rule == RULE_COUNT || whole))
		show_explain_resource(stdout, st, res);
	if (metric != METRIC_COUNT)
		show_explain_metric(stdout, st, metric);
	return done();
}

/* ---- doctor ---- */

struct remark {
	const char *what, *state, *hides, *mend;
};

enum { REMARKS = 96 };

struct doctor {
	struct session *s;
	struct remark rows[REMARKS];
	size_t n;
};

static void remark(
	struct doctor *d, const char *what, const char *state, const char *hides, const char *mend)
{
	if (d->n < REMARKS)
		d->rows[d->n++] = (struct remark){what, state, hides, mend};
}

/* What to do about a gap, by what is missing. */
static const char *mend_for(const char *what, int error)
{
	if (strstr(what, "pressure"))
		return error == EOPNOTSUPP ? "boot with psi=1"
					   : "a kernel of 4.20 or later with CONFIG_PSI; boot with "
					     "psi=1 where it is off";
	if (error == EPERM || error == EACCES)
		return strcmp(what, "kmsg") == 0 ? "run as root, or give CAP_SYSLOG"
						 : "run as root, or give CAP_SYS_PTRACE, "
						   "CAP_NET_ADMIN, CAP_SYS_ADMIN "
						   "and CAP_DAC_READ_SEARCH";
	if (strstr(what, "network and FUSE"))
		return "nothing: df -h with a time-out by hand";
	if (strstr(what, "control groups"))
		return "mount -t cgroup2 none /sys/fs/cgroup";
	if (error == ENOENT)
		return "a newer kernel, or the module that provides it";
	return "see the error";
}

static void examine_samples(struct doctor *d)
{
	struct view *v = &d->s->view;
	const struct sample *s = view_last(v);
	double x;
	remark(d, "files of /proc",
		say(v, "%u series, %u processes", v->series->count, s->procs.count), NULL, NULL);
	unsigned delay = 0, fds = 0, limits = 0, user = 0;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->kernel || p->self)
			continue;
		user++;
		delay += (p->have & HAVE_DELAY) != 0;
		fds += (p->have & HAVE_FDS) != 0;
		limits += (p->have & HAVE_FD_LIMIT) != 0;
	}
	remark(d, "descriptors of processes", say(v, "%u of %u, limits of %u", fds, user, limits),
		fds < user ? "descriptor leaks of the others" : NULL,
		fds < user ? mend_for("", EACCES) : NULL);
	remark(d, "run delay of processes", say(v, "%u of %u", delay, user),
		delay < user ? "who waits for a CPU" : NULL,
		delay < user ? mend_for("", EPERM) : NULL);
	remark(d, "network namespaces", say(v, "%u", v->series->netns_count), NULL, NULL);
	remark(d, "listening sockets",
		say(v, "%u, connections %s", s->listeners.count, s->have_conns ? "too" : "not"),
		s->have_conns ? NULL : "tcp.ports", s->have_conns ? NULL : mend_for("", EPERM));
	bool ct = view_gauge(v, view_id(v, M_CONNTRACK_USED, 0, 0), &x);
	remark(d, "connection tracking", ct ? "counted" : "not loaded in this namespace", NULL,
		NULL);
	for (uint32_t i = 0; i < s->gaps.count; i++) {
		const struct gap *g = &TABLE_ROWS(s->gaps, struct gap)[i];
		const char *ns =
			g->netns ? say(v, " in %s", series_netns_name(v->series, g->netns)) : "";
		remark(d, say(v, "%s%s", g->what, ns),
			g->error ? strerror(g->error) : "not looked at", g->hides,
			mend_for(g->what, g->error));
	}
}

static const char *mend_for_probes(int error)
{
	switch (-error) {
	case ENOENT:
		return access("/sys/kernel/btf/vmlinux", R_OK) < 0
			       ? "a kernel with type information (CONFIG_DEBUG_INFO_BTF)"
			       : "build with clang, bpftool and libbpf-dev";
	case EPERM:
	case EACCES: return "run as root, or give CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";
	case EXDEV: return "run it in the first pid namespace, not in a container";
	default: return "a newer kernel; the others run";
	}
}

/* Loads them for the moment, as the recorder does for good. */
static void examine_probes(struct doctor *d)
{
	static const struct {
		enum probe_fd fd;
		const char *what, *hides;
	} probes[] = {
		{PROBE_FD_TASKS, "all processes in one read",
			"nothing: /proc is read, at five times the cost"},
		{PROBE_FD_HELD, "which process holds which sockets and files",
			"files that grow or were deleted; sockets are searched in /proc, slowly"},
		{PROBE_FD_EXIT, "processes that end", "what short-lived processes used"},
		{PROBE_FD_SIGNAL, "signals", "who sent a signal to whom"},
		{PROBE_FD_TCP_STATE, "TCP connections that begin and end",
			"bytes of short connections"},
		{PROBE_FD_RETRANSMIT, "segments sent again", "whose connections lose packets"},
		{PROBE_FD_RESET_SENT, "resets sent", "whose connections are reset"},
		{PROBE_FD_RESET_RECEIVED, "resets received", "whose connections are reset"},
		{PROBE_FD_SWITCH, "waits for a CPU", "how the waits spread: sched.latency"},
		{PROBE_FD_COMPLETE, "requests to disks", "how they spread: disk.read.latency"},
	};
	struct view *v = &d->s->view;
	unsigned there = 0;
	int err = probes_start(d->s->reader, "record");
	for (size_t i = 0; i < COUNTOF(probes); i++)
		there += reader_probe_there(d->s->reader, probes[i].fd);
	if (there == 0) {
		remark(d, "probes in the kernel (eBPF)", strerror(-err),
			"short-lived processes, signals, short connections, spread of waits",
			mend_for_probes(err));
		return;
	}
	remark(d, "probes in the kernel (eBPF)",
		say(v, "%u of %zu can run", there, COUNTOF(probes)), NULL, NULL);
	for (size_t i = 0; i < COUNTOF(probes); i++)
		if (!reader_probe_there(d->s->reader, probes[i].fd))
			remark(d, say(v, "probe: %s", probes[i].what), strerror(-err),
				probes[i].hides, mend_for_probes(err));
}

/* ---- servers ---- */

/* What tells where it can be asked, and may not be read (books/book.h); NULL: it is the server itself that lets us not ask. */
static const char *unread_path(const char *source)
{
	return strncmp(source, "file://", 7) == 0 ? source + 7 : NULL;
}

static const char *mend_of_book(struct view *v, const struct server_book *b)
{
	const char *source = intern_text(&v->series->names, b->source);
	const char *path = b->status == BOOK_DENIED && source ? unread_path(source) : NULL;
	if (!source || !*source)
		return NULL;
	if (path)
		return geteuid() == 0 ? say(v,
						"let root read %s (a confinement, or a network "
						"filesystem, forbids it)",
						path)
				      : say(v, "run it as root, or let it read %s", path);
	return b->status == BOOK_CLOSED ? say(v, "set up: %s", source)
					: "allow this machine to ask it there";
}

static const char *state_of_book(struct view *v, const struct server_book *b)
{
	const char *source = intern_text(&v->series->names, b->source);
	switch ((enum book_status)b->status) {
	case BOOK_OK:
		return say(v, "tells of itself: %s, in %.1f ms", source, (double)b->took_us / 1000);
	case BOOK_FULL: return "not asked now: connections wait that it does not accept";
	case BOOK_CLOSED: return "nothing is set up that tells of it";
	case BOOK_DOWN: return say(v, "refuses: %s", source);
	case BOOK_HUNG: return say(v, "says nothing in time: %s", source);
	case BOOK_SLOW: return say(v, "is too slow to tell: %s", source);
	case BOOK_LARGE: return say(v, "says more than is read: %s", source);
	case BOOK_DENIED:
		return unread_path(source) ? say(v, "may not be looked at: %s", unread_path(source))
					   : say(v, "lets us not ask: %s", source);
	case BOOK_GARBAGE:
	case BOOK_STATUSES: break;
	}
	return say(v, "says what is not understood: %s", source);
}

/* What servers say of themselves, and the line of their configuration that would let them. */
static void examine_servers(struct doctor *d)
{
	struct view *v = &d->s->view;
	const struct sample *s = view_last(v);
	if (d->s->books_error)
		remark(d, "servers' own books (plimsoll-books)", strerror(d->s->books_error),
			"workers of Apache, connections of nginx, sessions, locks and queues "
			"of servers, whom each serves",
			"install plimsoll-books beside plimsoll, or into its libexec folder");
	else if (d->s->books)
		remark(d, "servers' own books (plimsoll-books)",
			say(v, "%u servers", s->servers.count), NULL, NULL);
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		bool seen = b->status == BOOK_OK || b->status == BOOK_FULL;
		remark(d, say(v, "%s (pid %d)", intern_text(&v->series->names, b->name), b->pid),
			state_of_book(v, b), seen ? NULL : "who holds its workers and for how long",
			seen ? NULL : mend_of_book(v, b));
	}
}

static void examine_host(struct doctor *d)
{
	struct view *v = &d->s->view;
	struct utsname u;
	struct rlimit l;
	if (reader_is_replay(d->s->reader)) {
		remark(d, "source", "a recorded tree, not this machine", NULL, NULL);
		return;
	}
	if (uname(&u) == 0)
		remark(d, "kernel", say(v, "%s %s %s", u.sysname, u.release, u.machine), NULL,
			NULL);
	remark(d, "privilege", geteuid() == 0 ? "root" : "not root",
		geteuid() == 0 ? NULL : "other users' processes, other network namespaces",
		geteuid() == 0 ? NULL : mend_for("", EPERM));
	if (getrlimit(RLIMIT_NOFILE, &l) == 0)
		remark(d, "own descriptors",
			say(v, "%llu may be open", (unsigned long long)l.rlim_cur), NULL, NULL);
	long page = sysconf(_SC_PAGESIZE);
	if (page != 4096)
		remark(d, "page size", say(v, "%ld", page),
			"resident and socket memory are shown for pages of 4096 bytes",
			"multiply by the page size / 4096");
	examine_probes(d);
	bool io_delay = false;
	char text[8] = "";
	ssize_t n = reader_file(
		d->s->reader, "proc/sys/kernel/task_delayacct", NULL, text, sizeof text - 1);
	io_delay = n > 0 && text[0] == '1';
	remark(d, "delay accounting", io_delay ? "on" : "off",
		io_delay ? NULL
			 : "how long each process waited for disks (blocked states are used "
			   "instead)",
		io_delay ? NULL : "sysctl -w kernel.task_delayacct=1");
}

enum { STACKS = 24 };

/* What lies on what, and what the machine is, as far as it was told. */
static void examine_machine(struct doctor *d)
{
	static const char *const keys[] = {"system", "vendor", "product", "clocksource"};
	struct view *v = &d->s->view;
	unsigned n = 0;
	for (size_t i = 0; i < COUNTOF(keys); i++) {
		const char *text = stack_fact(v, keys[i]);
		if (text)
			remark(d, keys[i], text, NULL, NULL);
	}
	for (uint32_t id = view_each(v, M_DISK_READS, 0); id && n < STACKS;
		id = view_each(v, M_DISK_READS, id)) {
		const char *text = stack_text(v, series_row(v->series, id)->instance);
		if (!text)
			continue;
		remark(d, series_instance(v->series, id), text, NULL, NULL);
		n++;
	}
}

/* ---- the store ---- */

static bool is_budget(void *ctx, const struct history_series *s)
{
	(void)ctx;
	return s->metric == M_SELF_STORE_BUDGET;
}

/* What the recorder was given, as it recorded it itself; the default where it did not. */
static uint64_t recorded_budget(struct history *h, uint64_t last_ns)
{
	const struct history_series *series;
	struct history_step *step;
	size_t n;
	uint64_t from = last_ns - UINT64_C(60000000000), budget = UINT64_C(2) << 30;
	if (history_select(h, from, last_ns, is_budget, NULL, &series, &n) == 0 && n == 1 &&
		history_aggregate(h, &series[0].key, 1, from, UINT64_C(61000000000), 1, &step) ==
			0) {
		budget = step->count ? (uint64_t)step->last : budget;
		free(step);
	}
	return budget;
}

static void examine_recording(struct doctor *d, struct history *h, const char *path)
{
	struct view *v = &d->s->view;
	uint64_t first, last, now = clock_real_ns();
	char a[40], b[40], size[32], most[32], ago[32], lasts[32];
	const char *damage;
	if (!history_span(h, &first, &last))
		return;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct store_files files = {0};
	(void)store_files_list(dir, &files);
	uint64_t budget = recorded_budget(h, last);
	double seconds = retain_lasts(dir, budget, last / 1000000000);
	bool runs = last + UINT64_C(10000000000) > now;
	remark(d, "recorder",
		runs ? "running"
		     : say(v, "not running, last sample %s ago",
			       text_duration(ago, (double)(now - last) / 1e9)),
		runs ? NULL : "what happens from then on", runs ? NULL : "plimsoll record");
	remark(d, "recorded",
		say(v, "%s to %s, %s of %s", text_time(a, first), text_time(b, last),
			text_bytes(size, (double)files.bytes), text_bytes(most, (double)budget)),
		NULL, NULL);
	if (seconds >= 0)
		remark(d, "the budget lasts",
			say(v, "%s of seconds at the present rate%s", text_duration(lasts, seconds),
				seconds > RETAIN_RAW_DAYS * 86400.0 ? "; they are kept for 30 d"
								    : ""),
			NULL, NULL);
	unsigned damaged = history_damage(h, &damage);
	if (damaged)
		remark(d, "damaged parts", say(v, "%u: %s", damaged, damage), "what stood in them",
			"the others can be read; remove the file");
	store_files_free(&files);
	attr_close_fd(&dir);
}

static void examine_store(struct doctor *d, const struct options *o)
{
	char path[4096];
	struct history *h = NULL;
	if (d->s->reader && reader_is_replay(d->s->reader))
		return;
	int r = store_path(o, path, sizeof path);
	if (r == 0)
		r = history_open(path, &h);
	remark(d, "store", say(&d->s->view, "%s", path), NULL, NULL);
	if (r < 0) {
		remark(d, "recorder",
			r == -ENOENT || r == -ENODATA ? "nothing is recorded" : strerror(-r),
			"the past: check --at, --from", "plimsoll record");
		return;
	}
	examine_recording(d, h, path);
	history_close(h);
}

int command_doctor(struct options *o)
{
	struct session s;
	int status = session_open(o, 1000000000u, WANT_CONNS, &s);
	if (status)
		return status;
	status = session_look(&s);
	static struct doctor d;
	d = (struct doctor){.s = &s};
	if (status == 0) {
		examine_host(&d);
		examine_samples(&d);
		examine_servers(&d);
		examine_machine(&d);
		examine_store(&d, o);
	}
	if (status == 0 && o->set[OPTION_JSON]) {
		json_t *rows = json_array();
		for (size_t i = 0; i < d.n; i++)
			json_array_append_new(rows,
				json_pack("{s:o, s:o, s:o, s:o}", "what", json_text(d.rows[i].what),
					"state", json_text(d.rows[i].state), "hides",
					json_text(d.rows[i].hides), "mend",
					json_text(d.rows[i].mend)));
		status = json_write(stdout, json_pack("{s:i, s:o}", "schema", 1, "checks", rows),
				 false) < 0
				 ? complain(EX_IOERR, "standard output: %s", strerror(EIO))
				 : 0;
	} else if (status == 0) {
		static const struct column columns[] = {{"what", false, true, 0, 20},
			{"state", false, true, 0, 16}, {"hides", false, true, 0, 12},
			{"what helps", false, true, 0, 16}};
		const char **cells = arena_alloc(&s.view.scratch, (d.n + 1) * 4 * sizeof *cells);
		for (size_t i = 0; cells && i < d.n; i++) {
			cells[i * 4] = show_safe(&s.view, d.rows[i].what);
			cells[i * 4 + 1] = show_safe(&s.view, d.rows[i].state);
			cells[i * 4 + 2] =
				d.rows[i].hides ? show_safe(&s.view, d.rows[i].hides) : "nothing";
			cells[i * 4 + 3] = d.rows[i].mend ? show_safe(&s.view, d.rows[i].mend) : "";
		}
		struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
		const struct text_table t = {columns, 4, cells, cells ? d.n : 0};
		table_print_whole(stdout, &t, st.width, st.color);
		status = done();
	}
	session_close(&s);
	return status;
}

/* ---- version ---- */

int command_version(struct options *o)
{
	static const struct {
		const char *name, *help;
	} features[] = {
		{"procfs", "files of /proc and /sys"},
		{"sock_diag", "listening sockets and connections by netlink"},
		{"taskstats", "run delay of processes by netlink"},
		{"ctnetlink", "who holds connection-tracking entries; top"},
		{"rtnetlink", "interfaces and their queues"},
		{"nf_tables", "chains, rules and sets of the firewall"},
		{"cgroup", "control groups, v1 and v2"},
		{"netns", "all network namespaces"},
		{"replay", "recorded trees (--root)"},
		{"packets", "talk: heads of packets by AF_PACKET, beside tcp_info"},
		{"store", "the flight recorder: record, check --at, query --from, export, import"},
		{"http", "serve: the page, the API, /metrics"},
		{"remote-write", "ship: Prometheus remote write 1.0 and 2.0"},
#ifndef WITHOUT_LIBPQ
		{"postgres", "sessions and locks of PostgreSQL by libpq"},
#endif
#ifndef WITHOUT_LIBMARIADB
		{"mysql", "sessions and locks of MariaDB and MySQL by libmariadb"},
#endif
#ifndef WITHOUT_GNUTLS
		{"tls", "when certificates of listeners end, by GnuTLS"},
#endif
		{"json", "JSON by jansson"},
	};
	if (o->set[OPTION_JSON]) {
		json_t *a = json_array();
		for (size_t i = 0; i < COUNTOF(features); i++)
			json_array_append_new(a, json_string(features[i].name));
		return json_write(stdout,
			       json_pack("{s:s, s:o}", "plimsoll", PLIMSOLL_VERSION, "features", a),
			       false) < 0
			       ? complain(EX_IOERR, "standard output: %s", strerror(EIO))
			       : 0;
	}
	(void)printf("plimsoll %s\n", PLIMSOLL_VERSION);
	for (size_t i = 0; o->set[OPTION_FEATURES] && i < COUNTOF(features); i++)
		(void)printf("  %-10s %s\n", features[i].name, features[i].help);
	if (o->set[OPTION_FEATURES])
		(void)printf("  %u metrics, %u rules, %u resource classes; jansson %s\n",
			(unsigned)METRIC_COUNT, (unsigned)RULE_COUNT, (unsigned)RESOURCE_COUNT,
			jansson_version_str());
	return done();
}
