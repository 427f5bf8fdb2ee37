/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* fleet_store DIR HOST: writes the store of a machine that does not exist, as the lines of standard input say:
 *
 *     run NUMBER                     the recorder is started
 *     at SECONDS [METRIC=VALUE | boot=NAME]...   a sample at that time since 1970; VALUE as the kernel counts
 *
 * Nothing else is in it. */
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine {
	struct journal_settings settings;
	struct journal *journal;
	struct series_set set;
	struct sample s;
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "fleet_store: %s\n", what);
	exit(1);
}

static void stop(struct machine *m)
{
	if (!m->journal)
		return;
	journal_work(m->journal);
	check(journal_close(m->journal, 0) == 0, "the store cannot be closed");
	m->journal = NULL;
	series_destroy(&m->set);
}

static void start(struct machine *m, uint64_t run)
{
	long pid;
	stop(m);
	m->settings.origin.run = run;
	check(series_init(&m->set) == 0 && journal_open(&m->settings, &m->journal, &pid) == 0,
		"the store cannot be opened");
}

static void put(struct machine *m, char *words)
{
	char *save = NULL, *word = strtok_r(words, " \n", &save);
	check(m->journal && word, "at: no run, or no time");
	sample_reset(&m->s);
	m->s.real_ns = strtoull(word, NULL, 10) * UINT64_C(1000000000);
	m->s.mono_ns = m->s.real_ns - UINT64_C(1700000000000000000);
	while ((word = strtok_r(NULL, " \n", &save)) != NULL) {
		char *value = strchr(word, '=');
		check(value, word);
		*value++ = '\0';
		if (strcmp(word, "boot") == 0) {
			struct fact *f = table_add(&m->s.facts, sizeof *f);
			check(f, "no room");
			*f = (struct fact){"boot", intern_id(&m->set.names, value, strlen(value))};
			continue;
		}
		enum metric metric = metric_by_name(word);
		check(metric != METRIC_COUNT, word);
		sample_set(&m->s, series_id(&m->set, metric, 0, 0), strtoull(value, NULL, 10));
	}
	journal_put(m->journal, &m->set, &m->s, NULL, 0);
	journal_work(m->journal);
}

int main(int argc, char **argv)
{
	static struct machine m;
	char line[4096];
	check(argc == 3, "DIR HOST");
	m.settings = (struct journal_settings){.dir = argv[1],
		.budget = 1 << 30,
		.origin = {.interval_ns = 1000000000},
		.by_hand = true};
	(void)snprintf(m.settings.origin.host, sizeof m.settings.origin.host, "%s", argv[2]);
	check(sample_init(&m.s) == 0, "memory");
	while (fgets(line, sizeof line, stdin)) {
		if (strncmp(line, "run ", 4) == 0)
			start(&m, strtoull(line + 4, NULL, 10));
		else if (strncmp(line, "at ", 3) == 0)
			put(&m, line + 3);
		else
			check(line[0] == '\n' || line[0] == '#', line);
	}
	stop(&m);
	sample_destroy(&m.s);
	return 0;
}
