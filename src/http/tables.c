/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/tables.h"

#include "base/num.h"
#include "show/screens/screen.h"

#include <string.h>

/* "overview, findings, ..." */
static void answer_no_view(struct answer *ret, const char *name)
{
	char names[512] = "";
	for (unsigned i = 0; i < SCREEN_COUNT; i++) {
		size_t n = strlen(names);
		(void)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "",
			screen_info((enum screen_id)i)->name);
	}
	answer_error(ret, ANSWER_NOT_FOUND, "view: '%s': no such view; there are: %s", name, names);
}

static void answer_no_column(struct answer *ret, enum screen_id id, const char *sort)
{
	char names[512] = "";
	struct screen_column_list l = screen_columns(id);
	for (size_t i = 0; i < l.n; i++) {
		size_t n = strlen(names);
		(void)snprintf(
			names + n, sizeof names - n, "%s%s", i ? ", " : "", l.columns[i].key);
	}
	answer_error(ret, ANSWER_BAD_REQUEST, "sort: '%s': %s has the columns %s", sort,
		screen_info(id)->name, names);
}

static int build(struct window *w, enum screen_id id, struct screen *s)
{
	struct screen_context c = {.findings = &w->findings, .tall = true};
	int r = window_judge(w);
	return r < 0 ? r : screen_build(s, id, &w->view, &c);
}

void answer_view(struct window *w, const struct params *p, struct answer *ret)
{
	enum screen_id id = screen_by_name(p->part);
	uint64_t limit = TABLE_ROWS;
	if (id == SCREEN_COUNT) {
		answer_no_view(ret, p->part);
		return;
	}
	struct screen_order order = screen_default_order(id);
	if (p->text[PARAM_SORT] && !screen_order_by(id, p->text[PARAM_SORT], &order)) {
		answer_no_column(ret, id, p->text[PARAM_SORT]);
		return;
	}
	if (p->text[PARAM_LIMIT] && num_u64(p->text[PARAM_LIMIT], &limit) < 0) {
		answer_error(ret, ANSWER_BAD_REQUEST, "limit: '%s' is no number of rows",
			p->text[PARAM_LIMIT]);
		return;
	}
	struct screen s;
	struct show_text t = {0};
	int r = screen_init(&s);
	if (r == 0)
		r = build(w, id, &s);
	if (r < 0) {
		answer_no_memory(ret);
	} else {
		screen_arrange(&s, order, NULL);
		screen_model(&t, &s, &w->view, limit);
		answer_text(ret, &t);
	}
	screen_destroy(&s);
}
