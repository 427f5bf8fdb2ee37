/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* fleet: what several machines' recordings say together, as text and as JSON:
 *
 *     { "schema": 1,
 *       "hosts": [ { "host", "path", "from": TIME, "to": TIME, "boots": [ { "boot": TIME, "last": TIME, "uptime_s", "ended": bool } ] } ],
 *       "same_uptime": [ { "uptime_s", "spread_s", "counter": text | null, "scheduled": bool,
 *                          "hosts": [ { "host", "at": TIME, "uptime_s" } ], "next": [ { "host", "at": TIME, "in_s" } ] } ],
 *       "one_less": { "holds": bool, "compared": n, "without": [ { "host", "holds": bool } ],
 *                     "short": [ ROOM, the shortest first ], "closest": ROOM | null } }
 *     ROOM = { "without": host, "on": host, "resource", "netns": text | null, "own": high-water mark of "on", "its": that of "without",
 *              "need", "limit", "unit", "own_at": TIME, "its_at": TIME } */
#ifndef SHOW_FLEET_H
#define SHOW_FLEET_H

#include "finding/fleet.h"
#include "show/show.h"

struct fleet_view {
	const struct fleet_host *hosts;
	size_t n;
	const struct fleet_same *same;
	size_t nsame;
	const struct fleet_spare *spare;
};

void show_fleet(FILE *f, struct style st, const struct fleet_view *v);
json_t *json_fleet(const struct fleet_view *v);

#endif
