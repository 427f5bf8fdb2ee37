/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* prometheus: the part of Prometheus' query API with which Grafana's data source and promtool draw our series, under the names of /metrics:
 * { "status": "success", "data": ... }, and for errors { "status": "error", "errorType", "error" }. */
#ifndef HTTP_PROMETHEUS_H
#define HTTP_PROMETHEUS_H

#include "http/answer.h"
#include "http/window.h"

/* /api/v1/query with `query`; query_range; series; labels; label/NAME/values */
void prometheus_query(struct window *w, const struct params *p, struct answer *ret);
void prometheus_query_range(struct window *w, const struct params *p, struct answer *ret);
void prometheus_series(struct window *w, const struct params *p, struct answer *ret);
void prometheus_labels(struct window *w, const struct params *p, struct answer *ret);
void prometheus_label_values(struct window *w, const struct params *p, struct answer *ret);
/* Of no recording. */
void prometheus_metadata(struct window *w, const struct params *p, struct answer *ret);
void prometheus_buildinfo(struct window *w, const struct params *p, struct answer *ret);
void prometheus_rules(struct window *w, const struct params *p, struct answer *ret);
void prometheus_exemplars(struct window *w, const struct params *p, struct answer *ret);

#endif
