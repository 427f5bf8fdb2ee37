/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/talk.h"

#include "base/clock.h"
#include "collect/talk_impl.h"
#include "read/parse_link.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	MS = 1000000,
	DUMP_SHARE = 10, /* looks take one part in so many of the time at most */
	ETHERNET = 14,
	TCP_HEADER = 32, /* with the timestamps that nearly all have */
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	PORT_LOW = 32768,
	PORT_HIGH = 60999,
};

/* ---- tables ---- */

int talk_index_init(struct talk_index *x, uint32_t max, size_t row)
{
	*x = (struct talk_index){.max = max, .nslots = 2 * max};
	x->slots = calloc(x->nslots, sizeof *x->slots);
	int r = x->slots ? arena_init(&x->rows, max * row + 4096) : -ENOMEM;
	if (r < 0)
		free(x->slots);
	if (r < 0)
		x->slots = NULL;
	return r;
}

void talk_index_destroy(struct talk_index *x)
{
	if (x->slots)
		arena_destroy(&x->rows);
	free(x->slots);
	x->slots = NULL;
}

void talk_index_reset(struct talk_index *x)
{
	memset(x->slots, 0, x->nslots * sizeof *x->slots);
	arena_reset(&x->rows);
	x->count = 0;
}

uint32_t talk_index_first(const struct talk_index *x, uint64_t hash)
{
	return (uint32_t)hash & (x->nslots - 1);
}

void *talk_index_add(struct talk_index *x, uint32_t slot, size_t row)
{
	void *p = x->count < x->max ? arena_push(&x->rows, row) : NULL;
	if (p)
		x->slots[slot] = ++x->count;
	return p;
}

static void blind_text(struct talker *t, const char *what, const char *why, const char *hides)
{
	talk_blind_add(t->blind, &t->nblind, what, why, hides);
}

void talk_gap(struct talker *t, const char *what, int error, const char *hides)
{
	blind_text(t, what, strerror(error), hides);
}

/* ---- addresses and interfaces ---- */

void talk_plain(struct address *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	if (a->family != AF_INET6 || memcmp(a->bytes, mapped, sizeof mapped) != 0)
		return;
	struct address plain = {.family = AF_INET};
	memcpy(plain.bytes, a->bytes + sizeof mapped, 4);
	*a = plain;
}

static struct talk_address *address_row(
	const struct talker *t, uint16_t netns, const struct address *a, uint32_t *slot)
{
	const struct talk_index *x = &t->addresses;
	struct talk_address *rows = (void *)x->rows.base;
	uint32_t i = talk_index_first(x, intern_hash(a->bytes, ADDR_BYTES) + netns);
	for (; x->slots[i]; i = (i + 1) & (x->nslots - 1)) {
		struct talk_address *row = &rows[x->slots[i] - 1];
		if (row->netns == netns && address_equal(&row->address, a))
			return row;
	}
	*slot = i;
	return NULL;
}

const struct talk_address *talk_address(
	const struct talker *t, uint16_t netns, const struct address *a)
{
	uint32_t slot;
	return address_row(t, netns, a, &slot);
}

struct link_walk {
	struct talker *t;
	uint16_t netns;
	bool baseline;
};

static void see_address(void *ctx, uint32_t index, const struct address *a)
{
	const struct link_walk *w = ctx;
	uint32_t slot = 0;
	struct talk_address *row = address_row(w->t, w->netns, a, &slot);
	if (!row)
		row = talk_index_add(&w->t->addresses, slot, sizeof *row);
	if (row)
		*row = (struct talk_address){w->netns, index, *a};
}

static int address_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_addresses(bytes, len, see_address, ctx);
	return 0;
}

static struct talk_link *link_row(
	const struct talker *t, uint16_t netns, uint32_t index, uint32_t *slot)
{
	const struct talk_index *x = &t->links;
	struct talk_link *rows = (void *)x->rows.base;
	uint32_t i = talk_index_first(x, (uint64_t)netns * 8191 + index);
	for (; x->slots[i]; i = (i + 1) & (x->nslots - 1)) {
		struct talk_link *l = &rows[x->slots[i] - 1];
		if (l->netns == netns && l->key.index == index)
			return l;
	}
	*slot = i;
	return NULL;
}

static void see_link(void *ctx, const struct link_message *from)
{
	const struct link_walk *w = ctx;
	uint32_t slot = 0;
	struct talk_link *l = link_row(w->t, w->netns, from->index, &slot);
	bool fresh = !l;
	if (!(from->have & LINK_HAVE_STATS))
		return;
	if (!l)
		l = talk_index_add(&w->t->links, slot, sizeof *l);
	if (!l)
		return;
	/* Of one that came within the window all bytes count; counters that run backwards began anew. */
	if (fresh)
		*l = (struct talk_link){.netns = w->netns,
			.base_sent = w->baseline ? from->stats.sent : 0,
			.base_received = w->baseline ? from->stats.received : 0};
	else if (from->stats.sent < l->sent || from->stats.received < l->received)
		l->base_sent = l->base_received = 0;
	l->key = (struct link_key){from->index, from->master, from->below};
	l->loopback = from->flags & IFF_LOOPBACK;
	memcpy(l->name, from->name, sizeof l->name);
	l->sent = from->stats.sent;
	l->received = from->stats.received;
}

static int link_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_links(bytes, len, see_link, ctx);
	return 0;
}

void talk_links(struct talker *t, uint16_t netns)
{
	struct link_walk w = {t, netns, !t->netns[netns].baseline};
	int r = reader_dump(t->reader, DUMP_ADDRESSES, address_bytes, &w);
	if (r < 0 && r != -EINTR)
		talk_gap(t, "addresses of interfaces (rtnetlink)", -r,
			"over which interface a connection goes");
	r = reader_dump(t->reader, DUMP_LINKS, link_bytes, &w);
	if (r < 0 && r != -EINTR)
		talk_gap(t, "counters of interfaces (rtnetlink)", -r, "what is not attributed");
}

/* ---- one look ---- */

static int netns_index(struct talker *t, const struct reader_netns *info)
{
	size_t i = 0;
	while (i < t->nnetns && t->netns[i].inode != info->inode)
		i++;
	if (i == TALK_NETNS_MAX)
		return -ENOSPC;
	if (i == t->nnetns) {
		t->nnetns++;
		t->netns[i] = (struct talk_netns_state){
			.inode = info->inode, .port_low = PORT_LOW, .port_high = PORT_HIGH};
	}
	if (info->name[0])
		(void)snprintf(t->netns[i].name, sizeof t->netns[i].name, "%s", info->name);
	return (int)i;
}

static void port_range(struct talker *t, struct talk_netns_state *n)
{
	char text[64];
	ssize_t len = reader_file(
		t->reader, "proc/sys/net/ipv4/ip_local_port_range", NULL, text, sizeof text);
	struct scan s = scan_over(text, len > 0 ? (size_t)len : 0);
	uint64_t low, high;
	if (scan_u64(&s, &low) && scan_u64(&s, &high) && low <= high && high <= UINT16_MAX) {
		n->port_low = (uint16_t)low;
		n->port_high = (uint16_t)high;
	}
}

static void look_netns(struct talker *t, size_t i)
{
	const struct reader_netns *info = reader_netns_at(t->reader, i);
	int at = netns_index(t, info);
	if (at < 0)
		return;
	struct talk_netns_state *n = &t->netns[at];
	n->here = true;
	int r = reader_netns_enter(t->reader, i);
	if (r < 0) {
		if (r != -ENOENT) /* it ended just now */
			talk_gap(t, "other network namespaces", -r, "all that is said in them");
		return;
	}
	if (!n->baseline)
		port_range(t, n);
	talk_sampler(t, (uint16_t)at);
	talk_links(t, (uint16_t)at);
	talk_tcp(t, (uint16_t)at);
	talk_udp_sockets(t, (uint16_t)at);
}

static void look_namespaces(struct talker *t)
{
	static uint64_t inodes[TALK_PIDS_MAX];
	static int32_t pids[TALK_PIDS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < t->nprocs; i++) {
		/* One pid for each is enough; neighbours are mostly in the same. */
		if (!t->procs[i].have_netns || (n && inodes[n - 1] == t->procs[i].netns))
			continue;
		inodes[n] = t->procs[i].netns;
		pids[n++] = t->procs[i].pid;
	}
	(void)reader_netns_scan(t->reader, inodes, pids, n);
	for (size_t i = 0; i < t->nnetns; i++)
		t->netns[i].here = false;
	size_t count = reader_netns_count(t->reader);
	for (size_t i = 0; i < count; i++)
		look_netns(t, i);
	(void)reader_netns_enter(t->reader, 0);
	/* A namespace that nobody but us keeps alive is let go. */
	for (size_t i = 0; i < t->nnetns; i++) {
		if (t->netns[i].here || !t->netns[i].packets)
			continue;
		packets_close(t->netns[i].packets);
		t->netns[i].packets = NULL;
		t->nsamplers--;
	}
}

int talk_look(struct talker *t)
{
	uint64_t real, mono, cpu = clock_thread_ns();
	int r = reader_begin(t->reader, &real, &mono);
	if (r < 0)
		return r;
	t->looks++;
	t->window_looks++;
	t->real_ns = real;
	t->mono_ns = mono;
	t->discard = t->looks == 1;
	if (t->looks == 1)
		t->from_mono_ns = mono;
	talk_processes(t);
	look_namespaces(t);
	talk_closed(t);
	talk_drain(t);
	t->discard = false;
	if (t->looks > 1)
		talk_find_owners(t, false);
	t->cost_ns = reader_is_replay(t->reader) ? 0 : clock_thread_ns() - cpu;
	return 0;
}

uint64_t talk_due(const struct talker *t, uint64_t interval_ns)
{
	uint64_t least = t->cost_ns * DUMP_SHARE;
	return t->mono_ns + (least > interval_ns ? least : interval_ns);
}

int talk_wait(struct talker *t, uint64_t mono_ns)
{
	sigset_t none;
	(void)sigemptyset(&none);
	for (;;) {
		struct pollfd fds[TALK_SAMPLERS_MAX];
		nfds_t n = 0;
		for (size_t i = 0; i < t->nnetns && n < TALK_SAMPLERS_MAX; i++)
			if (t->netns[i].packets)
				fds[n++] = (struct pollfd){
					.fd = packets_fd(t->netns[i].packets), .events = POLLIN};
		uint64_t now = clock_mono_ns(), rest = mono_ns > now ? mono_ns - now : 0;
		struct timespec left = {.tv_sec = (time_t)(rest / (1000u * MS)),
			.tv_nsec = (long)(rest % (1000u * MS))};
		int r = ppoll(fds, n, &left, &none);
		if (r < 0)
			return -errno;
		if (r > 0)
			talk_drain(t);
		if (rest == 0)
			return 0;
	}
}

void talk_on_dns(struct talker *t, void (*fn)(void *ctx, const struct talk_dns *m), void *ctx)
{
	t->dns = fn;
	t->dns_ctx = ctx;
}

/* ---- the result ---- */

static void *result_array(struct talker *t, size_t n, size_t size)
{
	return arena_alloc(&t->result, (n + 1) * size);
}

static uint32_t interface_row(const struct talker *t, uint16_t netns, uint32_t ifindex)
{
	uint32_t slot;
	const struct talk_link *rows = (const void *)t->links.rows.base,
			       *l = link_row(t, netns, ifindex, &slot);
	return l ? (uint32_t)(l - rows) : TALK_NONE;
}

/* TCP says no interface: it is the one that has our address, or loopback where the other end is on this machine too. */
static uint32_t interface_of(const struct talker *t, const struct talk_conn *c)
{
	const struct talk_address *a = talk_address(t, c->netns, &c->local);
	if (talk_address(t, c->netns, &c->peer) ||
		(c->peer.family == AF_INET && c->peer.bytes[0] == 127)) {
		const struct talk_link *rows = (const void *)t->links.rows.base;
		for (uint32_t i = 0; i < t->links.count; i++)
			if (rows[i].netns == c->netns && rows[i].loopback)
				return i;
	}
	return a ? interface_row(t, c->netns, a->ifindex) : TALK_NONE;
}

static bool tcp_flow(const struct talker *t, const struct talk_conn *c, struct talk_flow *f)
{
	struct talk_counts m = talk_moved(c);
	if (!m.sent && !m.received && !m.segs_out && !m.segs_in)
		return false;
	uint64_t header = (uint64_t)ETHERNET + TCP_HEADER +
			  (c->local.family == AF_INET6 ? IPV6_HEADER : IPV4_HEADER);
	*f = (struct talk_flow){.netns = c->netns,
		.proto = TALK_TCP,
		.who = c->who,
		.owner = c->owner,
		.interface = interface_of(t, c),
		.incoming = c->incoming,
		.ended = c->ended && !c->told,
		.live = !c->ended,
		.local = c->local,
		.peer = c->peer,
		.local_port = c->local_port,
		.peer_port = c->peer_port,
		.sent = m.sent,
		.received = m.received,
		.wire_sent = m.sent + m.again + m.segs_out * header,
		.wire_received = m.received + m.segs_in * header,
		.retransmits = m.retransmits,
		.rtt_us = c->rtt_us};
	return true;
}

/* Of stacked interfaces the upper one, which has the address: what goes out passes it first, what comes in last. */
static const struct talk_path *best_path(const struct talk_path *paths, bool last)
{
	const struct talk_path *best = paths;
	for (size_t i = 1; i < TALK_PATHS; i++)
		if (paths[i].packets > best->packets ||
			(last && paths[i].packets == best->packets && best->packets))
			best = &paths[i];
	return best;
}

static void datagram_flow(
	const struct talker *t, const struct talk_datagrams *d, struct talk_flow *f)
{
	const struct talk_path *in = best_path(d->in, true), *out = best_path(d->out, false);
	*f = (struct talk_flow){.netns = d->netns,
		.proto = d->proto,
		.who = d->who,
		.owner = d->owner,
		.interface = interface_row(t, d->netns, out->ifindex ? out->ifindex : in->ifindex),
		.incoming = d->incoming,
		.live = true,
		.local = d->local,
		.peer = d->peer,
		.local_port = d->local_port,
		.peer_port = d->peer_port,
		.sent = out->bytes,
		.received = in->bytes,
		.wire_sent = out->wire,
		.wire_received = in->wire};
}

static int result_flows(struct talker *t, struct talk *talk)
{
	const struct talk_conn *conns = (const void *)t->conns.rows.base;
	const struct talk_datagrams *flows = (const void *)t->datagrams.rows.base;
	talk->flows =
		result_array(t, (size_t)t->conns.count + t->datagrams.count, sizeof *talk->flows);
	if (!talk->flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->conns.count; i++) {
		struct talk_flow *f = &talk->flows[talk->nflows];
		if (!tcp_flow(t, &conns[i], f))
			continue;
		talk->nflows++;
		talk->ended += f->ended;
	}
	for (uint32_t i = 0; i < t->datagrams.count; i++)
		datagram_flow(t, &flows[i], &talk->flows[talk->nflows++]);
	for (size_t i = 0; i < talk->nflows; i++)
		talk->unresolved += talk->flows[i].who == TALK_UNKNOWN;
	return 0;
}

static int result_interfaces(struct talker *t, struct talk *talk)
{
	const struct talk_link *links = (const void *)t->links.rows.base;
	talk->interfaces = result_array(t, t->links.count, sizeof *talk->interfaces);
	talk->netns = result_array(t, t->nnetns, sizeof *talk->netns);
	if (!talk->interfaces || !talk->netns)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->links.count; i++) {
		struct talk_interface *f = &talk->interfaces[talk->ninterfaces++];
		*f = (struct talk_interface){.netns = links[i].netns,
			.index = links[i].key.index,
			.master = links[i].key.master,
			.below = links[i].key.below,
			.loopback = links[i].loopback,
			.sent = links[i].sent - links[i].base_sent,
			.received = links[i].received - links[i].base_received};
		memcpy(f->name, links[i].name, sizeof f->name);
	}
	for (size_t i = 0; i < t->nnetns; i++) {
		talk->netns[i].inode = t->netns[i].inode;
		memcpy(talk->netns[i].name, t->netns[i].name, sizeof talk->netns[i].name);
	}
	talk->nnetns = t->nnetns;
	return 0;
}

static void result_blind(struct talker *t, struct talk *talk)
{
	char text[TALK_TEXT];
	if (t->denied && talk->unresolved)
		talk_gap(t, "what other users' processes have open", EACCES, "owners of sockets");
	if (t->out_of_time)
		blind_text(t, "owners of all sockets",
			"there was no time to look into every process", "owners of sockets");
	if (t->lost) {
		(void)snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " found the ring full",
			t->lost, t->packets);
		blind_text(t, "every packet", text,
			"that share of UDP and of all else that is not TCP");
	}
	if (t->dropped)
		blind_text(t, "every connection and flow", "the tables are full",
			"those that came last");
	if (reader_is_replay(t->reader))
		blind_text(t, "packets", "a recorded tree has none",
			"UDP and all else that is not TCP, names out of DNS");
	memcpy(talk->blind, t->blind, t->nblind * sizeof *t->blind);
	talk->nblind = t->nblind;
}

int talk_result(struct talker *t, bool last, struct talk *ret)
{
	*ret = (struct talk){0};
	arena_reset(&t->result);
	if (last && t->nsamplers) {
		sigset_t all;
		struct timespec late = {.tv_nsec = (PACKETS_LATE_MS + 10) * MS};
		(void)sigfillset(&all);
		t->until_real_ns = t->real_ns;
		(void)ppoll(NULL, 0, &late, &all);
		talk_drain(t);
	}
	talk_find_owners(t, last);
	int r = result_flows(t, ret);
	if (r == 0)
		r = result_interfaces(t, ret);
	if (r < 0)
		return r;
	result_blind(t, ret);
	ret->real_ns = t->real_ns;
	ret->window_s = (double)(t->mono_ns - t->from_mono_ns) / 1e9;
	ret->owners = t->owners;
	ret->nowners = t->nowners;
	ret->dumps = t->window_looks;
	ret->dump_s = (double)t->cost_ns / 1e9;
	ret->pace_s = (double)(talk_due(t, 0) - t->mono_ns) / 1e9;
	ret->packets = t->packets;
	ret->lost = t->lost;
	ret->flows_dropped = t->dropped;
	return 0;
}

void talk_again(struct talker *t)
{
	struct talk_link *links = (void *)t->links.rows.base;
	for (uint32_t i = 0; i < t->links.count; i++) {
		links[i].base_sent = links[i].sent;
		links[i].base_received = links[i].received;
	}
	talk_tcp_again(t);
	talk_index_reset(&t->datagrams);
	t->from_mono_ns = t->mono_ns;
	t->packets = t->lost = t->dropped = 0;
	t->nblind = 0;
	t->window_looks = 1;
}

/* ---- begin and end ---- */

int talk_open(struct reader *r, struct talker **ret)
{
	struct talker *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->reader = r;
	t->owners = malloc(TALK_OWNERS_MAX * sizeof *t->owners);
	t->udp = malloc(TALK_UDP_MAX * sizeof *t->udp);
	t->procs = malloc(TALK_PIDS_MAX * sizeof *t->procs);
	t->procs_before = malloc(TALK_PIDS_MAX * sizeof *t->procs_before);
	t->pids = malloc(TALK_PIDS_MAX * sizeof *t->pids);
	t->times = malloc(TALK_PIDS_MAX * sizeof *t->times);
	t->times_ok = malloc(TALK_PIDS_MAX * sizeof *t->times_ok);
	bool room = t->owners && t->udp && t->procs && t->procs_before && t->pids && t->times &&
		    t->times_ok;
	size_t flows = (size_t)TALK_CONNS_MAX + TALK_FLOWS_MAX;
	int e = room ? 0 : -ENOMEM;
	e = e < 0 ? e : talk_index_init(&t->conns, TALK_CONNS_MAX, sizeof(struct talk_conn));
	e = e < 0 ? e
		  : talk_index_init(&t->datagrams, TALK_FLOWS_MAX, sizeof(struct talk_datagrams));
	e = e < 0 ? e : talk_index_init(&t->links, TALK_LINKS_MAX, sizeof(struct talk_link));
	e = e < 0 ? e
		  : talk_index_init(&t->addresses, TALK_ADDRESSES_MAX, sizeof(struct talk_address));
	e = e < 0 ? e
		  : arena_init(&t->result, flows * sizeof(struct talk_flow) +
						   TALK_LINKS_MAX * sizeof(struct talk_interface) +
						   TALK_NETNS_MAX * sizeof(struct talk_netns) +
						   65536);
	if (e < 0) {
		talk_close(t);
		return e;
	}
	*ret = t;
	return 0;
}

void talk_close(struct talker *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nnetns; i++)
		packets_close(t->netns[i].packets);
	talk_index_destroy(&t->conns);
	talk_index_destroy(&t->datagrams);
	talk_index_destroy(&t->links);
	talk_index_destroy(&t->addresses);
	if (t->result.base)
		arena_destroy(&t->result);
	free(t->owners);
	free(t->udp);
	free(t->procs);
	free(t->procs_before);
	free(t->pids);
	free(t->times);
	free(t->times_ok);
	free(t);
}
