/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* store_dump PATH: a line for each sample of a recording: its time in microseconds, how many the recorder had taken
 * in its run, and a digest of all that is in it. A line on damage at the end, if there is any. */
#include "store/history.h"
#include "synthetic.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static struct store into;
	struct history *h;
	const char *words;
	int r = argc == 2 ? history_open(argv[1], &h) : -EINVAL;
	if (r < 0) {
		(void)fprintf(
			stderr, "store_dump: %s: %s\n", argc > 1 ? argv[1] : "", strerror(-r));
		return 1;
	}
	if (store_init(&into, 3) < 0)
		return 1;
	r = history_seek(h, &into, 0);
	while (r == 0 && (r = history_next(h)) == 0) {
		const struct sample *s = store_newest(&into, 0);
		struct digest d = sample_digest(&into.series, s);
		uint64_t ticks = 0, lost = 0;
		(void)sample_gauge(&into.series, s, M_SELF_TICKS, NETNS_HOST, &ticks);
		(void)sample_gauge(&into.series, s, M_SELF_STORE_LOST, NETNS_HOST, &lost);
		(void)printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %016" PRIx64 "\n",
			s->real_ns / 1000, ticks, lost, intern_hash(&d, sizeof d));
	}
	unsigned damaged = history_damage(h, &words);
	if (damaged)
		(void)printf("damage: %u: %s\n", damaged, words);
	history_close(h);
	store_destroy(&into);
	return r == -ENODATA ? 0 : 1;
}
