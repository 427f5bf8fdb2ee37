/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Connections: counters that do not fall, rows that stay few, owners that are who they were, dumps in pieces; and all of it on
 * three thousand real sockets of loopback. */
#include "base/attr.h"
#include "collect/conn_groups.h"
#include "collect/engine.h"
#include "collect/owner_cache.h"
#include "store/store.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what connections moved ---- */

static uint64_t moved(struct conn_memory *m, uint64_t cookie, uint16_t sweep, uint64_t out)
{
	const struct conn_moved now = {out, 2 * out, (uint32_t)(out / 1000), false};
	struct conn_moved since;
	if (!conn_memory_note(m, cookie, sweep, &now, &since))
		return UINT64_MAX;
	CHECK_INT(since.in, 2 * since.out);
	return since.out;
}

static void counters_do_not_fall(void)
{
	enum { CONNECTIONS = 50000, SWEEPS = 12 };
	struct conn_memory m;
	uint64_t sum = 0, want = 0;
	unsigned wrong = 0;
	CHECK_INT(conn_memory_init(&m), 0);
	/* Connection c lives from sweep c % 7 to that and 5, and moves c % 1000 bytes a sweep: also in the last one. */
	for (unsigned sweep = 0; sweep < SWEEPS; sweep++) {
		uint64_t before = sum;
		for (uint64_t c = 1; c <= CONNECTIONS; c++) {
			uint64_t born = c % 7;
			if (sweep < born || sweep > born + 5)
				continue;
			uint64_t each = c % 1000,
				 d = moved(&m, c * 3, (uint16_t)sweep, each * (sweep - born + 1));
			wrong += d != each;
			sum += d;
			want += each;
		}
		wrong += sum < before;
		conn_memory_age(&m);
	}
	CHECK_INT(wrong, 0);
	CHECK_INT(sum, want);
	for (int i = 0; i < 4; i++)
		conn_memory_age(&m);
	CHECK_INT(m.count, 0);
	CHECK(m.slots <= 1 << 14); /* what it grew to is given back in steps */
	conn_memory_destroy(&m);
}

static void told_twice_or_not_at_all(void)
{
	struct conn_memory m;
	CHECK_INT(conn_memory_init(&m), 0);
	CHECK_INT(moved(&m, 7, 1, 1000), 1000);
	CHECK(moved(&m, 7, 1, 1000) == UINT64_MAX); /* the second time in one count */
	conn_memory_age(&m);
	conn_memory_age(&m);                   /* missed in one count between two */
	CHECK_INT(moved(&m, 7, 3, 1500), 500); /* and not taken for a new one */
	CHECK_INT(moved(&m, 7, 4, 400), 0);    /* what falls is no traffic */
	CHECK_INT(moved(&m, 7, 5, 450), 50);
	uint64_t large = UINT64_C(1) << 47; /* beyond 32 bits */
	CHECK_INT(moved(&m, 8, 5, large), large);
	CHECK_INT(moved(&m, 8, 6, large + 123456789012), 123456789012);
	CHECK_INT(moved(&m, 0, 6, 5), 0); /* without a cookie nothing is counted */
	conn_memory_destroy(&m);
}

static void full_memory(void)
{
	struct conn_memory m;
	CHECK_INT(conn_memory_init(&m), 0);
	uint64_t cookie = 0;
	for (uint16_t i = 0; !m.refused && cookie < 2000000; i++)
		(void)moved(&m, ++cookie, 1, 10);
	CHECK(m.refused);
	CHECK_INT(moved(&m, cookie + 1, 1, 10), 0);
	for (int i = 0; i < 3; i++)
		conn_memory_age(&m);
	CHECK_INT(m.count, 0);
	/* It had no room for some: what is new to it may be old, and its bytes of no meaning. */
	CHECK(!m.refused);
	CHECK_INT(moved(&m, 5, 2, 10), 10);
	conn_memory_destroy(&m);
}

/* ---- rows ---- */

static struct conn_folds *folds;
static struct conn_groups groups;

static struct diag_socket socket_of(uint32_t peer, uint16_t peer_port, uint16_t local_port)
{
	struct diag_socket s = {.state = TCP_STATE_ESTABLISHED,
		.local_port = local_port,
		.peer_port = peer_port,
		.sendq = 3,
		.recvq = 5,
		.inode = peer ? peer : 1,
		.have_tcp = true,
		.tcp = {.rtt_us = 100, .min_rtt_us = 50, .since_sent_ms = 5000}};
	uint32_t local = htonl(0x0a000001), remote = htonl(peer);
	s.local.family = s.peer.family = AF_INET;
	memcpy(s.local.bytes, &local, 4);
	memcpy(s.peer.bytes, &remote, 4);
	return s;
}

static void add(uint32_t peer, uint16_t peer_port, uint16_t local_port, bool incoming)
{
	const struct diag_socket s = socket_of(peer, peer_port, local_port);
	const struct conn_moved since = {7, 11, 1, false};
	conn_groups_add(&groups, &s, incoming, !incoming, &since, 42, 1000);
}

struct sums {
	uint64_t total, established, out, in, retransmits, sendq, recvq, ephemeral;
	uint32_t singles, networks, any;
};

static struct sums sums_of_rows(void)
{
	struct sums s = {0};
	for (uint32_t i = 0; i < groups.nrows; i++) {
		const struct conn_group *g = conn_groups_row(&groups, i);
		s.total += g->total;
		s.established += g->established;
		s.out += g->bytes_out;
		s.in += g->bytes_in;
		s.retransmits += g->retransmits;
		s.sendq += g->sendq;
		s.recvq += g->recvq;
		s.ephemeral += g->ephemeral;
		s.singles += g->peer_hostbits == 0;
		s.networks += g->peer_hostbits == 8;
		s.any += g->peer_hostbits == 32;
		CHECK_INT(g->rtt_us, 100);
		CHECK_INT(g->rtt_min_us, 50);
		CHECK_INT(g->idle_since_s, 1000); /* received just now */
		CHECK_INT(g->pid, 42);
		CHECK_INT(g->owners, 1);
	}
	return s;
}

static void check_sums(uint64_t n)
{
	struct sums s = sums_of_rows();
	CHECK(groups.nrows <= GROUPS_BOUND);
	CHECK(!groups.lost);
	CHECK_INT(s.total, n);
	CHECK_INT(s.established, n);
	CHECK_INT(s.out, 7 * n);
	CHECK_INT(s.in, 11 * n);
	CHECK_INT(s.retransmits, n);
	CHECK_INT(s.sendq, 3 * n);
	CHECK_INT(s.recvq, 5 * n);
}

static const struct conn_group *row_of_peer(uint32_t peer, uint16_t port)
{
	uint32_t be = htonl(peer);
	for (uint32_t i = 0; i < groups.nrows; i++) {
		const struct conn_group *g = conn_groups_row(&groups, i);
		if (g->port == port && g->peer_hostbits == 0 && memcmp(g->peer.bytes, &be, 4) == 0)
			return g;
	}
	return NULL;
}

/* 100,000 peers, one connection each, of whom one has 2,000 more that come last, beside a small service. */
static void many_peers(uint32_t networks)
{
	const uint32_t heavy = 0xc0a80105;
	for (unsigned round = 0; round < 3; round++) {
		conn_groups_begin(&groups, 1, GROUPS_BOUND);
		for (uint32_t i = 0; i < 100000; i++)
			add(0x0b000000 + i % networks * 256 + i / networks % 250, 40000, 443, true);
		for (uint32_t i = 0; i < 2000; i++)
			add(heavy, (uint16_t)i, 443, true);
		for (uint32_t i = 0; i < 20; i++)
			add(0x0c000000 + i, (uint16_t)i, 22, true);
		conn_groups_end(&groups);
		check_sums(102020);
		for (uint32_t i = 0; i < 20; i++) /* who has few peers keeps them */
			CHECK(row_of_peer(0x0c000000 + i, 22) != NULL);
		const struct conn_group *g = row_of_peer(heavy, 443);
		if (round > 0) { /* it was found by the first count, and counted by the second */
			CHECK(g != NULL);
			CHECK_INT(g ? g->total : 0, 2000);
		}
	}
}

static void rows_are_bounded(void)
{
	many_peers(1000);
	struct sums s = sums_of_rows();
	CHECK(s.networks >= 1000 && s.networks <= 1001);
	CHECK_INT(s.any, 0);
	conn_folds_forget(folds, 1);
	many_peers(50000); /* each in a network with one other: not even networks are few */
	s = sums_of_rows();
	CHECK_INT(s.any, 1);
	CHECK_INT(groups.nrows, 22);
	/* The crowd leaves: first networks come back, then addresses. */
	uint32_t singles[6];
	for (unsigned round = 0; round < 6; round++) {
		conn_groups_begin(&groups, 1, GROUPS_BOUND);
		for (uint32_t i = 0; i < 900; i++)
			add(0x0b000000 + i % 30 * 256 + i / 30, 40000, 443, true);
		conn_groups_end(&groups);
		check_sums(900);
		singles[round] = sums_of_rows().singles;
	}
	CHECK(singles[0] < 100);
	CHECK_INT(singles[5], 900);
	/* Just above what is folded, it stays folded until the peers are a quarter: no going back and forth. */
	uint32_t rows[8];
	for (unsigned round = 0; round < 8; round++) {
		uint32_t peers = round == 0 ? 4200 : round % 2 ? 3900 : 4150;
		conn_groups_begin(&groups, 1, GROUPS_BOUND);
		for (uint32_t i = 0; i < peers; i++)
			add(0x0b000000 + i % 20 * 256 + i / 20, 40000, 443, true);
		conn_groups_end(&groups);
		check_sums(peers);
		rows[round] = groups.nrows;
	}
	for (unsigned round = 0; round < 8; round++)
		CHECK_INT(rows[round], 20);
	conn_folds_forget(folds, 1);
}

/* A client towards 30,000 ports: services are taken together. */
static void many_services(void)
{
	for (unsigned round = 0; round < 2; round++) {
		conn_groups_begin(&groups, 1, GROUPS_BOUND);
		for (uint32_t i = 0; i < 60000; i++)
			add(0x0b000000 + i % 3, (uint16_t)(1 + i / 2), 50000, false);
		for (uint32_t i = 0; i < 100; i++)
			add(0x0c000000 + i, 40000, 22, true);
		conn_groups_end(&groups);
		check_sums(60100);
		CHECK_INT(sums_of_rows().ephemeral, 60000);
		CHECK_INT(groups.nrows, 103);
	}
	conn_groups_begin(&groups, 1, GROUPS_BOUND);
	add(0x0b000000, 80, 50000, false);
	conn_groups_end(&groups);
	conn_groups_begin(&groups, 1, GROUPS_BOUND);
	add(0x0b000000, 80, 50000, false);
	conn_groups_end(&groups);
	CHECK(row_of_peer(0x0b000000, 80) != NULL); /* and are told apart again */
	conn_folds_forget(folds, 1);
}

/* From one count to the next: what the rows counted stays, also where a row becomes part of a wider one. */
static void counters_go_on(void)
{
	enum { PEERS = 5000 };
	struct conn_group *before = calloc(PEERS, sizeof *before);
	uint32_t nbefore = 0;
	uint64_t last = 0;
	for (unsigned round = 0; round < 6; round++) {
		uint32_t peers = round < 2 ? 3000 : PEERS;
		conn_groups_begin(&groups, 1, GROUPS_BOUND);
		for (uint32_t i = 0; i < peers; i++)
			add(0x0b000000 + i % 40 * 256 + i / 40, 40000, 443, true);
		conn_groups_end(&groups);
		for (uint32_t i = 0; i < nbefore; i++)
			conn_groups_continue(&groups, &before[i], true);
		for (uint32_t i = 0; i < nbefore; i++)
			conn_groups_cover(&groups, &before[i]);
		struct sums s = sums_of_rows();
		CHECK_INT(s.out, last + 7 * peers);
		last = s.out;
		nbefore = groups.nrows;
		for (uint32_t i = 0; before && i < nbefore; i++)
			before[i] = *conn_groups_row(&groups, i);
	}
	CHECK_INT(groups.nrows, 40);
	free(before);
	conn_folds_forget(folds, 1);
}

static void networks_of_addresses(void)
{
	static const struct {
		const char *address;
		unsigned level, bits;
		const char *text;
	} cases[] = {
		{"10.1.2.3", 0, 0, "10.1.2.3"},
		{"10.1.2.3", 1, 8, "10.1.2.0/24"},
		{"10.1.2.3", 2, 32, "any"},
		{"2001:db8:1:2:3:4:5:6", 1, 64, "2001:db8:1:2::/64"},
		{"2001:db8:1:2:3:4:5:6", 2, 128, "any"},
		{"::ffff:10.1.2.3", 1, 8, "10.1.2.0/24"},
		{"::ffff:10.1.2.3", 2, 32, "any"},
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct conn_group g = {0};
		char text[56];
		g.peer.family = strchr(cases[i].address, ':') ? AF_INET6 : AF_INET;
		CHECK_INT(inet_pton(g.peer.family, cases[i].address, g.peer.bytes), 1);
		g.peer_hostbits = (uint8_t)conn_fold_mask(&g.peer, cases[i].level);
		CHECK_INT(g.peer_hostbits, cases[i].bits);
		CHECK_STR(conn_peer_text(text, &g), cases[i].text);
	}
}

/* ---- owners ---- */

struct people {
	int32_t pid[4];
	uint64_t start[4];
};

static bool there(const void *ctx, int32_t pid, uint64_t start)
{
	const struct people *p = ctx;
	for (size_t i = 0; i < COUNTOF(p->pid); i++)
		if (p->pid[i] == pid && p->start[i] == start)
			return true;
	return false;
}

static void owners_are_who_they_were(void)
{
	struct owner_cache c;
	CHECK_INT(owner_cache_init(&c), 0);
	struct people a = {{10, 11}, {100, 101}};
	owner_cache_tick(&c, there, &a);
	owner_cache_learn(&c, 1000, 10, 100);
	owner_cache_learn(&c, 1001, 11, 101);
	CHECK_INT(owner_cache_find(&c, 1000), 10);
	CHECK_INT(owner_cache_find(&c, 1001), 11);
	CHECK_INT(owner_cache_find(&c, 1002), 0);
	CHECK_INT(owner_cache_find(&c, 0), 0);
	/* The inode comes again, in another process: the newest lesson counts. */
	owner_cache_learn(&c, 1000, 11, 101);
	CHECK_INT(owner_cache_find(&c, 1000), 11);
	owner_cache_learn(&c, 1000, 10, 100);
	/* 10 ends, and its number goes to another process, which has no such socket. */
	struct people b = {{10, 11}, {555, 101}};
	owner_cache_tick(&c, there, &b);
	CHECK_INT(owner_cache_find(&c, 1000), 0);
	CHECK_INT(owner_cache_find(&c, 1001), 11);
	owner_cache_learn(&c, 1003, 10, 555);
	CHECK_INT(owner_cache_find(&c, 1003), 10);
	CHECK_INT(owner_cache_find(&c, 1000), 0); /* not even now that its place is taken */
	struct owner *o = owner_cache_process(&c, 10, 555);
	CHECK(o && !o->complete && o->next_fd == 0);
	/* Two numbers of one place. */
	struct people d = {{10, 10 + (1 << 17), 11}, {555, 77, 101}};
	owner_cache_tick(&c, there, &d);
	owner_cache_learn(&c, 1004, 10 + (1 << 17), 77);
	CHECK_INT(owner_cache_find(&c, 1003), 10);
	CHECK_INT(owner_cache_find(&c, 1004), 10 + (1 << 17));
	owner_cache_destroy(&c);
}

/* A server whose sockets come and go by the million: memory is bounded, and what is asked for stays. */
static void owners_are_bounded(void)
{
	struct owner_cache c;
	struct people a = {{10}, {100}};
	unsigned wrong = 0;
	CHECK_INT(owner_cache_init(&c), 0);
	owner_cache_tick(&c, there, &a);
	for (uint32_t i = 1; i <= 3000000; i++) {
		owner_cache_learn(&c, i, 10, 100);
		if (i >= 1000 && i % 1000 == 0)
			wrong += owner_cache_find(&c, 500) != 10;
	}
	CHECK_INT(wrong, 0);
	CHECK(c.count < c.slots);
	CHECK(c.slots <= 1 << 19);
	owner_cache_destroy(&c);
}

/* ---- a dump in pieces ---- */

struct told {
	unsigned sockets, pieces;
	uint64_t ports;
};

static void tell(void *ctx, const struct diag_socket *s)
{
	struct told *t = ctx;
	t->sockets++;
	t->ports += s->peer_port;
}

static int take_piece(void *ctx, const void *bytes, size_t len)
{
	struct told *t = ctx;
	t->pieces++;
	(void)parse_inet_diag(bytes, len, tell, t);
	return 0;
}

static void write_dump(const char *path, unsigned n)
{
	FILE *f = fopen(path, "we");
	CHECK(f != NULL);
	for (unsigned i = 0; f && i < n; i++) {
		struct {
			struct nlmsghdr h;
			struct inet_diag_msg m;
		} q = {.h = {.nlmsg_len = sizeof q, .nlmsg_type = SOCK_DIAG_BY_FAMILY},
			.m = {.idiag_family = AF_INET, .idiag_state = TCP_STATE_ESTABLISHED}};
		q.m.id.idiag_dport = htons((uint16_t)i);
		CHECK_INT(fwrite(&q, sizeof q, 1, f), 1);
	}
	if (f)
		(void)fclose(f);
}

static void a_dump_in_pieces(void)
{
	enum { SOCKETS = 5000 };
	char dir[] = "/tmp/plimsoll-conns.XXXXXX", path[128];
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof path, "%s/proc", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/netlink", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/netlink/tcp_info", dir);
	write_dump(path, SOCKETS);
	struct reader *r = NULL;
	uint64_t real, mono;
	CHECK_INT(reader_open(dir, NULL, &r), 0);
	CHECK_INT(reader_begin(r, &real, &mono), 0);
	struct reader_pieces p = {.fd = -1};
	CHECK_INT(reader_pieces_begin(r, DUMP_TCP_ALL, &p), -ENOENT);
	CHECK_INT(p.fd, -1);
	CHECK_INT(reader_pieces_begin(r, DUMP_TCP_INFO, &p), 0);
	struct told t = {0};
	int more;
	while ((more = reader_pieces_next(r, &p, take_piece, &t)) > 0)
		continue;
	CHECK_INT(more, 0);
	CHECK(t.pieces >= 4);
	CHECK_INT(t.sockets, SOCKETS);
	CHECK_INT(t.ports, (uint64_t)SOCKETS * (SOCKETS - 1) / 2);
	reader_pieces_end(&p);
	reader_pieces_end(&p);
	CHECK_INT(p.fd, -1);
	/* A dump that was cut ends with an error, after what was whole. */
	CHECK_INT(truncate(path,
			  100 * (long)(sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg)) + 5),
		0);
	CHECK_INT(reader_pieces_begin(r, DUMP_TCP_INFO, &p), 0);
	t = (struct told){0};
	while ((more = reader_pieces_next(r, &p, take_piece, &t)) > 0)
		continue;
	CHECK_INT(more, -EBADMSG);
	CHECK_INT(t.sockets, 100);
	reader_pieces_end(&p);
	reader_close(r);
	CHECK_INT(unlink(path), 0);
	(void)snprintf(path, sizeof path, "%s/netlink", dir);
	CHECK_INT(rmdir(path), 0);
	(void)snprintf(path, sizeof path, "%s/proc", dir);
	CHECK_INT(rmdir(path), 0);
	CHECK_INT(rmdir(dir), 0);
}

/* ---- real ones ---- */

enum { PAIRS = 1500, FIRST_BYTES = 100, MORE_BYTES = 1000 };

static struct store store;
static struct reader *reader;
static struct engine *engine;
static int client[PAIRS], server[PAIRS];
static uint16_t port;

static bool connect_all(void)
{
	struct rlimit l;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	socklen_t n = sizeof a;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_max < 2 * PAIRS + 500)
		return false;
	l.rlim_cur = l.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &l);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&a, n) < 0 || listen(listener, 64) < 0 ||
		getsockname(listener, (struct sockaddr *)&a, &n) < 0)
		return false;
	port = ntohs(a.sin_port);
	for (int i = 0; i < PAIRS; i++) {
		const struct linger reset = {1, 0};
		char bytes[FIRST_BYTES] = {0};
		client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(client[i], (struct sockaddr *)&a, n) < 0)
			return false;
		server[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		(void)setsockopt(client[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		(void)setsockopt(server[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		if (send(server[i], bytes, sizeof bytes, 0) != sizeof bytes ||
			recv(client[i], bytes, sizeof bytes, MSG_WAITALL) != sizeof bytes)
			return false;
	}
	return true;
}

static const struct conn_group *ours(const struct sample *s, bool outgoing)
{
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->port == port && g->outgoing == outgoing)
			return g;
	}
	return NULL;
}

static const struct sample *tick(unsigned want)
{
	int r = engine_tick(engine, store_newest(&store, 0), store_slot(&store), want, 0);
	if (r == 0)
		store_commit(&store);
	CHECK_INT(r, 0);
	return store_newest(&store, 0);
}

/* Ticks until a count that began after now is complete; how many it took. */
static unsigned count_anew(const struct sample **ret)
{
	unsigned fresh = 0;
	for (unsigned i = 1; i < 2000; i++) {
		*ret = tick(0);
		const struct conn_group *g = ours(*ret, true);
		fresh += g && !g->stale;
		if (fresh == 2) /* the first may have been under way */
			return i;
	}
	return 0;
}

static void real_connections(void)
{
	const struct sample *s;
	if (!connect_all()) {
		(void)fprintf(stderr, "skip: no %d connections can be made here\n", PAIRS);
		return;
	}
	CHECK_INT(store_init(&store, 4), 0);
	CHECK_INT(reader_open("/", NULL, &reader), 0);
	CHECK_INT(engine_open(reader, &store.series, &engine), 0);
	unsigned ticks = count_anew(&s);
	CHECK(ticks > 2); /* 3,000 sockets cost more than a tick gives */
	const struct conn_group *in = ours(s, false), *out = ours(s, true);
	CHECK(in && out);
	if (!in || !out)
		return;
	CHECK_INT(in->total, PAIRS);
	CHECK_INT(in->established, PAIRS);
	CHECK_INT(out->total, PAIRS);
	CHECK(in->have_info);
	CHECK(in->rtt_us > 0 && in->rtt_max_us >= in->rtt_us && in->rtt_min_us <= in->rtt_us);
	CHECK_INT(in->bytes_out, PAIRS * FIRST_BYTES);
	CHECK_INT(in->bytes_in, 0);
	CHECK_INT(out->bytes_in, PAIRS * FIRST_BYTES);
	CHECK_INT(in->recvq_conns, 0);
	for (int i = 0; i < 20 && !(ours(s, false)->pid && ours(s, true)->pid); i++)
		s = tick(0);
	CHECK_INT(ours(s, false)->pid, getpid());
	CHECK_INT(ours(s, true)->pid, getpid());

	/* Some move more, which nobody reads; others go. What they moved stays counted. */
	char more[MORE_BYTES] = {0};
	for (int i = 0; i < 10; i++)
		CHECK_INT(send(client[i], more, sizeof more, 0), MORE_BYTES);
	for (int i = PAIRS / 2; i < PAIRS; i++) {
		(void)close(client[i]);
		(void)close(server[i]);
	}
	CHECK(count_anew(&s) > 0);
	in = ours(s, false);
	CHECK_INT(in->total, PAIRS / 2);
	CHECK_INT(in->bytes_out, PAIRS * FIRST_BYTES);
	CHECK_INT(in->bytes_in, 10 * MORE_BYTES);
	CHECK_INT(in->recvq, 10 * MORE_BYTES);
	CHECK_INT(in->recvq_conns, 10);
	CHECK_INT(in->recvq_max, MORE_BYTES);
	/* The kernel counts the SYN of who connects as a byte acknowledged. */
	CHECK_INT(ours(s, true)->bytes_out, 10 * MORE_BYTES + PAIRS);

	/* Asked for, they are all there at once; and rows stand until the next count. */
	for (int i = 10; i < PAIRS / 2; i++) {
		(void)close(client[i]);
		(void)close(server[i]);
	}
	s = tick(WANT_CONNS);
	CHECK_INT(ours(s, false)->total, 10);
	CHECK(!ours(s, false)->stale);
	CHECK_INT(ours(s, false)->pid, getpid());
	engine_close(engine);
	reader_close(reader);
	store_destroy(&store);
}

int main(void)
{
	/* As in the recorder, whose memory is locked: pages are given back in another way. */
	if (geteuid() == 0)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	counters_do_not_fall();
	told_twice_or_not_at_all();
	full_memory();
	(void)munlockall();
	CHECK_INT(conn_folds_init(&folds), 0);
	CHECK_INT(conn_groups_init(&groups, folds), 0);
	rows_are_bounded();
	many_services();
	counters_go_on();
	conn_groups_destroy(&groups);
	conn_folds_destroy(folds);
	networks_of_addresses();
	owners_are_who_they_were();
	owners_are_bounded();
	a_dump_in_pieces();
	real_connections();
	return test_result("conns");
}
