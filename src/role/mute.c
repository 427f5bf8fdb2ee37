/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/mute.h"

#include "base/clock.h"
#include "base/text.h"
#include "finding/finding.h"
#include "role/commands.h"
#include "role/paths.h"
#include "show/show.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static const uint64_t LOOK_AGAIN_NS = UINT64_C(1000000000);

/* ---- those that ended ---- */

static void say_ended(void *ctx, const struct mute *gone)
{
	char until[40];
	(void)complain(0, "%s: '%s' is told of again: its mute ended %s (%s)", (const char *)ctx,
		gone->what, text_time(until, gone->until_ns), gone->reason);
}

static int ended_away(void *ctx, struct mutes *m)
{
	(void)ctx;
	return mutes_drop_ended(m, clock_real_ns(), NULL, NULL) > 0;
}

/* Said when it can be taken out: then it is said once. */
static void drop_ended(const char *command, const char *store, struct mutes *m)
{
	uint64_t now = clock_real_ns();
	bool any = false;
	for (size_t i = 0; i < m->count; i++)
		any |= m->rows[i].until_ns <= now;
	if (any && mutes_change(store, ended_away, NULL) == 0)
		(void)mutes_drop_ended(m, now, say_ended, (void *)(uintptr_t)command);
}

const struct mutes *mutes_of(const struct options *o, const struct session *s)
{
	static struct mutes m;
	static uint64_t read_ns;
	char path[PATH_ROOM];
	unsigned bad;
	if (s->reader && reader_is_replay(s->reader))
		return NULL;
	if (read_ns && clock_mono_ns() - read_ns < LOOK_AGAIN_NS)
		return &m;
	if (s->past && o->argument)
		(void)snprintf(path, sizeof path, "%s", o->argument);
	else if (store_path(o, path, sizeof path) < 0)
		return NULL;
	const char *name = command_info(o->command)->name;
	int r = mutes_load(path, &m, &bad);
	/* A store that others may not read has no say in what they see. */
	if (r < 0 && r != -EACCES && !read_ns)
		(void)complain(0, "%s: %s/mutes: %s: nothing is muted", name, path, strerror(-r));
	else if (bad && !read_ns)
		(void)complain(0, "%s: %s/mutes: %u lines that are not understood: left out", name,
			path, bad);
	if (!s->past)
		drop_ended(name, path, &m);
	read_ns = clock_mono_ns();
	return &m;
}

/* ---- the commands ---- */

static bool is_id(const char *what)
{
	return strlen(what) == 16 && what[strspn(what, "0123456789abcdef")] == '\0';
}

static const char *who_asks(const struct options *o)
{
	if (o->set[OPTION_BY])
		return o->text[OPTION_BY];
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = sudo && *sudo ? NULL : getpwuid(getuid());
	return user ? user->pw_name : sudo ? sudo : "";
}

static int find_store(const struct options *o, char path[static PATH_ROOM])
{
	const char *name = command_info(o->command)->name;
	if (store_path(o, path, PATH_ROOM) < 0)
		return complain(EX_USAGE, "%s: the path of the store is too long", name);
	if (access(path, X_OK) < 0)
		return complain(EX_NOINPUT, "%s: %s: %s%s", name, path, strerror(errno),
			errno == ENOENT
				? ": mutes lie beside a recording (plimsoll record makes it)"
				: "");
	return 0;
}

static int changed(const struct options *o, const char *store, int r)
{
	const char *name = command_info(o->command)->name;
	if (r == -ENOSPC)
		return complain(EX_CANTCREAT,
			"%s: %d mutes are there already: end one (plimsoll mute list)", name,
			MUTES_MAX);
	if (r == -ESRCH)
		return complain(
			EX_USAGE, "%s: '%s': is not muted (plimsoll mute list)", name, o->argument);
	return r < 0 ? complain(EX_CANTCREAT, "%s: %s/mutes: %s", name, store, strerror(-r)) : 0;
}

static int add(void *ctx, struct mutes *m)
{
	const struct mute *add = ctx;
	(void)mutes_drop_ended(m, clock_real_ns(), say_ended, (void *)(uintptr_t) "mute");
	size_t i = 0;
	while (i < m->count && strcmp(m->rows[i].what, add->what) != 0)
		i++;
	if (i == MUTES_MAX)
		return -ENOSPC;
	m->rows[i] = *add; /* the same once more: a new end and reason */
	m->count += i == m->count;
	return 1;
}

static int take_away(void *ctx, struct mutes *m)
{
	const char *what = ctx;
	size_t kept = 0;
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->rows[i].what, what) != 0)
			m->rows[kept++] = m->rows[i];
	bool any = kept < m->count;
	m->count = kept;
	(void)mutes_drop_ended(m, clock_real_ns(), say_ended, (void *)(uintptr_t) "unmute");
	return any ? 1 : -ESRCH;
}

static json_t *row_json(const struct mute *m)
{
	char from[40], until[40];
	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "what", json_text(m->what), "from",
		text_time(from, m->from_ns), "until", text_time(until, m->until_ns), "by",
		json_text(m->by), "reason", json_text(m->reason));
}

static int list(const struct options *o, const char *store)
{
	static struct mutes m;
	unsigned bad;
	int r = mutes_load(store, &m, &bad);
	if (r < 0)
		return complain(EX_NOINPUT, "mute: %s/mutes: %s", store, strerror(-r));
	if (bad)
		(void)complain(0, "mute: %s/mutes: %u lines that are not understood: left out",
			store, bad);
	drop_ended("mute", store, &m);
	(void)mutes_drop_ended(&m, clock_real_ns(), NULL, NULL);
	if (o->set[OPTION_JSON]) {
		json_t *rows = json_array();
		for (size_t i = 0; i < m.count; i++)
			json_array_append_new(rows, row_json(&m.rows[i]));
		r = json_write(stdout, json_pack("{s:i, s:o}", "schema", 1, "mutes", rows), false);
		return r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r)) : 0;
	}
	for (size_t i = 0; i < m.count; i++) {
		char until[40];
		(void)printf("%s  until %s%s%s: %s\n", m.rows[i].what,
			text_time(until, m.rows[i].until_ns), *m.rows[i].by ? "  by " : "",
			m.rows[i].by, m.rows[i].reason);
	}
	if (!m.count)
		(void)printf("nothing is muted\n");
	return fflush(stdout) == EOF ? complain(EX_IOERR, "standard output: %s", strerror(errno))
				     : 0;
}

int command_mute(struct options *o)
{
	char store[PATH_ROOM], until[40];
	struct mute m = {.from_ns = clock_real_ns() / 1000000000u * 1000000000u};
	const char *what = o->argument;
	if (!what)
		return complain(EX_USAGE,
			"mute: say what: the id of a finding, a rule, a glob over "
			"resources, or list");
	bool lists = strcmp(what, "list") == 0;
	if (!lists && o->set[OPTION_JSON])
		return complain(EX_USAGE, "mute: --json: goes with mute list");
	if (!lists && !o->set[OPTION_FOR])
		return complain(
			EX_USAGE, "mute: for how long? (--for 2h): nothing is muted for ever");
	if (!lists && !o->set[OPTION_REASON])
		return complain(
			EX_USAGE, "mute: why? (--reason TEXT): whoever looks next will ask");
	const char *by = who_asks(o);
	if (!lists && !is_id(what) && !findings_known(what))
		return complain(EX_USAGE,
			"mute: '%s' is no id of a finding (16 hex digits of check --json) and "
			"matches no "
			"rule and no class of resources (plimsoll explain lists them)",
			what);
	if (!lists && (!mute_text_good(what, sizeof m.what) || !mute_text_good(by, sizeof m.by) ||
			      !mute_text_good(o->text[OPTION_REASON], sizeof m.reason)))
		return complain(EX_USAGE,
			"mute: one line of printable text is wanted: %d bytes at most for what, %d "
			"for "
			"--by, %d for --reason",
			MUTE_WHAT - 1, MUTE_BY - 1, MUTE_REASON - 1);
	int status = find_store(o, store);
	if (status || lists)
		return status ? status : list(o, store);
	m.until_ns = m.from_ns + o->number[OPTION_FOR];
	(void)snprintf(m.what, sizeof m.what, "%s", what);
	(void)snprintf(m.by, sizeof m.by, "%s", by);
	(void)snprintf(m.reason, sizeof m.reason, "%s", o->text[OPTION_REASON]);
	status = changed(o, store, mutes_change(store, add, &m));
	if (status == 0)
		(void)printf("%s is muted until %s\n", m.what, text_time(until, m.until_ns));
	return status;
}

int command_unmute(struct options *o)
{
	char store[PATH_ROOM];
	if (!o->argument)
		return complain(EX_USAGE, "unmute: say what, as plimsoll mute list names it");
	int status = find_store(o, store);
	if (status == 0)
		status = changed(
			o, store, mutes_change(store, take_away, (void *)(uintptr_t)o->argument));
	if (status == 0)
		(void)printf("%s is told of again\n", o->argument);
	return status;
}
