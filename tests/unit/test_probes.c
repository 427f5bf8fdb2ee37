/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the probes say becomes rows and series: what is alike is added up, what finds no row of its own is added where less is told, and bytes that make no
 * sense end it. The bytes come from a recorded tree that is made here. */
#include "bpf/abi.h"
#include "collect/engine.h"
#include "store/store.h"
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree[] = "/tmp/plimsoll-test-XXXXXX";
static struct store store;

static void put(const char *name, const void *bytes, size_t len)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", tree, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	(void)close(fd);
}

static void folder(const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", tree, name);
	CHECK(mkdir(path, 0700) == 0);
}

/* One sample of the tree. */
static const struct sample *look(void)
{
	struct reader *reader;
	struct engine *engine;
	CHECK_INT(store_init(&store, 2), 0);
	CHECK_INT(reader_open(tree, NULL, &reader), 0);
	CHECK_INT(engine_open(reader, &store.series, &engine), 0);
	CHECK_INT(engine_tick(engine, NULL, store_slot(&store), 0, 0), 0);
	store_commit(&store);
	engine_close(engine);
	reader_close(reader);
	return store_newest(&store, 0);
}

static uint64_t value(const struct sample *s, enum metric m, const char *instance)
{
	uint64_t v = UINT64_MAX;
	for (uint32_t id = store.series.first[m]; id; id = series_row(&store.series, id)->next)
		if (strcmp(series_instance(&store.series, id), instance) == 0)
			(void)sample_get(s, id, &v);
	return v;
}

static struct probe_exit an_exit(uint32_t pid, uint32_t ppid, const char *comm, uint32_t code)
{
	struct probe_exit x = {.event = PROBE_EXIT,
		.pid = pid,
		.ppid = ppid,
		.code = code,
		.start_ns = 1000,
		.end_ns = 5000,
		.cpu_ns = 100,
		.io_write = 10,
		.rss_peak_pages = pid};
	memcpy(x.comm, comm, strlen(comm));
	return x;
}

static void ends(void)
{
	struct {
		struct probe_exit a, b, c, d;
		struct probe_signal s1, s2, s3;
		unsigned char rubbish[7];
	} __attribute__((packed))
	events = {an_exit(10, 1, "short", 0), an_exit(11, 1, "short", 256),
		an_exit(12, 2, "short", 0), an_exit(13, 1, "killed", 9),
		{.event = PROBE_SIGNAL, .number = 15, .sender = 5, .target = 6},
		{.event = PROBE_SIGNAL, .number = 15, .sender = 5, .target = 6},
		{.event = PROBE_SIGNAL, .number = 9, .sender = 5, .target = 6, .kernel = 1}, {1}};
	events.d.oom = 1;
	put("probes/events", &events, sizeof events);
	const struct sample *s = look();
	const struct ended *e = TABLE_ROWS(s->ended, struct ended);
	CHECK(s->have_ended);
	CHECK_INT(s->ended.count, 3);
	CHECK_STR(e[0].comm, "short");
	CHECK_INT(e[0].ppid, 1);
	CHECK_INT(e[0].pid, 11);
	CHECK_INT(e[0].count, 2);
	CHECK_INT(e[0].failed, 1);
	CHECK_INT(e[0].code, 256);
	CHECK_INT(e[0].cpu_ns, 200);
	CHECK_INT(e[0].io_write, 20);
	CHECK_INT(e[0].life_ns, 8000);
	CHECK_INT(e[0].rss_peak_pages, 11);
	CHECK_INT(e[1].ppid, 2);
	CHECK_INT(e[2].oom, 1);
	CHECK_INT(value(s, M_PROCS_ENDED, ""), 4);
	CHECK_INT(value(s, M_PROCS_OOM_KILLED, ""), 1);
	const struct sent_signal *sig = TABLE_ROWS(s->signals, struct sent_signal);
	CHECK_INT(s->signals.count, 2);
	CHECK_INT(sig[0].count, 2);
	CHECK_INT(sig[1].kernel, 1);
	CHECK_INT(value(s, M_SIGNALS_SENT, ""), 3);
	store_destroy(&store);
}

/* More names of processes than there are rows: the others share one. */
static void too_many_ends(void)
{
	static struct probe_exit events[400];
	for (unsigned i = 0; i < 400; i++) {
		char comm[16];
		(void)snprintf(comm, sizeof comm, "p%u", i);
		events[i] = an_exit(100 + i, 1, comm, 0);
	}
	put("probes/events", events, sizeof events);
	const struct sample *s = look();
	const struct ended *e = TABLE_ROWS(s->ended, struct ended);
	uint64_t count = 0;
	for (uint32_t i = 0; i < s->ended.count; i++)
		count += e[i].count;
	CHECK_INT(count, 400);
	CHECK_INT(s->ended.count, 201);
	CHECK_STR(e[200].comm, "(others)");
	CHECK_INT(e[200].count, 200);
	CHECK_INT(value(s, M_PROCS_ENDED, ""), 400);
	store_destroy(&store);
}

struct flow {
	struct probe_flow_key key;
	struct probe_flow flow;
} __attribute__((packed));

static void flows(void)
{
	enum { PEERS = 525 }; /* what one reading of a recorded tree holds */
	static struct flow all[PEERS];
	for (unsigned i = 0; i < PEERS; i++)
		all[i] = (struct flow){{.family = AF_INET,
					       .port = 80,
					       .pid = 7,
					       .peer = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}},
			{.opened = 2,
				.closed = 1,
				.bytes_out = 1000,
				.bytes_in = 10,
				.duration_ns = 5,
				.timed = 1,
				.resets_in = 1}};
	put("probes/flows", all, sizeof all);
	const struct sample *s = look();
	const struct tcp_flow *f = TABLE_ROWS(s->flows, struct tcp_flow);
	uint64_t opened = 0, bytes = 0, resets = 0;
	unsigned many = 0;
	for (uint32_t i = 0; i < s->flows.count; i++) {
		opened += f[i].opened;
		bytes += f[i].bytes_out;
		resets += f[i].resets_in;
		many += f[i].peer.family == 0;
	}
	CHECK(s->have_flows);
	CHECK(s->flows.count < PEERS);
	CHECK_INT(many, 1);
	CHECK_INT(opened, 2 * PEERS);
	CHECK_INT(bytes, 1000 * PEERS);
	CHECK_INT(resets, PEERS);
	CHECK_INT(f[0].pid, 7);
	CHECK_INT(f[0].port, 80);
	store_destroy(&store);
	put("probes/flows", all, sizeof all[0] / 2); /* cut */
	s = look();
	CHECK_INT(s->flows.count, 0);
	store_destroy(&store);
}

static void histograms(void)
{
	struct probe_histogram h = {{[0] = 5, [3] = 7, [10] = 1, [27] = 2}};
	struct {
		struct probe_disk_key key;
		struct probe_histogram h;
	} __attribute__((packed))
	disks[] = {{{254, 0, PROBE_READ}, {{[4] = 9}}}, {{254, 0, PROBE_WRITE}, {{[11] = 3}}},
		{{1, 1, PROBE_READ}, {{[4] = 1}}}, {{254, 0, 77}, {{[4] = 1}}}};
	uint64_t lost[PROBE_LOST_COUNT] = {4, 1};
	put("proc/diskstats", "254 0 vda 1 2 3 4 5 6 7 8 9 10 11\n", 34);
	put("probes/run_queue", &h, sizeof h);
	put("probes/disks", disks, sizeof disks);
	put("probes/losses", lost, sizeof lost);
	const struct sample *s = look();
	CHECK_INT(value(s, M_RUNQ_LATENCY, "1us"), 5);
	CHECK_INT(value(s, M_RUNQ_LATENCY, "8us"), 7);
	CHECK_INT(value(s, M_RUNQ_LATENCY, "1ms"), 1);
	CHECK_INT(value(s, M_RUNQ_LATENCY, "inf"), 2);
	CHECK_INT((intmax_t)value(s, M_RUNQ_LATENCY, "2us"), -1);
	CHECK_INT(value(s, M_DISK_LATENCY_READ, "vda 16us"), 9);
	CHECK_INT(value(s, M_DISK_LATENCY_WRITE, "vda 2ms"), 3);
	CHECK_INT(value(s, M_SELF_PROBES_LOST, ""), 5);
	bool gap = false;
	for (uint32_t i = 0; i < s->gaps.count; i++)
		gap = gap ||
		      strstr(TABLE_ROWS(s->gaps, struct gap)[i].what, "events of the probes");
	CHECK(gap);
	store_destroy(&store);
}

int main(void)
{
	if (!mkdtemp(tree))
		return 1;
	folder("proc");
	folder("probes");
	ends();
	too_many_ends();
	flows();
	histograms();
	char command[128];
	(void)snprintf(command, sizeof command, "rm -r %s", tree);
	CHECK_INT(system(command), 0);
	return test_result("probes");
}
