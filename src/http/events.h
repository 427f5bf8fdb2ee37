/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* events: /api/v1/events, what happened between two times, to be marked on graphs, in the order of time:
 *
 *     { "from": TIME, "to": TIME, "detailed_until": TIME | null, "left_out": n,
 *       "events": [ { "at": TIME, "until": TIME | null, "kind", "id": text | null, "severity": text | null, "resource": text | null, "text" } ] }
 *
 * kind: "finding" (id as in check; until null: it lasts, or a moment), "recorder" (a recorder began: what lies before was not watched), "oom", and from
 * samples, which are read only of short spans: "signal", "job" (of cron or at; from its begin to its end), "restart" (another process serves the port). */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "http/answer.h"
#include "http/window.h"

void answer_events(struct window *w, const struct params *p, struct answer *ret);

#endif
