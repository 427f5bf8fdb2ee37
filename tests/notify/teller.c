/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A recorder that finds what it is told to find: teller DIR writes a store of a machine that does not exist, five samples a second, with the
 * events that come on standard input, a line each: KIND ID JSON. It ends with its input. For tests/notify/run. */
#include "base/clock.h"
#include "store/journal.h"
#include "synthetic.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVENTS = 512, STEP_US = 200000, INPUT = 4 << 20 };

static char input[INPUT];
static size_t have;

static void say(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "teller: %s\n", line);
}

/* Cuts the whole lines of the input into events; returns how many bytes they took. */
static size_t events_of(struct event *events, size_t *ret_n, uint64_t now_ns)
{
	size_t used = 0;
	char *end;
	*ret_n = 0;
	while (*ret_n < EVENTS && (end = memchr(input + used, '\n', have - used))) {
		*end = '\0';
		char *kind = input + used, *id = strchr(kind, ' '),
		     *text = id ? strchr(id + 1, ' ') : NULL;
		used = (size_t)(end + 1 - input);
		if (!text)
			continue;
		*id++ = *text++ = '\0';
		events[(*ret_n)++] =
			(struct event){now_ns, kind, strcmp(id, "-") == 0 ? "" : id, text};
	}
	return used;
}

int main(int argc, char **argv)
{
	static struct synth host;
	static struct event events[EVENTS];
	struct journal *j;
	long pid;
	if (argc != 2)
		return 64;
	synth_init(&host, (struct synth_size){.procs = 5, .series = 10}, 7, 0);
	struct journal_settings set = {.dir = argv[1], .budget = 64 << 20, .say = say};
	set.origin.interval_ns = STEP_US * UINT64_C(1000);
	set.origin.run = clock_real_ns();
	(void)snprintf(set.origin.host, sizeof set.origin.host, "web3");
	if (journal_open(&set, &j, &pid) < 0)
		return 74;
	(void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	for (bool ended = false; !ended;) {
		ssize_t n = read(STDIN_FILENO, input + have, sizeof input - have);
		ended = n == 0;
		have += n > 0 ? (size_t)n : 0;
		host.real_us = clock_real_ns() / 1000 - STEP_US;
		synth_tick(&host, STEP_US);
		size_t nevents, used = events_of(events, &nevents, host.s.real_ns);
		journal_put(j, &host.set, &host.s, events, nevents);
		memmove(input, input + used, have - used);
		have -= used;
		(void)clock_sleep_until(clock_mono_ns() + STEP_US * UINT64_C(1000));
	}
	return journal_close(j, UINT64_C(5000000000)) < 0 ? 74 : 0;
}
