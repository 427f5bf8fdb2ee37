/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* target: one line of settings that says who is told of findings, how, and of which.
 *
 *     smtp://[USER:PASSWORD@]HOST[:PORT] to=ADDRESS [from=ADDRESS] [OPTION...]       also smtps://
 *     http://HOST/PATH [OPTION...]                                                   JSON is posted there; also https://
 *     alertmanager+http://HOST:9093 [OPTION...]                                      also alertmanager+https://
 *     command [user=NAME] [deadline=DURATION] [OPTION...] -- PROGRAM [ARGUMENT...]   JSON on its standard input
 *
 * OPTION: severity=warning|critical, only=GLOB, per-hour=N, group=DURATION. */
#ifndef FLEET_TARGET_H
#define FLEET_TARGET_H

#include <stdbool.h>
#include <stdint.h>

enum target_kind { TARGET_MAIL, TARGET_WEBHOOK, TARGET_ALERTMANAGER, TARGET_COMMAND };
enum { TARGETS_MAX = 16, TARGET_ARGS = 32, TARGET_TO = 8, TARGET_TEXT = 2048 };

struct target {
	char text[TARGET_TEXT];    /* the line, cut into the pieces below */
	const char *url;           /* NULL of a command; of Alertmanager without "alertmanager+" */
	const char *to[TARGET_TO]; /* of mail */
	const char *from;          /* of mail, or NULL */
	const char *only;          /* NULL: all */
	const char
		*user; /* of a command: who runs it, NULL: nobody in particular, with no rights */
	char *args[TARGET_ARGS + 1]; /* of a command, NULL at the end */
	uint64_t group_ns;           /* how long the first of several waits for the others */
	uint64_t deadline_ns;        /* of a command */
	uint64_t key; /* hash of where it goes: its state in the store has this name */
	enum target_kind kind;
	unsigned nto;
	unsigned per_hour; /* messages to people in an hour */
	unsigned place;    /* among all targets; the caller sets it */
	bool critical_only;
};

/* 0, or -EINVAL with a sentence in problem that says what is wrong, without the line and its secrets. */
int target_parse(const char *line, struct target *ret, char problem[static 160]);
/* For people, without secrets. Returns buf. */
char *target_shown(char buf[static 256], const struct target *t);

#endif
