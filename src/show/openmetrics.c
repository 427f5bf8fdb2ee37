/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/openmetrics.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

char *openmetrics_help(char *buf, size_t size, enum metric m)
{
	(void)snprintf(buf, size, "%s%s", metric_info(m)->help,
		metric_info(m)->kind == METRIC_SHARE ? " (as share of time)" : "");
	return buf;
}

unsigned openmetrics_labels(const struct series_set *set, uint32_t id,
	struct openmetrics_label ret[static OPENMETRICS_LABELS])
{
	const struct series *row = series_row(set, id);
	struct openmetrics_label own = {
		metric_label_name(metric_info((enum metric)row->metric)->label),
		series_instance(set, id)};
	struct openmetrics_label netns = {"netns", series_netns_name(set, row->netns)};
	unsigned n = 0;
	if (own.name && *own.value)
		ret[n++] = own;
	if (*netns.value)
		ret[n++] = netns;
	if (n == 2 && strcmp(ret[0].name, ret[1].name) > 0) {
		ret[0] = netns;
		ret[1] = own;
	}
	return n;
}

bool openmetrics_value(const struct view *v, uint32_t id, double *ret)
{
	enum metric m = (enum metric)series_row(v->series, id)->metric;
	return metric_info(m)->kind == METRIC_SHARE ? view_rate(v, id, ret)
						    : view_gauge(v, id, ret);
}

static void write_escaped(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || *s == '"')
			(void)fputc('\\', f);
		if (*s == '\n')
			(void)fputs("\\n", f);
		else
			(void)fputc(*s, f);
	}
}

static void write_labels(FILE *f, const struct series_set *set, uint32_t id)
{
	struct openmetrics_label labels[OPENMETRICS_LABELS];
	unsigned n = openmetrics_labels(set, id, labels);
	for (unsigned i = 0; i < n; i++) {
		char value[OPENMETRICS_VALUE];
		(void)fprintf(f, "%s%s=\"", i ? "," : "{", labels[i].name);
		write_escaped(f, text_utf8(value, sizeof value, labels[i].value));
		(void)fputc('"', f);
	}
	if (n)
		(void)fputc('}', f);
}

/* As few digits as give the same number back. */
static void write_number(FILE *f, double v)
{
	char text[40];
	int digits = 15;
	if (v == floor(v) && fabs(v) < 0x1p53)
		(void)snprintf(text, sizeof text, "%.0f", v);
	else
		do
			(void)snprintf(text, sizeof text, "%.*g", digits, v);
		while (strtod(text, NULL) != v && ++digits <= 17);
	(void)fprintf(f, " %s\n", text);
}

static void write_head(FILE *f, enum metric m)
{
	char family[PROMETHEUS_NAME], help[512];
	const char *unit = metric_base_unit(m);
	metric_prometheus_family(family, m);
	(void)fprintf(f, "# TYPE %s %s\n", family,
		metric_info(m)->kind == METRIC_COUNTER ? "counter" : "gauge");
	if (*unit)
		(void)fprintf(f, "# UNIT %s %s\n", family, unit);
	(void)fprintf(f, "# HELP %s ", family);
	write_escaped(f, openmetrics_help(help, sizeof help, m));
	(void)fputc('\n', f);
}

static void write_metric(FILE *f, const struct view *v, enum metric m)
{
	char name[PROMETHEUS_NAME];
	bool begun = false;
	metric_prometheus_name(name, m);
	for (uint32_t id = view_each(v, m, 0); id; id = view_each(v, m, id)) {
		double value;
		if (!openmetrics_value(v, id, &value))
			continue;
		if (!begun)
			write_head(f, m);
		begun = true;
		(void)fputs(name, f);
		write_labels(f, v->series, id);
		write_number(f, value);
	}
}

/* The last tick of a longer view. */
static struct view last_tick(const struct view *v)
{
	struct view tick = *v;
	tick.n = v->n < 2 ? v->n : 2;
	if (tick.n == 2)
		tick.seconds =
			(double)(view_at(&tick, 1)->mono_ns - view_at(&tick, 0)->mono_ns) / 1e9;
	return tick;
}

int openmetrics_write(FILE *f, const struct view *v)
{
	struct view tick = last_tick(v);
	(void)fprintf(f,
		"# TYPE plimsoll_build info\n# HELP plimsoll_build version of Plimsoll\n"
		"plimsoll_build_info{version=\"%s\"} 1\n",
		PLIMSOLL_VERSION);
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		write_metric(f, &tick, (enum metric)m);
	(void)fputs("# EOF\n", f);
	return ferror(f) ? -EIO : 0;
}
