/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* dict: what the numbers in a file stand for. Each log and each segment explains itself: who recorded,
 * the metrics with kind and unit, the columns of the tables, and, growing with the recording, names,
 * network namespaces and series. A reader maps the file's numbers to those of its own series set. */
#ifndef STORE_DICT_H
#define STORE_DICT_H

#include "store/rows.h"

enum { DICT_HOST = 256, DICT_METRICS = 4096 };

/* Who recorded. */
struct dict_origin {
	char host[DICT_HOST];
	char version[32]; /* of plimsoll */
	char kernel[128];
	uint64_t run; /* a new one each time the recorder starts */
	uint64_t interval_ns;
};

/* ---- writing ---- */

void dict_put_origin(struct arena *out, const struct dict_origin *o);
/* Metrics and tables of this version. */
void dict_put_schema(struct arena *out);

/* How much of a series set the file has been told. */
struct dict_told {
	uint32_t names, series, netns;
	uint32_t netns_names[NETNS_MAX]; /* a namespace may get its name later than its number */
};

/* What is new in the set since *told. The file's numbers are those of the set. */
void dict_put_news(struct arena *out, const struct series_set *set, struct dict_told *told);

/* For a file that holds only part of a set: names get numbers of the file's own in the order in which they are
 * asked for. */
struct dict_names {
	struct arena names,
		numbers; /* ids of the set in the file's order; the file's number by id */
	uint32_t count;
	bool failed; /* sticky: no memory */
};

int dict_names_init(struct dict_names *n);
void dict_names_destroy(struct dict_names *n);
uint32_t dict_name(struct dict_names *n, uint32_t id);
/* A whole dictionary for series `ids` of the set, which become 1, 2, ... of the file. */
void dict_put_file(struct arena *out, const struct dict_origin *origin,
	const struct series_set *set, struct dict_names *names, const uint32_t *ids, uint32_t n);

/* ---- reading ---- */

struct dict {
	struct dict_origin origin;
	struct rows_schema schema;
	uint16_t metrics[DICT_METRICS]; /* of the file -> ours, METRIC_COUNT: not known here */
	uint32_t nmetrics;
	struct arena names, series; /* uint32_t by the file's number -> of the set, 0: none */
	uint32_t netns[NETNS_MAX];
	bool netns_lost[NETNS_MAX];       /* found no room: their series are nobody's */
	uint32_t nnames, nseries, nnetns; /* names and series: highest number + 1 */
	struct series_set *set;
};

int dict_init(struct dict *d, struct series_set *set);
void dict_destroy(struct dict *d);
/* Forgets names, namespaces and series. */
void dict_forget(struct dict *d);
/* Each returns 0, -EBADMSG or -ENOMEM. */
int dict_get_origin(struct get *g, struct dict_origin *ret);
int dict_get_schema(struct get *g, struct dict *d);
int dict_get_news(struct get *g, struct dict *d);
struct rows_map dict_map(const struct dict *d);

static inline uint32_t dict_series(const struct dict *d, uint64_t file_id)
{
	return file_id < d->nseries ? ((const uint32_t *)(const void *)d->series.base)[file_id] : 0;
}

#endif
