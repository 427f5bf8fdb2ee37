/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What Redis and Valkey answer: see redis.c. */
#include "books/redis.h"

#include "books/conf.h"
#include "books/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DEPTH = 4,                  /* of lists in lists */
	LARGE_OUTPUT = 64 * 1024,   /* of one client, that it does not take */
	LARGE_CLIENT = 1024 * 1024, /* all that is kept for one */
	CLIENTS = 64,               /* in a book */
	SLOW_S = 60,                /* a slow command of so long ago is still told */
};

/* ---- protocol ---- */

static int take_reply(struct scan *s, struct redis_reply *ret, int depth)
{
	struct scan c = *s, line;
	int64_t n;
	if (c.p == c.end)
		return 0;
	const char *end = memchr(c.p, '\r', scan_len(c));
	if (!end || end + 1 >= c.end)
		return scan_len(c) > 4096 && *c.p != '+' && *c.p != '-' ? -1 : 0;
	if (end[1] != '\n')
		return -1;
	line = (struct scan){c.p + 1, end};
	*ret = (struct redis_reply){.type = *c.p, .text = line};
	c.p = end + 2;
	switch (ret->type) {
	case '+':
	case '-': break;
	case ':':
	case '$':
	case '*':
		if (!scan_i64(&line, &n) || line.p != line.end || n > INT32_MAX)
			return -1;
		ret->number = n < 0 ? -1 : n;
		if (ret->type == ':') {
			ret->number = n;
			break;
		}
		ret->text = (struct scan){c.p, c.p};
		if (ret->type == '$' && n >= 0) {
			if ((int64_t)scan_len(c) < n + 2)
				return 0;
			ret->text.end = c.p + n;
			c.p += n + 2;
		}
		for (int64_t i = 0; ret->type == '*' && i < n; i++) {
			struct redis_reply member;
			int r = depth == DEPTH ? -1 : take_reply(&c, &member, depth + 1);
			if (r <= 0)
				return r;
			ret->text.end = c.p;
		}
		break;
	default: return -1;
	}
	*s = c;
	return 1;
}

int redis_reply(struct scan *s, struct redis_reply *ret)
{
	return take_reply(s, ret, 0);
}

/* ---- configuration ---- */

void redis_read_config(struct scan text, struct redis_config *ret)
{
	struct scan line;
	uint64_t v;
	*ret = (struct redis_config){.port = 6379};
	while (scan_line(&text, &line)) {
		char buf[512];
		const char *w[2];
		if (conf_words(line, buf, sizeof buf, w, 2) < 2)
			continue;
		struct scan number = scan_over(w[1], strlen(w[1]));
		if (strcmp(w[0], "requirepass") == 0 && strlen(w[1]) < sizeof ret->password)
			(void)snprintf(ret->password, sizeof ret->password, "%s", w[1]);
		else if (strcmp(w[0], "unixsocket") == 0 && strlen(w[1]) < sizeof ret->path)
			(void)snprintf(ret->path, sizeof ret->path, "%s", w[1]);
		else if (strcmp(w[0], "port") == 0 && line_number(number, &v) && v <= UINT16_MAX)
			ret->port = (uint16_t)v;
		else if (strcmp(w[0], "tls-port") == 0 && line_number(number, &v) &&
			 v <= UINT16_MAX)
			ret->tls_port = (uint16_t)v;
	}
}

/* ---- INFO ---- */

enum field { USED, MAX, PEAK, CONNECTED, MAXCLIENTS, REJECTED, RECEIVED, POOL_FIELDS };

bool redis_parse_info(
	struct scan text, uint64_t maxclients, struct book *ret, uint64_t *ret_clients)
{
	static const struct {
		const char *name, *number;
	} wanted[] = {
		[USED] = {"used_memory", NULL},
		[MAX] = {"maxmemory", NULL},
		[PEAK] = {"used_memory_peak", NULL},
		[CONNECTED] = {"connected_clients", NULL},
		[MAXCLIENTS] = {"maxclients", NULL},
		[REJECTED] = {"rejected_connections", NULL},
		[RECEIVED] = {"total_connections_received", NULL},
		{"used_memory_rss", "memory.rss"},
		{"total_system_memory", "memory.machine"},
		{"mem_clients_normal", "memory.clients"},
		{"mem_clients_slaves", "memory.replicas"},
		{"mem_replication_backlog", "memory.backlog"},
		{"mem_not_counted_for_evict", "memory.not.evicted"},
		{"evicted_keys", "keys.evicted"},
		{"expired_keys", "keys.expired"},
		{"keyspace_hits", "keys.hits"},
		{"keyspace_misses", "keys.misses"},
		{"blocked_clients", "clients.blocked"},
		{"pubsub_clients", "clients.subscribed"},
		{"client_recent_max_output_buffer", "clients.output.max"},
		{"client_output_buffer_limit_disconnections", "clients.output.cut"},
		{"client_query_buffer_limit_disconnections", "clients.input.cut"},
		{"total_commands_processed", "commands"},
		{"instantaneous_ops_per_sec", "commands.per.second"},
		{"latest_fork_usec", "fork.us"},
		{"total_forks", "forks"},
		{"current_cow_size", "fork.copied"},
		{"rdb_last_cow_size", "rdb.copied"},
		{"loading", "loading"},
		{"async_loading", "loading.async"},
		{"rdb_bgsave_in_progress", "rdb.running"},
		{"rdb_changes_since_last_save", "rdb.changes"},
		{"rdb_last_save_time", "rdb.saved.at.s"},
		{"aof_enabled", "aof.enabled"},
		{"aof_rewrite_in_progress", "aof.rewriting"},
		{"aof_delayed_fsync", "aof.delayed"},
		{"connected_slaves", "replicas"},
		{"master_link_down_since_seconds", "master.down.s"},
		{"master_last_io_seconds_ago", "master.silent.s"},
		{"master_sync_in_progress", "master.syncing"},
		{"sync_full", "replicas.full.syncs"},
		{"uptime_in_seconds", "uptime.s"},
	};
	/* Words that mean a yes or a no. */
	static const struct {
		const char *name, *yes, *number;
	} words[] = {
		{"rdb_last_bgsave_status", "ok", "rdb.ok"},
		{"aof_last_bgrewrite_status", "ok", "aof.rewrite.ok"},
		{"aof_last_write_status", "ok", "aof.ok"},
		{"master_link_status", "up", "master.up"},
		{"maxmemory_policy", "noeviction", "memory.noeviction"},
		{"role", "slave", "replica"},
	};
	uint64_t pool[POOL_FIELDS] = {0}, oom = 0, misconf = 0, v;
	unsigned seen = 0;
	bool errors = false; /* it counts them, since 6.2; one that never came is not listed */
	struct scan line;
	while (scan_line(&text, &line)) {
		if (line.end > line.p && line.end[-1] == '\r')
			line.end--;
		errors |= scan_is(line, "# Errorstats");
		const char *colon = memchr(line.p, ':', scan_len(line));
		if (!colon)
			continue;
		struct scan name = {line.p, colon}, value = {colon + 1, line.end};
		if (scan_is(name, "errorstat_OOM") && scan_starts(value, "count=")) {
			value.p += 6;
			(void)line_number(value, &oom);
			continue;
		}
		if (scan_is(name, "errorstat_MISCONF") && scan_starts(value, "count=")) {
			value.p += 6;
			(void)line_number(value, &misconf);
			continue;
		}
		for (size_t i = 0; i < COUNTOF(words); i++)
			if (scan_is(name, words[i].name))
				book_line(ret, "number %s %d", words[i].number,
					scan_is(value, words[i].yes));
		for (size_t i = 0; line_number(value, &v) && i < COUNTOF(wanted); i++) {
			if (!scan_is(name, wanted[i].name))
				continue;
			if (i < POOL_FIELDS) {
				pool[i] = v;
				seen |= 1u << i;
			} else {
				book_line(ret, "number %s %" PRIu64, wanted[i].number, v);
			}
		}
	}
	if (!(seen & 1u << USED) && !(seen & 1u << CONNECTED))
		return false;
	if (errors) {
		book_line(ret, "number errors.oom %" PRIu64, oom);
		book_line(ret, "number errors.misconf %" PRIu64, misconf);
	}
	if (seen & 1u << USED && seen & 1u << MAX && pool[MAX])
		book_line(ret, "pool memory - used=%" PRIu64 " limit=%" PRIu64 " high=%" PRIu64,
			pool[USED], pool[MAX], pool[PEAK]);
	else if (seen & 1u << USED)
		book_line(ret, "pool memory - used=%" PRIu64 " high=%" PRIu64, pool[USED],
			pool[PEAK]);
	if (pool[MAXCLIENTS])
		maxclients = pool[MAXCLIENTS];
	if (seen & 1u << CONNECTED) {
		char limit[32] = "";
		if (maxclients)
			(void)snprintf(limit, sizeof limit, " limit=%" PRIu64, maxclients);
		book_line(ret,
			"pool connections - used=%" PRIu64 "%s served=%" PRIu64 " refused=%" PRIu64,
			pool[CONNECTED], limit, pool[RECEIVED], pool[REJECTED]);
	}
	*ret_clients = pool[CONNECTED];
	return true;
}

/* ---- clients ---- */

struct client {
	uint64_t id, age, idle, output, all, sub;
	struct scan addr, name, user, cmd, flags;
};

static void client_field(struct scan key, struct scan value, struct client *c)
{
	static const struct {
		const char *name;
		size_t at;
	} numbers[] = {{"id", offsetof(struct client, id)}, {"age", offsetof(struct client, age)},
		{"idle", offsetof(struct client, idle)}, {"omem", offsetof(struct client, output)},
		{"tot-mem", offsetof(struct client, all)}, {"sub", offsetof(struct client, sub)},
		{"psub", offsetof(struct client, sub)}, {"ssub", offsetof(struct client, sub)}},
	  texts[] = {{"addr", offsetof(struct client, addr)},
		  {"name", offsetof(struct client, name)}, {"user", offsetof(struct client, user)},
		  {"cmd", offsetof(struct client, cmd)}, {"flags", offsetof(struct client, flags)}};
	uint64_t v;
	for (size_t i = 0; i < COUNTOF(numbers); i++)
		if (scan_is(key, numbers[i].name) && line_number(value, &v)) {
			uint64_t *at = (uint64_t *)(void *)((char *)c + numbers[i].at);
			*at = numbers[i].at == offsetof(struct client, sub) && *at > v ? *at : v;
		}
	for (size_t i = 0; i < COUNTOF(texts); i++)
		if (scan_is(key, texts[i].name))
			*(struct scan *)(void *)((char *)c + texts[i].at) = value;
}

static bool has_flag(const struct client *c, char flag)
{
	return scan_len(c->flags) && memchr(c->flags.p, flag, scan_len(c->flags));
}

static bool parse_client(struct scan line, struct client *ret)
{
	struct scan word;
	*ret = (struct client){0};
	while (scan_word(&line, &word)) {
		const char *equals = memchr(word.p, '=', scan_len(word));
		if (equals)
			client_field((struct scan){word.p, equals},
				(struct scan){equals + 1, word.end}, ret);
	}
	return ret->id != 0;
}

static void client_slot(const struct client *c, struct book *ret)
{
	const char *state = c->sub || has_flag(c, 'P')      ? "subscribed"
			    : has_flag(c, 'b')              ? "reading"
			    : has_flag(c, 'x')              ? "transaction"
			    : has_flag(c, 'S') || c->output ? "working"
							    : "idle";
	uint64_t ms = c->idle > UINT32_MAX / 1000 ? UINT32_MAX : c->idle * 1000;
	struct scan who = scan_len(c->name) ? c->name : c->user;
	char peer[192] = "";
	if (scan_len(c->addr) && *c->addr.p != '/') /* else a unix socket's path */
		(void)snprintf(peer, sizeof peer, " peer=%.100s", WORD(c->addr));
	book_line(ret, "slot %u state=%s ms=%" PRIu64 " bytes=%" PRIu64 "%s who=%s text=%s",
		(unsigned)c->id, state, ms, c->output, peer, WORD(who), WORD(c->cmd));
}

void redis_parse_clients(struct scan text, struct book *ret)
{
	struct client best[CLIENTS], c;
	unsigned n = 0;
	struct scan line;
	while (scan_line(&text, &line)) {
		if (!parse_client(line, &c) ||
			(c.output < LARGE_OUTPUT && c.all < LARGE_CLIENT && !has_flag(&c, 'b')))
			continue;
		unsigned at = n < CLIENTS ? n++ : CLIENTS;
		if (at == CLIENTS && best[--at].output >= c.output)
			continue;
		for (; at > 0 && best[at - 1].output < c.output; at--)
			best[at] = best[at - 1];
		best[at] = c;
	}
	for (unsigned i = 0; i < n; i++)
		client_slot(&best[i], ret);
}

/* ---- slow commands ---- */

/* Each is a list: id, time in s, duration in us, the words of the command, address, name of the client (since 4.0). */
static bool slow_one(struct redis_reply entry, uint64_t now_s, struct book *ret, uint64_t *ret_id)
{
	struct redis_reply r[6] = {0}, word;
	char text[192] = "", peer[192] = "";
	size_t n = 0;
	for (int i = 0; i < 6 && i < entry.number; i++)
		if (redis_reply(&entry.text, &r[i]) <= 0)
			return false;
	if (entry.type != '*' || r[0].type != ':' || r[1].type != ':' || r[2].type != ':' ||
		r[0].number < 0 || r[1].number < 0 || r[2].number < 0)
		return false;
	*ret_id = (uint64_t)r[0].number;
	if ((uint64_t)r[1].number + SLOW_S < now_s)
		return true;
	for (int i = 0; r[3].type == '*' && i < r[3].number && redis_reply(&r[3].text, &word) > 0;
		i++)
		if (scan_len(word.text) && n + 2 < sizeof text)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", n ? " " : "",
				(int)(scan_len(word.text) < 60 ? scan_len(word.text) : 60),
				word.text.p);
	n = strlen(text);
	if (r[4].type == '$' && scan_len(r[4].text) && *r[4].text.p != '/')
		(void)snprintf(peer, sizeof peer, " peer=%.100s", WORD(r[4].text));
	book_line(ret, "slot %u state=logging ms=%" PRId64 "%s who=%s text=%s",
		(unsigned)r[0].number, r[2].number / 1000, peer, WORD(r[5].text),
		WORD(scan_over(text, n)));
	return true;
}

void redis_parse_slow(struct redis_reply list, uint64_t now_s, struct book *ret)
{
	struct redis_reply entry;
	uint64_t id;
	if (list.type != '*')
		return;
	for (int64_t i = 0; i < list.number && redis_reply(&list.text, &entry) > 0; i++) {
		if (!slow_one(entry, now_s, ret, &id))
			return;
		if (i == 0) /* the newest is the first, and they are numbered from 0 */
			book_line(ret, "number commands.slow %" PRIu64, id + 1);
	}
}
