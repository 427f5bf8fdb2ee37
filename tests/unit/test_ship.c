/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Shipping: names and text of metrics, requests against a decoder of their own, series that end, and
 * what each answer of a receiver leads to. With arguments it is a tool of tests/ship/run: `ship` is
 * ship_run() with settings that `plimsoll record` does not offer, `read` prints what a store has. */
#include "fleet/batch.h"
#include "fleet/post.h"
#include "fleet/ship.h"
#include "show/openmetrics.h"
#include "store/history.h"
#include "test.h"

#include <ctype.h>
#include <errno.h>
#include <snappy-c.h>

#define S UINT64_C(1000000000)

/* ---- a decoder of protobuf, and of both requests ---- */

struct message {
	const unsigned char *p, *end;
};

struct field {
	uint64_t number, wire, value; /* wire 0 and 1: value */
	struct message body;          /* wire 2 */
};

static uint64_t read_varint(struct message *m)
{
	uint64_t v = 0;
	for (unsigned shift = 0; m->p < m->end && shift < 64; shift += 7) {
		unsigned char byte = *m->p++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	TEST_RESULT(false, "a varint is cut off");
	return 0;
}

static bool read_field(struct message *m, struct field *ret)
{
	if (m->p >= m->end)
		return false;
	uint64_t tag = read_varint(m);
	*ret = (struct field){.number = tag >> 3, .wire = tag & 7};
	if (ret->wire == 0) {
		ret->value = read_varint(m);
	} else if (ret->wire == 1) {
		CHECK(m->end - m->p >= 8);
		for (unsigned i = 0; i < 8; i++)
			ret->value |= (uint64_t)*m->p++ << 8 * i;
	} else {
		CHECK_INT(ret->wire, 2);
		uint64_t n = read_varint(m);
		CHECK((uint64_t)(m->end - m->p) >= n);
		ret->body = (struct message){m->p, m->p + n};
		m->p += n;
	}
	return true;
}

enum { MAX_SERIES = 4096, MAX_SYMBOLS = 20000 };

struct decoded {
	char labels[512]; /* name=value, joined by "," */
	char help[256], unit[32];
	uint64_t type;
	struct remote_sample samples[BATCH_MOMENTS];
	size_t n;
};

static struct decoded series[MAX_SERIES];
static size_t nseries;
static struct message symbols[MAX_SYMBOLS];
static size_t nsymbols;

static void add_text(char *to, size_t size, struct message text)
{
	size_t have = strlen(to);
	(void)snprintf(
		to + have, size - have, "%.*s", (int)(text.end - text.p), (const char *)text.p);
}

static void add_label(struct decoded *d, struct message name, struct message value)
{
	static const struct message comma = {(const unsigned char *)",",
					    (const unsigned char *)"," + 1},
				    equals = {(const unsigned char *)"=",
					    (const unsigned char *)"=" + 1};
	if (*d->labels)
		add_text(d->labels, sizeof d->labels, comma);
	add_text(d->labels, sizeof d->labels, name);
	add_text(d->labels, sizeof d->labels, equals);
	add_text(d->labels, sizeof d->labels, value);
}

static void decode_sample(struct decoded *d, struct message m)
{
	struct field f;
	struct remote_sample s = {0};
	while (read_field(&m, &f)) {
		if (f.number == 1 && f.wire == 1)
			s.bits = f.value;
		else if (f.number == 2 && f.wire == 0)
			s.time_ms = (int64_t)f.value;
		else
			TEST_RESULT(false, "a field that no sample has");
	}
	if (d->n < BATCH_MOMENTS)
		d->samples[d->n++] = s;
}

static void decode_label(struct decoded *d, struct message m)
{
	struct field name, value;
	CHECK(read_field(&m, &name) && name.number == 1);
	CHECK(read_field(&m, &value) && value.number == 2);
	CHECK(m.p == m.end);
	add_label(d, name.body, value.body);
}

static struct message symbol(uint64_t ref)
{
	CHECK(ref < nsymbols);
	return symbols[ref < nsymbols ? ref : 0];
}

static void decode_v2_series(struct decoded *d, struct message m)
{
	struct field f, inner;
	while (read_field(&m, &f)) {
		if (f.number == 1)
			while (f.body.p < f.body.end) {
				struct message name = symbol(read_varint(&f.body));
				add_label(d, name, symbol(read_varint(&f.body)));
			}
		else if (f.number == 2)
			decode_sample(d, f.body);
		else if (f.number == 5)
			while (read_field(&f.body, &inner))
				switch (inner.number) {
				case 1: d->type = inner.value; break;
				case 3:
					add_text(d->help, sizeof d->help, symbol(inner.value));
					break;
				case 4:
					add_text(d->unit, sizeof d->unit, symbol(inner.value));
					break;
				default: TEST_RESULT(false, "a field that no metadata has");
				}
		else
			TEST_RESULT(false, "a field that no series of 2.0 has");
	}
}

static void decode_v1_series(struct decoded *d, struct message m)
{
	struct field f;
	while (read_field(&m, &f))
		if (f.number == 1)
			decode_label(d, f.body);
		else if (f.number == 2)
			decode_sample(d, f.body);
		else
			TEST_RESULT(false, "a field that no series of 1.0 has");
}

/* Unpacks and decodes a request; what it says is in `series`, its bytes live until the next one. */
static void decode(enum remote_version version, const void *body, size_t n)
{
	static char *raw;
	size_t size = 0;
	struct field f;
	CHECK_INT(snappy_uncompressed_length(body, n, &size), SNAPPY_OK);
	free(raw);
	raw = malloc(size + 1);
	CHECK_INT(snappy_uncompress(body, n, raw, &size), SNAPPY_OK);
	struct message m = {(const unsigned char *)raw, (const unsigned char *)raw + size};
	nseries = nsymbols = 0;
	while (read_field(&m, &f)) {
		if (version == REMOTE_WRITE_2 && f.number == 4) {
			CHECK_INT(nseries, 0); /* symbols first */
			if (nsymbols < MAX_SYMBOLS)
				symbols[nsymbols++] = f.body;
			continue;
		}
		CHECK_INT(f.number, version == REMOTE_WRITE_2 ? 5 : 1);
		struct decoded *d = &series[nseries < MAX_SERIES - 1 ? nseries++ : nseries];
		memset(d, 0, sizeof *d);
		if (version == REMOTE_WRITE_2)
			decode_v2_series(d, f.body);
		else
			decode_v1_series(d, f.body);
	}
	if (version == REMOTE_WRITE_2)
		CHECK(nsymbols > 0 && symbols[0].p == symbols[0].end);
}

static const struct decoded *find(const char *labels)
{
	for (size_t i = 0; i < nseries; i++)
		if (strcmp(series[i].labels, labels) == 0)
			return &series[i];
	TEST_RESULT(false, "no series {%s} among %zu", labels, nseries);
	static const struct decoded none;
	return &none;
}

static double value_of(const struct remote_sample *s)
{
	double v;
	memcpy(&v, &s->bits, sizeof v);
	return v;
}

/* ---- names and text ---- */

static void names(void)
{
	static const struct {
		enum metric metric;
		const char *name;
	} examples[] = {
		{M_CPU_BUSY, "plimsoll_cpu_busy_ratio"},
		{M_NET_RX_BYTES, "plimsoll_net_rx_bytes_total"},
		{M_NET_RX_ERRORS, "plimsoll_net_rx_errors_total"},
		{M_MEM_AVAILABLE, "plimsoll_mem_available_bytes"},
		{M_DISK_READ_TIME, "plimsoll_disk_read_time_seconds_total"},
		{M_DISK_BUSY, "plimsoll_disk_busy_ratio"},
		{M_PSI_IO_SOME, "plimsoll_psi_io_some_ratio"},
		{M_CPU_ONLINE, "plimsoll_cpu_online"},
		{M_LISTEN_OVERFLOWS, "plimsoll_tcp_listen_overflows_total"},
	};
	char name[PROMETHEUS_NAME], other[PROMETHEUS_NAME];
	for (size_t i = 0; i < COUNTOF(examples); i++)
		CHECK_STR(metric_prometheus_name(name, examples[i].metric), examples[i].name);
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		metric_prometheus_name(name, (enum metric)m);
		CHECK(strlen(name) < PROMETHEUS_NAME - 1);
		CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name));
		CHECK(!strstr(name, "bytes_bytes") && !strstr(name, "total_total"));
		CHECK(metric_info((enum metric)m)->kind != METRIC_COUNTER ||
			strcmp(name + strlen(name) - 6, "_total") == 0);
		const char *unit = metric_base_unit((enum metric)m);
		metric_prometheus_family(name, (enum metric)m);
		CHECK(strcmp(name + strlen(name) - strlen(unit), unit) == 0);
		for (unsigned k = 0; k < m; k++) { /* neither families nor samples */
			TEST_RESULT(
				strcmp(name, metric_prometheus_family(other, (enum metric)k)) != 0,
				"the family %s is there twice", name);
			TEST_RESULT(strcmp(metric_prometheus_name(name, (enum metric)m),
					    metric_prometheus_name(other, (enum metric)k)) != 0,
				"the name %s is there twice", name);
			metric_prometheus_family(name, (enum metric)m);
		}
	}
}

static struct store store;

static struct sample *begin_sample(unsigned second)
{
	struct sample *s = store_slot(&store);
	sample_reset(s);
	s->real_ns = (1000 + second) * S;
	s->mono_ns = (5 + second) * S;
	return s;
}

static uint32_t id_of(enum metric m, unsigned netns, const char *instance)
{
	return series_id(&store.series, m, netns,
		intern_id(&store.series.names, instance, strlen(instance)));
}

static void text(void)
{
	static struct view view;
	CHECK_INT(store_init(&store, 4), 0);
	CHECK_INT(view_init(&view), 0);
	int blue = series_netns(&store.series, 4026532001, "blue");
	for (unsigned i = 0; i < 2; i++) {
		struct sample *s = begin_sample(i);
		sample_set(s, id_of(M_CPU_BUSY, 0, "0"), 1000 + 25 * i);
		sample_set(s, id_of(M_NET_RX_BYTES, 0, "eth\"0\\\n\xff"), 7 + i);
		sample_set(s, id_of(M_NET_RX_BYTES, (unsigned)blue, "eth0"), 1 + i);
		sample_set(s, id_of(M_MEM_FREE, 0, ""), 3);
		sample_set(s, id_of(M_LOAD1, 0, ""), 123);
		sample_set(s, id_of(M_TASKS, 0, ""), UINT64_C(1) << 60);
		if (i == 0)
			sample_set(s, id_of(M_FORKS, 0, ""), 5); /* gone in the newest */
		store_commit(&store);
	}
	CHECK_INT(view_open(&view, &store, 2), 0);
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);
	CHECK_INT(openmetrics_write(f, &view), 0);
	(void)fclose(f);
	CHECK_STR(out,
		"# TYPE plimsoll_build info\n"
		"# HELP plimsoll_build version of Plimsoll\n"
		"plimsoll_build_info{version=\"" PLIMSOLL_VERSION "\"} 1\n"
		"# TYPE plimsoll_cpu_busy_ratio gauge\n"
		"# UNIT plimsoll_cpu_busy_ratio ratio\n"
		"# HELP plimsoll_cpu_busy_ratio all time but idle and iowait (as share of time)\n"
		"plimsoll_cpu_busy_ratio{cpu=\"0\"} 0.25\n"
		"# TYPE plimsoll_sched_load1 gauge\n"
		"# HELP plimsoll_sched_load1 load average of one minute\n"
		"plimsoll_sched_load1 1.23\n"
		"# TYPE plimsoll_tasks_used gauge\n"
		"# HELP plimsoll_tasks_used processes and threads that exist\n"
		"plimsoll_tasks_used 1.152921504606847e+18\n"
		"# TYPE plimsoll_mem_free_bytes gauge\n"
		"# UNIT plimsoll_mem_free_bytes bytes\n"
		"# HELP plimsoll_mem_free_bytes memory used for nothing\n"
		"plimsoll_mem_free_bytes 3072\n"
		"# TYPE plimsoll_net_rx_bytes counter\n"
		"# UNIT plimsoll_net_rx_bytes bytes\n"
		"# HELP plimsoll_net_rx_bytes bytes received\n"
		"plimsoll_net_rx_bytes_total{if=\"eth\\\"0\\\\\\n\\\\xff\"} 8\n"
		"plimsoll_net_rx_bytes_total{if=\"eth0\",netns=\"blue\"} 2\n"
		"# EOF\n");
	free(out);
	view_destroy(&view);
	store_destroy(&store);
}

/* ---- requests ---- */

static struct intern texts;

static uint32_t text_id(const char *s)
{
	return intern_id(&texts, s, strlen(s));
}

static struct remote_series like(const char *name, const char *dev)
{
	return (struct remote_series){
		.labels = {{text_id("__name__"), text_id(name)}, {text_id("dev"), text_id(dev)}},
		.nlabels = 2,
		.type = REMOTE_COUNTER,
		.help = text_id("what \xc3\xbc means"),
		.unit = text_id("bytes")};
}

static void round_trip(enum remote_version version)
{
	static const struct remote_sample samples[] = {{1700000000123, 0x3ff8000000000000},
		{1700000001123, REMOTE_STALE}, {-5, 0}, {1, UINT64_MAX}, {0, 0x8000000000000000}};
	static struct remote_writer w;
	const void *body;
	size_t n;
	CHECK_INT(intern_init(&texts, 1000), 0);
	char longer[301];
	memset(longer, 'x', 300);
	longer[300] = '\0';
	struct remote_series a = like("a_total", "vda"), b = like("b", longer);
	b.help = 0;
	CHECK_INT(remote_writer_init(&w, &texts), 0);
	for (unsigned again = 0; again < 2; again++) { /* a writer is used many times */
		CHECK_INT(remote_write_begin(&w, version), 0);
		CHECK_INT(remote_write_add(&w, &a, samples, COUNTOF(samples)), 0);
		CHECK_INT(remote_write_add(&w, &b, samples, 1), 0);
		CHECK_INT(remote_write_end(&w, &body, &n), 0);
		decode(version, body, n);
		CHECK_INT(nseries, 2);
		CHECK_STR(series[0].labels, "__name__=a_total,dev=vda");
		CHECK_INT(series[0].n, COUNTOF(samples));
		for (size_t i = 0; i < COUNTOF(samples); i++) {
			CHECK_INT(series[0].samples[i].time_ms, samples[i].time_ms);
			CHECK(series[0].samples[i].bits == samples[i].bits);
		}
		CHECK_INT(strlen(series[1].labels), strlen("__name__=b,dev=") + 300);
		CHECK_INT(series[1].n, 1);
		if (version == REMOTE_WRITE_2) {
			CHECK_INT(series[0].type, REMOTE_COUNTER);
			CHECK_STR(series[0].help, "what \xc3\xbc means");
			CHECK_STR(series[0].unit, "bytes");
			CHECK_STR(series[1].help, "");
			CHECK_INT(nsymbols, 9); /* each text once */
		}
	}
	remote_writer_destroy(&w);
	intern_destroy(&texts);
}

static void full_request(enum remote_version version)
{
	static struct remote_writer w;
	struct remote_sample samples[BATCH_MOMENTS];
	const void *body;
	size_t n, added = 0;
	for (size_t i = 0; i < BATCH_MOMENTS; i++)
		samples[i] = (struct remote_sample){1700000000000 + (int64_t)i * 1000, i};
	CHECK_INT(intern_init(&texts, 1000), 0);
	struct remote_series a = like("a", "vda");
	CHECK_INT(remote_writer_init(&w, &texts), 0);
	CHECK_INT(remote_write_begin(&w, version), 0);
	int r;
	while ((r = remote_write_add(&w, &a, samples, BATCH_MOMENTS)) == 0)
		added++;
	CHECK_INT(r, -ENOBUFS);
	CHECK(added > 3000 && added < 5000);
	CHECK_INT(remote_write_end(&w, &body, &n), 0);
	decode(version, body, n);
	CHECK(nseries == added || nseries == MAX_SERIES - 1);
	remote_writer_destroy(&w);
	intern_destroy(&texts);
}

/* ---- batches ---- */

static struct batch *batch;
static struct remote_writer writer;

static void take(void)
{
	store_commit(&store);
	CHECK_INT(batch_take(batch, &store.series, store_newest(&store, 0)), 0);
}

/* Encodes all that is in the batch, which must be one request, and empties it. */
static void flush(enum remote_version version)
{
	const void *body;
	size_t n, samples, all = batch_samples(batch);
	uint32_t next;
	CHECK_INT(batch_encode(batch, &writer, version, 0, &next, &samples), 0);
	CHECK_INT(next, 0);
	CHECK_INT(samples, all);
	CHECK_INT(remote_write_end(&writer, &body, &n), 0);
	decode(version, body, n);
	batch_clear(batch);
}

static void begin_batch(void)
{
	CHECK_INT(store_init(&store, 4), 0);
	CHECK_INT(batch_open("web3", &batch), 0);
	CHECK_INT(remote_writer_init(&writer, batch_names(batch)), 0);
}

static void end_batch(void)
{
	remote_writer_destroy(&writer);
	batch_close(batch);
	store_destroy(&store);
}

static void moments(enum remote_version version)
{
	begin_batch();
	for (unsigned i = 0; i < 4; i++) {
		struct sample *s = begin_sample(10 * i);
		sample_set(s, id_of(M_DISK_BUSY, 0, "vda"), 10000 + 5000 * i);
		sample_set(s, id_of(M_DISK_READ_BYTES, 0, "vda"), i);
		if (i < 2) /* goes with the second moment */
			sample_set(s, id_of(M_DISK_READ_BYTES, 0, "vdb"), i);
		if (i >= 1) /* comes with it */
			sample_set(s, id_of(M_MEM_FREE, 0, ""), i);
		take();
	}
	CHECK_INT(batch_moments(batch), 4);
	CHECK(batch_goes_on(batch));
	CHECK_INT(batch_samples(batch), 3 + 4 + 3 + 3);
	flush(version);
	CHECK_INT(nseries, 4);
	const struct decoded *d =
		find("__name__=plimsoll_disk_busy_ratio,dev=vda,instance=web3,job=plimsoll");
	CHECK_INT(d->n, 3); /* the first moment has no ratio */
	CHECK_INT(d->samples[0].time_ms, 1010000);
	CHECK_NEAR(value_of(&d->samples[0]), 0.5, 1e-12);
	d = find("__name__=plimsoll_disk_read_bytes_total,dev=vda,instance=web3,job=plimsoll");
	CHECK_INT(d->n, 4);
	CHECK_NEAR(value_of(&d->samples[3]), 3 * 512, 0);
	d = find("__name__=plimsoll_disk_read_bytes_total,dev=vdb,instance=web3,job=plimsoll");
	CHECK_INT(d->n, 3); /* and no marker after the marker */
	CHECK(d->samples[2].bits == REMOTE_STALE && d->samples[2].time_ms == 1020000);
	d = find("__name__=plimsoll_mem_free_bytes,instance=web3,job=plimsoll");
	CHECK_INT(d->n, 3);
	CHECK_INT(d->samples[0].time_ms, 1010000);
	if (version == REMOTE_WRITE_2) {
		CHECK_INT(d->type, REMOTE_GAUGE);
		CHECK_STR(d->unit, "bytes");
		CHECK_STR(d->help, "memory used for nothing");
	}
	end_batch();
}

/* What goes between two batches, and the end of all. */
static void ends(void)
{
	begin_batch();
	struct sample *s = begin_sample(0);
	sample_set(s, id_of(M_MEM_FREE, 0, ""), 1);
	sample_set(s, id_of(M_TASKS, 0, ""), 1);
	sample_set(s, id_of(M_CPU_STEAL, 0, "0"), 1);
	take();
	flush(REMOTE_WRITE_1);
	s = begin_sample(1);
	sample_set(s, id_of(M_MEM_FREE, 0, ""), 1);
	sample_set(s, id_of(M_CPU_STEAL, 0, "0"), 1);
	take();
	flush(REMOTE_WRITE_1);
	const struct decoded *d = find("__name__=plimsoll_tasks_used,instance=web3,job=plimsoll");
	CHECK(d->n == 1 && d->samples[0].bits == REMOTE_STALE);
	CHECK_INT(batch_end_streams(batch, 1001001), 0);
	CHECK(!batch_goes_on(batch));
	s = begin_sample(60); /* after a pause no ratio is known */
	sample_set(s, id_of(M_MEM_FREE, 0, ""), 1);
	sample_set(s, id_of(M_CPU_STEAL, 0, "0"), 5);
	take();
	CHECK(batch_goes_on(batch));
	flush(REMOTE_WRITE_2);
	CHECK_INT(nseries, 2);
	d = find("__name__=plimsoll_mem_free_bytes,instance=web3,job=plimsoll");
	CHECK_INT(d->n, 2);
	CHECK(d->samples[0].bits == REMOTE_STALE && d->samples[0].time_ms == 1001001);
	d = find("__name__=plimsoll_cpu_steal_ratio,cpu=0,instance=web3,job=plimsoll");
	CHECK(d->n == 1 && d->samples[0].bits == REMOTE_STALE);
	end_batch();
}

/* A namespace is made again under its name while the old one lingers: other series, the same labels. */
static void same_labels(void)
{
	begin_batch();
	int old = series_netns(&store.series, 4026532001, "blue");
	int new = series_netns(&store.series, 4026532002, "blue");
	for (unsigned i = 0; i < 3; i++) {
		struct sample *s = begin_sample(i);
		if (i < 2)
			sample_set(s, id_of(M_NET_RX_BYTES, (unsigned)old, "eth\xff"), 100 + i);
		if (i > 0)
			sample_set(s, id_of(M_NET_RX_BYTES, (unsigned)new, "eth\xff"), i);
		take();
	}
	flush(REMOTE_WRITE_2);
	CHECK_INT(nseries, 1);
	const struct decoded *d = find("__name__=plimsoll_net_rx_bytes_total,if=eth\\xff,instance="
				       "web3,job=plimsoll,netns=blue");
	CHECK_INT(d->n, 3);
	CHECK_NEAR(value_of(&d->samples[0]), 100, 0);
	CHECK_NEAR(value_of(&d->samples[1]), 1, 0);
	CHECK_NEAR(value_of(&d->samples[2]), 2, 0);
	end_batch();
}

/* More than a request holds goes in several, each series in one of them. */
static void parts(enum remote_version version)
{
	enum { MANY = 15000 };
	begin_batch();
	for (unsigned i = 0; i < 20; i++) {
		struct sample *s = begin_sample(i);
		for (unsigned k = 0; k < MANY; k++) {
			char path[64];
			(void)snprintf(path, sizeof path, "/some/path/that/is/long/%u", k);
			sample_set(s, id_of(M_CG_PIDS_USED, 0, path), k);
		}
		take();
	}
	size_t seen = 0, samples, n;
	unsigned requests = 0;
	uint32_t next = 0;
	do {
		const void *body;
		CHECK_INT(batch_encode(batch, &writer, version, next, &next, &samples), 0);
		CHECK_INT(remote_write_end(&writer, &body, &n), 0);
		seen += samples;
		requests++;
	} while (next && requests < 100);
	CHECK_INT(seen, MANY * 20);
	CHECK(requests > 1 && requests < 5);
	end_batch();
}

static void limits(void)
{
	begin_batch();
	for (unsigned i = 0; i < BATCH_MOMENTS; i++) {
		CHECK(!batch_full(batch));
		sample_set(begin_sample(i), id_of(M_TASKS, 0, ""), i);
		take();
	}
	CHECK(batch_full(batch));
	CHECK_INT(batch_take(batch, &store.series, store_newest(&store, 0)), -ENOBUFS);
	CHECK_INT(batch_end_streams(batch, 5), -ENOBUFS);
	flush(REMOTE_WRITE_1);
	CHECK(!batch_full(batch) && batch_moments(batch) == 0);
	CHECK_INT(batch_lost(batch), 0);
	end_batch();
}

/* ---- answers ---- */

static void answers(void)
{
	static const struct {
		enum remote_version version;
		bool proved;
		long status;
		bool written;
		enum post_verdict verdict;
	} cases[] = {
		{2, false, 200, true, POST_DONE},
		{2, true, 204, true, POST_DONE},
		{2, false, 204, false, POST_SPEAK_1}, /* stored nothing */
		{2, true, 204, false, POST_SPEAK_1},
		{2, false, 415, false, POST_SPEAK_1},
		{2, false, 400, false, POST_SPEAK_1},
		{2, false, 400, true, POST_REFUSED},
		{2, true, 400, false, POST_REFUSED},
		{2, false, 404, false, POST_REFUSED},
		{2, false, 500, false, POST_RETRY},
		{2, false, 429, false, POST_RETRY},
		{2, false, 0, false, POST_RETRY},
		{1, false, 204, false, POST_DONE},
		{1, false, 200, true, POST_DONE},
		{1, false, 400, false, POST_REFUSED},
		{1, true, 409, false, POST_REFUSED},
		{1, true, 401, false, POST_REFUSED},
		{1, true, 415, false, POST_REFUSED},
		{1, true, 408, false, POST_RETRY},
		{1, true, 429, false, POST_RETRY},
		{1, true, 301, false, POST_RETRY},
		{1, true, 503, false, POST_RETRY},
		{1, true, 0, false, POST_RETRY},
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct post_answer a = {.status = cases[i].status, .written = cases[i].written};
		enum post_verdict got = post_judge(cases[i].version, cases[i].proved, &a);
		TEST_RESULT(got == cases[i].verdict,
			"version %d, HTTP %ld: verdict %d, expected %d", cases[i].version,
			cases[i].status, got, cases[i].verdict);
	}
	CHECK_NEAR((double)post_backoff_ns(1, 0, 0) / S, 1, 0);
	CHECK_NEAR((double)post_backoff_ns(3, 0, 0) / S, 4, 0);
	CHECK_NEAR((double)post_backoff_ns(7, 0, 0) / S, 60, 0);
	CHECK_NEAR((double)post_backoff_ns(4000000000, 0, UINT32_MAX) / S, 75, 1e-6);
	CHECK_NEAR((double)post_backoff_ns(1, 17, 0) / S, 17, 0);
	CHECK_NEAR((double)post_backoff_ns(1, 1e9, 0) / S, 3600, 0);
}

static void urls(void)
{
	char shown[128];
	CHECK(!post_url_problem("http://metrics:9090/api/v1/write"));
	CHECK(!post_url_problem("https://u:p@[::1]:9090/x?y=z"));
	CHECK(post_url_problem("ftp://metrics/x"));
	CHECK(post_url_problem("metrics:9090/api/v1/write"));
	CHECK(post_url_problem("file:///etc/passwd"));
	CHECK(post_url_problem("http://"));
	CHECK(post_url_problem(""));
	CHECK(post_url_problem("http://a b/"));
	CHECK(post_url_problem("http://metrics:99999/"));
	CHECK_STR(post_url_shown(
			  shown, sizeof shown, "http://user:secret@m:9090/api/v1/write?t=secret#s"),
		"http://m:9090/api/v1/write");
	CHECK_STR(post_url_shown(shown, sizeof shown, "http://u@m/"), "http://m/");
	CHECK_STR(post_url_shown(shown, sizeof shown, "nonsense secret"), "the receiver");
}

/* ---- for tests/ship/run ---- */

static volatile sig_atomic_t stop_asked;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

static void say(const char *line)
{
	(void)fprintf(stderr, "plimsoll: ship: %s\n", line);
}

/* STORE URL RESOLUTION MAX-AGE TIMEOUT, all three in seconds. */
static int ship_mode(char **args)
{
	struct ship_settings set = {.resolution_ns = (uint64_t)(strtod(args[2], NULL) * S),
		.max_age_ns = (uint64_t)(strtod(args[3], NULL) * S),
		.timeout_ns = (uint64_t)(strtod(args[4], NULL) * S),
		.say = say};
	const char *problem = ship_url_problem(args[1]);
	if (problem)
		say(problem);
	(void)signal(SIGTERM, on_stop);
	return -ship_run(args[0], args[1], &set, &stop_asked);
}

static bool has_name(void *name, const struct history_series *s)
{
	return strcmp(s->name, name) == 0 && !*s->netns;
}

static int print_values(void *ctx, size_t n, const struct history_points *p)
{
	const struct history_series *const *all = ctx;
	for (size_t i = 0; i < p->n; i++)
		if (p->present[i])
			(void)printf("%" PRIu64 " %" PRIu64 " %s\n", p->time_ns[i] / 1000000,
				p->value[i], (*all)[n].instance);
	return 0;
}

/* STORE METRIC: "ms raw-value instance" of all that is recorded of it in the host's namespace. */
static int read_mode(char **args)
{
	struct history *h;
	const struct history_series *all;
	uint64_t from, to, keys[1024];
	size_t n;
	int r = history_open(args[0], &h);
	if (r < 0 || !history_span(h, &from, &to))
		return -r;
	r = history_select(h, from, to, has_name, args[1], &all, &n);
	for (size_t i = 0; i < n && i < COUNTOF(keys); i++)
		keys[i] = all[i].key;
	if (r == 0 && n <= COUNTOF(keys))
		r = history_read(h, keys, n, from, to, print_values, &all);
	history_close(h);
	return -r;
}

int main(int argc, char **argv)
{
	if (argc == 7 && strcmp(argv[1], "ship") == 0)
		return ship_mode(argv + 2);
	if (argc == 4 && strcmp(argv[1], "read") == 0)
		return read_mode(argv + 2);
	names();
	text();
	round_trip(REMOTE_WRITE_1);
	round_trip(REMOTE_WRITE_2);
	full_request(REMOTE_WRITE_1);
	full_request(REMOTE_WRITE_2);
	moments(REMOTE_WRITE_1);
	moments(REMOTE_WRITE_2);
	ends();
	same_labels();
	parts(REMOTE_WRITE_1);
	parts(REMOTE_WRITE_2);
	limits();
	answers();
	urls();
	return test_result("ship");
}
