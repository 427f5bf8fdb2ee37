/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk: watches connections and packets for a moment and says who sent and received how much, to whom. */
#include "collect/talk.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/num.h"
#include "ledger/talk.h"
#include "role/commands.h"
#include "role/names.h"
#include "role/probes.h"
#include "role/session.h"
#include "role/stop.h"
#include "show/talk.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static const uint64_t DEFAULT_FOR_NS = 5000000000, DEFAULT_INTERVAL_NS = 1000000000,
		      NAMES_WAIT_NS = 2000000000;

enum { DEFAULT_ROWS = 40 };

struct talking {
	const struct options *o;
	enum talk_by by;
	size_t limit;
	uint64_t interval_ns, for_ns;
	struct reader *reader;
	struct talker *talker;
	struct names *names;
	bool names_missed; /* they were wanted, and are not to be had */
	const char *names_why;
};

/* ---- what was asked for ---- */

static int read_by(struct talking *k)
{
	const char *text = k->o->text[OPTION_BY];
	k->by = TALK_BY_BOTH;
	for (unsigned by = 0; text && by <= TALK_BY_COUNT; by++) {
		if (by == TALK_BY_COUNT)
			return complain(EX_USAGE,
				"talk: --by: '%s' is none of process, peer, both, cgroup", text);
		k->by = (enum talk_by)by;
		if (strcmp(text, talk_by_name(k->by)) == 0)
			break;
	}
	return 0;
}

static void read_limit(struct talking *k)
{
	bool document = k->o->set[OPTION_JSON] || k->o->set[OPTION_JSONL];
	k->limit = document ? SIZE_MAX : DEFAULT_ROWS;
	if (k->o->set[OPTION_LIMIT])
		k->limit =
			k->o->number[OPTION_LIMIT] ? (size_t)k->o->number[OPTION_LIMIT] : SIZE_MAX;
}

static int read_options(const struct options *o, struct talking *k)
{
	*k = (struct talking){.o = o};
	k->interval_ns = o->set[OPTION_INTERVAL] ? o->number[OPTION_INTERVAL] : DEFAULT_INTERVAL_NS;
	k->for_ns = o->set[OPTION_FOR]     ? o->number[OPTION_FOR]
		    : o->set[OPTION_WATCH] ? UINT64_MAX
					   : DEFAULT_FOR_NS;
	read_limit(k);
	return read_by(k);
}

/* ---- one table ---- */

/* Names are worth a wait of two seconds, or of half the time to the next table, and no more. */
static void ask_names(struct talking *k, const struct talk_rows *rows)
{
	size_t n = rows->count < k->limit ? rows->count : k->limit;
	uint64_t half = k->interval_ns / 2,
		 wait = k->o->set[OPTION_WATCH] && half < NAMES_WAIT_NS ? half : NAMES_WAIT_NS;
	const struct address **addresses = k->names ? malloc((n + 1) * sizeof(void *)) : NULL;
	if (!addresses)
		return;
	for (size_t i = 0; i < n; i++)
		addresses[i] = rows->rows[i].peer;
	int r = names_ask(k->names, addresses, n, clock_mono_ns() + wait);
	free(addresses);
	if (r != -EPIPE)
		return;
	k->names_missed = true;
	k->names_why = "the process that reads them (plimsoll-net) could not be started, or ended";
	talk_on_dns(k->talker, NULL, NULL);
	names_close(k->names);
	k->names = NULL;
}

static int print_table(struct talking *k, bool last)
{
	static struct talk talk;
	struct talk_rows rows = {0};
	int r = talk_result(k->talker, last, &talk);
	if (r == 0)
		r = talk_rows_build(&talk, k->by, &rows);
	if (r < 0)
		return complain(EX_OSERR, "talk: %s", strerror(-r));
	ask_names(k, &rows);
	if (k->names_missed)
		talk_blind_add(
			talk.blind, &talk.nblind, "names", k->names_why, "names of addresses");
	const struct talk_view v = {
		&talk, &rows, k->by, k->limit, k->names ? names_find : NULL, k->names};
	struct style st = style_of(stdout, k->o->set[OPTION_NO_COLOR]);
	if (k->o->set[OPTION_JSON] || k->o->set[OPTION_JSONL])
		r = json_write(stdout, json_talk(&v), k->o->set[OPTION_JSONL]);
	else
		r = show_talk(stdout, st, &v);
	talk_rows_free(&rows);
	if (r == -ENOMEM)
		return complain(EX_OSERR, "talk: %s", strerror(ENOMEM));
	if (r < 0 || fflush(stdout) == EOF || ferror(stdout))
		return complain(EX_IOERR, "standard output: %s", strerror(errno ? errno : EIO));
	return 0;
}

/* ---- watching ---- */

/* Waits for the next look. True: it is the last one. */
static bool wait_for_look(struct talking *k, uint64_t end)
{
	uint64_t next = talk_due(k->talker, k->interval_ns);
	bool last = next + k->interval_ns / 2 >= end;
	return talk_wait(k->talker, last ? end : next) == -EINTR || stop_requested || last;
}

static int watch(struct talking *k)
{
	bool replay = reader_is_replay(k->reader), last = false, said = false;
	uint64_t begin = clock_mono_ns();
	uint64_t end = k->for_ns > UINT64_MAX - begin ? UINT64_MAX : begin + k->for_ns;
	int status = 0, r = talk_look(k->talker);
	if (r < 0)
		return complain(EX_IOERR, "talk: %s", strerror(-r));
	for (unsigned looks = 1; status == 0 && !last; looks++) {
		if (!replay)
			last = wait_for_look(k, end);
		r = talk_look(k->talker);
		if (r == -ENODATA && looks == 1)
			return complain(EX_NOINPUT,
				"talk: at least two moments are needed to say what moved");
		if (r == -ENODATA)
			return k->o->set[OPTION_WATCH] && said ? 0 : print_table(k, true);
		if (r < 0)
			return complain(EX_IOERR, "talk: %s", strerror(-r));
		if (k->o->set[OPTION_WATCH]) {
			status = print_table(k, last);
			talk_again(k->talker);
			said = true;
		} else if (last) {
			status = print_table(k, true);
		}
	}
	return status;
}

int command_talk(struct options *o)
{
	struct talking k;
	int status = read_options(o, &k);
	if (status == 0)
		status = session_reader(
			o, o->set[OPTION_ROOT] ? o->text[OPTION_ROOT] : NULL, &k.reader);
	if (status)
		return status;
	if (!reader_is_replay(
		    k.reader)) /* without it, the last bytes of connections that end are missing, and it is said */
		(void)probes_start(k.reader, "connections");
	stop_catch(STOP_WHILE_WAITING);
	int r = talk_open(k.reader, &k.talker);
	if (r < 0) {
		reader_close(k.reader);
		return complain(EX_OSERR, "talk: memory: %s", strerror(-r));
	}
	if (!o->set[OPTION_NUMERIC] && !reader_is_replay(k.reader)) {
		k.names = names_open();
		k.names_missed = !k.names;
		k.names_why = strerror(errno);
	}
	if (k.names)
		talk_on_dns(k.talker, names_see_dns, k.names);
	status = watch(&k);
	names_close(k.names);
	talk_close(k.talker);
	reader_close(k.reader);
	return status;
}
