/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* openmetrics: the numbers as Prometheus and its kin know them: their names, their labels, and the
 * text that a scrape reads.
 *
 * Names are those of metric_prometheus_name(). A SHARE
 * becomes a gauge: the share of time between two samples, plimsoll_cpu_busy_ratio. */
#ifndef SHOW_OPENMETRICS_H
#define SHOW_OPENMETRICS_H

#include "store/view.h"

#include <stdio.h>

#define OPENMETRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum {
	OPENMETRICS_LABELS = 2,
	/* A path has at most 4095 bytes; each may become \xNN. */
	OPENMETRICS_VALUE = 4 * 4096,
};

/* What it means, in one sentence. Returns buf. */
char *openmetrics_help(char *buf, size_t size, enum metric m);

/* Labels of one series, sorted by name: that of the metric, and netns where it is not the host's.
 * Values are foreign bytes, never empty, and live as long as the set. */
struct openmetrics_label {
	const char *name, *value;
};
unsigned openmetrics_labels(const struct series_set *set, uint32_t id,
	struct openmetrics_label ret[static OPENMETRICS_LABELS]);

/* The value of a series in the newest sample of the view, in base units; false when it has none. Of
 * a SHARE the ratio over the view. Only store, series, n and seconds of the view are used. */
bool openmetrics_value(const struct view *v, uint32_t id, double *ret);

/* The newest sample as OpenMetrics text, to its end mark; ratios are those of the last tick, however
 * long the view is. -EIO when the stream failed. */
int openmetrics_write(FILE *f, const struct view *v);

#endif
