/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* links: the state of interfaces and of their queues, beyond the counters of /proc/net/dev.
 *
 * rtnetlink tells all interfaces of a namespace in one dump (net/core/rtnetlink.c), and all queues in another (net/sched/sch_api.c). A root queue
 * counts for those below it; mq, the root of an interface with several hardware queues, adds up its children when it is asked. Of the queues that
 * every virtual interface has by default ("noqueue") there is nothing to count. Error counters of the device are told for hardware and bonds:
 * elsewhere they are 0 for ever, and a host can have a thousand virtual interfaces.
 *
 * Speed and duplex come through ethtool, since /sys/class/net shows the namespace it was mounted in. That takes the lock of all interfaces and asks
 * each driver, hence twice a minute. */
#include "collect/engine_impl.h"

#include "base/clock.h"
#include "read/parse_link.h"

#include <linux/pkt_sched.h>
#include <net/if.h>
#include <string.h>

struct link_walk {
	struct out o;
	uint32_t first;  /* row of the first interface of this namespace */
	uint32_t cursor; /* where the last one was found: dumps come in the same order */
};

static struct net_link *rows_of(const struct link_walk *w)
{
	return TABLE_ROWS(w->o.sample->links, struct net_link);
}

static struct net_link *by_index(struct link_walk *w, uint32_t index)
{
	uint32_t n = w->o.sample->links.count - w->first;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = w->first + (w->cursor + i) % n;
		if (rows_of(w)[at].index != index)
			continue;
		w->cursor = at - w->first;
		return &rows_of(w)[at];
	}
	return NULL;
}

static uint32_t name_id(const struct link_walk *w, const char *s)
{
	return *s ? out_instance(&w->o, scan_over(s, strlen(s))) : 0;
}

/* ---- interfaces ---- */

static void device_errors(const struct out *o, const struct link_message *m, uint32_t name)
{
	if (!(m->have & LINK_HAVE_STATS) || (m->flags & IFF_LOOPBACK) ||
		(m->kind[0] && strcmp(m->kind, "bond") != 0))
		return;
	out_value(o, M_NET_RX_MISSED, name, m->stats.missed);
	out_value(o, M_NET_RX_FIFO, name, m->stats.fifo);
	out_value(o, M_NET_RX_FRAME, name, m->stats.frame);
	out_value(o, M_NET_RX_CRC, name, m->stats.crc);
	out_value(o, M_NET_TX_CARRIER, name, m->stats.tx_carrier);
	out_value(o, M_NET_TX_FIFO, name, m->stats.tx_fifo);
	out_value(o, M_NET_COLLISIONS, name, m->stats.collisions);
	if (m->have & LINK_HAVE_NOHANDLER)
		out_value(o, M_NET_RX_NOHANDLER, name, m->stats.nohandler);
}

static void add_link(void *ctx, const struct link_message *m)
{
	struct link_walk *w = ctx;
	const struct out *o = &w->o;
	uint32_t name = name_id(w, m->name);
	struct net_link *l = table_add(&o->sample->links, sizeof *l);
	if (l)
		*l = (struct net_link){.netns = (uint16_t)o->netns,
			.index = m->index,
			.name = name,
			.kind = name_id(w, m->kind),
			.master = m->master, /* its index, until all are known */
			.qdisc = name_id(w, m->qdisc),
			.operstate =
				m->have & LINK_HAVE_OPERSTATE ? m->operstate : LINK_STATE_UNKNOWN,
			.port_state = m->have & LINK_HAVE_PORT ? (uint8_t)(m->port_state + 1) : 0,
			.up = m->flags & IFF_UP};
	out_value(o, M_NET_UP, name, (m->flags & IFF_UP) != 0);
	/* Of an interface that is switched off the kernel tells no carrier, whatever the cable. */
	if (m->have & LINK_HAVE_CARRIER && m->flags & IFF_UP)
		out_value(o, M_NET_CARRIER, name, m->carrier);
	if (m->have & LINK_HAVE_CHANGES)
		out_value(o, M_NET_CARRIER_CHANGES, name, m->carrier_changes);
	if (m->have & LINK_HAVE_PROMISCUITY)
		out_value(o, M_NET_PROMISCUOUS, name, m->promiscuity);
	if (m->have & LINK_HAVE_MTU)
		out_value(o, M_NET_MTU, name, m->mtu);
	device_errors(o, m, name);
}

static void name_masters(struct link_walk *w)
{
	for (uint32_t i = w->first; i < w->o.sample->links.count; i++) {
		struct net_link *l = &rows_of(w)[i];
		const struct net_link *master = l->master ? by_index(w, l->master) : NULL;
		l->master = master ? master->name : 0;
	}
}

static int link_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_links(bytes, len, add_link, ctx);
	return 0;
}

/* ---- queues ---- */

static void add_qdisc(void *ctx, const struct qdisc_message *m)
{
	struct link_walk *w = ctx;
	const struct net_link *l = m->parent == TC_H_ROOT ? by_index(w, m->index) : NULL;
	if (!l || !m->have_stats || strcmp(m->kind, "noqueue") == 0)
		return;
	out_value(&w->o, M_QDISC_BYTES, l->name, m->bytes);
	out_value(&w->o, M_QDISC_PACKETS, l->name, m->packets);
	out_value(&w->o, M_QDISC_DROPS, l->name, m->drops);
	out_value(&w->o, M_QDISC_OVERLIMITS, l->name, m->overlimits);
	out_value(&w->o, M_QDISC_REQUEUES, l->name, m->requeues);
	out_value(&w->o, M_QDISC_BACKLOG, l->name, m->backlog);
	out_value(&w->o, M_QDISC_LENGTH, l->name, m->qlen);
}

static int qdisc_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_qdiscs(bytes, len, add_qdisc, ctx);
	return 0;
}

/* ---- speed ---- */

static void add_speed(void *ctx, const struct link_speed *m)
{
	struct link_walk *w = ctx;
	struct net_link *l = by_index(w, m->index);
	if (!l)
		return;
	l->duplex = m->duplex == 0   ? DUPLEX_IS_HALF
		    : m->duplex == 1 ? DUPLEX_IS_FULL
				     : DUPLEX_NOT_KNOWN;
	if (m->mbit)
		out_value(&w->o, M_NET_SPEED, l->name, m->mbit);
}

static int speed_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_link_speeds(bytes, len, add_speed, ctx);
	return 0;
}

/* ---- between two readings ---- */

static void keep_value(
	const struct out *o, const struct sample *prev, enum metric m, uint32_t instance)
{
	uint32_t id = series_find(o->series, m, o->netns, instance);
	uint64_t v;
	if (sample_get(prev, id, &v))
		sample_set(o->sample, id, v);
}

static void take_over_links(struct link_walk *w, const struct sample *prev)
{
	static const enum metric metrics[] = {M_NET_UP, M_NET_CARRIER, M_NET_CARRIER_CHANGES,
		M_NET_PROMISCUOUS, M_NET_MTU, M_NET_RX_MISSED, M_NET_RX_FIFO, M_NET_RX_FRAME,
		M_NET_RX_CRC, M_NET_RX_NOHANDLER, M_NET_TX_CARRIER, M_NET_TX_FIFO, M_NET_COLLISIONS,
		M_QDISC_BYTES, M_QDISC_PACKETS, M_QDISC_DROPS, M_QDISC_OVERLIMITS, M_QDISC_REQUEUES,
		M_QDISC_BACKLOG, M_QDISC_LENGTH};
	const struct net_link *rows = TABLE_ROWS(prev->links, struct net_link);
	for (uint32_t i = 0; i < prev->links.count; i++) {
		struct net_link *l = rows[i].netns == w->o.netns
					     ? table_add(&w->o.sample->links, sizeof *l)
					     : NULL;
		if (!l)
			continue;
		*l = rows[i];
		for (size_t k = 0; k < COUNTOF(metrics); k++)
			keep_value(&w->o, prev, metrics[k], l->name);
	}
}

static void take_over_speeds(struct link_walk *w, const struct sample *prev)
{
	const struct net_link *rows = TABLE_ROWS(prev->links, struct net_link);
	for (uint32_t i = 0; i < prev->links.count; i++) {
		struct net_link *l =
			rows[i].netns == w->o.netns ? by_index(w, rows[i].index) : NULL;
		if (!l || l->name != rows[i].name)
			continue;
		l->duplex = rows[i].duplex;
		keep_value(&w->o, prev, M_NET_SPEED, l->name);
	}
}

void engine_links(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out)
{
	struct link_walk w = {
		.o = {out, e->series, (unsigned)ns->series_netns}, .first = out->links.count};
	uint64_t begun = clock_thread_ns();
	if (engine_pace_due(e, ns, PACE_LINKS)) {
		int r = reader_dump(e->reader, DUMP_LINKS, link_bytes, &w);
		engine_dump_gap(e, out, w.o.netns, r, "interfaces (rtnetlink)", "net.link");
		name_masters(&w);
		r = reader_dump(e->reader, DUMP_QDISCS, qdisc_bytes, &w);
		engine_dump_gap(e, out, w.o.netns, r, "queues of interfaces (rtnetlink)", "net.tx");
		engine_pace_spent(e, ns, PACE_LINKS, begun);
	} else if (prev) {
		take_over_links(&w, prev);
	}
	if (!engine_pace_due(e, ns, PACE_SPEEDS)) {
		if (prev)
			take_over_speeds(&w, prev);
		return;
	}
	begun = clock_thread_ns();
	/* That a kernel has no such interface (before 5.6), or no device with a speed, hides only the speed. */
	(void)reader_dump(e->reader, DUMP_LINK_SPEEDS, speed_bytes, &w);
	engine_pace_spent(e, ns, PACE_SPEEDS, begun);
}
