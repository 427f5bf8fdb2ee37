/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* ship: sends what a store records to a Prometheus remote-write receiver.
 *
 * The store is the queue: what the receiver has taken is a time in a small file beside the recording
 * (ship-HASH.cursor, the hash is that of the URL), and after an outage, of the receiver or of this
 * process, shipping goes on behind it. It reads the store as any other reader does; the recorder does
 * not know that it is there. */
#ifndef FLEET_SHIP_H
#define FLEET_SHIP_H

#include <signal.h>
#include <stdint.h>

struct ship_settings {
	uint64_t resolution_ns; /* one value of each series in this time, 1 s to 60 s; 0: 10 s */
	uint64_t max_age_ns;    /* what is older is not sent any more; 0: 2 h */
	uint64_t timeout_ns;    /* of one request; 0: 30 s */
	/* Takes a line for people, "URL: what happened", without a newline; about one a minute at most. The
	 * URL has lost user, password and query. */
	void (*say)(const char *line);
};

/* NULL when the URL can be shipped to; otherwise a sentence that says what is wrong. */
const char *ship_url_problem(const char *url);

/* Ships until *stop is set, then sends what is left and ends all series with stale markers, within a
 * few seconds. For a process of its own: it makes itself nice, ignores SIGPIPE and lets SIGTERM, SIGINT
 * and SIGHUP through, which are the caller's to handle and set *stop. A store that is not there yet
 * is waited for. 0, or -EINVAL (URL, resolution), -ENOMEM. */
int ship_run(const char *store, const char *url, const struct ship_settings *settings,
	volatile sig_atomic_t *stop);

#endif
