/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/catalogue.h"

#include "show/screens/screen.h"

static json_t *metrics(void)
{
	json_t *a = json_array();
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		enum metric m = (enum metric)i;
		const struct metric_info *info = metric_info(m);
		const char *label = metric_label_name(info->label);
		char name[PROMETHEUS_NAME];
		json_array_append_new(
			a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", info->name,
				   "prometheus", metric_prometheus_name(name, m), "unit",
				   metric_base_unit(m), "type", metric_kind_name(m), "help",
				   info->help, "labels",
				   label ? json_pack("[s, s]", label, "netns")
					 : json_pack("[s]", "netns")));
	}
	return a;
}

static json_t *resources(void)
{
	json_t *a = json_array();
	for (unsigned i = 0; i < RESOURCE_COUNT; i++) {
		const struct resource_info *info = resource_info((enum resource)i);
		json_array_append_new(a, json_pack("{s:s, s:s, s:s}", "class", info->class, "unit",
						 info->unit, "help", info->help));
	}
	return a;
}

static json_t *rules(void)
{
	json_t *a = json_array();
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const struct rule_info *info = rule_info((enum rule_id)i);
		json_array_append_new(
			a, json_pack("{s:s, s:s, s:s}", "rule", info->name, "resource",
				   resource_info(info->resource)->class, "subject", info->subject));
	}
	return a;
}

static json_t *views(void)
{
	json_t *a = json_array();
	for (unsigned i = 0; i < SCREEN_COUNT; i++)
		json_array_append_new(
			a, json_pack("{s:s, s:s}", "name", screen_info((enum screen_id)i)->name,
				   "title", screen_info((enum screen_id)i)->help));
	return a;
}

void answer_catalogue(struct window *w, const struct params *p, struct answer *ret)
{
	(void)w;
	(void)p;
	answer_json(ret, ANSWER_OK,
		json_pack("{s:i, s:s, s:o, s:o, s:o, s:o}", "schema", 1, "plimsoll",
			PLIMSOLL_VERSION, "metrics", metrics(), "resources", resources(), "rules",
			rules(), "views", views()));
}
