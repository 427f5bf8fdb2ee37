/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* options: the command line and the configuration file, checked against the tables of the
 * catalogue. */
#ifndef ROLE_OPTIONS_H
#define ROLE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum command {
#define COMMAND(id, name, args, help) COMMAND_##id,
#include "catalogue/commands.def"
#undef COMMAND
	COMMAND_COUNT
};

enum option {
#define OPTION(id, name, letter, kind, arg, commands, config, def, help) OPTION_##id,
#include "catalogue/options.def"
#undef OPTION
	OPTION_COUNT
};

enum option_kind {
	OPTION_KIND_SWITCH,
	OPTION_KIND_DURATION,
	OPTION_KIND_SIZE,
	OPTION_KIND_NUMBER,
	OPTION_KIND_TEXT,
	OPTION_KIND_PATH,
	OPTION_KIND_TIME
};

struct option_info {
	const char *name;
	char letter;
	enum option_kind kind;
	const char *argument;
	unsigned commands; /* bit per command */
	bool config;
	const char *def;
	const char *help;
};

struct command_info {
	const char *name, *arguments, *help;
};

enum { ARGUMENTS_MAX = 64 };

struct options {
	enum command command;
	bool given_command; /* false: the bare `plimsoll` */
	bool set[OPTION_COUNT];
	const char *text[OPTION_COUNT];
	uint64_t number[OPTION_COUNT]; /* nanoseconds of DURATION and TIME, bytes of SIZE, NUMBER */
	char *owned[OPTION_COUNT];     /* texts that came from a file */
	const char *argument;          /* the first one that is no option, or NULL */
	const char *arguments[ARGUMENTS_MAX]; /* all of them, of a command that takes several */
	size_t narguments;
	const char *second; /* of commands that take two */
};

const struct option_info *option_info(enum option o);
const struct command_info *command_info(enum command c);
/* Returns 0, or the exit status after saying what is wrong on stderr in one line. */
int options_parse(int argc, char **argv, struct options *ret);
/* Settings of a file for what the command line left open. The values live as long as *o. */
int options_config(struct options *o, const char *path);
void options_free(struct options *o);
void options_help(FILE *f, const struct options *o);

/* "plimsoll: WHERE: WHAT" on stderr; returns status. */
int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
