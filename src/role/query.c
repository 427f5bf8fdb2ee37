/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* query: the numbers themselves. SELECTOR is a name with * and ?, and in braces labels that must be
 * equal (=, with the same wildcards) or different (!=). Gauges show their newest value; counters
 * their rate a second, and their total; shares the ratio of time. */
#include "base/text.h"
#include "role/commands.h"
#include "role/session.h"
#include "show/show.h"
#include "show/table.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sysexits.h>

enum { MATCHERS = 8 };

struct selector {
	char name[128];
	struct {
		char label[32], value[256];
		bool differs;
	} matchers[MATCHERS];
	size_t n;
};

/* NULL when it is well formed, else what is wrong. */
static const char *selector_parse(const char *s, struct selector *sel)
{
	*sel = (struct selector){0};
	size_t n = strcspn(s, "{");
	if (n == 0 || n >= sizeof sel->name)
		return "a name must come first";
	if (strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._*?") != n)
		return "a name has letters, digits, '.', '_', '*' and '?'";
	memcpy(sel->name, s, n);
	s += n;
	if (!*s)
		return NULL;
	s++;
	while (*s && *s != '}') {
		if (sel->n == MATCHERS)
			return "too many labels";
		size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
		if (len == 0 || len >= sizeof sel->matchers[0].label)
			return "a label's name is expected";
		memcpy(sel->matchers[sel->n].label, s, len);
		s += len;
		if (*s == '!') {
			sel->matchers[sel->n].differs = true;
			s++;
		}
		if (s[0] != '=' || s[1] != '"')
			return "=\"value\" is expected after a label";
		s += 2;
		size_t at = 0;
		for (; *s && *s != '"'; s++) {
			if (*s == '\\' && s[1])
				s++;
			if (at + 1 == sizeof sel->matchers[0].value)
				return "a value is too long";
			sel->matchers[sel->n].value[at++] = *s;
		}
		if (*s++ != '"')
			return "a value is not closed with '\"'";
		sel->n++;
		if (*s == ',')
			s++;
	}
	if (*s != '}' || s[1])
		return "'}' is expected at the end";
	return NULL;
}

static bool selects(const struct selector *sel, const struct series_set *set, uint32_t id)
{
	const struct series *row = series_row(set, id);
	const struct metric_info *m = metric_info((enum metric)row->metric);
	for (size_t i = 0; i < sel->n; i++) {
		const char *label = metric_label_name(m->label), *value = "";
		if (strcmp(sel->matchers[i].label, "netns") == 0)
			value = series_netns_name(set, row->netns);
		else if (label && strcmp(sel->matchers[i].label, label) == 0)
			value = series_instance(set, id);
		bool equal = fnmatch(sel->matchers[i].value, value, 0) == 0;
		if (equal == sel->matchers[i].differs)
			return false;
	}
	return true;
}

struct query_row {
	uint32_t id;
	bool have_value, have_rate;
	double value, rate;
};

static const char *labels_text(struct view *v, uint32_t id)
{
	const struct series *row = series_row(v->series, id);
	const char *label = metric_label_name(metric_info((enum metric)row->metric)->label),
		   *ns = series_netns_name(v->series, row->netns);
	const char *a = label && row->instance
				? arena_printf(&v->scratch, "%s=\"%s\"", label,
					  show_safe(v, series_instance(v->series, id)))
				: "";
	const char *b =
		*ns ? arena_printf(&v->scratch, "%snetns=\"%s\"", *a ? "," : "", show_safe(v, ns))
		    : "";
	return *a || *b ? arena_printf(&v->scratch, "{%s%s}", a, b) : "";
}

static void print_rows(
	const struct options *o, struct view *v, const struct query_row *rows, size_t n)
{
	static const struct column columns[] = {{"series", false, true, 0, 24},
		{"value", true, false, 0, 0}, {"rate/s", true, false, 1, 0},
		{"unit", false, false, 2, 0}};
	const char **cells = arena_alloc(&v->scratch, (n + 1) * 4 * sizeof *cells);
	if (!cells)
		return;
	if (o->set[OPTION_CSV])
		(void)puts("series,value,rate,unit");
	for (size_t i = 0; i < n; i++) {
		enum metric m = (enum metric)series_row(v->series, rows[i].id)->metric;
		const char *name = arena_printf(
			&v->scratch, "%s%s", metric_info(m)->name, labels_text(v, rows[i].id));
		const char *value = rows[i].have_value
					    ? arena_printf(&v->scratch, "%.15g", rows[i].value)
					    : "-";
		const char *rate =
			rows[i].have_rate ? arena_printf(&v->scratch, "%.6g", rows[i].rate) : "-";
		cells[i * 4] = name;
		cells[i * 4 + 1] = value;
		cells[i * 4 + 2] = rate;
		cells[i * 4 + 3] = metric_base_unit(m);
		if (o->set[OPTION_CSV]) {
			(void)putchar('"');
			for (const char *p = name; *p; p++)
				(void)printf(*p == '"' ? "\"\"" : "%c", *p);
			(void)printf("\",%s,%s,%s\n", value, rate, metric_base_unit(m));
		}
	}
	const struct text_table t = {columns, 4, cells, n};
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	if (!o->set[OPTION_CSV])
		table_print(stdout, &t, st.width, st.color);
}

static json_t *rows_json(struct view *v, const struct query_row *rows, size_t n)
{
	json_t *a = json_array();
	char at[40];
	for (size_t i = 0; i < n; i++) {
		const struct series *row = series_row(v->series, rows[i].id);
		enum metric m = (enum metric)row->metric;
		const char *label = metric_label_name(metric_info(m)->label),
			   *ns = series_netns_name(v->series, row->netns);
		json_t *labels = json_object();
		if (label && row->instance)
			json_object_set_new(
				labels, label, json_text(series_instance(v->series, rows[i].id)));
		if (*ns)
			json_object_set_new(labels, "netns", json_text(ns));
		json_array_append_new(
			a, json_pack("{s:s, s:o, s:s, s:s, s:o, s:o}", "metric",
				   metric_info(m)->name, "labels", labels, "kind",
				   metric_kind_name(m), "unit", metric_base_unit(m), "value",
				   rows[i].have_value ? json_amount(rows[i].value) : json_null(),
				   "rate",
				   rows[i].have_rate ? json_amount(rows[i].rate) : json_null()));
	}
	return json_pack(
		"{s:i, s:s, s:o}", "schema", 1, "at", text_time(at, v->now_ns), "series", a);
}

static int row_order(const struct view *v, uint32_t a, uint32_t b)
{
	const struct series *ra = series_row(v->series, a), *rb = series_row(v->series, b);
	if (ra->metric != rb->metric)
		return (int)ra->metric - (int)rb->metric;
	int n = strcmp(
		series_netns_name(v->series, ra->netns), series_netns_name(v->series, rb->netns));
	if (n)
		return n;
	/* "10" behind "9" */
	const char *x = series_instance(v->series, a), *y = series_instance(v->series, b);
	return strverscmp(x, y);
}

/* By metric as the catalogue has them, then by namespace and instance: the order of folders and of first sight is chance. */
static void sort_rows(const struct view *v, struct query_row *rows, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct query_row r = rows[i];
		size_t k = i;
		for (; k > 0 && row_order(v, rows[k - 1].id, r.id) > 0; k--)
			rows[k] = rows[k - 1];
		rows[k] = r;
	}
}

int command_query(struct options *o)
{
	struct selector sel;
	if (!o->argument)
		return complain(EX_USAGE,
			"query: a SELECTOR is missing, as 'cpu.*' or 'net.rx.bytes{if=\"eth0\"}'");
	const char *wrong = selector_parse(o->argument, &sel);
	if (wrong)
		return complain(EX_USAGE, "query: '%s': %s", o->argument, wrong);
	struct session s;
	int status = session_open(o, 2000000000u, WANT_CONNS, &s);
	if (status)
		return status;
	status = session_look(&s);
	struct view *v = &s.view;
	size_t n = 0;
	struct query_row *rows =
		status == 0 ? arena_alloc(&v->scratch, (v->series->count + 1) * sizeof *rows)
			    : NULL;
	bool known = false;
	for (unsigned m = 0; rows && m < METRIC_COUNT; m++) {
		if (fnmatch(sel.name, metric_info((enum metric)m)->name, 0) != 0)
			continue;
		known = true;
		for (uint32_t id = view_each(v, (enum metric)m, 0); id;
			id = view_each(v, (enum metric)m, id)) {
			struct query_row r = {.id = id};
			if (!selects(&sel, v->series, id))
				continue;
			enum metric_kind kind = metric_info((enum metric)m)->kind;
			r.have_value = kind == METRIC_SHARE ? view_rate(v, id, &r.value)
							    : view_gauge(v, id, &r.value);
			r.have_rate = kind == METRIC_COUNTER && view_rate(v, id, &r.rate);
			if (r.have_value)
				rows[n++] = r;
		}
	}
	if (status == 0)
		sort_rows(v, rows, n);
	if (status == 0 && !known)
		status = complain(EX_USAGE,
			"query: '%s': no metric has such a name (plimsoll explain lists them)",
			sel.name);
	else if (status == 0 && o->set[OPTION_JSON])
		status = json_write(stdout, rows_json(v, rows, n), false) < 0
				 ? complain(EX_IOERR, "standard output: %s", strerror(EIO))
				 : 0;
	else if (status == 0)
		print_rows(o, v, rows, n);
	if (status == 0 && (fflush(stdout) == EOF || ferror(stdout)))
		status = complain(EX_IOERR, "standard output: %s", strerror(errno));
	session_close(&s);
	return status;
}
