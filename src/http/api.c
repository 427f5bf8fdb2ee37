/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/api.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/catalogue.h"
#include "http/events.h"
#include "http/numbers.h"
#include "http/openapi.h"
#include "http/prometheus.h"
#include "http/tables.h"
#include "show/openmetrics.h"
#include "show/show.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const double FRESH_S = 10; /* a newest sample older than this: the recorder does not run */
static const double FRESH_INTERVALS = 3; /* unless it samples so seldom */
/* A little less than a second: who asks each second gets each second's sample. */
static const uint64_t REFRESH_NS = 900000000;

/* ---- errors ---- */

/* Why the store has no answer. */
static void answer_no_window(struct answer *a, const struct window *w)
{
	switch (w->error) {
	case 0:
	case -ENOENT:
	case -ENODATA:
		answer_error(a, ANSWER_UNAVAILABLE,
			"%s: nothing is recorded yet (plimsoll record writes it)", w->path);
		break;
	case -EAGAIN:
		answer_error(a, ANSWER_UNAVAILABLE,
			"%s: one sample so far; two are needed to say how fast anything changes",
			w->path);
		break;
	case -ENOTSUP:
		answer_error(a, ANSWER_UNAVAILABLE, "%s: written by a newer plimsoll", w->path);
		break;
	case -EBADMSG:
		answer_error(a, ANSWER_UNAVAILABLE, "%s: no store, or damaged", w->path);
		break;
	default: answer_error(a, ANSWER_UNAVAILABLE, "%s: %s", w->path, strerror(-w->error)); break;
	}
}

/* ---- what is answered from a window ---- */

/* Negative when the clock was set back behind the newest sample. */
static double age_s(uint64_t at_ns)
{
	return ((double)clock_real_ns() - (double)at_ns) / 1e9;
}

static bool is_running(const struct window *w, double age)
{
	return fabs(age) <= fmax(FRESH_S, window_interval_s(w) * FRESH_INTERVALS);
}

/* A sentence when the newest sample is not of now, else "". */
static const char *why_stale(const struct window *w, char buf[static 128])
{
	char span[32];
	double age = age_s(w->loaded_ns);
	buf[0] = '\0';
	if (!is_running(w, age))
		(void)snprintf(buf, 128,
			age > 0 ? "the newest sample is %s old: the recorder does not run"
				: "the newest sample lies %s ahead of this machine's clock",
			text_duration(span, fabs(age)));
	return buf;
}

static void health(struct window *w, const struct params *p, struct answer *ret)
{
	(void)p;
	char why[128], at[40];
	bool well = *why_stale(w, why) == '\0';
	answer_json(ret, well ? ANSWER_OK : ANSWER_UNAVAILABLE,
		json_pack("{s:s, s:s, s:f}", well ? "status" : "error", well ? "ok" : why, "at",
			text_time(at, w->loaded_ns), "age_s", age_s(w->loaded_ns)));
}

/* Old numbers would be stored as those of the moment of the scrape: better none. */
static void metrics(struct window *w, const struct params *p, struct answer *ret)
{
	(void)p;
	char why[128];
	if (*why_stale(w, why))
		answer_error(ret, ANSWER_UNAVAILABLE, "%s", why);
	else
		answer_written(ret, OPENMETRICS_CONTENT_TYPE, openmetrics_write, &w->view);
}

static void check(struct window *w, const struct params *p, struct answer *ret)
{
	(void)p;
	if (window_judge(w) < 0)
		answer_no_memory(ret);
	else
		answer_json(ret, ANSWER_OK,
			json_check(&w->view, &w->findings, PLIMSOLL_VERSION,
				history_host(w->history)));
}

static void limits(struct window *w, const struct params *p, struct answer *ret)
{
	(void)p;
	struct ledger l;
	if (ledger_build(&w->view, &l) < 0)
		answer_no_memory(ret);
	else
		answer_json(ret, ANSWER_OK, json_limits(&w->view, &l));
}

static void describe(struct window *w, const struct params *p, struct answer *ret)
{
	(void)w;
	(void)p;
	struct show_text t = {0};
	show_text_add(&t, openapi_json);
	answer_text(ret, &t);
}

/* ---- routes ---- */

static const struct route routes[] = {
	{"/healthz", health, ROUTE_PRESENT, false},
	{"/metrics", metrics, ROUTE_FRESH, false},
	{"/api/v1/check", check, ROUTE_KEPT, false},
	{"/api/v1/limits", limits, ROUTE_KEPT, false},
	{"/api/v1/view/*", answer_view, ROUTE_KEPT, false},
	{"/api/v1/query", answer_query, ROUTE_ARCHIVE, true},
	{"/api/v1/events", answer_events, ROUTE_ARCHIVE, false},
	{"/api/v1/catalogue", answer_catalogue, ROUTE_FIXED, false},
	{"/api/v1/openapi.json", describe, ROUTE_FIXED, false},
	{"/api/v1/query_range", prometheus_query_range, ROUTE_ARCHIVE, true},
	{"/api/v1/series", prometheus_series, ROUTE_ARCHIVE, true},
	{"/api/v1/labels", prometheus_labels, ROUTE_ARCHIVE, true},
	{"/api/v1/label/*/values", prometheus_label_values, ROUTE_ARCHIVE, false},
	{"/api/v1/metadata", prometheus_metadata, ROUTE_FIXED, false},
	{"/api/v1/status/buildinfo", prometheus_buildinfo, ROUTE_FIXED, false},
	{"/api/v1/rules", prometheus_rules, ROUTE_FIXED, false},
	{"/api/v1/query_exemplars", prometheus_exemplars, ROUTE_FIXED, true},
};

const struct route *route_at(size_t i)
{
	return i < COUNTOF(routes) ? &routes[i] : NULL;
}

/* Where the path has what the route's '*' stands for; false when it is another path. */
static bool matches(const char *route, const char *path, const char **ret, size_t *ret_n)
{
	const char *star = strchr(route, '*');
	if (!star)
		return strcmp(route, path) == 0;
	size_t before = (size_t)(star - route);
	if (strncmp(route, path, before) != 0)
		return false;
	*ret = path + before;
	*ret_n = strcspn(*ret, "/");
	return *ret_n > 0 && *ret_n < PARAM_PART && strcmp(*ret + *ret_n, star + 1) == 0;
}

const struct route *route_find(const char *path)
{
	const char *part;
	size_t n;
	for (size_t i = 0; i < COUNTOF(routes); i++)
		if (matches(routes[i].path, path, &part, &n))
			return &routes[i];
	return NULL;
}

void route_part(const struct route *r, const char *path, struct params *p)
{
	const char *part = "";
	size_t n = 0;
	(void)matches(r->path, path, &part, &n);
	memcpy(p->part, part, n);
	p->part[n] = '\0';
}

/* What is asked with more than a name is not kept, and may take longer. */
bool route_is_past(const struct route *r, const struct params *p)
{
	return r->place == ROUTE_ARCHIVE ||
	       (r->place == ROUTE_KEPT &&
		       (p->text[PARAM_AT] || p->text[PARAM_SORT] || p->text[PARAM_LIMIT]));
}

static void answer_not_then(struct answer *a, const struct window *w, uint64_t at_ns)
{
	char at[40], from[40], to[40];
	uint64_t first, last;
	if (!history_span(w->history, &first, &last))
		answer_no_window(a, w);
	else
		answer_error(a, ANSWER_NOT_FOUND,
			"at: nothing was recorded at %s; the store reaches from %s to %s",
			text_time(at, at_ns), text_time(from, first), text_time(to, last));
}

/* What is answered of the newest sample, of a window somewhere else. */
static void answer_at(
	const struct route *r, struct window *w, const struct params *p, struct answer *ret)
{
	uint64_t at_ns = clock_real_ns();
	if (param_time(p, PARAM_AT, at_ns, ret, &at_ns) < 0)
		return;
	int error = window_load_at(w, at_ns, !p->text[PARAM_AT]);
	if (error == -ENODATA && w->history)
		answer_not_then(ret, w, at_ns);
	else if (error < 0)
		answer_no_window(ret, w);
	else
		r->answer(w, p, ret);
}

void route_past(const struct route *r, struct window *w, const struct params *p, struct answer *ret)
{
	if (r->place == ROUTE_KEPT)
		answer_at(r, w, p, ret);
	else if (window_refresh(w) < 0)
		answer_no_window(ret, w);
	else
		r->answer(w, p, ret);
}

/* ---- the present ---- */

enum { KEPT = 24 };

/* Of a route, and of what its path has in the place of the '*'. */
struct kept {
	const struct route *route;
	char part[PARAM_PART];
	struct answer answer;
};

struct api {
	struct window window;
	uint64_t refreshed_ns; /* monotonic, 0: never */
	struct kept kept[KEPT];
	size_t nkept;
	struct answer once; /* what is not kept */
};

int api_open(const char *store, struct api **ret)
{
	struct api *a = calloc(1, sizeof *a);
	if (!a)
		return -ENOMEM;
	int r = window_init(&a->window, store);
	if (r < 0)
		free(a);
	else
		*ret = a;
	return r;
}

static void forget_kept(struct api *a)
{
	for (size_t i = 0; i < a->nkept; i++)
		answer_clear(&a->kept[i].answer);
	a->nkept = 0;
}

static struct answer *find_kept(struct api *a, const struct route *r, const struct params *p)
{
	for (size_t i = 0; i < a->nkept; i++)
		if (a->kept[i].route == r && strcmp(a->kept[i].part, p->part) == 0)
			return &a->kept[i].answer;
	return NULL;
}

/* Good answers of routes that are kept, while there is room. */
static const struct answer *keep(struct api *a, const struct route *r, const struct params *p)
{
	if ((r->place != ROUTE_KEPT && r->place != ROUTE_FRESH) || a->once.status != ANSWER_OK ||
		!a->once.text || a->nkept == KEPT)
		return &a->once;
	struct kept *k = &a->kept[a->nkept++];
	k->route = r;
	(void)snprintf(k->part, sizeof k->part, "%s", p->part);
	k->answer = a->once;
	a->once = (struct answer){0};
	return &k->answer;
}

void api_close(struct api *a)
{
	if (!a)
		return;
	forget_kept(a);
	answer_clear(&a->once);
	window_destroy(&a->window);
	free(a);
}

static void refresh(struct api *a)
{
	uint64_t now = clock_mono_ns();
	if (a->refreshed_ns && now - a->refreshed_ns < REFRESH_NS)
		return;
	a->refreshed_ns = now;
	uint64_t before = a->window.loaded_ns;
	if (window_follow(&a->window) < 0 || a->window.loaded_ns != before)
		forget_kept(a);
}

/* Is the newest sample of now? */
static bool is_now(const struct api *a)
{
	return is_running(&a->window, age_s(a->window.loaded_ns));
}

const struct answer *api_present(struct api *a, const struct route *r, const struct params *p)
{
	if (r->place != ROUTE_FIXED)
		refresh(a);
	const struct answer *kept = find_kept(a, r, p);
	if (kept && (r->place != ROUTE_FRESH || is_now(a)))
		return kept;
	answer_clear(&a->once);
	if (a->window.loaded_ns || r->place == ROUTE_FIXED)
		r->answer(&a->window, p, &a->once);
	else
		answer_no_window(&a->once, &a->window);
	return keep(a, r, p);
}

/* ---- the summary of each second ---- */

static json_t *rate_or_null(const struct view *v, enum metric m)
{
	double x;
	return view_rate(v, view_id(v, m, NETNS_HOST, 0), &x) ? json_amount(x) : json_null();
}

static json_t *gauge_or_null(const struct view *v, enum metric m)
{
	double x;
	return view_gauge(v, view_id(v, m, NETNS_HOST, 0), &x) ? json_amount(x) : json_null();
}

/* The host's interface that moves most. A sum over all of them would count a packet once for each bridge, bond and container
 * interface that it passes. */
static json_t *busiest_interface(const struct view *v)
{
	uint32_t best = 0;
	double most = -1, best_rx = 0, best_tx = 0, rx, tx;
	for (uint32_t id = view_each(v, M_NET_RX_BYTES, 0); id;
		id = view_each(v, M_NET_RX_BYTES, id)) {
		const struct series *row = series_row(v->series, id);
		if (row->netns != NETNS_HOST || strcmp(series_instance(v->series, id), "lo") == 0 ||
			!view_rate(v, id, &rx) ||
			!view_rate(v, view_id(v, M_NET_TX_BYTES, NETNS_HOST, row->instance), &tx) ||
			rx + tx <= most)
			continue;
		most = rx + tx;
		best = id;
		best_rx = rx;
		best_tx = tx;
	}
	return best ? json_pack("{s:o, s:o, s:o}", "if",
			      json_text(series_instance(v->series, best)), "rx_bytes_per_s",
			      json_amount(best_rx), "tx_bytes_per_s", json_amount(best_tx))
		    : json_null();
}

static size_t count_notes(const struct findings *fs)
{
	size_t n = 0;
	for (size_t i = 0; i < fs->count; i++)
		n += fs->rows[i].state == STATE_NOTE;
	return n;
}

static json_t *summary(struct window *w)
{
	const struct view *v = &w->view;
	double age = age_s(w->loaded_ns);
	char at[40];
	size_t notes = count_notes(&w->findings);
	return json_pack(
		"{s:s, s:f, s:b, s:f, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "at",
		text_time(at, w->loaded_ns), "age_s", age, "running", is_running(w, age),
		"window_s", v->seconds, "verdict", overall_name(w->findings.overall), "findings",
		(json_int_t)(w->findings.count - notes), "notes", (json_int_t)notes, "cpu_busy",
		rate_or_null(v, M_CPU_BUSY), "mem_available", gauge_or_null(v, M_MEM_AVAILABLE),
		"mem_total", gauge_or_null(v, M_MEM_TOTAL), "net", busiest_interface(v), "psi_some",
		"cpu", rate_or_null(v, M_PSI_CPU_SOME), "memory",
		rate_or_null(v, M_PSI_MEMORY_SOME), "io", rate_or_null(v, M_PSI_IO_SOME));
}

size_t api_summary(struct api *a, char *buf, size_t size)
{
	refresh(a);
	if (!a->window.loaded_ns || window_judge(&a->window) < 0) {
		answer_clear(&a->once);
		answer_no_window(&a->once, &a->window);
		if (a->once.size > size)
			return 0;
		memcpy(buf, a->once.text, a->once.size);
		return a->once.size;
	}
	json_t *j = summary(&a->window);
	size_t n = j ? json_dumpb(j, buf, size, JSON_COMPACT | JSON_REAL_PRECISION(6)) : 0;
	json_decref(j);
	return n <= size ? n : 0;
}
