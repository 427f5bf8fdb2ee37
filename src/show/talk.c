/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/talk.h"

#include "base/text.h"
#include "ledger/group.h"
#include "show/table.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
	ROW_COLUMNS = 11,
	SIDE_COLUMNS = 6,
	SIDE_ROWS = 4,
	INTERFACES_SHOWN = 8,
	CELLS_CEILING = 1 << 30
};

/* ---- what both forms say ---- */

static const char *proto_name(uint16_t proto, char buf[static 16])
{
	switch (proto) {
	case TALK_TCP: return "tcp";
	case TALK_UDP: return "udp";
	case TALK_ICMP: return "icmp";
	case TALK_ICMPV6: return "icmp6";
	case TALK_NOT_IP: return "no IP";
	case 0: return "";
	default: break;
	}
	(void)snprintf(buf, 16, "ip:%u", proto);
	return buf;
}

static const char *netns_name(
	const struct talk *t, uint16_t netns, char buf[static TALK_NETNS_NAME])
{
	if (netns == 0 || netns >= t->nnetns)
		return "";
	if (t->netns[netns].name[0])
		return t->netns[netns].name;
	(void)snprintf(buf, TALK_NETNS_NAME, "%" PRIu64, t->netns[netns].inode);
	return buf;
}

static const char *kind_of_owner(enum talk_who who)
{
	static const char *const names[] = {
		[TALK_UNKNOWN] = "unknown",
		[TALK_PROCESS] = "process",
		[TALK_KERNEL] = "kernel",
		[TALK_FORWARDED] = "forwarded",
	};
	return names[who];
}

static const struct talk_name *name_of(const struct talk_view *v, const struct address *a)
{
	const struct talk_name *n = a && v->name ? v->name(v->ctx, a) : NULL;
	return n && n->from != TALK_NAME_NONE ? n : NULL;
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static double rate(const struct talk *t, uint64_t bytes)
{
	return t->window_s > 0 ? (double)bytes / t->window_s : 0;
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_text(s) : json_null();
}

static json_t *peer_json(const struct address *a)
{
	char buf[48];
	return a ? json_string(address_text(buf, a)) : json_null();
}

static json_t *row_json(const struct talk_view *v, const struct talk_row *r)
{
	char proto[16], netns[TALK_NETNS_NAME];
	const struct talk_name *n = name_of(v, r->peer);
	json_t *j = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "process",
		r->owner ? text_or_null(r->owner->comm) : json_null(), "pid",
		r->owner ? json_integer(r->owner->pid) : json_null(), "cgroup",
		text_or_null(r->cgroup), "peer", peer_json(r->peer), "port",
		r->port ? json_integer(r->port) : json_null(), "proto",
		text_or_null(proto_name(r->proto, proto)), "netns",
		r->one_netns ? text_or_null(netns_name(v->talk, r->netns, netns)) : json_null(),
		"name", text_or_null(n ? n->name : NULL), "name_from",
		n ? json_string(n->from == TALK_NAME_ANSWER ? "dns-answer" : "reverse")
		  : json_null(),
		"name_unicode", text_or_null(n ? n->unicode : NULL));
	json_t *numbers = json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o}", "sent_per_s",
		json_amount(rate(v->talk, r->sent)), "received_per_s",
		json_amount(rate(v->talk, r->received)), "sent", json_amount((double)r->sent),
		"received", json_amount((double)r->received), "connections", (int)r->connections,
		"retransmits", (int)r->retransmits, "rtt_s",
		r->rtt_s < 0 ? json_null() : json_real(r->rtt_s), "who",
		v->by == TALK_BY_PEER ? json_null() : json_string(kind_of_owner(r->who)),
		"direction", r->port ? json_string(r->incoming ? "in" : "out") : json_null());
	if (!j || !numbers || json_object_update(j, numbers) < 0) {
		json_decref(j);
		j = NULL;
	}
	json_decref(numbers);
	return j;
}

static json_t *side_json(const char *sign, const struct talk_side *s, bool part)
{
	static const char *const keys[] = {
		"", "attributed_", "headers_", "forwarded_", "remainder_"};
	const uint64_t values[] = {
		s->counted, s->attributed, s->headers, s->forwarded, s->remainder};
	json_t *j = json_object();
	for (size_t i = 0; j && i < COUNTOF(keys); i++) {
		char key[32];
		(void)snprintf(key, sizeof key, "%s%s", keys[i], sign);
		json_object_set_new(
			j, key, i && part ? json_null() : json_amount((double)values[i]));
	}
	return j;
}

static json_t *interface_json(const struct talk_view *v, const struct talk_check *c)
{
	char netns[TALK_NETNS_NAME];
	json_t *j = json_pack("{s:o, s:o, s:b, s:o}", "netns",
		text_or_null(netns_name(v->talk, c->interface->netns, netns)), "if",
		json_text(c->interface->name), "loopback", c->interface->loopback, "part_of",
		c->part_of ? json_text(c->part_of->name) : json_null());
	json_t *sent = side_json("sent", &c->sent, c->part_of),
	       *received = side_json("received", &c->received, c->part_of);
	if (j && sent && received) {
		json_object_update(j, sent);
		json_object_update(j, received);
	}
	json_decref(sent);
	json_decref(received);
	return j;
}

static json_t *blind_json(const struct talk *t)
{
	json_t *a = json_array();
	for (size_t i = 0; i < t->nblind; i++)
		json_array_append_new(a,
			json_pack("{s:o, s:o, s:[o]}", "what", json_text(t->blind[i].what), "why",
				json_text(t->blind[i].why), "hides", json_text(t->blind[i].hides)));
	return a;
}

json_t *json_talk(const struct talk_view *v)
{
	const struct talk *t = v->talk;
	char at[40];
	json_t *rows = json_array(), *interfaces = json_array();
	size_t shown = v->rows->count < v->limit ? v->rows->count : v->limit;
	for (size_t i = 0; i < shown; i++)
		json_array_append_new(rows, row_json(v, &v->rows->rows[i]));
	struct talk_check *checks = calloc(t->ninterfaces + 1, sizeof *checks);
	if (checks)
		talk_check(t, checks);
	for (size_t i = 0; checks && i < t->ninterfaces; i++)
		json_array_append_new(interfaces, interface_json(v, &checks[i]));
	free(checks);
	return json_pack(
		"{s:i, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o}",
		"schema", 1, "at", text_time(at, t->real_ns), "window_s", json_amount(t->window_s),
		"by", talk_by_name(v->by), "sent", json_amount((double)v->rows->sent), "received",
		json_amount((double)v->rows->received), "rows", rows, "rows_left_out",
		json_integer((json_int_t)(v->rows->count - shown)), "interfaces", interfaces,
		"blind", blind_json(t), "ended", json_integer((json_int_t)t->ended), "unresolved",
		json_integer((json_int_t)t->unresolved), "dumps", (int)t->dumps, "dump_s",
		json_amount(t->dump_s), "packets", json_integer((json_int_t)t->packets),
		"packets_lost", json_integer((json_int_t)t->lost));
}

/* ---- text ---- */

static const char *safe(struct arena *a, const char *s)
{
	char buf[2048];
	return arena_str(a, text_safe(buf, sizeof buf, s));
}

static const char *rate_text(struct arena *a, double v)
{
	char b[32];
	return v > 0 ? arena_printf(a, "%s/s", text_bytes(b, v)) : "-";
}

static const char *bytes_cell(struct arena *a, uint64_t v)
{
	char b[32];
	return v ? arena_str(a, text_bytes(b, (double)v)) : "-";
}

static const char *process_cell(struct arena *a, const struct talk_row *r)
{
	if (r->owner)
		return arena_printf(a, "%s (%" PRId32 ")",
			r->owner->comm[0] ? safe(a, r->owner->comm) : "?", r->owner->pid);
	return r->who == TALK_KERNEL      ? "no process"
	       : r->who == TALK_FORWARDED ? "forwarded"
					  : "unknown";
}

static const char *peer_cell(struct arena *a, const struct talk_view *v, const struct talk_row *r)
{
	char buf[48];
	if (!r->peer)
		return "-";
	const struct talk_name *n = name_of(v, r->peer);
	const char *address = arena_str(a, address_text(buf, r->peer));
	if (!n)
		return address;
	/* What a reverse zone says of an address its owner chose; the address stands beside it. */
	const char *name = safe(a, n->name);
	if (n->unicode[0])
		name = arena_printf(a, "%s [%s]", name, safe(a, n->unicode));
	return arena_printf(a, "%s%s (%s)", n->from == TALK_NAME_REVERSE ? "~" : "", name, address);
}

static const char *service_cell(struct arena *a, const struct talk_row *r)
{
	char buf[16];
	const char *proto = proto_name(r->proto, buf);
	if (!r->port)
		return arena_str(a, proto);
	return arena_printf(a, "%s:%u %s", proto, r->port, r->incoming ? "in" : "out");
}

static const char *rtt_text(struct arena *a, double s)
{
	char b[32];
	if (s < 0)
		return "-";
	return s < 0.01 ? arena_printf(a, "%.2f ms", 1e3 * s) : arena_str(a, text_duration(b, s));
}

/* The unit or container; the root has no name but its path. */
static const char *group_cell(struct arena *a, const char *path)
{
	char title[GROUP_TITLE];
	return safe(a, *group_title(title, path) ? title : path);
}

static void row_cells(
	struct arena *a, const struct talk_view *v, const struct talk_row *r, const char **c)
{
	char netns[TALK_NETNS_NAME];
	*c++ = v->by == TALK_BY_CGROUP && r->cgroup ? group_cell(a, r->cgroup) : process_cell(a, r);
	*c++ = peer_cell(a, v, r);
	*c++ = service_cell(a, r);
	*c++ = rate_text(a, rate(v->talk, r->sent));
	*c++ = rate_text(a, rate(v->talk, r->received));
	*c++ = bytes_cell(a, r->sent);
	*c++ = bytes_cell(a, r->received);
	*c++ = arena_printf(a, "%" PRIu32, r->connections);
	*c++ = r->retransmits ? arena_printf(a, "%" PRIu32, r->retransmits) : "-";
	*c++ = rtt_text(a, r->rtt_s);
	*c = r->one_netns ? safe(a, netns_name(v->talk, r->netns, netns)) : "several";
}

/* The columns that this sort of rows has. */
static void print_rows(
	FILE *f, struct style st, struct arena *a, const struct talk_view *v, size_t shown)
{
	static const struct column all[ROW_COLUMNS] = {{"process", false, true, 0, 14},
		{"peer", false, true, 0, 18}, {"service", false, false, 2, 0},
		{"sent/s", true, false, 0, 0}, {"received/s", true, false, 0, 0},
		{"sent", true, false, 5, 0}, {"received", true, false, 5, 0},
		{"conns", true, false, 4, 0}, {"retrans", true, false, 3, 0},
		{"rtt", true, false, 3, 0}, {"netns", false, true, 6, 6}};
	struct column columns[ROW_COLUMNS];
	const char *line[ROW_COLUMNS];
	size_t n = 0, picked[ROW_COLUMNS];
	for (size_t c = 0; c < ROW_COLUMNS; c++) {
		bool left_out = (c == 0 && v->by == TALK_BY_PEER) ||
				(c == 1 && (v->by == TALK_BY_PROCESS || v->by == TALK_BY_CGROUP)) ||
				(c == 2 && v->by == TALK_BY_PEER);
		if (left_out)
			continue;
		picked[n] = c;
		columns[n] = all[c];
		if (c == 0 && v->by == TALK_BY_CGROUP)
			columns[n].name = "cgroup";
		n++;
	}
	const char **cells = arena_alloc(a, (shown + 1) * n * sizeof *cells);
	for (size_t i = 0; cells && i < shown; i++) {
		row_cells(a, v, &v->rows->rows[i], line);
		for (size_t k = 0; k < n; k++)
			cells[i * n + k] = line[picked[k]];
	}
	const struct text_table t = {columns, n, cells, cells ? shown : 0};
	table_print(f, &t, st.width, st.color);
}

static const char *share_cell(struct arena *a, uint64_t part, uint64_t whole)
{
	return whole ? arena_printf(a, "%.0f %%", 100 * share(part, whole)) : "";
}

static size_t side_rows(
	struct arena *a, const struct talk_view *v, const struct talk_check *c, const char **cells)
{
	static const char *const what[SIDE_ROWS] = {
		"counted", "attributed", "headers, estimated", "not attributed"};
	const uint64_t sent[] = {
		c->sent.counted, c->sent.attributed, c->sent.headers, c->sent.remainder};
	const uint64_t received[] = {c->received.counted, c->received.attributed,
		c->received.headers, c->received.remainder};
	char netns[TALK_NETNS_NAME];
	const char *in = netns_name(v->talk, c->interface->netns, netns);
	for (size_t i = 0; i < SIDE_ROWS; i++) {
		*cells++ = i ? ""
			     : arena_printf(a, "%s%s%s", safe(a, c->interface->name),
				       *in ? " in " : "", safe(a, in));
		*cells++ = what[i];
		*cells++ = rate_text(a, rate(v->talk, sent[i]));
		*cells++ = i ? share_cell(a, sent[i], sent[0]) : "";
		*cells++ = rate_text(a, rate(v->talk, received[i]));
		*cells++ = i ? share_cell(a, received[i], received[0]) : "";
	}
	return SIDE_ROWS;
}

static int by_counted(const void *left, const void *right)
{
	const struct talk_check *a = left, *b = right;
	uint64_t x = a->sent.counted + a->received.counted,
		 y = b->sent.counted + b->received.counted;
	if (x != y)
		return x < y ? 1 : -1;
	return (a->interface > b->interface) - (a->interface < b->interface);
}

/* The busiest. Loopback is left out: nothing that matters is counted there by anybody else. */
static void print_check(FILE *f, struct style st, struct arena *a, const struct talk_view *v)
{
	static const struct column columns[SIDE_COLUMNS] = {{"interface", false, true, 0, 8},
		{"", false, false, 0, 0}, {"sent/s", true, false, 0, 0}, {"", true, false, 1, 0},
		{"received/s", true, false, 0, 0}, {"", true, false, 1, 0}};
	const struct talk *t = v->talk;
	struct talk_check *checks = arena_alloc(a, (t->ninterfaces + 1) * sizeof *checks);
	const char **cells =
		arena_alloc(a, (t->ninterfaces + 1) * SIDE_ROWS * SIDE_COLUMNS * sizeof *cells);
	size_t rows = 0;
	if (!checks || !cells)
		return;
	talk_check(t, checks);
	qsort(checks, t->ninterfaces, sizeof *checks, by_counted);
	for (size_t i = 0; i < t->ninterfaces && rows < INTERFACES_SHOWN * SIDE_ROWS; i++) {
		const struct talk_interface *n = checks[i].interface;
		if (!n->loopback && !checks[i].part_of && (n->sent || n->received))
			rows += side_rows(a, v, &checks[i], cells + rows * SIDE_COLUMNS);
	}
	if (!rows)
		return;
	(void)fputc('\n', f);
	const struct text_table table = {columns, SIDE_COLUMNS, cells, rows};
	table_print(f, &table, st.width, st.color);
}

static void print_notes(FILE *f, struct style st, const struct talk_view *v)
{
	const struct talk *t = v->talk;
	char a[32], line[2 * TALK_TEXT + TALK_TEXT];
	if (t->ended) {
		(void)snprintf(line, sizeof line,
			"%" PRIu64 " connection%s ended between two looks; what %s moved after the "
			"last one that saw %s is not attributed",
			t->ended, t->ended == 1 ? "" : "s", t->ended == 1 ? "it" : "they",
			t->ended == 1 ? "it" : "them");
		show_paragraph(f, st, "ended", line);
	}
	if (t->unresolved) {
		(void)snprintf(line, sizeof line, "%" PRIu64 " flow%s whose process was not found",
			t->unresolved, t->unresolved == 1 ? "" : "s");
		show_paragraph(f, st, "unknown", line);
	}
	int n = snprintf(line, sizeof line, "%u looks at all connections", t->dumps);
	if (t->dump_s > 0)
		n += snprintf(line + n, sizeof line - (size_t)n, "; the last took %s of CPU time",
			text_duration(a, t->dump_s));
	if (t->pace_s > 1)
		(void)snprintf(line + n, sizeof line - (size_t)n,
			", so the next waits %s: looking takes a tenth of a CPU at most",
			text_duration(a, t->pace_s));
	show_paragraph(f, st, "looked", line);
	for (size_t i = 0; i < t->nblind; i++) {
		(void)snprintf(line, sizeof line, "%s: %s; hides %s", t->blind[i].what,
			t->blind[i].why, t->blind[i].hides);
		show_paragraph(f, st, i ? "" : "not seen", line);
	}
}

int show_talk(FILE *f, struct style st, const struct talk_view *v)
{
	const struct talk *t = v->talk;
	size_t shown = v->rows->count < v->limit ? v->rows->count : v->limit;
	char at[40], window[32], sent[32], received[32];
	struct arena a;
	int r = arena_init(&a, CELLS_CEILING);
	if (r < 0)
		return r;
	(void)fprintf(f, "%s, %s: sent %s/s, received %s/s by %zu %s\n", text_time(at, t->real_ns),
		text_duration(window, t->window_s), text_bytes(sent, rate(t, v->rows->sent)),
		text_bytes(received, rate(t, v->rows->received)), v->rows->count,
		v->rows->count == 1 ? "row" : "rows");
	print_rows(f, st, &a, v, shown);
	if (shown < v->rows->count)
		(void)fprintf(f, "%zu more with less: --limit %zu\n", v->rows->count - shown,
			v->rows->count);
	print_check(f, st, &a, v);
	print_notes(f, st, v);
	arena_destroy(&a);
	return 0;
}
