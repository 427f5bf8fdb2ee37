/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll: what is this server running out of, who uses it up, since when, how long is left, the proof, and what to do.
 *
 * The tree shows the flow of a number, from the kernel to the reader; a folder may include itself and those above it in this list:
 *
 *     base/       memory, numbers, text, clock: knows nothing of servers
 *     catalogue/  the vocabulary as tables (metrics, collectors, resources, rules, commands, options) and the sample
 *     bpf/        programs that run in the kernel; loaded by plimsoll-bpf (main_bpf.c), read by read/reader_probes.c
 *     read/       the one door to the kernel, or to a recorded tree; kernel bytes to structs
 *     collect/    one pure function a file; processes, sockets, cgroups, filesystems; the engine that runs them each second
 *     store/      the samples of the last moments, and all that was recorded; the view through which all that follows looks
 *     query/      questions about series: selectors, rates, steps
 *     ledger/     everything that can run out: used, limit, holders
 *     rules/      pure functions: view -> verdict
 *     finding/    symptoms folded under causes, ranked, tracked over time
 *     show/       text, JSON, OpenMetrics; screens as data, and on a terminal (plimsoll-top, main_top.c)
 *     http/       the page, the API and /metrics, from the store
 *     fleet/      what leaves the machine: Prometheus remote write, messages to people
 *     names/      names of addresses, in a process without rights: what strangers wrote into DNS
 *     role/       the commands; the only place that sees everything
 */
#include "role/commands.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int run(struct options *o, char **argv)
{
	switch (o->command) {
	case COMMAND_CHECK: return command_check(o);
	case COMMAND_LIMITS: return command_limits(o);
	case COMMAND_QUERY: return command_query(o);
	case COMMAND_TOP: return command_top(o, argv);
	case COMMAND_RECORD: return command_record(o);
	case COMMAND_UP: return command_up(o);
	case COMMAND_SERVE:
	case COMMAND_NOTIFY:
	case COMMAND_USER:
	case COMMAND_SHIP: return delegate(o, argv);
	case COMMAND_EXPORT: return command_export(o);
	case COMMAND_IMPORT: return command_import(o);
	case COMMAND_FLEET: return command_fleet(o);
	case COMMAND_TALK: return command_talk(o);
	case COMMAND_TUNE: return command_tune(o);
	case COMMAND_NORMAL: return command_normal(o);
	case COMMAND_MUTE: return command_mute(o);
	case COMMAND_UNMUTE: return command_unmute(o);
	case COMMAND_EXPLAIN: return command_explain(o);
	case COMMAND_DOCTOR: return command_doctor(o);
	case COMMAND_VERSION: return command_version(o);
	case COMMAND_HELP:
	case COMMAND_COUNT: break;
	}
	return EX_SOFTWARE;
}

int main(int argc, char **argv)
{
	struct options o;
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	int status = options_parse(argc, argv, &o);
	if (status)
		return status;
	if (o.set[OPTION_HELP] || o.command == COMMAND_HELP) {
		if (o.command == COMMAND_HELP && o.argument) {
			unsigned c = 0;
			while (c < COMMAND_COUNT &&
				strcmp(o.argument, command_info((enum command)c)->name) != 0)
				c++;
			if (c == COMMAND_COUNT)
				return complain(
					EX_USAGE, "help: '%s': no such command", o.argument);
		}
		options_help(stdout, &o);
		return fflush(stdout) == EOF || ferror(stdout)
			       ? complain(EX_IOERR, "standard output: %s", strerror(errno))
			       : 0;
	}
	status = run(&o, argv);
	options_free(&o);
	return status;
}
