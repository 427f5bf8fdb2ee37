/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* When a finding opens and closes: looks one second apart, in which it is there or not. */
#include "finding/track.h"
#include "store/store.h"
#include "test.h"

#define SECOND UINT64_C(1000000000)

static struct store store;
static struct view view;
static int64_t since_s;  /* of the last that opened: seconds after the first look */
static char events[256]; /* a letter each with the second: "o2 c9 " */

static void note_event(
	void *ctx, enum track_event event, const struct tracked *row, const struct verdict *f)
{
	const uint64_t *begin = ctx;
	size_t n = strlen(events);
	(void)f;
	CHECK_STR(row->resource, "cpu");
	if (event == TRACK_OPEN)
		since_s = ((int64_t)row->since_ns - (int64_t)*begin) / (int64_t)SECOND;
	(void)snprintf(events + n, sizeof events - n, "%c%" PRIu64 " ",
		"o~c"[event == TRACK_OPEN       ? 0
			: event == TRACK_CHANGE ? 1
						: 2],
		(view.now_ns - *begin) / SECOND);
}

/* shown: a character for each look: '.' not there, 's' there, 'r' with refusals, 'f' on its way, the end 8 s off, '_' nobody looks. */
static const char *looks(const char *shown, double settle_s)
{
	static struct track t;
	uint64_t begin = 1000 * SECOND;
	t = (struct track){.hold_ns = 5 * SECOND};
	*events = '\0';
	for (size_t i = 0; shown[i]; i++) {
		struct verdict f = {.rule = RULE_cpu_saturated,
			.severity = SEVERITY_WARNING,
			.state = shown[i] == 'r'   ? STATE_EXHAUSTED
				 : shown[i] == 'f' ? STATE_FILLING
						   : STATE_SATURATED,
			.eta_s = shown[i] == 'f' ? 8 : -1,
			.resource = "cpu",
			.title = "taken",
			.refused = shown[i] == 'r' ? 1 : -1,
			.settle_s = settle_s};
		struct findings fs = {.rows = &f, .count = shown[i] != '.'};
		if (shown[i] == '_')
			continue;
		view.now_ns = begin + i * SECOND;
		f.since_ns = view.now_ns - 5 * SECOND; /* the begin of its window */
		arena_reset(&view.scratch);
		track_update(&t, &view, &fs, note_event, &begin);
	}
	return events;
}

int main(void)
{
	CHECK_INT(store_init(&store, 2), 0);
	CHECK_INT(view_init(&view), 0);
	view.store = &store;
	view.series = &store.series;

	CHECK_STR(looks("..ss..", 0), "o3 ");
	CHECK_STR(looks("s.s.s.s.", 0), "");
	CHECK_STR(looks("r.", 0), "o0 ");
	CHECK_STR(looks("sss....ss.....", 0), "o1 c13 ");
	CHECK_STR(looks("ss....ss", 0), "o1 ");

	/* one that settles first */
	CHECK_STR(looks("sssss.....", 5), "");
	CHECK_STR(looks("ssssss", 5), "o5 ");
	CHECK_INT(since_s, -5);
	CHECK_STR(looks("ss.ssss.sss", 5), "o8 ");
	CHECK_STR(looks("sss...sss", 5), "");
	CHECK_STR(looks("sss...ssss", 5), "o9 ");
	CHECK_STR(looks("ss.ss.ss.ss.ss.ss.", 5), "o9 ");
	CHECK_STR(looks("s.s.s.s.s.s.s.s.", 5), "o14 ");
	CHECK_STR(looks("rrrr.", 5), "");
	/* what is to come */
	CHECK_STR(looks("ffff.", 0), "");
	CHECK_STR(looks("ffffff", 0), "o4 ");
	CHECK_STR(looks("ffrff", 0), "o2 ~3 ");
	/* a pause counts for no more than what is held */
	CHECK_STR(looks("s______________s.", 20), "");
	CHECK_STR(looks("s______________s______________ss", 10), "o30 ");

	view_destroy(&view);
	store_destroy(&store);
	return test_result("track");
}
