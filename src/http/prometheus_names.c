/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Which series, labels and metrics there are: what editors of queries offer. */
#include "http/prometheus.h"

#include "base/clock.h"
#include "base/num.h"
#include "query/promql_buckets.h"
#include "query/promql_history.h"
#include "show/openmetrics.h"

#include <errno.h>
#include <string.h>

enum {
	SERIES_SHOWN = 20000,
	HISTOGRAMS = 16,
	OWN_LABELS = 2, /* that of the metric, and netns */
};

static const uint64_t SPAN_NS = UINT64_C(3600000000000); /* back from the end, when nobody says */

/* ---- what is selected ---- */

struct selection {
	struct promql *q; /* one for each match[] */
	size_t n;
	uint64_t from_ns, to_ns;
};

static void selection_free(struct selection *s)
{
	for (size_t i = 0; i < s->n; i++)
		promql_free(&s->q[i]);
	free(s->q);
}

/* -EINVAL: answered. */
static int selection_read(const struct params *p, struct answer *ret, struct selection *s)
{
	char why[EXPRESSION_ERROR];
	uint64_t now = clock_real_ns();
	*s = (struct selection){.to_ns = now};
	if (param_time(p, PARAM_END, now, ret, &s->to_ns) < 0)
		return -EINVAL;
	s->from_ns = s->to_ns > SPAN_NS ? s->to_ns - SPAN_NS : 0;
	if (param_time(p, PARAM_START, now, ret, &s->from_ns) < 0)
		return -EINVAL;
	s->q = calloc(p->match.n + 1, sizeof *s->q);
	if (!s->q) {
		answer_no_memory(ret);
		return -EINVAL;
	}
	for (; s->n < p->match.n; s->n++) {
		int r = promql_parse_selector(p->match.text[s->n], &s->q[s->n], why);
		if (r == 0)
			continue;
		if (r == -EINVAL)
			answer_error(ret, ANSWER_BAD_REQUEST, "match[]: %s", why);
		else
			answer_no_memory(ret);
		selection_free(s);
		return -EINVAL;
	}
	return 0;
}

static bool wanted(void *selection, const struct history_series *series)
{
	const struct selection *s = selection;
	bool any = s->n == 0;
	for (size_t i = 0; i < s->n && !any; i++)
		any = selector_matches(&s->q[i].selectors[0], series);
	return any;
}

/* What is answered with the series that were selected; they are gone afterwards. */
typedef void answer_from(
	struct answer *ret, const struct params *p, const struct history_series *all, size_t n);

static void answer_selected(
	struct window *w, const struct params *p, struct answer *ret, answer_from *from)
{
	struct selection s;
	const struct history_series *all;
	size_t n;
	if (selection_read(p, ret, &s) < 0)
		return;
	int r = history_select(w->history, s.from_ns, s.to_ns, wanted, &s, &all, &n);
	if (r == 0)
		from(ret, p, all, n);
	else
		answer_unread(ret, r);
	selection_free(&s);
}

/* ---- series ---- */

static void add_series(struct show_text *t, enum metric m, const struct promql_id *id)
{
	char name[PROMETHEUS_NAME];
	show_text_add(t, "{\"__name__\":");
	show_text_json(t, metric_prometheus_name(name, m));
	for (unsigned i = 0; i < id->n; i++) {
		show_text_add(t, ",");
		show_text_json(t, id->l[i].name);
		show_text_add(t, ":");
		show_text_json(t, id->l[i].value);
	}
	show_text_add(t, "}");
}

static void series_of(
	struct answer *ret, const struct params *p, const struct history_series *all, size_t n)
{
	struct show_text t = {0};
	(void)p;
	show_text_add(&t, "{\"status\":\"success\",\"data\":[");
	for (size_t i = 0; i < n && i < SERIES_SHOWN; i++) {
		struct promql_id id = promql_history_id(&all[i], "");
		struct promql_id before = promql_history_id(&all[i ? i - 1 : 0], "");
		if (i && all[i - 1].metric == all[i].metric && promql_id_compare(&before, &id) == 0)
			continue;
		show_text_add(&t, i ? "," : "");
		add_series(&t, all[i].metric, &id);
	}
	show_text_add(&t, n > SERIES_SHOWN ? "],\"warnings\":[\"only the first 20000\"]}" : "]}");
	answer_text(ret, &t);
}

void prometheus_series(struct window *w, const struct params *p, struct answer *ret)
{
	if (p->match.n == 0)
		answer_error(ret, ANSWER_BAD_REQUEST, "match[]: is missing");
	else
		answer_selected(w, p, ret, series_of);
}

/* ---- names and values of labels ---- */

struct texts {
	const char **rows;
	size_t n;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, drops what is there twice, writes, frees. */
static void answer_texts(struct answer *ret, struct texts *all)
{
	struct show_text t = {0};
	if (all->n)
		qsort(all->rows, all->n, sizeof *all->rows, compare_texts);
	show_text_add(&t, "{\"status\":\"success\",\"data\":[");
	for (size_t i = 0; i < all->n; i++) {
		if (i && strcmp(all->rows[i - 1], all->rows[i]) == 0)
			continue;
		show_text_add(&t, i ? "," : "");
		show_text_json(&t, all->rows[i]);
	}
	show_text_add(&t, "]}");
	free(all->rows);
	answer_text(ret, &t);
}

static void labels_of(
	struct answer *ret, const struct params *p, const struct history_series *all, size_t n)
{
	struct texts names = {malloc((n + 1) * (OWN_LABELS + 1) * sizeof *names.rows), 0};
	(void)p;
	if (!names.rows) {
		answer_no_memory(ret);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct promql_id id = promql_history_id(&all[i], "");
		names.rows[names.n++] = "__name__";
		for (unsigned k = 0; k < id.n; k++)
			names.rows[names.n++] = id.l[k].name;
	}
	answer_texts(ret, &names);
}

void prometheus_labels(struct window *w, const struct params *p, struct answer *ret)
{
	answer_selected(w, p, ret, labels_of);
}

/* Names of metrics are made, so they are written from a table of which of them there are. */
static void names_of(struct answer *ret, const struct history_series *all, size_t n)
{
	/* Of the one thread that reads the past; and of the histograms, of which there are few. */
	static char names[METRIC_COUNT][PROMETHEUS_NAME], made[HISTOGRAMS][2][PROMETHEUS_NAME];
	size_t histograms = 0;
	bool there[METRIC_COUNT] = {0};
	struct texts texts = {malloc((METRIC_COUNT + 2 * HISTOGRAMS) * sizeof *texts.rows), 0};
	if (!texts.rows) {
		answer_no_memory(ret);
		return;
	}
	for (size_t i = 0; i < n; i++)
		there[all[i].metric] = true;
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		if (!there[m])
			continue;
		texts.rows[texts.n++] = metric_prometheus_name(names[m], (enum metric)m);
		if (!promql_has_buckets((enum metric)m) || histograms == HISTOGRAMS)
			continue;
		char(*of)[PROMETHEUS_NAME] = made[histograms++];
		texts.rows[texts.n++] = promql_buckets_name(of[0], (enum metric)m, PROMQL_BUCKET);
		texts.rows[texts.n++] = promql_buckets_name(of[1], (enum metric)m, PROMQL_COUNTED);
	}
	answer_texts(ret, &texts);
}

static void values_of(
	struct answer *ret, const struct params *p, const struct history_series *all, size_t n)
{
	if (strcmp(p->part, "__name__") == 0) {
		names_of(ret, all, n);
		return;
	}
	struct texts values = {malloc((n + 1) * sizeof *values.rows), 0};
	if (!values.rows) {
		answer_no_memory(ret);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct promql_id id = promql_history_id(&all[i], "");
		const char *value = promql_id_label(&id, p->part);
		if (*value)
			values.rows[values.n++] = value;
	}
	answer_texts(ret, &values);
}

void prometheus_label_values(struct window *w, const struct params *p, struct answer *ret)
{
	answer_selected(w, p, ret, values_of);
}

/* ---- what is known without a recording ---- */

void prometheus_metadata(struct window *w, const struct params *p, struct answer *ret)
{
	(void)w;
	uint64_t limit = METRIC_COUNT;
	struct show_text t = {0};
	size_t shown = 0;
	if (p->text[PARAM_LIMIT] && num_u64(p->text[PARAM_LIMIT], &limit) < 0) {
		answer_error(
			ret, ANSWER_BAD_REQUEST, "limit: '%s' is no number", p->text[PARAM_LIMIT]);
		return;
	}
	show_text_add(&t, "{\"status\":\"success\",\"data\":{");
	for (unsigned m = 0; m < METRIC_COUNT && shown < limit; m++) {
		char name[PROMETHEUS_NAME], help[512];
		const struct metric_info *i = metric_info((enum metric)m);
		metric_prometheus_name(name, (enum metric)m);
		if (p->text[PARAM_METRIC] && strcmp(p->text[PARAM_METRIC], name) != 0)
			continue;
		show_text_add(&t, shown++ ? ",\n" : "");
		show_text_json(&t, name);
		show_text_add(&t, i->kind == METRIC_COUNTER ? ":[{\"type\":\"counter\",\"help\":"
							    : ":[{\"type\":\"gauge\",\"help\":");
		show_text_json(&t, openmetrics_help(help, sizeof help, (enum metric)m));
		show_text_add(&t, ",\"unit\":");
		show_text_json(&t, metric_base_unit((enum metric)m));
		show_text_add(&t, "}]");
	}
	show_text_add(&t, "}}");
	answer_text(ret, &t);
}

/* Grafana decides by the version what it may ask: it is that of the API that is spoken here. */
void prometheus_buildinfo(struct window *w, const struct params *p, struct answer *ret)
{
	(void)w;
	(void)p;
	answer_json(ret, ANSWER_OK,
		json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}}", "status", "success",
			"data", "version", "2.42.0", "revision", "plimsoll " PLIMSOLL_VERSION,
			"branch", "", "buildUser", "", "buildDate", "", "goVersion", "",
			"application", "Plimsoll"));
}

/* Rules of alerting as Prometheus has them: there are none; findings are in /api/v1/check. */
void prometheus_rules(struct window *w, const struct params *p, struct answer *ret)
{
	(void)w;
	(void)p;
	answer_json(ret, ANSWER_OK,
		json_pack("{s:s, s:{s:[]}}", "status", "success", "data", "groups"));
}

void prometheus_exemplars(struct window *w, const struct params *p, struct answer *ret)
{
	(void)w;
	(void)p;
	answer_json(ret, ANSWER_OK, json_pack("{s:s, s:[]}", "status", "success", "data"));
}
