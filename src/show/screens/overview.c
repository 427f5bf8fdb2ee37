/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* overview and findings: what one looks at first. */
#include "base/text.h"
#include "show/screens/screen_impl.h"
#include "show/show.h"

#include <string.h>

/* ---- what the machine does, in bars ---- */

void meter_cpu(struct screen *s, struct view *v, const struct screen_context *c)
{
	double cpus = number_of(v, M_CPU_ONLINE, 0, 0), busy = rate_of(v, M_CPU_BUSY, 0, 0);
	double waiting = 0, load = number_of(v, M_LOAD1, 0, 0);
	for (size_t i = 0; i < v->nusages; i++)
		waiting += v->usages[i].delay_s;
	waiting = v->seconds > 0 ? waiting / v->seconds : 0;
	bool known = !isnan(cpus) && cpus > 0;
	(void)screen_meter(s, v, tone_of_resource(c->findings, "cpu", -1), "cpu", busy,
		known ? waiting / cpus : 0, true, "%6s  %.2f of %s, %.1f more wanted, load %s",
		read_share(v, busy), known ? busy * cpus : NAN, read_count(v, cpus), waiting,
		isnan(load) ? "?" : say(v, "%.2f", load));
}

void meter_memory(struct screen *s, struct view *v, const struct screen_context *c)
{
	double total = number_of(v, M_MEM_TOTAL, 0, 0), left = number_of(v, M_MEM_AVAILABLE, 0, 0);
	double swap = number_of(v, M_SWAP_TOTAL, 0, 0), free = number_of(v, M_SWAP_FREE, 0, 0);
	double stall = rate_of(v, M_PSI_MEMORY_SOME, 0, 0);
	double share = (total - left) / total;
	(void)screen_meter(s, v, tone_of_resource(c->findings, "memory", -1), "memory", share, 0,
		true, "%6s  %s of %s%s", read_share(v, share), read_bytes(v, total - left),
		read_bytes(v, total),
		isnan(stall) ? "" : say(v, ", stalls %s of time", read_share(v, stall)));
	if (isnan(swap) || swap <= 0)
		return;
	share = (swap - free) / swap;
	double in = rate_of(v, M_SWAP_IN, 0, 0), out = rate_of(v, M_SWAP_OUT, 0, 0);
	struct screen_line *l = screen_meter(s, v, tone_of_resource(c->findings, "swap", -1),
		"swap", share, 0, true, "%6s  %s of %s, in %s/s, out %s/s", read_share(v, share),
		read_bytes(v, swap - free), read_bytes(v, swap), read_bytes(v, in),
		read_bytes(v, out));
	l->prio = 2;
}

struct busy {
	uint32_t id;
	double by;
};

/* The busiest first; returns how many. */
static size_t insert_busy(struct busy *rows, size_t n, size_t most, struct busy b)
{
	size_t at = n < most ? n++ : most;
	for (; at > 0 && rows[at - 1].by < b.by; at--)
		if (at < most)
			rows[at] = rows[at - 1];
	if (at < most)
		rows[at] = b;
	return n;
}

enum { METERS_MOST = 8 };

void meter_disks(struct screen *s, struct view *v, const struct screen_context *c, unsigned most)
{
	struct busy rows[METERS_MOST];
	size_t n = 0;
	for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id; id = view_each(v, M_DISK_BUSY, id)) {
		double busy;
		if (!who_is_partition(v, id) && view_rate(v, id, &busy))
			n = insert_busy(rows, n, most < METERS_MOST ? most : METERS_MOST,
				(struct busy){id, busy});
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t dev = series_row(v->series, rows[i].id)->instance;
		const char *name = series_instance(v->series, rows[i].id);
		double queue = rate_of(v, M_DISK_QUEUE_TIME, 0, dev);
		struct screen_line *l = screen_meter(s, v,
			tone_of_resource(c->findings, say(v, "disk.io:%s", name), -1),
			say(v, "disk %s", name), rows[i].by, 0, true,
			"%6s  r %s/s, w %s/s, queue %s", read_share(v, rows[i].by),
			read_bytes(v, rate_of(v, M_DISK_READ_BYTES, 0, dev)),
			read_bytes(v, rate_of(v, M_DISK_WRITE_BYTES, 0, dev)),
			read_count(v, queue));
		l->prio = i ? 3 : 0;
	}
}

void meter_net(struct screen *s, struct view *v, const struct screen_context *c, unsigned most)
{
	struct busy rows[METERS_MOST];
	size_t n = 0;
	for (uint32_t id = view_each(v, M_NET_RX_BYTES, 0); id;
		id = view_each(v, M_NET_RX_BYTES, id)) {
		const struct series *row = series_row(v->series, id);
		double rx, tx = rate_of(v, M_NET_TX_BYTES, row->netns, row->instance);
		if (strcmp(series_instance(v->series, id), "lo") != 0 && view_rate(v, id, &rx))
			n = insert_busy(rows, n, most < METERS_MOST ? most : METERS_MOST,
				(struct busy){id, rx + (isnan(tx) ? 0 : tx)});
	}
	for (size_t i = 0; i < n; i++) {
		const struct series *row = series_row(v->series, rows[i].id);
		double rx = rate_of(v, M_NET_RX_BYTES, row->netns, row->instance);
		double tx = rate_of(v, M_NET_TX_BYTES, row->netns, row->instance);
		double speed = number_of(v, M_NET_SPEED, row->netns, row->instance) / 8;
		double most_way = tx > rx ? tx : rx;
		bool limited = !isnan(speed) && speed > 0;
		const char *name = series_instance(v->series, rows[i].id);
		struct screen_line *l = screen_meter(s, v,
			tone_of_resource(c->findings, say(v, "net.tx:%s", name), row->netns),
			say(v, "net %s", name), limited ? most_way / speed : NAN, 0, limited,
			"%sin %s/s, out %s/s%s%s",
			limited ? say(v, "%6s  ", read_share(v, most_way / speed)) : "",
			read_bytes(v, rx), read_bytes(v, tx), row->netns ? ", in " : "",
			series_netns_name(v->series, row->netns));
		l->prio = i ? 4 : 1;
	}
}

/* ---- overview ---- */

static const char *culprit_text(struct view *v, const struct verdict *f)
{
	if (f->nculprits == 0)
		return "who it is is not known";
	const struct who *w = &f->culprits[0];
	const char *pid = w->pid && strcmp(w->kind, "file") != 0 ? say(v, " (pid %d)", w->pid) : "";
	const char *kind = strcmp(w->kind, "process") == 0 ? "" : say(v, "%s ", w->kind);
	return say(v, "%s%s%s: %s", kind, w->value, pid, w->why ? w->why : "");
}

static void say_findings(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct findings *fs = c->findings;
	size_t real = 0, shown = 0, most = c->tall ? 5 : 3;
	for (size_t i = 0; i < fs->count; i++)
		real += fs->rows[i].state != STATE_NOTE;
	if (fs->overall == OVERALL_UNKNOWN)
		(void)screen_say(s, v, TONE_WARNING, "unknown",
			"the numbers that a verdict needs could not be read");
	else if (!real)
		(void)screen_say(s, v, TONE_GOOD, "ok", "nothing is running out, nobody waits");
	for (size_t i = 0; i < fs->count && shown < most; i++) {
		const struct verdict *f = &fs->rows[i];
		bool note = f->state == STATE_NOTE;
		if (note && real)
			continue;
		struct screen_line *l = screen_say(s, v, tone_of(f),
			note ? "note" : severity_name(f->severity), "%s", f->title);
		l->prio = shown < 2 ? 0 : 5;
		if (!note) {
			l = screen_say(s, v, TONE_PLAIN, "", "%s", culprit_text(v, f));
			l->prio = shown < 1 ? 0 : 5;
		}
		shown++;
	}
	if (real > shown)
		(void)screen_say(s, v, TONE_DIM, "", "and %zu more findings", real - shown);
	if (fs->nblind)
		screen_say(s, v, TONE_DIM, "", "%zu thing%s could not be seen: plimsoll doctor",
			fs->nblind, fs->nblind == 1 ? "" : "s")
			->prio = 6;
}

enum { O_NAME, O_USED, O_LIMIT, O_LEFT, O_TIME, O_REFUSED, O_HIGH, O_NETNS, O_HELD };

static const struct screen_column overview_columns[] = {
	[O_NAME] = {"resource", "least left", CELL_TEXT, 21, 0, true, -1, NULL,
		"what can run out, as findings name it", "the ledger: plimsoll limits"},
	[O_USED] = {"used", "used", CELL_COUNT, 9, 0, false, -1, NULL,
		"what is in use of it, in its own unit",
		"each row names its own: plimsoll limits --json"},
	[O_LIMIT] = {"limit", "limit", CELL_COUNT, 9, 0, false, -1, NULL, "what there may be of it",
		"as for used"},
	[O_LEFT] = {"left", "left", CELL_SHARE, 6, 0, false, -1, NULL, "the part that is left",
		"limit and used"},
	[O_TIME] = {"time", "time left", CELL_SECONDS, 10, 1, false, -1, NULL,
		"until nothing is left, where it grows steadily enough to say so", "slope of used"},
	[O_REFUSED] = {"refused", "ref/s", CELL_COUNT, 6, 2, false, -1, "a second",
		"times that somebody wanted it and did not get it", "counters of the kernel"},
	[O_HIGH] = {"high", "high", CELL_COUNT, 9, 5, false, -1, NULL,
		"most that was in use in the time looked at, or since the kernel counts it",
		"as for used"},
	[O_NETNS] = {"netns", "netns", CELL_TEXT, 10, 4, false, -1, NULL, "network namespace",
		"/run/netns"},
	[O_HELD] = {"held", "held by", CELL_TEXT, 14, 3, true, -1, NULL,
		"who holds most of it, with pid and share", "processes, sockets, open files"},
};

enum cell_unit unit_of_resource(const char *unit)
{
	return strcmp(unit, "bytes") == 0 || strcmp(unit, "bytes/s") == 0 ? CELL_BYTES
	       : strcmp(unit, "ratio") == 0                               ? CELL_SHARE
	       : strcmp(unit, "CPUs") == 0                                ? CELL_CPUS
	       : strcmp(unit, "seconds") == 0                             ? CELL_SECONDS
									  : CELL_COUNT;
}

void ledger_holders_text(struct view *v, const struct ledger_row *r, const char **ret)
{
	const char *held = "";
	for (size_t k = 0; k < r->nholders && k < 3; k++) {
		const struct who *h = &r->holders[k];
		const char *pid =
			h->pid && strcmp(h->kind, "file") != 0 ? say(v, " (%d)", h->pid) : "";
		const char *share =
			h->share >= 0 && h->share < 0.995 ? say(v, " %.0f %%", 100 * h->share) : "";
		held = say(v, "%s%s%s%s%s", held, k ? ", " : "", h->value, pid, share);
	}
	*ret = held;
}

static int build_overview(struct screen *s, struct view *v, const struct screen_context *c)
{
	struct ledger l;
	say_findings(s, v, c);
	screen_say(s, v, TONE_PLAIN, "", "%s", "")->prio = 7;
	meter_cpu(s, v, c);
	meter_memory(s, v, c);
	meter_disks(s, v, c, c->tall ? 4 : 1);
	meter_net(s, v, c, c->tall ? 4 : 1);
	screen_say(s, v, TONE_PLAIN, "", "%s", "")->prio = 7;
	int r = ledger_build(v, &l);
	if (r < 0)
		return r;
	s->empty = "the ledger has no row";
	for (size_t i = 0; i < l.count; i++) {
		const struct ledger_row *p = &l.rows[i];
		struct screen_row *row =
			screen_add(s, key_pair(key_of(p->name, strlen(p->name)), p->netns));
		if (!row)
			break;
		enum cell_unit unit = unit_of_resource(p->unit);
		const char *held;
		double left = ledger_left(p);
		ledger_holders_text(v, p, &held);
		cell_text(row, O_NAME, p->name);
		cell_unit(row, O_USED, p->used, unit);
		if (p->limit >= 0)
			cell_unit(row, O_LIMIT, p->limit, unit);
		if (left <= 1)
			cell_number(s, row, O_LEFT, left);
		if (p->eta_s >= 0)
			cell_number(s, row, O_TIME, p->eta_s);
		if (p->refused_per_s > 0)
			cell_number(s, row, O_REFUSED, p->refused_per_s);
		cell_unit(row, O_HIGH, p->high, unit);
		cell_text(row, O_NETNS, series_netns_name(v->series, p->netns));
		cell_text(row, O_HELD, held);
		row->item = p;
		row->tone = tone_of_resource(c->findings, p->name, (int)p->netns);
	}
	return 0;
}

static bool follow_ledger(const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to)
{
	(void)c;
	const struct ledger_row *p = row->item;
	bool sockets = p && resource_of_sockets(p->resource);
	bool found = false;
	for (size_t i = 0; p && i < p->nholders && !found; i++)
		found = subject_of_who(v, &p->holders[i], sockets, ret, ret_to);
	if (p && (subject_of_socket(p->resource, p->name, p->netns, ret, ret_to) || found))
		return true;
	if (p && p->cgroup) {
		const char *path = intern_text(&v->series->names, p->cgroup);
		(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s", path);
		subject_name(ret, "%s", path);
		*ret_to = SCREEN_PROCS;
		return true;
	}
	return false;
}

const struct screen_maker screen_overview = {
	COLUMNS_OF(overview_columns), build_overview, follow_ledger};

/* ---- findings ---- */

enum {
	F_SEVERITY,
	F_TITLE,
	F_RESOURCE,
	F_USED,
	F_LIMIT,
	F_TIME,
	F_SINCE,
	F_CULPRIT,
	F_STATE,
	F_RULE
};

static const struct screen_column finding_columns[] = {
	[F_SEVERITY] = {"severity", "severity", CELL_TEXT, 8, 0, false, -1, NULL,
		"critical: work is refused or lost; warning: delayed, or soon; note: hurts nobody",
		"the rule"},
	[F_TITLE] = {"title", "finding", CELL_TEXT, 40, 0, true, -1, NULL,
		"what is running out, and where", "the rule"},
	[F_RESOURCE] = {"resource", "resource", CELL_TEXT, 18, 3, false, -1, NULL,
		"class of the resource, and which", "plimsoll explain RESOURCE"},
	[F_USED] = {"used", "used", CELL_COUNT, 9, 4, false, -1, NULL, "what is in use of it",
		"the proof names it"},
	[F_LIMIT] = {"limit", "limit", CELL_COUNT, 9, 4, false, -1, NULL, "what there may be",
		"the proof names it"},
	[F_TIME] = {"time", "time left", CELL_SECONDS, 10, 5, false, -1, NULL,
		"until nothing is left, where that can be said", "slope of used"},
	[F_SINCE] = {"since", "for", CELL_SECONDS, 8, 1, false, -1, NULL,
		"since when it is so, as far as was looked", "samples of the window"},
	[F_CULPRIT] = {"culprit", "culprit", CELL_TEXT, 20, 2, true, -1, NULL,
		"who uses it up; Enter shows what it has and does", "ledger of holders"},
	[F_STATE] = {"state", "state", CELL_TEXT, 9, 6, false, -1, NULL,
		"filling, saturated, exhausted, stalled, wrong or note", "the rule"},
	[F_RULE] = {"rule", "rule", CELL_TEXT, 20, 7, false, -1, NULL,
		"which rule says so: plimsoll explain RULE", "the catalogue"},
};

static int build_findings(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct findings *fs = c->findings;
	s->empty = fs->overall == OVERALL_UNKNOWN
			   ? "the numbers that a verdict needs could not be read"
			   : "nothing is running out, nobody waits";
	for (size_t i = 0; i < fs->count; i++) {
		const struct verdict *f = &fs->rows[i];
		const char *id = finding_id(v, f);
		struct screen_row *row = screen_add(s, key_of(id, strlen(id)));
		if (!row)
			break;
		enum cell_unit unit =
			unit_of_resource(resource_info(rule_info(f->rule)->resource)->unit);
		row->item = f;
		row->tone = tone_of(f);
		cell_text(row, F_SEVERITY,
			f->state == STATE_NOTE ? "note" : severity_name(f->severity));
		cell_text(row, F_TITLE, f->title);
		cell_text(row, F_RESOURCE, f->resource);
		cell_unit(row, F_USED, f->used, unit);
		if (f->limit >= 0)
			cell_unit(row, F_LIMIT, f->limit, unit);
		if (f->eta_s >= 0)
			cell_number(s, row, F_TIME, f->eta_s);
		cell_number(s, row, F_SINCE,
			f->since_ns && f->since_ns < v->now_ns
				? (double)(v->now_ns - f->since_ns) / 1e9
				: 0);
		cell_text(row, F_CULPRIT, culprit_text(v, f));
		cell_text(row, F_STATE, state_name(f->state));
		cell_text(row, F_RULE, rule_info(f->rule)->name);
	}
	for (size_t i = 0; i < fs->nblind && i < 4; i++)
		screen_say(s, v, TONE_DIM, "not seen", "%s: %s; hides %s", fs->blind[i].what,
			fs->blind[i].why, fs->blind[i].hides)
			->prio = 1;
	return 0;
}

static bool follow_finding(const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to)
{
	(void)c;
	const struct verdict *f = row->item;
	enum resource resource = rule_info(f->rule)->resource;
	bool sockets = resource_of_sockets(resource), found = false;
	for (size_t i = 0; i < f->nculprits && !found; i++)
		found = subject_of_who(v, &f->culprits[i], sockets, ret, ret_to);
	if (subject_of_socket(resource, f->resource, f->netns, ret, ret_to) || found)
		return true;
	if (f->pid > 0) {
		const struct who w = {.kind = "process", .value = f->title, .pid = f->pid};
		return subject_of_who(v, &w, sockets, ret, ret_to);
	}
	if (f->cgroup) {
		(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s",
			intern_text(&v->series->names, f->cgroup));
		subject_name(ret, "%s", ret->cgroup);
		*ret_to = SCREEN_PROCS;
		return true;
	}
	return false;
}

const struct screen_maker screen_findings = {
	COLUMNS_OF(finding_columns), build_findings, follow_finding};
