/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "finding/fleet.h"

#include "ledger/ledger.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WINDOW = 30 /* samples of one look at the ledger */, SAME_BOOT_S = 60, PAUSE_S = 60 };

static const uint64_t second_ns = UINT64_C(1000000000);

/* A uptime below this says nothing: what is wrong from the start fails at the start. */
static const double least_uptime_s = 1800;
static const double day_s = 86400;

/* ---- boots ---- */

/* The kernel's own name of the boot, "" where the sample has none. */
static void boot_name(struct history *h, struct store *into, uint64_t at_ns, char name[static 64])
{
	*name = '\0';
	if (history_load(h, into, at_ns, 1, UINT64_C(120) * second_ns) < 0)
		return;
	const struct sample *s = store_newest(into, 0);
	const struct fact *rows = TABLE_ROWS(s->facts, struct fact);
	for (uint32_t i = 0; i < s->facts.count; i++)
		if (rows[i].key && strcmp(rows[i].key, "boot") == 0)
			(void)snprintf(
				name, 64, "%s", intern_text(&into->series.names, rows[i].value));
}

struct booting {
	struct history *h;
	struct store *store;
	struct fleet_host *host;
	size_t first; /* of the boots of this recording */
	int error;
};

static struct fleet_boot *boot_add(struct fleet_host *host)
{
	struct fleet_boot *rows = reallocarray(host->boots, host->nboots + 1, sizeof *rows);
	if (!rows)
		return NULL;
	host->boots = rows;
	rows[host->nboots] = (struct fleet_boot){0};
	return &rows[host->nboots++];
}

/* The time of the boot as the kernel computes it moves when the clock is set. A new run of the recorder may be of a new boot; then the boots' own names
 * decide, where they are recorded. */
static bool is_reboot(
	struct booting *b, const struct fleet_boot *last, uint64_t boot_ns, uint64_t at_ns)
{
	char before[64], now[64];
	uint64_t apart =
		boot_ns > last->boot_ns ? boot_ns - last->boot_ns : last->boot_ns - boot_ns;
	if (apart <= SAME_BOOT_S * second_ns)
		return false;
	boot_name(b->h, b->store, last->last_ns, before);
	boot_name(b->h, b->store, at_ns, now);
	return !*before || !*now || strcmp(before, now) != 0;
}

static int see_boots(void *ctx, size_t series, const struct history_points *p)
{
	struct booting *b = ctx;
	struct fleet_host *host = b->host;
	bool new_run = p->first_of_run || host->nboots == b->first;
	(void)series;
	for (size_t i = 0; i < p->n; i++) {
		if (!p->present[i])
			continue;
		uint64_t boot_ns = p->value[i] * second_ns, at_ns = p->time_ns[i];
		struct fleet_boot *last = host->nboots ? &host->boots[host->nboots - 1] : NULL;
		if (at_ns < boot_ns)
			continue;
		if (!last || (new_run && is_reboot(b, last, boot_ns, at_ns))) {
			if (last)
				last->ended = true;
			last = boot_add(host);
			if (!last)
				return b->error = -ENOMEM;
		}
		new_run = false;
		last->boot_ns = boot_ns;
		last->last_ns = at_ns;
	}
	return 0;
}

static bool is_boot_time(void *ctx, const struct history_series *s)
{
	(void)ctx;
	return s->metric == M_BOOT_TIME;
}

static int read_boots(struct history *h, struct store *into, uint64_t from_ns, uint64_t to_ns,
	struct fleet_host *host)
{
	const struct history_series *series;
	size_t n;
	struct booting b = {h, into, host, host->nboots, 0};
	int r = history_select(h, from_ns, to_ns, is_boot_time, NULL, &series, &n);
	if (r < 0 || n == 0)
		return r;
	uint64_t key = series[0].key;
	r = history_read(h, &key, 1, from_ns, to_ns, see_boots, &b);
	return b.error ? b.error : r;
}

double fleet_uptime(const struct fleet_boot *b)
{
	return (double)(b->last_ns - b->boot_ns) / 1e9;
}

/* ---- high-water marks ---- */

/* Queues grow out of proportion, files do not move with a connection, and a name has its own room: none of these is shared out. */
bool fleet_follows_load(enum resource r)
{
	switch (r) {
	case RES_CPU:
	case RES_CGROUP_CPU:
	case RES_MEMORY:
	case RES_CGROUP_MEMORY:
	case RES_DISK_IO:
	case RES_FDS:
	case RES_PIDS:
	case RES_NPROC:
	case RES_CGROUP_PIDS:
	case RES_TCP_PORTS:
	case RES_TCP_MEMORY:
	case RES_UDP_MEMORY:
	case RES_CONNTRACK:
	case RES_NET_TX:
	case RES_NET_RX:
	case RES_WORKERS:
	case RES_CONNECTIONS: return true;
	default: return false;
	}
}

static struct fleet_high *high_of(
	struct fleet_host *host, const struct ledger_row *row, const char *netns)
{
	for (size_t i = 0; i < host->nhighs; i++)
		if (strcmp(host->highs[i].name, row->name) == 0 &&
			strcmp(host->highs[i].netns, netns) == 0)
			return &host->highs[i];
	struct fleet_high *rows = reallocarray(host->highs, host->nhighs + 1, sizeof *rows);
	if (!rows)
		return NULL;
	host->highs = rows;
	struct fleet_high *h = &rows[host->nhighs];
	*h = (struct fleet_high){
		.name = strdup(row->name), .netns = strdup(netns), .resource = row->resource};
	host->nhighs += h->name && h->netns;
	if (h->name && h->netns)
		return h;
	free(h->name);
	free(h->netns);
	return NULL;
}

/* Of several rows of a name (processes of one program, each with a limit of its own) the one that is nearest to its limit stands for all. */
static int take_highs(struct view *v, struct fleet_host *host)
{
	struct ledger l;
	int r = ledger_build(v, &l);
	for (size_t i = 0; r == 0 && i < l.count; i++) {
		const struct ledger_row *row = &l.rows[i];
		if (row->limit <= 0 || !fleet_follows_load(row->resource))
			continue;
		struct fleet_high *h = high_of(host, row, series_netns_name(v->series, row->netns));
		double high = row->high > row->used ? row->high : row->used;
		if (!h)
			return -ENOMEM;
		if (h->limit > 0 && high / row->limit <= h->high / h->limit)
			continue;
		h->high = high;
		h->limit = row->limit;
		h->at_ns = row->high_at ? row->high_at : v->now_ns;
	}
	return r;
}

static int read_highs(struct history *h, struct store *into, struct view *v, uint64_t from_ns,
	uint64_t to_ns, struct fleet_host *host)
{
	int r = history_seek(h, into, from_ns);
	unsigned fresh = 0; /* samples that no look has seen */
	into->count = 0;
	while (r == 0 && (r = history_next(h)) == 0) {
		const struct sample *s = store_newest(into, 0), *before = store_newest(into, 1);
		bool over = s->real_ns > to_ns;
		/* A pause, or another run: what was before is no window with what is now. */
		bool apart = before && (s->mono_ns <= before->mono_ns ||
					       s->mono_ns - before->mono_ns > PAUSE_S * second_ns);
		if (over || apart) {
			into->count = over ? 0 : 1;
			fresh = over ? 0 : 1;
			if (over)
				break;
			continue;
		}
		if (++fresh < WINDOW)
			continue;
		fresh = 0;
		r = view_open(v, into, WINDOW);
		r = r == 0 ? take_highs(v, host) : r;
	}
	/* What is left at the end, where it is all there is or enough to tell a rate. */
	if ((r == -ENODATA || r == 0) && into->count >= 2 && fresh >= 2) {
		r = view_open(v, into, fresh > WINDOW ? WINDOW : fresh);
		r = r == 0 ? take_highs(v, host) : r;
	}
	return r == -ENODATA ? 0 : r;
}

int fleet_read(struct history *h, uint64_t from_ns, uint64_t to_ns, uint64_t span_ns,
	struct fleet_host *host)
{
	uint64_t first, last;
	struct view v;
	struct store *into = calloc(1, sizeof *into);
	if (!into)
		return -ENOMEM;
	int r = history_span(h, &first, &last) && first <= to_ns && last >= from_ns ? 0 : -ENODATA;
	int made = store_init(into, WINDOW + 1), opened = view_init(&v);
	r = r == 0 ? (made < 0 ? made : opened) : r;
	if (r == 0) {
		first = first > from_ns ? first : from_ns;
		last = last < to_ns ? last : to_ns;
		(void)snprintf(host->name, sizeof host->name, "%s", history_host(h));
		host->from_ns = host->from_ns && host->from_ns < first ? host->from_ns : first;
		host->to_ns = host->to_ns > last ? host->to_ns : last;
		r = read_boots(h, into, first, last, host);
		r = r == 0 ? read_highs(h, into, &v,
				     last - first > span_ns ? last - span_ns : first, last, host)
			   : r;
	}
	if (opened == 0)
		view_destroy(&v);
	if (made == 0)
		store_destroy(into);
	free(into);
	return r;
}

void fleet_free(struct fleet_host *host)
{
	for (size_t i = 0; i < host->nhighs; i++) {
		free(host->highs[i].name);
		free(host->highs[i].netns);
	}
	free(host->highs);
	free(host->boots);
	*host = (struct fleet_host){0};
}

/* ---- the same uptime ---- */

/* What has wrapped in kernels and firmware, and after how long. */
static const struct {
	double seconds;
	const char *what;
} counters[] = {
	{4294.967296, "32 bits of microseconds"},
	{2147483.648, "31 bits of milliseconds"},
	{4294967.296, "32 bits of milliseconds"},
	{8589934.592, "31 bits of ticks of 250 Hz"},
	{17179869.184, "32 bits of ticks of 250 Hz"},
	{18014398.509, "54 bits of nanoseconds (a scheduler's clock)"},
	{21474836.48, "31 bits of ticks of 100 Hz"},
	{42949672.96, "32 bits of ticks of 100 Hz"},
	{117964800, "15 bits of hours of power (a disk's firmware)"},
	{144000000, "40,000 hours of power (a disk's firmware)"},
};

/* Machines do not notice at once, and a recording ends a moment before. */
static double tolerance_of(double uptime_s)
{
	return uptime_s / 10000 > 120 ? uptime_s / 10000 : 120;
}

struct down {
	double uptime_s;
	struct fleet_end end;
};

static int by_uptime(const void *pa, const void *pb)
{
	const struct down *a = pa, *b = pb;
	return (a->uptime_s > b->uptime_s) - (a->uptime_s < b->uptime_s);
}

/* Adds it unless its machine is there, or it went down together with one that is. */
static void same_add(const struct fleet_host *hosts, struct fleet_same *s, struct fleet_end e)
{
	uint64_t at = hosts[e.host].boots[e.boot].last_ns;
	for (size_t i = 0; i < s->nends; i++) {
		uint64_t other = hosts[s->ends[i].host].boots[s->ends[i].boot].last_ns;
		double apart = (double)(at > other ? at - other : other - at) / 1e9;
		if (s->ends[i].host == e.host || apart <= 2 * tolerance_of(s->shortest_s))
			return;
	}
	if (s->nends < FLEET_HOSTS)
		s->ends[s->nends++] = e;
}

static void complete(const struct fleet_host *hosts, size_t n, struct fleet_same *s)
{
	const struct fleet_end *last = &s->ends[s->nends - 1];
	s->longest_s = fleet_uptime(&hosts[last->host].boots[last->boot]);
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		if (fabs(s->shortest_s - counters[i].seconds) <= 2 * tolerance_of(s->shortest_s))
			s->counter = counters[i].what;
	double days = s->shortest_s / day_s;
	s->scheduled = !s->counter && days > 0.9 && fabs(days - round(days)) * day_s <= 900;
	for (size_t h = 0; h < n; h++) {
		if (!hosts[h].nboots)
			continue;
		const struct fleet_boot *b = &hosts[h].boots[hosts[h].nboots - 1];
		if (!b->ended && fleet_uptime(b) < s->shortest_s && s->nnext < FLEET_HOSTS)
			s->next[s->nnext++] = (struct fleet_end){h, hosts[h].nboots - 1};
	}
}

/* All ends of boots after an uptime that says anything, the shortest first; allocated. NULL when memory is short. */
static struct down *list_down(const struct fleet_host *hosts, size_t n, size_t *ret_n)
{
	size_t all = 0;
	for (size_t h = 0; h < n; h++)
		all += hosts[h].nboots;
	struct down *rows = calloc(all + 1, sizeof *rows);
	*ret_n = 0;
	for (size_t h = 0; rows && h < n; h++)
		for (size_t b = 0; b < hosts[h].nboots; b++) {
			double uptime_s = fleet_uptime(&hosts[h].boots[b]);
			if (hosts[h].boots[b].ended && uptime_s >= least_uptime_s)
				rows[(*ret_n)++] = (struct down){uptime_s, {h, b}};
		}
	if (*ret_n)
		qsort(rows, *ret_n, sizeof *rows, by_uptime);
	return rows;
}

size_t fleet_same_uptime(
	const struct fleet_host *hosts, size_t n, struct fleet_same *ret, size_t max)
{
	size_t ndown, count = 0;
	struct down *down = list_down(hosts, n, &ndown);
	for (size_t i = 0; i < ndown && count < max;) {
		struct fleet_same s = {.shortest_s = down[i].uptime_s};
		size_t k = i;
		for (; k < ndown && down[k].uptime_s - s.shortest_s <= tolerance_of(s.shortest_s);
			k++)
			same_add(hosts, &s, down[k].end);
		if (s.nends >= 2) {
			complete(hosts, n, &s);
			ret[count++] = s;
			i = k;
		} else {
			i++;
		}
	}
	free(down);
	return count;
}

/* ---- one machine less ---- */

static const struct fleet_high *same_resource(
	const struct fleet_host *host, const struct fleet_high *of)
{
	for (size_t i = 0; i < host->nhighs; i++)
		if (strcmp(host->highs[i].name, of->name) == 0 &&
			strcmp(host->highs[i].netns, of->netns) == 0)
			return &host->highs[i];
	return NULL;
}

static double part_of(const struct fleet_short *s)
{
	return s->need / s->own->limit;
}

static int shorter(const void *pa, const void *pb)
{
	const struct fleet_short *a = pa, *b = pb;
	double x = part_of(a), y = part_of(b);
	int order = (x < y) - (x > y);
	return order                ? order
	       : a->gone != b->gone ? (a->gone > b->gone) - (a->gone < b->gone)
				    : (a->on > b->on) - (a->on < b->on);
}

static int short_add(struct fleet_spare *ret, struct fleet_short s)
{
	ret->compared++;
	if (!ret->closest || part_of(&s) > part_of(&ret->closest_row)) {
		ret->closest_row = s;
		ret->closest = &ret->closest_row;
	}
	if (s.need <= s.own->limit)
		return 0;
	struct fleet_short *rows = reallocarray(ret->rows, ret->count + 1, sizeof *rows);
	if (!rows)
		return -ENOMEM;
	ret->rows = rows;
	rows[ret->count++] = s;
	ret->holds[s.gone] = false;
	return 0;
}

/* The load is shared by the machines that do the same: those that have this resource with a limit. */
static size_t sharing(const struct fleet_host *hosts, size_t n, const struct fleet_high *of)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += same_resource(&hosts[i], of) != NULL;
	return count;
}

int fleet_without(const struct fleet_host *hosts, size_t n, struct fleet_spare *ret)
{
	*ret = (struct fleet_spare){0};
	for (size_t gone = 0; gone < n; gone++) {
		ret->holds[gone] = true;
		for (size_t i = 0; i < hosts[gone].nhighs; i++)
			for (size_t on = 0; on < n; on++) {
				const struct fleet_high *its = &hosts[gone].highs[i];
				const struct fleet_high *own =
					on == gone ? NULL : same_resource(&hosts[on], its);
				if (!own)
					continue;
				struct fleet_short s = {gone, on, own, its,
					own->high +
						its->high / (double)(sharing(hosts, n, its) - 1)};
				if (short_add(ret, s) < 0) {
					free(ret->rows);
					return -ENOMEM;
				}
			}
	}
	if (ret->count)
		qsort(ret->rows, ret->count, sizeof *ret->rows, shorter);
	return 0;
}
