/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* states: tracked connections and firewall rules as tables and as JSON:
 *
 *     { "schema": 1, "at": TIME, "seconds": s, "tracked": n, "held": n, "truncated": bool,
 *       "states": [ { "netns", "proto", "source", "source_port", "destination", "destination_port", "state", "sent_bytes", "received_bytes",
 *                     "sent_packets", "received_packets", "rate", "packet_rate", "age_s", "expires_s" } ],
 *       "rules": [ { "netns", "family", "table", "chain", "handle", "position", "of", "text", "verdict", "packets", "bytes", "packet_rate", "rate",
 *                    "share", "late" } ],
 *       "chains": [ { "netns", "family", "table", "chain", "base", "policy", "rules", "packets", "bytes" } ],
 *       "sets": [ { "netns", "family", "table", "set", "elements", "limit" } ],
 *       "notes": [ text ], "blind": [ { "what", "why", "hides" } ] }
 *
 * Bytes and packets of a connection are null where they are not counted; rates are a second, both ways, null where they are not known. */
#ifndef SHOW_STATES_H
#define SHOW_STATES_H

#include "query/states.h"
#include "show/show.h"

/* 0 or -ENOMEM. */
int show_states(FILE *f, struct style st, struct view *v, const struct states *s);
json_t *json_states(struct view *v, const struct states *s);

#endif
