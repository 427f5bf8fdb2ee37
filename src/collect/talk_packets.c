/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk's packets: all that is not TCP, by flow; messages of DNS are handed on.
 *
 * On loopback each packet passes twice, going out and coming in: the first is what one socket sent, the second what the other one
 * received, as anywhere else. */
#include "collect/talk_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
	RING_HOST =
		4
		<< 20, /* of the namespace we started in; a flood of short packets fills 100 MB a second */
	RING_OTHER = 1 << 20,
	DNS = 53,
};

struct drain {
	struct talker *t;
	uint16_t netns;
};

/* ---- flows ---- */

struct flow_key {
	uint16_t netns, proto, local_port, peer_port;
	struct address local, peer;
};

static uint64_t flow_hash(const struct flow_key *k)
{
	struct {
		uint16_t head[6];
		uint8_t local[ADDR_BYTES], peer[ADDR_BYTES];
	} bytes = {
		{k->netns, k->proto, k->local_port, k->peer_port, k->local.family, k->peer.family},
		{0}, {0}};
	memcpy(bytes.local, k->local.bytes, ADDR_BYTES);
	memcpy(bytes.peer, k->peer.bytes, ADDR_BYTES);
	return intern_hash(&bytes, sizeof bytes);
}

static struct talk_datagrams *flow_row(struct talker *t, const struct flow_key *k)
{
	struct talk_index *x = &t->datagrams;
	struct talk_datagrams *rows = (void *)x->rows.base;
	uint32_t i = talk_index_first(x, flow_hash(k));
	for (; x->slots[i]; i = (i + 1) & (x->nslots - 1)) {
		struct talk_datagrams *d = &rows[x->slots[i] - 1];
		if (d->netns == k->netns && d->proto == k->proto &&
			d->local_port == k->local_port && d->peer_port == k->peer_port &&
			address_equal(&d->local, &k->local) && address_equal(&d->peer, &k->peer))
			return d;
	}
	struct talk_datagrams *d = talk_index_add(x, i, sizeof *d);
	if (d)
		*d = (struct talk_datagrams){.netns = k->netns,
			.proto = k->proto,
			.local = k->local,
			.peer = k->peer,
			.local_port = k->local_port,
			.peer_port = k->peer_port};
	return d;
}

static void add_path(struct talk_path *paths, const struct packet_seen *s)
{
	size_t i = 0;
	while (i < TALK_PATHS - 1 && paths[i].ifindex && paths[i].ifindex != s->ifindex)
		i++;
	if (paths[i].ifindex && paths[i].ifindex != s->ifindex)
		return;
	paths[i].ifindex = s->ifindex;
	paths[i].bytes += s->packet.payload;
	paths[i].wire += s->packet.length + s->link_header;
	paths[i].packets++;
}

/* ---- fragments: only the first has ports ---- */

static struct talk_fragment *fragment_slot(struct talker *t, const struct packet *p)
{
	uint64_t h = intern_hash(p->source.bytes, ADDR_BYTES) ^
		     p->fragment_id * UINT64_C(0x9e3779b97f4a7c15) ^
		     intern_hash(p->destination.bytes, ADDR_BYTES) * 3;
	return &t->fragments[(h ^ h >> 32) % TALK_FRAGMENTS];
}

static void join_fragment(struct talker *t, struct packet *p)
{
	struct talk_fragment *f = fragment_slot(t, p);
	if (p->first)
		*f = (struct talk_fragment){
			p->source, p->destination, p->fragment_id, p->source_port, p->port};
	else if (f->id == p->fragment_id && address_equal(&f->source, &p->source) &&
		 address_equal(&f->destination, &p->destination)) {
		p->source_port = f->source_port;
		p->port = f->port;
	}
}

/* ---- packets ---- */

static void tell_dns(struct talker *t, const struct packet_seen *s)
{
	const struct packet *p = &s->packet;
	bool from_server = p->source_port == DNS;
	if (!t->dns || p->protocol != TALK_UDP || p->fragmented || p->data_len < p->payload ||
		(!from_server && p->port != DNS))
		return;
	const struct talk_dns m = {.client = from_server ? p->destination : p->source,
		.server = from_server ? p->source : p->destination,
		.client_port = from_server ? p->port : p->source_port,
		.from_server = from_server,
		.bytes = p->data,
		.len = p->data_len};
	t->dns(t->dns_ctx, &m);
}

static void see_packet(void *ctx, const struct packet_seen *seen)
{
	const struct drain *w = ctx;
	struct talker *t = w->t;
	struct packet_seen s = *seen;
	struct packet *p = &s.packet;
	if (t->discard || (t->until_real_ns && s.real_ns > t->until_real_ns) ||
		(p->ip && p->protocol == TALK_TCP))
		return;
	tell_dns(t, &s);
	if (p->ip && p->fragmented)
		join_fragment(t, p);
	struct flow_key k = {.netns = w->netns, .proto = p->ip ? p->protocol : TALK_NOT_IP};
	if (p->ip) {
		k.local = s.outgoing ? p->source : p->destination;
		k.peer = s.outgoing ? p->destination : p->source;
		k.local_port = s.outgoing ? p->source_port : p->port;
		k.peer_port = s.outgoing ? p->port : p->source_port;
	}
	struct talk_datagrams *d = flow_row(t, &k);
	if (d)
		add_path(s.outgoing ? d->out : d->in, &s);
	else
		t->dropped++;
}

void talk_drain(struct talker *t)
{
	for (size_t i = 0; i < t->nnetns; i++) {
		struct drain w = {t, (uint16_t)i};
		uint64_t seen, lost;
		if (!t->netns[i].packets)
			continue;
		packets_drain(t->netns[i].packets, see_packet, &w);
		packets_counted(t->netns[i].packets, &seen, &lost);
		t->packets += t->discard ? 0 : seen;
		t->lost += t->discard ? 0 : lost;
	}
}

void talk_sampler(struct talker *t, uint16_t netns)
{
	static const char hides[] = "UDP and all else that is not TCP, names out of DNS";
	struct talk_netns_state *n = &t->netns[netns];
	if (n->packets || n->packets_refused || reader_is_replay(t->reader))
		return;
	if (t->nsamplers == TALK_SAMPLERS_MAX) {
		n->packets_refused = true;
		talk_gap(t, "packets of more than 64 network namespaces", ENOSPC, hides);
		return;
	}
	int r = packets_open(t->reader, netns == 0 ? RING_HOST : RING_OTHER, &n->packets);
	if (r == 0) {
		t->nsamplers++;
		return;
	}
	n->packets = NULL;
	n->packets_refused = true;
	talk_gap(t, "packets (AF_PACKET)", -r, hides);
}

/* ---- whose socket it is ---- */

static bool is_any(const struct address *a)
{
	static const struct address none;
	return memcmp(a->bytes, none.bytes, ADDR_BYTES) == 0;
}

static bool is_group(const struct address *a)
{
	static const uint8_t all[4] = {255, 255, 255, 255};
	if (a->family == AF_INET6)
		return a->bytes[0] == 0xff;
	return a->bytes[0] >> 4 == 14 || memcmp(a->bytes, all, sizeof all) == 0;
}

/* How well a socket fits: its other end (4), its address (2), its kind (1); 0: not at all. */
static unsigned fits(const struct talk_udp *u, const struct talk_datagrams *d)
{
	if (u->local_port != d->local_port)
		return 0;
	bool any = is_any(&u->local);
	if (!any && !address_equal(&u->local, &d->local))
		return 0;
	if (any && u->local.family == AF_INET && d->local.family != AF_INET)
		return 0;
	if (u->peer_port && (u->peer_port != d->peer_port || !address_equal(&u->peer, &d->peer)))
		return 0;
	return 1u + (u->local.family == d->local.family) + (any ? 0 : 2) + (u->peer_port ? 4 : 0);
}

static void see_udp(void *ctx, const struct diag_socket *s)
{
	struct talker *t = ctx;
	if (t->nudp == TALK_UDP_MAX || !s->local_port)
		return;
	struct talk_udp *u = &t->udp[t->nudp++];
	*u = (struct talk_udp){s->local, s->peer, s->local_port, s->peer_port, s->inode};
	talk_plain(&u->local);
	talk_plain(&u->peer);
}

static int udp_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, see_udp, ctx);
	return 0;
}

static int by_port(const void *a, const void *b)
{
	return (int)((const struct talk_udp *)a)->local_port -
	       (int)((const struct talk_udp *)b)->local_port;
}

static const struct talk_udp *first_of_port(const struct talker *t, uint16_t port)
{
	size_t low = 0, high = t->nudp;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->udp[middle].local_port < port)
			low = middle + 1;
		else
			high = middle;
	}
	return t->udp + low;
}

static void settle(struct talker *t, struct talk_datagrams *d)
{
	const struct talk_netns_state *n = &t->netns[d->netns];
	const struct talk_udp *best = NULL;
	unsigned most = 0;
	for (const struct talk_udp *u = first_of_port(t, d->local_port);
		d->proto == TALK_UDP && u < t->udp + t->nudp && u->local_port == d->local_port;
		u++) {
		unsigned fit = fits(u, d);
		if (fit > most) {
			most = fit;
			best = u;
		}
	}
	bool ephemeral = d->local_port >= n->port_low && d->local_port <= n->port_high;
	d->incoming = best ? !best->peer_port && !ephemeral : d->local_port < d->peer_port;
	if (best) {
		d->inode = best->inode;
		d->settled = true;
		if (!best->inode)
			d->who = TALK_KERNEL;
		return;
	}
	bool ours = d->proto == TALK_NOT_IP || is_group(&d->local) || is_any(&d->local) ||
		    talk_address(t, d->netns, &d->local) ||
		    (d->local.family == AF_INET && d->local.bytes[0] == 127);
	/* The broadcast address of a network is no address of an interface. */
	if (!ours && d->local.family == AF_INET && d->local.bytes[3] == 255)
		ours = true;
	d->forwarded = !ours;
	if (!ours)
		d->who = TALK_FORWARDED;
	else if (d->proto != TALK_UDP)
		d->who = TALK_KERNEL;
}

void talk_udp_sockets(struct talker *t, uint16_t netns)
{
	talk_drain(t);
	t->nudp = 0;
	int r = reader_dump(t->reader, DUMP_UDP, udp_bytes, t);
	if (r < 0 && r != -EINTR && !reader_is_replay(t->reader))
		talk_gap(t, "UDP sockets (sock_diag)", -r, "owners of UDP flows");
	qsort(t->udp, t->nudp, sizeof *t->udp, by_port);
	struct talk_datagrams *rows = (void *)t->datagrams.rows.base;
	for (uint32_t i = 0; i < t->datagrams.count; i++)
		if (rows[i].netns == netns && !rows[i].settled)
			settle(t, &rows[i]);
}
