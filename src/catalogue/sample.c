/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "catalogue/sample.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Ceilings, in rows. They bound memory on the worst host; a table that runs full counts what it
 * dropped. */
enum {
	MAX_PROCS = 1 << 17,
	MAX_LISTENERS = 1 << 14,
	MAX_CONNS = 1 << 15,
	MAX_FILES = 1 << 14,
	MAX_CT_PEERS = 1 << 13,
	MAX_MAKERS = 1 << 10,
	MAX_MEMBERS = 1 << 16,
	MAX_GAPS = 1 << 10,
	MAX_ENDED = 256,
	MAX_SIGNALS = 256,
	MAX_FLOWS = 1024,
	MAX_HELD = 64,
	MAX_KLOG = 64,
	MAX_BLOCKDEVS = 1 << 12,
	MAX_FACTS = 32,
	MAX_LINKS = 1 << 13,
	MAX_FW_CHAINS = 1 << 10,
	MAX_FW_RULES = 2000,
	MAX_FW_SETS = 1 << 10,
	MAX_UNIX_LISTENERS = 1 << 12,
	MAX_UDP_SOCKETS = 1 << 13,
	MAX_PACKET_TAPS = 1 << 10,
	MAX_SERVERS = 64,
	MAX_POOLS = 1 << 11,
	MAX_SLOTS = 1 << 12,
	MAX_SERVER_NUMBERS = 1 << 11,
	MAX_FILE_LOCKS = 1 << 10,
	MAX_CG_IO = 1 << 10,
};

/* Each table of tables.def, and its ceiling above. */
static const struct {
	size_t offset, ceiling;
} tables[] = {
#define TABLE(id, name, field, type, sorted)                                                       \
	{offsetof(struct sample, field), MAX_##id * sizeof(type)},
#define COLUMN(table, name, field, type, key)
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN
};

static struct table *table_at(struct sample *s, size_t i)
{
	return (struct table *)(void *)((char *)s + tables[i].offset);
}

int sample_init(struct sample *s)
{
	*s = (struct sample){0};
	int r = arena_init(&s->values, (SERIES_MAX + 1) * sizeof(uint64_t));
	if (r == 0)
		r = arena_init(&s->present, SERIES_MAX + 1);
	for (size_t i = 0; r == 0 && i < COUNTOF(tables); i++)
		r = arena_init(&table_at(s, i)->rows, tables[i].ceiling);
	if (r == 0)
		r = arena_init(&s->ct_states.rows, CT_STATES_MAX * sizeof(struct ct_state));
	if (r < 0)
		sample_destroy(s);
	return r;
}

void sample_destroy(struct sample *s)
{
	arena_destroy(&s->values);
	arena_destroy(&s->present);
	for (size_t i = 0; i < COUNTOF(tables); i++)
		arena_destroy(&table_at(s, i)->rows);
	arena_destroy(&s->ct_states.rows);
}

void sample_reset(struct sample *s)
{
	for (size_t i = 0; i < COUNTOF(tables); i++) {
		struct table *t = table_at(s, i);
		arena_reset(&t->rows);
		t->count = t->dropped = 0;
	}
	arena_reset(&s->ct_states.rows);
	s->ct_states.count = s->ct_states.dropped = 0;
	arena_reset(&s->values);
	arena_reset(&s->present);
	s->nvalues = 0;
	s->source = 0;
	s->real_ns = s->mono_ns = s->ct_sampled = 0;
	s->have_conns = s->have_files = s->have_ct_peers = s->have_ct_states = false;
	s->have_held = s->have_ended = s->have_flows = false;
}

void sample_set(struct sample *s, uint32_t series, uint64_t value)
{
	if (series == SERIES_NONE)
		return;
	if (series >= s->nvalues) {
		/* Room for this one and what probably follows, so that a first tick does not grow
		 * by single values. */
		uint32_t more = series + 1 - s->nvalues + 63;
		if (!arena_push(&s->values, more * sizeof(uint64_t)) ||
			!arena_push(&s->present, more))
			return;
		s->nvalues += more;
	}
	((uint64_t *)(void *)s->values.base)[series] = value;
	s->present.base[series] = (unsigned char)(1 + s->source);
}

bool sample_get(const struct sample *s, uint32_t series, uint64_t *ret)
{
	if (series == SERIES_NONE || series >= s->nvalues || !s->present.base[series])
		return false;
	*ret = ((const uint64_t *)(const void *)s->values.base)[series];
	return true;
}

unsigned sample_source(const struct sample *s, uint32_t series)
{
	bool there = series != SERIES_NONE && series < s->nvalues && s->present.base[series];
	return there ? s->present.base[series] - 1u : 0;
}

bool sample_gauge(const struct series_set *set, const struct sample *s, enum metric m,
	unsigned netns, uint64_t *ret)
{
	return sample_get(s, series_find(set, m, netns, 0), ret);
}

void *table_add(struct table *t, size_t row_size)
{
	void *row = arena_push(&t->rows, row_size);
	if (row)
		t->count++;
	else
		t->dropped++;
	return row;
}

/* First row from `low` on, and before `high`, whose pid is not smaller. */
static size_t not_below(const struct proc *rows, size_t low, size_t high, int32_t pid)
{
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (rows[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct proc *sample_proc_near(
	const struct sample *s, int32_t pid, uint64_t start_ticks, size_t guess)
{
	const struct proc *rows = TABLE_ROWS(s->procs, struct proc);
	size_t n = s->procs.count, low = guess < n ? guess : n, high = low, step = 1;
	/* Ever wider around the guess, until the pid lies between. */
	while (low > 0 && rows[low - 1].pid >= pid) {
		high = low;
		low = low > step ? low - step : 0;
		step *= 2;
	}
	while (high < n && rows[high].pid < pid) {
		low = high + 1;
		high = n - high > step ? high + step : n;
		step *= 2;
	}
	low = not_below(rows, low, high, pid);
	if (low == n || rows[low].pid != pid)
		return NULL;
	return start_ticks == 0 || rows[low].start_ticks == start_ticks ? &rows[low] : NULL;
}

const struct proc *sample_proc(const struct sample *s, int32_t pid, uint64_t start_ticks)
{
	return sample_proc_near(s, pid, start_ticks, s->procs.count / 2);
}

bool devno_has_device(uint64_t devno)
{
	return devno >> 20 != 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ADDR_BYTES) == 0;
}

const struct udp_socket *sample_udp_near(
	const struct sample *s, const struct udp_socket *like, uint32_t guess)
{
	const struct udp_socket *rows = TABLE_ROWS(s->udp_sockets, struct udp_socket);
	uint32_t n = s->udp_sockets.count, at = guess < n ? guess : 0;
	for (uint32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0)
		if (rows[at].inode == like->inode && rows[at].netns == like->netns)
			return &rows[at];
	return NULL;
}

const struct listener *sample_listener(const struct sample *s, const struct listener *like)
{
	const struct listener *rows = TABLE_ROWS(s->listeners, struct listener);
	for (uint32_t i = 0; i < s->listeners.count; i++)
		if (rows[i].inode == like->inode && rows[i].port == like->port &&
			rows[i].netns == like->netns && address_equal(&rows[i].local, &like->local))
			return &rows[i];
	return NULL;
}

const struct conn_group *sample_conn(const struct sample *s, const struct conn_group *like)
{
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	for (uint32_t i = 0; i < s->conns.count; i++)
		if (rows[i].netns == like->netns && rows[i].port == like->port &&
			rows[i].outgoing == like->outgoing &&
			rows[i].peer_hostbits == like->peer_hostbits &&
			address_equal(&rows[i].peer, &like->peer) &&
			address_equal(&rows[i].local, &like->local))
			return &rows[i];
	return NULL;
}

char *address_text(char buf[static 48], const struct address *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const char *r;
	if (a->family == AF_INET6 && memcmp(a->bytes, mapped, sizeof mapped) == 0)
		r = inet_ntop(AF_INET, a->bytes + 12, buf, 48);
	else
		r = inet_ntop(a->family == AF_INET6 ? AF_INET6 : AF_INET, a->bytes, buf, 48);
	if (!r)
		memcpy(buf, "?", 2);
	return buf;
}

char *conn_peer_text(char buf[static 56], const struct conn_group *g)
{
	(void)address_text(buf, &g->peer);
	unsigned bits = g->peer.family == AF_INET6 && strchr(buf, ':') ? 128 : 32;
	if (g->peer_hostbits >= bits)
		memcpy(buf, "any", 4);
	else if (g->peer_hostbits)
		(void)snprintf(
			buf + strlen(buf), 8, "/%hhu", (unsigned char)(bits - g->peer_hostbits));
	return buf;
}

void sample_gap(struct sample *s, unsigned netns, int error, const char *what, const char *hides)
{
	struct gap *g = table_add(&s->gaps, sizeof *g);
	if (g)
		*g = (struct gap){(uint16_t)netns, error, what, hides};
}

const char *fw_verdict_name(enum fw_verdict v)
{
	static const char *const names[] = {"", "accept", "drop", "reject", "return", "jump",
		"goto", "continue", "queue", "nat", "map"};
	static_assert(COUNTOF(names) == FW_VERDICTS, "a name a verdict");
	return v < FW_VERDICTS ? names[v] : "";
}

const char *server_label(const struct intern *names, const struct server_book *b, uint32_t pool,
	char buf[static SERVER_LABEL])
{
	const char *name = intern_text(names, b->name);
	if (pool)
		(void)snprintf(buf, SERVER_LABEL, "%.35s/%.35s", name, intern_text(names, pool));
	else if (b->port)
		(void)snprintf(buf, SERVER_LABEL, "%.64s:%u", name, b->port);
	else
		(void)snprintf(buf, SERVER_LABEL, "%.64s", name);
	return buf;
}

bool server_is_told(const struct sample *s, const struct server_book *b)
{
	for (uint32_t i = 0; s && i < s->servers.count; i++) {
		const struct server_book *o = &TABLE_ROWS(s->servers, struct server_book)[i];
		if (o->pid > 0 && o->pid < b->pid && o->name == b->name && o->port == b->port &&
			o->netns == b->netns)
			return false;
	}
	return true;
}
