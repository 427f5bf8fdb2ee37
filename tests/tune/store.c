/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tune_store TREE STORE: records a recorded tree (tests/rules/tree.py), each of its moments, as a recorder would have on that machine. */
#include "role/session.h"
#include "store/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int record(struct session *s, struct journal *j)
{
	int r;
	while ((r = session_tick(s, 0)) == 0) {
		journal_put(j, &s->store->series, store_newest(s->store, 0), NULL, 0);
		journal_work(j);
	}
	return r == -ENODATA ? 0 : r;
}

int main(int argc, char **argv)
{
	static struct session s;
	struct options o = {.command = COMMAND_TUNE};
	struct journal *j;
	long pid;
	if (argc != 3)
		return 2;
	o.set[OPTION_ROOT] = true;
	o.text[OPTION_ROOT] = argv[1];
	const struct journal_settings settings = {.dir = argv[2],
		.budget = 1 << 30,
		.origin = {.interval_ns = 1000000000, .run = 1, .host = "web3"},
		.by_hand = true};
	if (session_open(&o, 2000000000u, 0, &s) != 0)
		return 1;
	int r = journal_open(&settings, &j, &pid);
	if (r == 0) {
		r = record(&s, j);
		journal_work(j);
		r = journal_close(j, 0) < 0 ? -EIO : r;
	}
	session_close(&s);
	if (r < 0)
		(void)fprintf(stderr, "tune_store: %s\n", strerror(-r));
	return r < 0;
}
