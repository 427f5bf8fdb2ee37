/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/options.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define C(id) (1u << COMMAND_##id)

enum { CONFIG = true, FLAG = false, MS = 1000000 };

static const struct option_info options[] = {
#define OPTION(id, name, letter, kind, arg, commands, config, def, help)                           \
	{name, letter, OPTION_KIND_##kind, arg, commands, config, def, help},
#include "catalogue/options.def"
#undef OPTION
};

static const struct command_info commands[] = {
#define COMMAND(id, name, args, help) {name, args, help},
#include "catalogue/commands.def"
#undef COMMAND
};

const struct option_info *option_info(enum option o)
{
	return &options[o];
}

const struct command_info *command_info(enum command c)
{
	return &commands[c];
}

int complain(int status, const char *fmt, ...)
{
	char line[2048], safe[4096];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "plimsoll: %s\n", text_safe(safe, sizeof safe, line));
	return status;
}

/* A value for an option, from the command line or a file; `where` names which. */
static int set_option(struct options *o, enum option id, const char *value, const char *where)
{
	const struct option_info *i = &options[id];
	int r = 0;
	if (i->kind ==
		OPTION_KIND_SWITCH) { /* of a file: a word on the command line has no value */
		o->set[id] = strcmp(value, "yes") == 0;
		return o->set[id] || strcmp(value, "no") == 0
			       ? 0
			       : complain(EX_USAGE, "%s: --%s: '%s' is neither yes nor no", where,
					 i->name, value);
	}
	if (i->kind == OPTION_KIND_DURATION)
		r = num_duration(value, &o->number[id]);
	else if (i->kind == OPTION_KIND_SIZE)
		r = num_size(value, &o->number[id]);
	else if (i->kind == OPTION_KIND_NUMBER)
		r = num_u64(value, &o->number[id]);
	else if (i->kind == OPTION_KIND_TIME)
		r = num_time(value, clock_real_ns(), &o->number[id]);
	else if (*value == '\0')
		return complain(EX_USAGE, "%s: --%s: an empty value", where, i->name);
	if (r == -ERANGE)
		return complain(EX_USAGE, "%s: --%s: '%s' is out of range", where, i->name, value);
	if (r < 0 && i->kind == OPTION_KIND_DURATION)
		return complain(EX_USAGE, "%s: --%s: '%s' is no duration (5s, 250ms, 2m, 1h30m)",
			where, i->name, value);
	if (r < 0 && i->kind == OPTION_KIND_SIZE)
		return complain(EX_USAGE, "%s: --%s: '%s' is no size (512MiB, 2GiB)", where,
			i->name, value);
	if (r < 0 && i->kind == OPTION_KIND_NUMBER)
		return complain(EX_USAGE, "%s: --%s: '%s' is no number", where, i->name, value);
	if (r < 0)
		return complain(EX_USAGE,
			"%s: --%s: '%s' is no time (2026-11-21T04:00:00Z, 04:00, -15m, yesterday "
			"04:00, epoch seconds)",
			where, i->name, value);
	if (id == OPTION_INTERVAL &&
		(o->number[id] < 100 * (uint64_t)MS || o->number[id] > 60000 * (uint64_t)MS))
		return complain(EX_USAGE, "%s: --%s: '%s' is not between 100ms and 1min", where,
			i->name, value);
	if (id == OPTION_STEP && o->number[id] < 100 * (uint64_t)MS)
		return complain(EX_USAGE, "%s: --%s: '%s' is below 100ms", where, i->name, value);
	if (id == OPTION_BUDGET && o->number[id] < (uint64_t)16 << 20)
		return complain(EX_USAGE, "%s: --%s: '%s' is below 16MiB", where, i->name, value);
	if (id == OPTION_FOR && o->command == COMMAND_MUTE) {
		if (o->number[id] < 60000 * (uint64_t)MS ||
			o->number[id] > UINT64_C(366) * 86400000 * MS)
			return complain(EX_USAGE, "%s: --%s: '%s' is not between 1min and 366d",
				where, i->name, value);
	} else if (id == OPTION_FOR &&
		   (o->number[id] < 100 * (uint64_t)MS || o->number[id] > 86400000 * (uint64_t)MS))
		return complain(EX_USAGE, "%s: --%s: '%s' is not between 100ms and 1d", where,
			i->name, value);
	o->text[id] = value;
	o->set[id] = true;
	return 0;
}

static enum option find_option(const char *name, size_t n)
{
	unsigned k = 0;
	while (k < OPTION_COUNT &&
		(strlen(options[k].name) != n || strncmp(options[k].name, name, n) != 0))
		k++;
	return (enum option)k;
}

static const char *where_of(const struct options *o)
{
	return o->given_command ? commands[o->command].name : "command line";
}

static int one_option(
	struct options *o, enum option id, const char *inline_value, int argc, char **argv, int *at)
{
	const struct option_info *i = &options[id];
	if (!(i->commands & 1u << o->command))
		return complain(EX_USAGE,
			"%s: --%s: not an option of this command (plimsoll help %s)", where_of(o),
			i->name, commands[o->command].name);
	if (i->kind == OPTION_KIND_SWITCH) {
		if (inline_value)
			return complain(EX_USAGE, "%s: --%s: takes no value", where_of(o), i->name);
		o->set[id] = true;
		return 0;
	}
	if (!inline_value) {
		if (*at + 1 >= argc)
			return complain(EX_USAGE, "%s: --%s: needs a %s", where_of(o), i->name,
				i->argument);
		inline_value = argv[++*at];
	}
	return set_option(o, id, inline_value, where_of(o));
}

/* The command is the first word that is no option; options may stand before it only if it is the
 * bare check. */
static int find_command(int argc, char **argv, struct options *o, int *ret_first)
{
	o->command = COMMAND_CHECK;
	*ret_first = 1;
	if (argc < 2 || argv[1][0] == '-') {
		if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
			o->command = COMMAND_VERSION;
			*ret_first = 2;
			o->given_command = true;
		}
		return 0;
	}
	for (unsigned c = 0; c < COMMAND_COUNT; c++) {
		if (strcmp(argv[1], commands[c].name) != 0)
			continue;
		o->command = (enum command)c;
		o->given_command = true;
		*ret_first = 2;
		return 0;
	}
	return complain(EX_USAGE, "command line: '%s': no such command (plimsoll help lists them)",
		argv[1]);
}

/* Its arguments end in "...". */
static bool takes_several(const struct options *o)
{
	const char *arguments = commands[o->command].arguments;
	size_t n = strlen(arguments);
	return n >= 3 && strcmp(arguments + n - 3, "...") == 0;
}

int options_parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){0};
	int first, r = find_command(argc, argv, o, &first);
	bool only_words = false;
	for (int at = first; r == 0 && at < argc; at++) {
		const char *a = argv[at];
		if (only_words || a[0] != '-' || a[1] == '\0') {
			bool two = strchr(commands[o->command].arguments, ' ') != NULL;
			if (o->argument && two && !o->second) {
				o->second = a;
				continue;
			}
			if (o->argument && !takes_several(o))
				return complain(EX_USAGE, "%s: '%s': %s at most", where_of(o), a,
					two ? "two arguments" : "one argument");
			if (commands[o->command].arguments[0] == '\0')
				return complain(
					EX_USAGE, "%s: '%s': takes no argument", where_of(o), a);
			if (o->narguments == ARGUMENTS_MAX)
				return complain(EX_USAGE, "%s: '%s': %d arguments at most",
					where_of(o), a, (int)ARGUMENTS_MAX);
			o->argument = o->argument ? o->argument : a;
			o->arguments[o->narguments++] = a;
		} else if (strcmp(a, "--") == 0) {
			only_words = true;
		} else if (a[1] == '-') {
			size_t n = strcspn(a + 2, "=");
			enum option id = find_option(a + 2, n);
			if (id == OPTION_COUNT)
				return complain(EX_USAGE,
					"%s: '%.*s': no such option (plimsoll help %s)",
					where_of(o), (int)n + 2, a, commands[o->command].name);
			r = one_option(o, id, a[2 + n] == '=' ? a + n + 3 : NULL, argc, argv, &at);
		} else {
			unsigned id = 0;
			while (id < OPTION_COUNT &&
				(options[id].letter != a[1] ||
					!(options[id].commands & 1u << o->command)))
				id++;
			if (id == OPTION_COUNT || a[2])
				return complain(EX_USAGE,
					"%s: '%s': no such option (plimsoll help %s)", where_of(o),
					a, commands[o->command].name);
			r = one_option(o, (enum option)id, NULL, argc, argv, &at);
		}
	}
	if (r)
		return r;
	if (o->set[OPTION_JSONL] && !o->set[OPTION_WATCH])
		return complain(EX_USAGE,
			"%s: --jsonl: goes with --watch (--json prints one document)", where_of(o));
	if (o->set[OPTION_JSON] && o->set[OPTION_WATCH])
		return complain(EX_USAGE,
			"%s: --json: with --watch there is no end of a document; use --jsonl",
			where_of(o));
	if (o->set[OPTION_JSON] && o->set[OPTION_NAGIOS])
		return complain(EX_USAGE, "%s: --json and --nagios: choose one", where_of(o));
	if (o->set[OPTION_WATCH] && o->set[OPTION_NAGIOS])
		return complain(EX_USAGE, "%s: --watch and --nagios: choose one", where_of(o));
	if (o->set[OPTION_FROM] && o->set[OPTION_TO] &&
		o->number[OPTION_FROM] >= o->number[OPTION_TO])
		return complain(EX_USAGE, "%s: --from: is not before --to", where_of(o));
	return 0;
}

/* "name = value" lines; '#' begins a comment. */
static int config_line(struct options *o, struct scan line, const char *path, unsigned number)
{
	char where[512];
	(void)snprintf(where, sizeof where, "%s:%u", path, number);
	scan_blanks(&line);
	while (line.end > line.p &&
		(line.end[-1] == ' ' || line.end[-1] == '\t' || line.end[-1] == '\r'))
		line.end--;
	if (line.p == line.end || *line.p == '#')
		return 0;
	const char *eq = memchr(line.p, '=', scan_len(line));
	if (!eq)
		return complain(EX_CONFIG, "%s: '%.*s': expected name = value", where,
			(int)scan_len(line), line.p);
	struct scan name = {line.p, eq}, value = {eq + 1, line.end}, word;
	scan_blanks(&value);
	if (!scan_word(&name, &word))
		return complain(EX_CONFIG, "%s: a name is missing before '='", where);
	enum option id = find_option(word.p, scan_len(word));
	if (id == OPTION_COUNT || !options[id].config)
		return complain(EX_CONFIG, "%s: '%.*s': no such setting", where,
			(int)scan_len(word), word.p);
	scan_blanks(&name);
	if (name.p != name.end)
		return complain(EX_CONFIG, "%s: '%.*s': one name is expected before '='", where,
			(int)(eq - line.p), line.p);
	bool several = id == OPTION_NOTIFY;
	if (o->owned[id] && !several)
		return complain(EX_CONFIG, "%s: '%s': set twice", where, options[id].name);
	if (o->set[id] && !o->owned[id])
		return 0; /* the command line wins */
	const char *before = o->owned[id] ? o->owned[id] : "";
	char *copy; /* lives as long as the process: one for each setting */
	if (asprintf(&copy, "%s%s%.*s", before, *before ? "\n" : "", (int)scan_len(value),
		    value.p) < 0)
		return complain(EX_OSERR, "%s: %s", where, strerror(ENOMEM));
	free(o->owned[id]);
	int r = set_option(o, id, copy, where);
	o->owned[id] = copy;
	return r ? EX_CONFIG : 0;
}

int options_config(struct options *o, const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return complain(EX_NOINPUT, "%s: cannot be read: %s", path, strerror(errno));
	char line[4096];
	unsigned number = 0;
	int r = 0;
	while (r == 0 && fgets(line, sizeof line, f)) {
		number++;
		size_t n = strcspn(line, "\n");
		if (memchr(line, '\0', n) || (line[n] != '\n' && !feof(f)))
			r = complain(
				EX_CONFIG, "%s:%u: a line too long, or not text", path, number);
		else
			r = config_line(o, scan_over(line, n), path, number);
	}
	if (r == 0 && ferror(f))
		r = complain(EX_IOERR, "%s: %s", path, strerror(errno));
	(void)fclose(f);
	return r;
}

void options_free(struct options *o)
{
	for (unsigned i = 0; i < OPTION_COUNT; i++)
		free(o->owned[i]);
}

static void help_options(FILE *f, enum command c)
{
	for (unsigned i = 0; i < OPTION_COUNT; i++) {
		const struct option_info *o = &options[i];
		char left[64];
		if (!(o->commands & 1u << c))
			continue;
		(void)snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter ? "-" : " ",
			o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			o->argument ? " " : "", o->argument ? o->argument : "");
		(void)fprintf(f, "  %-26s %s%s%s%s\n", left, o->help, o->def ? " [" : "",
			o->def ? o->def : "", o->def ? "]" : "");
	}
}

void options_help(FILE *f, const struct options *o)
{
	enum command c = o->command;
	if (c == COMMAND_HELP && o->argument)
		for (unsigned k = 0; k < COMMAND_COUNT; k++)
			if (strcmp(o->argument, commands[k].name) == 0)
				c = (enum command)k;
	if ((!o->given_command && !o->set[OPTION_HELP]) || c == COMMAND_HELP || !o->given_command) {
		(void)fprintf(f,
			"plimsoll: what is this server running out of, who uses it up, the proof, "
			"and what to do.\n\nusage: plimsoll [COMMAND] [OPTIONS] [ARGUMENT]\n\n");
		for (unsigned k = 0; k < COMMAND_COUNT; k++)
			(void)fprintf(f, "  %-9s %s\n", commands[k].name, commands[k].help);
		(void)fprintf(f, "\nWithout a command: check. 'plimsoll help COMMAND' lists a "
				 "command's options.\n");
		return;
	}
	(void)fprintf(f, "usage: plimsoll %s [OPTIONS]%s%s\n%s.\n\n", commands[c].name,
		*commands[c].arguments ? " " : "", commands[c].arguments, commands[c].help);
	help_options(f, c);
	if (c == COMMAND_CHECK)
		(void)fprintf(f,
			"\nExit status: 0 ok, 1 warning, 2 critical, 3 unknown; 64 usage,\n"
			"65 not a recording, 66 no such input or nothing recorded,\n"
			"71 the system refuses, 73 a recording cannot be written,\n"
			"74 input or output failed, 78 a wrong setting in the file.\n");
}
