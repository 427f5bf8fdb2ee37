/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/fleet.h"

#include "base/text.h"

#include <string.h>

enum { SHORT_SHOWN = 12, TWO_DAYS_S = 172800 };

static const char *name_of(
	const struct fleet_view *v, size_t host, char buf[static FLEET_HOST_NAME])
{
	const struct fleet_host *h = &v->hosts[host];
	return text_safe(buf, FLEET_HOST_NAME, *h->name ? h->name : h->path);
}

static const struct fleet_boot *boot_of(const struct fleet_view *v, struct fleet_end e)
{
	return &v->hosts[e.host].boots[e.boot];
}

/* When a machine that is up comes to the uptime at which the others went down. */
static uint64_t comes_at(const struct fleet_view *v, const struct fleet_same *s, struct fleet_end e)
{
	return boot_of(v, e)->boot_ns + (uint64_t)(s->shortest_s * 1e9);
}

/* ---- text ---- */

static void show_hosts(FILE *f, const struct fleet_view *v)
{
	char name[FLEET_HOST_NAME], a[40], b[40], up[32];
	for (size_t i = 0; i < v->n; i++) {
		const struct fleet_host *h = &v->hosts[i];
		(void)fprintf(f, "%s  %s to %s", name_of(v, i, name), text_time(a, h->from_ns),
			text_time(b, h->to_ns));
		if (h->nboots)
			(void)fprintf(f, ", up for %s",
				text_duration(up, fleet_uptime(&h->boots[h->nboots - 1])));
		if (h->nboots > 1)
			(void)fprintf(
				f, ", booted %zu time%s", h->nboots - 1, h->nboots == 2 ? "" : "s");
		(void)fputc('\n', f);
	}
}

static void show_same(
	FILE *f, struct style st, const struct fleet_view *v, const struct fleet_same *s)
{
	char name[FLEET_HOST_NAME], up[32], at[40], line[512];
	if (s->shortest_s >= TWO_DAYS_S)
		(void)snprintf(up, sizeof up, "%.1f days", s->shortest_s / 86400);
	else
		(void)text_duration(up, s->shortest_s);
	(void)fprintf(f, "\n%zu machines went down %s after their boot, at different times\n",
		s->nends, up);
	for (size_t i = 0; i < s->nends; i++) {
		const struct fleet_boot *b = boot_of(v, s->ends[i]);
		(void)snprintf(line, sizeof line, "%s at %s, after %.0f s",
			name_of(v, s->ends[i].host, name), text_time(at, b->last_ns),
			fleet_uptime(b));
		show_paragraph(f, st, i ? "" : "who", line);
	}
	if (s->counter) {
		(void)snprintf(line, sizeof line,
			"a counter that wraps: %s last about as long. Look for a correction of the "
			"kernel or the firmware",
			s->counter);
		show_paragraph(f, st, "why", line);
	} else {
		show_paragraph(f, st, "why",
			s->scheduled ? "a whole number of days: rather a timetable of restarts "
				       "than a defect"
				     : "a defect with a date: something counts time since the boot "
				       "(kernel, driver, firmware, a program that starts with it)");
	}
	for (size_t i = 0; i < s->nnext; i++) {
		(void)snprintf(line, sizeof line, "%s comes to it at %s",
			name_of(v, s->next[i].host, name),
			text_time(at, comes_at(v, s, s->next[i])));
		show_paragraph(f, st, i ? "" : "next", line);
	}
}

static void show_short(FILE *f, struct style st, const struct fleet_view *v,
	const struct fleet_short *s, const char *label)
{
	char gone[FLEET_HOST_NAME], on[FLEET_HOST_NAME], what[512], need[32], limit[32], own[32],
		its[32], line[2048];
	const char *unit = resource_info(s->own->resource)->unit;
	(void)snprintf(line, sizeof line, "%s on %s: %s of %s without %s (%s, and of %s there)",
		text_safe(what, sizeof what, s->own->name), name_of(v, s->on, on),
		show_amount(need, s->need, unit), show_amount(limit, s->own->limit, unit),
		name_of(v, s->gone, gone), show_amount(own, s->own->high, unit),
		show_amount(its, s->its->high, unit));
	show_paragraph(f, st, label, line);
}

static void show_spare(FILE *f, struct style st, const struct fleet_view *v)
{
	const struct fleet_spare *s = v->spare;
	if (!s->compared) {
		(void)fputs(
			"\nOne machine less: no resource with a limit is recorded on two of them\n",
			f);
		return;
	}
	(void)fprintf(f, s->count ? "\nOne machine less: the others cannot take its load\n"
				  : "\nOne machine less: the others can take its load\n");
	for (size_t i = 0; i < s->count && i < SHORT_SHOWN; i++)
		show_short(f, st, v, &s->rows[i], i ? "" : "short");
	if (s->count > SHORT_SHOWN)
		(void)fprintf(f, "%15sand %zu more\n", "", s->count - SHORT_SHOWN);
	if (!s->count && s->closest)
		show_short(f, st, v, s->closest, "closest");
}

void show_fleet(FILE *f, struct style st, const struct fleet_view *v)
{
	show_hosts(f, v);
	for (size_t i = 0; i < v->nsame; i++)
		show_same(f, st, v, &v->same[i]);
	if (!v->nsame)
		(void)fputs("\nNo two machines went down at the same uptime\n", f);
	show_spare(f, st, v);
}

/* ---- JSON ---- */

static json_t *time_json(uint64_t ns)
{
	char at[40];
	return ns ? json_string(text_time(at, ns)) : json_null();
}

static json_t *name_json(const struct fleet_view *v, size_t host)
{
	return json_text(*v->hosts[host].name ? v->hosts[host].name : v->hosts[host].path);
}

static json_t *host_json(const struct fleet_view *v, size_t i)
{
	const struct fleet_host *h = &v->hosts[i];
	json_t *boots = json_array();
	for (size_t k = 0; k < h->nboots; k++)
		json_array_append_new(boots,
			json_pack("{s:o, s:o, s:o, s:b}", "boot", time_json(h->boots[k].boot_ns),
				"last", time_json(h->boots[k].last_ns), "uptime_s",
				json_amount(fleet_uptime(&h->boots[k])), "ended",
				h->boots[k].ended));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "host", name_json(v, i), "path",
		json_text(h->path), "from", time_json(h->from_ns), "to", time_json(h->to_ns),
		"boots", boots);
}

static json_t *same_json(const struct fleet_view *v, const struct fleet_same *s)
{
	json_t *ends = json_array(), *next = json_array();
	for (size_t i = 0; i < s->nends; i++) {
		const struct fleet_boot *b = boot_of(v, s->ends[i]);
		json_array_append_new(ends,
			json_pack("{s:o, s:o, s:o}", "host", name_json(v, s->ends[i].host), "at",
				time_json(b->last_ns), "uptime_s", json_amount(fleet_uptime(b))));
	}
	for (size_t i = 0; i < s->nnext; i++)
		json_array_append_new(next,
			json_pack("{s:o, s:o, s:o}", "host", name_json(v, s->next[i].host), "at",
				time_json(comes_at(v, s, s->next[i])), "in_s",
				json_amount(s->shortest_s - fleet_uptime(boot_of(v, s->next[i])))));
	return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "uptime_s", json_amount(s->shortest_s),
		"spread_s", json_amount(s->longest_s - s->shortest_s), "counter",
		json_text(s->counter), "scheduled", s->scheduled, "hosts", ends, "next", next);
}

static json_t *short_json(const struct fleet_view *v, const struct fleet_short *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "without",
		name_json(v, s->gone), "on", name_json(v, s->on), "resource",
		json_text(s->own->name), "netns",
		*s->own->netns ? json_text(s->own->netns) : json_null(), "own",
		json_amount(s->own->high), "its", json_amount(s->its->high), "need",
		json_amount(s->need), "limit", json_amount(s->own->limit), "unit",
		resource_info(s->own->resource)->unit, "own_at", time_json(s->own->at_ns), "its_at",
		time_json(s->its->at_ns));
}

json_t *json_fleet(const struct fleet_view *v)
{
	json_t *hosts = json_array(), *same = json_array(), *without = json_array(),
	       *rows = json_array();
	const struct fleet_spare *s = v->spare;
	for (size_t i = 0; i < v->n; i++) {
		json_array_append_new(hosts, host_json(v, i));
		json_array_append_new(without,
			json_pack("{s:o, s:b}", "host", name_json(v, i), "holds", s->holds[i]));
	}
	for (size_t i = 0; i < v->nsame; i++)
		json_array_append_new(same, same_json(v, &v->same[i]));
	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(rows, short_json(v, &s->rows[i]));
	return json_pack("{s:i, s:o, s:o, s:{s:b, s:I, s:o, s:o, s:o}}", "schema", 1, "hosts",
		hosts, "same_uptime", same, "one_less", "holds", s->count == 0, "compared",
		(json_int_t)s->compared, "without", without, "short", rows, "closest",
		s->closest ? short_json(v, s->closest) : json_null());
}
