/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* servers: what servers say of themselves (their books, docs/decisions/0012): each server, its pools, and the workers or sessions that are
 * busy. */
#include "base/text.h"
#include "show/screens/screen_impl.h"

#include <string.h>

#define BOOK "the server's own status: see the line of the server"

enum {
	V_NAME,
	V_STATE,
	V_USED,
	V_LIMIT,
	V_WAITING,
	V_FOR,
	V_WHO,
	V_HIGH,
	V_SERVED,
	V_REFUSED,
	V_FAILED,
	V_PID,
	V_TEXT,
	V_NETNS
};

static const struct screen_column columns[] = {
	[V_NAME] = {"name", "server, pool or slot", CELL_TEXT, 22, 0, true, -1, NULL,
		"the server; below it what of it can be used up, and its busy workers or sessions",
		BOOK},
	[V_STATE] = {"state", "state", CELL_TEXT, 11, 0, false, -1, NULL,
		"of the server how it answered; of a slot what it does; of a backend whether it is "
		"up",
		BOOK},
	[V_USED] = {"used", "used", CELL_COUNT, 8, 0, false, -1, NULL,
		"workers, connections, bytes in use", BOOK},
	[V_LIMIT] = {"limit", "limit", CELL_COUNT, 8, 0, false, -1, NULL, "as configured", BOOK},
	[V_WAITING] = {"waiting", "waiting", CELL_COUNT, 7, 0, false, -1, NULL,
		"requests that wait for it", BOOK},
	[V_FOR] = {"for", "for", CELL_SECONDS, 9, 0, false, -1, NULL,
		"of a slot how long it has been so; of a server how long it took to answer; of a "
		"pool what a request takes",
		BOOK},
	[V_WHO] = {"who", "who", CELL_TEXT, 16, 1, true, -1, NULL,
		"whom a slot serves: address, user, application", BOOK},
	[V_HIGH] = {"high", "high", CELL_COUNT, 8, 2, false, -1, NULL, "most that were in use",
		BOOK},
	[V_SERVED] = {"served", "served", CELL_COUNT, 8, 3, false, -1, NULL,
		"since the server began", BOOK},
	[V_REFUSED] = {"refused", "refused", CELL_COUNT, 7, 1, false, -1, NULL,
		"since the server began", BOOK},
	[V_FAILED] = {"failed", "failed", CELL_COUNT, 7, 4, false, -1, NULL,
		"since the server began", BOOK},
	[V_PID] = {"pid", "pid", CELL_ID, 7, 3, false, -1, NULL,
		"process of the server or the slot", BOOK},
	[V_TEXT] = {"text", "request", CELL_TEXT, 24, 2, true, -1, NULL,
		"request or query of a slot; where a server was asked", BOOK},
	[V_NETNS] = {"netns", "netns", CELL_TEXT, 10, 5, false, -1, NULL,
		"network namespace; nothing: the host's own", "/run/netns"},
};

static const char *status_text(uint8_t status)
{
	static const char *const names[] = {[BOOK_OK] = "ok",
		[BOOK_FULL] = "full",
		[BOOK_DOWN] = "down",
		[BOOK_HUNG] = "hung",
		[BOOK_SLOW] = "slow",
		[BOOK_GARBAGE] = "garbage",
		[BOOK_LARGE] = "too large",
		[BOOK_DENIED] = "denied",
		[BOOK_CLOSED] = "not set up"};
	return status < COUNTOF(names) && names[status] ? names[status] : "?";
}

static const char *slot_text(uint8_t state)
{
	static const char *const names[] = {[SLOT_IDLE] = "idle",
		[SLOT_STARTING] = "starting",
		[SLOT_READING] = "reading",
		[SLOT_WORKING] = "working",
		[SLOT_KEEPALIVE] = "keepalive",
		[SLOT_DNS] = "dns",
		[SLOT_CLOSING] = "closing",
		[SLOT_LOGGING] = "logging",
		[SLOT_FINISHING] = "finishing",
		[SLOT_TRANSACTION] = "transaction",
		[SLOT_LOCKED] = "locked",
		[SLOT_SUBSCRIBED] = "subscribed"};
	return state < COUNTOF(names) && names[state] ? names[state] : "?";
}

static const char *pool_text(uint8_t kind)
{
	static const char *const names[] = {[POOL_WORKERS] = "workers",
		[POOL_CONNECTIONS] = "connections",
		[POOL_QUEUE] = "queue",
		[POOL_BACKEND] = "backend",
		[POOL_MEMORY] = "memory",
		[POOL_OTHER] = "pool"};
	return kind < COUNTOF(names) && names[kind] ? names[kind] : "pool";
}

struct server_item {
	int32_t server, pid;
	uint16_t netns;
	const char *name;
};

static void about(struct screen_row *row, struct view *v, int32_t server, int32_t pid,
	uint16_t netns, const char *name)
{
	struct server_item *item = arena_alloc(&v->scratch, sizeof *item);
	if (item)
		*item = (struct server_item){server, pid, netns, name};
	row->item = item;
}

static void add_pools(struct screen *s, struct view *v, const struct server_book *b)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(last->pools, struct server_pool)[i];
		if (p->server != b->pid || p->netns != b->netns)
			continue;
		struct screen_row *row =
			screen_add(s, key_pair(key_pair((uint64_t)p->server, p->name),
					      key_pair(p->kind, p->netns)));
		if (!row)
			return;
		enum cell_unit unit = p->kind == POOL_MEMORY ? CELL_BYTES : CELL_COUNT;
		const char *name = intern_text(&v->series->names, p->name);
		cell_text(row, V_NAME,
			say(v, "  %s%s%s", pool_text(p->kind), *name ? " " : "", name));
		cell_text(row, V_STATE, p->up == 1 ? "up" : p->up == 2 ? "down" : "");
		cell_unit(row, V_USED, (double)p->used, unit);
		if (p->have_limit)
			cell_unit(row, V_LIMIT, (double)p->limit, unit);
		cell_number(s, row, V_WAITING, (double)p->waiting);
		if (p->time_us)
			cell_number(s, row, V_FOR, (double)p->time_us / 1e6);
		if (p->high)
			cell_unit(row, V_HIGH, (double)p->high, unit);
		if (p->served)
			cell_number(s, row, V_SERVED, (double)p->served);
		cell_number(s, row, V_REFUSED, (double)p->refused);
		cell_number(s, row, V_FAILED, (double)p->failed);
		cell_text(row, V_NETNS, p->netns ? series_netns_name(v->series, p->netns) : "");
		if (p->waiting || (p->have_limit && p->limit && p->used >= p->limit) || p->up == 2)
			row->tone = TONE_BOLD; /* whether that is a trouble a rule says */
		about(row, v, p->server, p->server, p->netns, "");
	}
}

static void add_slots(struct screen *s, struct view *v, const struct server_book *b)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->slots.count; i++) {
		const struct server_slot *p = &TABLE_ROWS(last->slots, struct server_slot)[i];
		char peer[48] = "";
		if (p->server != b->pid || p->netns != b->netns)
			continue;
		struct screen_row *row =
			screen_add(s, key_pair(key_pair((uint64_t)p->server, p->id), 7));
		if (!row)
			return;
		if (p->peer.family)
			(void)address_text(peer, &p->peer);
		cell_text(row, V_NAME, say(v, "    slot %u", p->id));
		cell_text(row, V_STATE, slot_text(p->state));
		cell_number(s, row, V_FOR, p->state_ms / 1e3);
		cell_text(row, V_WHO,
			say(v, "%s%s%.*s%s", peer, *peer && *p->who ? " " : "",
				(int)strnlen(p->who, sizeof p->who), p->who,
				p->blocker ? say(v, ", waits for %d", p->blocker) : ""));
		if (p->bytes)
			cell_unit(row, V_USED, (double)p->bytes, CELL_BYTES);
		if (p->pid)
			cell_number(s, row, V_PID, p->pid);
		cell_text(row, V_TEXT,
			arena_strn(&v->scratch, p->text, strnlen(p->text, sizeof p->text)));
		cell_text(row, V_NETNS, p->netns ? series_netns_name(v->series, p->netns) : "");
		if (p->state == SLOT_LOCKED)
			row->tone = TONE_BOLD;
		about(row, v, p->server, p->pid, p->netns, "");
	}
}

static int build(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	s->empty = c->live ? "no server told anything: only the recorder asks servers (plimsoll "
			     "record), and only those of a kind that it knows"
			   : "no server was asked at that moment";
	for (uint32_t i = 0; i < last->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(last->servers, struct server_book)[i];
		if (c->subject && c->subject->any && c->subject->npids &&
			!subject_has_socket(c->subject, b->pid, b->netns, b->port, ""))
			continue;
		struct screen_row *row = screen_add(s, key_pair((uint64_t)b->pid, b->netns));
		if (!row)
			break;
		const char *name = intern_text(&v->series->names, b->name);
		cell_text(row, V_NAME, b->port ? say(v, "%s :%u", name, b->port) : name);
		cell_text(row, V_STATE, status_text(b->status));
		if (b->took_us)
			cell_number(s, row, V_FOR, b->took_us / 1e6);
		cell_number(s, row, V_PID, b->pid);
		cell_text(row, V_TEXT, intern_text(&v->series->names, b->source));
		cell_text(row, V_NETNS, b->netns ? series_netns_name(v->series, b->netns) : "");
		row->tone =
			b->status == BOOK_OK || b->status == BOOK_CLOSED ? TONE_BOLD : TONE_WARNING;
		about(row, v, b->pid, b->pid, b->netns, name);
		add_pools(s, v, b);
		add_slots(s, v, b);
	}
	return 0;
}

static bool follow(const struct screen_row *row, struct view *v, const struct screen_context *c,
	struct subject *ret, enum screen_id *ret_to)
{
	const struct server_item *item = row->item;
	const struct usage *u = item ? view_usage(v, item->pid ? item->pid : item->server) : NULL;
	(void)c;
	if (!u)
		return false;
	subject_add_pid(ret, u->p->pid);
	subject_name(ret, "%s (pid %d)", who_name(v, u->p), u->p->pid);
	*ret_to = SCREEN_PROCS;
	return true;
}

const struct screen_maker screen_servers = {COLUMNS_OF(columns), build, follow};
