/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The recorder's files: what is written is read back, number by number and sample by sample, also
 * where the clock was set, the recorder was started anew, and a file was cut or damaged at any byte. */
#include "store/block.h"
#include "store/history.h"
#include "store/journal.h"
#include "store/log.h"
#include "store/retain.h"
#include "store/stream.h"
#include "store/tier.h"
#include "synthetic.h"
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000)
#define HOUR   (UINT64_C(3600) * SECOND)
#define DAY    (UINT64_C(24) * HOUR)
/* 2026-11-22 00:00:00 UTC */
#define MIDNIGHT (UINT64_C(1795305600) * SECOND)

static uint64_t rng = 88172645463325252u;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * UINT64_C(0x2545f4914f6cdd1d);
}

static size_t below(size_t n)
{
	return (size_t)(rnd() >> 20) % n;
}

/* ---- bytes ---- */

static void numbers(void)
{
	struct arena a;
	static const uint64_t edges[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX,
		(UINT64_C(1) << 63) - 1, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};
	CHECK_INT(arena_init(&a, 1 << 20), 0);
	unsigned wrong = 0;
	for (unsigned round = 0; round < 2; round++) {
		arena_reset(&a);
		for (size_t i = 0; i < COUNTOF(edges); i++) {
			put_varint(&a, edges[i]);
			put_zigzag(&a, edges[i]);
			put_u32(&a, (uint32_t)edges[i]);
			put_u64(&a, edges[i]);
		}
		struct get g = get_over(a.base, a.used);
		for (size_t i = 0; i < COUNTOF(edges); i++)
			wrong += !(get_varint(&g) == edges[i] && get_zigzag(&g) == edges[i] &&
				   get_u32(&g) == (uint32_t)edges[i] && get_u64(&g) == edges[i]);
		wrong += g.bad || g.p != g.end;
	}
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t v = rnd() >> below(64);
		unsigned char b[VARINT_MAX];
		unsigned char *end = varint_write(b, v);
		struct get g = get_over(b, (size_t)(end - b));
		wrong += get_varint(&g) != v || g.bad || unzigzag(zigzag(v)) != v;
		/* cut anywhere it is bad, and bad for good */
		struct get cut = get_over(b, (size_t)(end - b) - 1);
		wrong += get_varint(&cut) != 0 || !cut.bad || get_varint(&cut) != 0;
	}
	CHECK_INT(wrong, 0);
	CHECK_INT(zigzag(0), 0);
	CHECK_INT(zigzag(UINT64_MAX), 1);
	CHECK_INT(zigzag(1), 2);
	CHECK(zigzag(UINT64_C(1) << 63) == UINT64_MAX);
	/* bytes that never end, and lengths beyond the end */
	unsigned char ones[16];
	memset(ones, 0xff, sizeof ones);
	struct get g = get_over(ones, sizeof ones);
	CHECK_INT(get_varint(&g), 0);
	CHECK(g.bad);
	g = get_over(ones, 4);
	CHECK(get_bytes(&g, UINT64_MAX) == NULL && g.bad);
	g = get_over(ones, 4);
	CHECK(get_bytes(&g, 4) == ones && !g.bad && get_bytes(&g, 0) != NULL && !g.bad);
	CHECK(get_bytes(&g, 1) == NULL && g.bad);
	g = get_over("\x03"
		     "ab",
		3);
	CHECK_STR(get_text(&g, &a), "");
	CHECK(g.bad);
	g = get_over("\x02"
		     "ab",
		3);
	CHECK_STR(get_text(&g, &a), "ab");
	g = get_over(ones, 3);
	CHECK_INT(get_u32(&g), 0);
	CHECK(g.bad);
	arena_destroy(&a);
	/* an arena that is full says so, at whatever piece */
	CHECK_INT(arena_init(&a, 65536), 0);
	for (unsigned i = 0; i < 65536 / 10; i++)
		put_varint(&a, UINT64_MAX);
	CHECK(!a.overflowed);
	put_varint(&a, UINT64_MAX);
	CHECK(a.overflowed);
	arena_destroy(&a);
}

static uint32_t crc_by_bits(const unsigned char *p, size_t n)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0x82f63b78u & -(crc & 1));
	}
	return ~crc;
}

static void checksums(void)
{
	unsigned char bytes[300], zero[32] = {0};
	CHECK_INT(crc32c(0, "123456789", 9), 0xe3069283);
	CHECK_INT(crc32c(0, zero, 32), 0x8a9136aa); /* RFC 3720, B.4 */
	memset(zero, 0xff, 32);
	CHECK_INT(crc32c(0, zero, 32), 0x62a8ab43);
	CHECK_INT(crc32c(0, "", 0), 0);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)rnd();
	unsigned wrong = 0;
	for (size_t at = 0; at < 9; at++)
		for (size_t n = 0; n + at < sizeof bytes; n++) {
			size_t part = n ? below(n) : 0;
			uint32_t one = crc32c(0, bytes + at, n);
			wrong += one != crc_by_bits(bytes + at, n);
			wrong += one !=
				 crc32c(crc32c(0, bytes + at, part), bytes + at + part, n - part);
		}
	CHECK_INT(wrong, 0);
}

/* ---- streams ---- */

enum { ROWS = 700 };
static struct arena stream_bytes;

/* Against the plain array: all at once, row by row, and after leaving out any number of rows. */
static bool stream_agrees(const uint64_t *v, const uint8_t *present, size_t n, size_t *ret_bytes)
{
	uint64_t got[ROWS + 8] = {0}, one;
	uint8_t has[ROWS + 8] = {0};
	struct stream s;
	arena_reset(&stream_bytes);
	stream_put(&stream_bytes, v, present, n);
	*ret_bytes = stream_bytes.used;
	/* A copy of its own, so that a sanitizer sees a read one byte past the end. */
	unsigned char *bytes = malloc(stream_bytes.used);
	memcpy(bytes, stream_bytes.base, stream_bytes.used);
	stream_begin(&s, bytes, stream_bytes.used);
	stream_read(&s, got, has, n);
	bool good = true;
	for (size_t i = 0; i < n; i++)
		good = good && has[i] == present[i] && (!has[i] || got[i] == v[i]);
	stream_begin(&s, bytes, stream_bytes.used);
	for (size_t i = 0; i < n; i++) {
		bool there = stream_next(&s, &one);
		good = good && there == present[i] && (!there || one == v[i]);
	}
	for (unsigned k = 0; k < 12; k++) {
		size_t skip = k == 0 ? n : below(n + 1), again = below(n - skip + 1);
		stream_begin(&s, bytes, stream_bytes.used);
		stream_skip(&s, skip);
		stream_read(&s, got, has, again);
		stream_skip(&s, 0);
		for (size_t i = 0; i < again; i++)
			good = good && has[i] == present[skip + i] &&
			       (!has[i] || got[i] == v[skip + i]);
		if (skip + again < n) {
			bool there = stream_next(&s, &one);
			good = good && there == present[skip + again] &&
			       (!there || one == v[skip + again]);
		}
	}
	free(bytes);
	return good;
}

static uint64_t shaped(unsigned shape, uint64_t last, size_t i)
{
	static const uint64_t ends[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63,
		(UINT64_C(1) << 63) - 1, (UINT64_C(1) << 63) + 1, UINT64_C(1) << 62,
		(UINT64_C(1) << 62) + 1, UINT64_C(3) << 62};
	switch (shape) {
	case 0: return 42; /* constant */
	case 1: return UINT64_MAX;
	case 2: return last + 250;                                 /* a line */
	case 3: return last + below(3) * 100;                      /* a counter */
	case 4: return below(40) ? last + below(1000) : below(10); /* with resets */
	case 5: return last + 1024 * below(50) - 1024 * below(50); /* a common divisor */
	case 6: return ends[below(COUNTOF(ends))];                 /* extremes */
	case 7: return last + (UINT64_C(1) << 61) * below(9);      /* wraps */
	case 8: return i * i * 3;                                  /* second order */
	case 9: return rnd();                                      /* noise */
	case 10: return rnd() >> below(64);
	case 11: return below(50) ? last : rnd(); /* seldom */
	case 12: return i % 2 ? 0 : UINT64_MAX;
	case 13: return i % 2 ? INT64_MAX : (uint64_t)INT64_MIN;
	case 14: return last - 1 - below(2); /* falls through zero */
	default: return i < 3 ? i : below(3) ? last : (UINT64_C(1) << 63) + below(3);
	}
}

static bool shaped_present(unsigned shape, size_t i, size_t n)
{
	switch (shape) {
	case 0: return true;
	case 1: return i >= n / 3;
	case 2: return i < n / 2;
	case 3: return i < n / 3 || i >= n / 2;
	case 4: return below(2);
	case 5: return below(20);
	case 6: return i == n / 2;
	case 7: return false;
	case 8: return i == 0;
	default: return i / 50 % 2;
	}
}

static void streams(void)
{
	uint64_t v[ROWS];
	uint8_t present[ROWS];
	size_t bytes;
	CHECK_INT(arena_init(&stream_bytes, 1 << 20), 0);
	for (unsigned shape = 0; shape < 16; shape++)
		for (unsigned holes = 0; holes < 10; holes++) {
			bool good = true;
			for (unsigned k = 0; k < 30 && good; k++) {
				size_t n = k < 4 ? k + 1 : k == 5 ? ROWS : 1 + below(ROWS);
				uint64_t last = k % 3 ? rnd() >> below(64) : 0;
				for (size_t i = 0; i < n; i++) {
					last = v[i] = shaped(shape, last, i);
					present[i] = shaped_present(holes, i, n);
				}
				good = stream_agrees(v, present, n, &bytes);
				TEST_RESULT(good,
					"stream of shape %u with holes %u, %zu rows, differs",
					shape, holes, n);
			}
		}
	/* what is promised of size: nothing happened costs nothing, a line two numbers */
	for (size_t i = 0; i < ROWS; i++) {
		v[i] = 1000000 + i * 250;
		present[i] = 1;
	}
	CHECK(stream_agrees(v, present, ROWS, &bytes));
	TEST_RESULT(bytes < 12, "a line takes %zu bytes", bytes);
	memset(present, 0, sizeof present);
	CHECK(stream_agrees(v, present, ROWS, &bytes));
	CHECK_INT(bytes, 1);
	/* cut or empty: no values rather than wrong ones behind the cut; never out of bounds */
	for (size_t i = 0; i < ROWS; i++) {
		v[i] = rnd() >> 40;
		present[i] = 1;
	}
	arena_reset(&stream_bytes);
	stream_put(&stream_bytes, v, present, ROWS);
	for (size_t cut = 0; cut <= stream_bytes.used; cut++) {
		uint64_t got[ROWS];
		uint8_t has[ROWS];
		unsigned char *copy = malloc(cut ? cut : 1);
		struct stream s;
		memcpy(copy, stream_bytes.base, cut);
		stream_begin(&s, copy, cut);
		stream_read(&s, got, has, ROWS);
		free(copy);
	}
	arena_destroy(&stream_bytes);
}

/* ---- rows ---- */

static uint32_t shift_name(void *ctx, uint32_t id)
{
	(void)ctx;
	return id ? id + 3 : 0;
}

struct row_streams {
	struct arena mem[ROWS_STREAMS];
	struct arena *out[ROWS_STREAMS];
	struct get get[ROWS_FILE_STREAMS + 1];
	struct get *in[ROWS_FILE_STREAMS + 1];
};

/* Random tables over many ticks. `one`: all in one stream, as in a log; else each its own, which are
 * read only when all ticks are written, as in a segment. `shifted`: the file has names of its own. */
static void rows_round(bool one, bool shifted)
{
	enum { TICKS = 120 };
	static struct row_streams x;
	static struct rows_encoder e;
	static struct rows_decoder d;
	static struct rows_schema schema;
	static struct digest want[TICKS];
	struct synth h;
	struct arena text;
	struct sample s;
	const struct synth_size size = {40, 6, 0, 12, 6, true};
	synth_init(&h, size, one ? 5 : 6, MIDNIGHT);
	CHECK_INT(rows_encoder_init(&e), 0);
	CHECK_INT(rows_decoder_init(&d), 0);
	CHECK_INT(arena_init(&text, 1 << 20), 0);
	CHECK_INT(sample_init(&s), 0);
	for (size_t i = 0; i < ROWS_STREAMS; i++) {
		CHECK(arena_init(&x.mem[i], 16 << 20) == 0);
		x.out[i] = one ? &x.mem[0] : &x.mem[i];
		x.in[i] = one ? &x.get[0] : &x.get[i];
	}
	rows_put_schema(&text);
	struct get g = get_over(text.base, text.used);
	CHECK_INT(rows_get_schema(&g, &schema), 0);
	CHECK(g.p == g.end);
	CHECK_INT(schema.nstreams + 1, ROWS_STREAMS);
	static uint32_t names[1 << 16], netns[NETNS_MAX];
	for (uint32_t i = 0; i < COUNTOF(names); i++)
		names[i] = shifted ? (i < 3 ? 0 : i - 3) : i;
	for (uint32_t i = 0; i < COUNTOF(netns); i++)
		netns[i] = i;
	const struct rows_names file_names = {shift_name, NULL};
	const struct rows_map map = {names, netns, COUNTOF(names), NETNS_MAX, &h.set};
	unsigned wrong = 0;
	for (unsigned t = 0; t < TICKS; t++) {
		if (t == 70) { /* nobody there, then all again */
			sample_reset(&h.s);
		} else {
			synth_tick(&h, SECOND);
			if (t % 7 == 3) { /* in another order */
				struct conn_group *c = TABLE_ROWS(h.s.conns, struct conn_group),
						  x0 = c[0];
				c[0] = c[h.s.conns.count - 1];
				c[h.s.conns.count - 1] = x0;
			}
		}
		rows_encode(&e, &h.set, &h.s, shifted ? &file_names : NULL, x.out);
		h.s.real_ns = h.s.mono_ns = 0;
		h.s.nvalues = 0;
		want[t] = sample_digest(&h.set, &h.s);
	}
	for (size_t i = 0; i < ROWS_STREAMS; i++)
		x.get[i] = get_over(x.mem[i].base, x.mem[i].used);
	for (unsigned t = 0; t < TICKS; t++) {
		int r = rows_decode(&d, &schema, &map, x.in);
		sample_reset(&s);
		rows_copy(&d, &s);
		struct digest got = sample_digest(&h.set, &s);
		if (r < 0 || !digest_equal(&got, &want[t])) {
			wrong++;
			(void)fprintf(stderr, "rows, %s, tick %u: %d, differs in%s\n",
				one ? "one stream" : "many", t, r,
				digest_difference(&got, &want[t]));
			break;
		}
	}
	CHECK_INT(wrong, 0);
	for (size_t i = 0; i < (one ? 1 : ROWS_STREAMS); i++)
		wrong += x.get[i].p != x.get[i].end || x.get[i].bad;
	TEST_RESULT(wrong == 0, "%u streams were not read to their ends", wrong);
	for (size_t i = 0; i < ROWS_STREAMS; i++)
		arena_destroy(&x.mem[i]);
	rows_encoder_destroy(&e);
	rows_decoder_destroy(&d);
	arena_destroy(&text);
	sample_destroy(&s);
	synth_destroy(&h);
}

/* A file of another version: a table we do not know before and behind one that we know, which has a
 * column too many in its middle, one of another type, and lacks most. */
static void rows_of_another_version(void)
{
	struct arena schema_text, b;
	static struct rows_schema schema;
	static struct rows_decoder d;
	struct sample s;
	struct series_set set;
	CHECK_INT(series_init(&set), 0);
	CHECK_INT(sample_init(&s), 0);
	CHECK_INT(arena_init(&schema_text, 65536), 0);
	CHECK_INT(arena_init(&b, 65536), 0);
	CHECK_INT(rows_decoder_init(&d), 0);
	static const struct {
		const char *name;
		enum column_type type;
	} strange[] = {{"a", COLUMN_BYTES}, {"b", COLUMN_STATIC}, {"c", COLUMN_NETNS},
		{"d", COLUMN_NAME}, {"e", COLUMN_FINE}, {"pid", COLUMN_NUMBER}},
	  procs[] = {{"pid", COLUMN_NUMBER}, {"colour", COLUMN_BYTES}, {"start", COLUMN_NUMBER},
		  {"comm", COLUMN_NUMBER}, {"rss", COLUMN_NUMBER}, {"cpu", COLUMN_NUMBER}};
	put_varint(&schema_text, 3);
	for (unsigned t = 0; t < 3; t++) {
		put_text(&schema_text, t == 1 ? "procs" : t ? "zebras" : "aardvarks");
		put_varint(&schema_text, 6);
		for (unsigned i = 0; i < 6; i++) {
			put_text(&schema_text, t == 1 ? procs[i].name : strange[i].name);
			put_varint(&schema_text, t == 1 ? procs[i].type : strange[i].type);
		}
	}
	struct get g = get_over(schema_text.base, schema_text.used);
	CHECK_INT(rows_get_schema(&g, &schema), 0);
	put_varint(&b, 7); /* all three changed */
	put_varint(&b, 0);
	put_zigzag(&b, 77);
	for (unsigned t = 0; t < 3; t++) {
		put_varint(&b, 5); /* dropped */
		for (unsigned row = 0; row < 2; row++) {
			put_varint(&b, 63 << 2 | 3); /* insert, all columns */
			if (t == 1) {
				put_zigzag(&b, 100);
				put_text(&b, "mauve");
				put_zigzag(&b, 7);
				put_zigzag(&b, 123456);
				put_zigzag(&b, 4096);
				put_zigzag(&b, 9000);
			} else {
				put_text(&b, "xyz");
				put_varint(&b, 12345);
				put_varint(&b, 2);
				put_varint(&b, 99999);
				put_zigzag(&b, 5);
				put_zigzag(&b, 6);
			}
		}
		if (t != 1)
			put_varint(&b, 9 << 2 | 2); /* delete nine */
		put_varint(&b, 0);
	}
	static const uint32_t none[1];
	const struct rows_map map = {none, none, 1, 1, &set};
	struct get all = get_over(b.base, b.used), *in[ROWS_FILE_STREAMS + 1];
	for (size_t i = 0; i < COUNTOF(in); i++)
		in[i] = &all;
	CHECK_INT(rows_decode(&d, &schema, &map, in), 0);
	CHECK(all.p == all.end && !all.bad);
	rows_copy(&d, &s);
	CHECK_INT(s.procs.count, 2);
	CHECK_INT(s.procs.dropped, 5);
	CHECK_INT(s.ct_sampled, 77);
	const struct proc *p = TABLE_ROWS(s.procs, struct proc);
	CHECK_INT(p[1].pid, 200);
	CHECK_INT(p[1].start_ticks, 14);
	CHECK_INT(p[1].rss_pages, 8192);
	CHECK_INT(p[1].cpu_ns, 18000);
	CHECK_STR(p[1].comm, "");
	CHECK_INT(p[1].uid, 0);
	CHECK_INT(s.conns.count, 0);
	/* more columns or tables than can be */
	arena_reset(&schema_text);
	put_varint(&schema_text, ROWS_FILE_TABLES + 1);
	g = get_over(schema_text.base, schema_text.used);
	CHECK_INT(rows_get_schema(&g, &schema), -EBADMSG);
	arena_reset(&schema_text);
	put_varint(&schema_text, 1);
	put_text(&schema_text, "procs");
	put_varint(&schema_text, TABLE_COLUMNS_MAX + 1);
	g = get_over(schema_text.base, schema_text.used);
	CHECK_INT(rows_get_schema(&g, &schema), -EBADMSG);
	rows_decoder_destroy(&d);
	arena_destroy(&b);
	arena_destroy(&schema_text);
	sample_destroy(&s);
	series_destroy(&set);
}

/* ---- a store on disk ---- */

enum { PATHS = 2048 };
static char root[128];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *store_named(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];
	(void)snprintf(p, 256, "%s/%s", root, name);
	return p;
}

/* What was handed to the journal. */
struct kept {
	uint64_t real_us, mono_us, run;
	struct digest d;
};

enum { TRACKED = 24 };

struct recording {
	struct synth host;
	struct journal *journal;
	char path[256];
	uint64_t run;
	uint64_t interval_us;
	struct kept *rows;
	size_t n, room;
	unsigned tracked[TRACKED]; /* numbers of series */
	uint64_t *values[TRACKED];
	uint8_t *present[TRACKED];
	unsigned said;
	char last_said[512];
	bool by_hand_each;       /* journal_work() after each sample */
	uint64_t lost_before_us; /* the samples before this time were removed with their seconds */
};

static void hear(void *ctx, const char *line)
{
	struct recording *r = ctx;
	r->said++;
	(void)snprintf(r->last_said, sizeof r->last_said, "%s", line);
}

static uint64_t budget = UINT64_C(1) << 30;

static void recorder_start(struct recording *r)
{
	long pid;
	struct journal_settings settings = {.dir = r->path,
		.budget = budget,
		.origin = {.host = "testhost",
			.version = "9.9",
			.kernel = "6.1",
			.interval_ns = r->interval_us * 1000},
		.say = hear,
		.ctx = r,
		.by_hand = true};
	settings.origin.run = ++r->run;
	CHECK_INT(journal_open(&settings, &r->journal, &pid), 0);
}

static void recorder_stop(struct recording *r)
{
	CHECK_INT(journal_close(r->journal, UINT64_C(1000000000)), 0);
	r->journal = NULL;
}

/* The recorder is killed: nothing is sealed. Its descriptors are closed as the kernel would. */
static void recorder_restart(struct recording *r)
{
	recorder_stop(r);
	synth_renew(&r->host);
	recorder_start(r);
}

static void recording_begin(
	struct recording *r, const char *name, struct synth_size size, uint64_t real_us)
{
	*r = (struct recording){.interval_us = SECOND, .by_hand_each = true};
	(void)snprintf(r->path, sizeof r->path, "%s", store_named(name));
	remove_tree(r->path);
	synth_init(&r->host, size, 77, real_us);
	for (unsigned i = 0; i < TRACKED; i++)
		r->tracked[i] = i < size.series ? i : 0;
	recorder_start(r);
}

static void recording_end(struct recording *r)
{
	if (r->journal)
		recorder_stop(r);
	synth_destroy(&r->host);
	for (unsigned i = 0; i < TRACKED; i++) {
		free(r->values[i]);
		free(r->present[i]);
	}
	free(r->rows);
	remove_tree(r->path);
}

static void keep(struct recording *r)
{
	struct sample *s = &r->host.s;
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 1024;
		r->rows = realloc(r->rows, r->room * sizeof *r->rows);
		for (unsigned i = 0; i < TRACKED; i++) {
			r->values[i] = realloc(r->values[i], r->room * sizeof(uint64_t));
			r->present[i] = realloc(r->present[i], r->room);
		}
	}
	r->rows[r->n] = (struct kept){
		s->real_ns / 1000, s->mono_ns / 1000, r->run, sample_digest(&r->host.set, s)};
	for (unsigned i = 0; i < TRACKED; i++) {
		unsigned k = r->tracked[i];
		r->values[i][r->n] = r->host.size.series ? r->host.values[k] : 0;
		r->present[i][r->n] = r->host.size.series && r->host.present[k];
	}
	r->n++;
}

static void record(struct recording *r, unsigned samples)
{
	while (samples--) {
		/* ticks are late by some microseconds, as they are */
		synth_tick(&r->host, r->interval_us + synth_below(&r->host, 900) - 450);
		char text[64];
		struct event e = {r->host.s.real_ns, "open", "tcp.listen:80", text};
		(void)snprintf(text, sizeof text, "{\"n\":%zu}", r->n);
		bool event = r->host.tick % 50 == 0;
		journal_put(r->journal, &r->host.set, &r->host.s, &e, event);
		keep(r);
		if (r->by_hand_each)
			journal_work(r->journal);
	}
}

static void set_clock(struct recording *r, int64_t by_us)
{
	r->host.real_us += (uint64_t)by_us;
}

/* Walks through all samples of a store from `from_us` on. Each must be the next of the rows, from `first` on;
 * returns how many were there. A sample that is not the expected one is a failure. */
static size_t walk(const char *path, const struct kept *rows, size_t first, size_t n,
	uint64_t from_us, const char *what)
{
	struct history *h;
	static struct store into;
	size_t at = first;
	int r = history_open(path, &h);
	if (r < 0)
		return 0;
	if (store_init(&into, 3) < 0)
		abort();
	r = history_seek(h, &into, from_us * 1000);
	while (r == 0 && (r = history_next(h)) == 0) {
		const struct sample *s = store_newest(&into, 0);
		struct digest d = sample_digest(&into.series, s);
		if (at == n || !digest_equal(&d, &rows[at].d)) {
			TEST_RESULT(false,
				"%s: sample %zu of %zu (time %" PRIu64 " us, expected %" PRIu64
				") differs in%s",
				what, at, n, s->real_ns / 1000, at < n ? rows[at].real_us : 0,
				at < n ? digest_difference(&d, &rows[at].d) : " being there");
			break;
		}
		at++;
	}
	TEST_RESULT(r == -ENODATA || r == 0, "%s: history_next() ends with %s", what, strerror(-r));
	history_close(h);
	store_destroy(&into);
	return at - first;
}

static void all_there(const struct recording *r, const char *what)
{
	size_t got = walk(r->path, r->rows, 0, r->n, 0, what);
	TEST_RESULT(got == r->n, "%s: %zu samples of %zu", what, got, r->n);
}

static unsigned files_in(const char *path, const char *folder, const char *ending)
{
	char name[PATHS];
	unsigned n = 0;
	(void)snprintf(name, sizeof name, "%s/%s", path, folder);
	DIR *d = opendir(name);
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t len = strlen(e->d_name), end = strlen(ending);
		n += len > end && strcmp(e->d_name + len - end, ending) == 0;
	}
	if (d)
		(void)closedir(d);
	return n;
}

/* ---- numbers against a naive computation ---- */

struct wanted_key {
	unsigned k;
	char instance[128];
	uint64_t key;
};

static void find_keys(
	struct history *h, uint64_t from_ns, uint64_t to_ns, struct wanted_key *w, unsigned n)
{
	const struct history_series *s;
	size_t count;
	int r = history_select(h, from_ns, to_ns, NULL, NULL, &s, &count);
	CHECK_INT(r, 0);
	for (unsigned i = 0; i < n; i++) {
		w[i].key = 0;
		synth_instance(w[i].instance, w[i].k);
		char netns[32] = "";
		if (synth_netns(w[i].k))
			(void)snprintf(netns, sizeof netns, "ns \xc3%u", synth_netns(w[i].k));
		for (size_t j = 0; r == 0 && j < count; j++)
			if (strcmp(s[j].name, metric_info(synth_metric(w[i].k))->name) == 0 &&
				strcmp(s[j].instance, w[i].instance) == 0 &&
				strcmp(s[j].netns, netns) == 0)
				w[i].key = s[j].key;
	}
	/* sorted, and each once */
	unsigned wrong = 0;
	for (size_t j = 1; r == 0 && j < count; j++)
		wrong += s[j].key == s[j - 1].key;
	CHECK_INT(wrong, 0);
}

struct reading_check {
	const struct recording *r;
	unsigned tracked; /* of the series that is read */
	size_t at;
	uint64_t from_us, to_us;
	unsigned wrong;
	size_t values;
};

static int check_points(void *ctx, size_t series, const struct history_points *p)
{
	struct reading_check *c = ctx;
	const struct recording *r = c->r;
	c->wrong += series != 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!p->present[i])
			continue;
		/* the next sample of the recording that has a value */
		while (c->at < r->n &&
			(!r->present[c->tracked][c->at] || r->rows[c->at].real_us < c->from_us ||
				r->rows[c->at].real_us > c->to_us))
			c->at++;
		if (c->at == r->n || r->rows[c->at].real_us * 1000 != p->time_ns[i] ||
			r->values[c->tracked][c->at] != p->value[i]) {
			c->wrong++;
			return 1;
		}
		c->at++;
		c->values++;
	}
	return 0;
}

static void check_read(struct history *h, const struct recording *r, struct wanted_key *w,
	unsigned n, uint64_t from_us, uint64_t to_us, const char *what)
{
	for (unsigned i = 0; i < n; i++) {
		struct reading_check c = {
			.r = r, .tracked = w[i].k, .from_us = from_us, .to_us = to_us};
		size_t want = 0;
		for (size_t j = 0; j < r->n; j++)
			want += r->present[c.tracked][j] && r->rows[j].real_us >= from_us &&
				r->rows[j].real_us <= to_us;
		if (w[i].key == 0) {
			TEST_RESULT(want == 0, "%s: series %u is not selected, and has %zu values",
				what, w[i].k, want);
			continue;
		}
		int e = history_read(
			h, &w[i].key, 1, from_us * 1000, to_us * 1000, check_points, &c);
		TEST_RESULT(e == 0 && c.wrong == 0 && c.values == want,
			"%s: history_read() of series %u: %d, %u wrong, %zu values of %zu", what,
			w[i].k, e, c.wrong, c.values, want);
	}
}

struct naive {
	double min, max, sum, seconds, last;
	uint64_t count;
};

static void naive_add(struct naive *to, double v, double sum, double seconds)
{
	to->min = to->count == 0 || v < to->min ? v : to->min;
	to->max = to->count == 0 || v > to->max ? v : to->max;
	to->sum += sum;
	to->seconds += seconds;
	to->last = v;
	to->count++;
}

/* The growth between two samples is not told where the seconds of the first are gone and those of the second are there,
 * and where a part of the recording lies between them whose time was not asked for. */
static bool apart(const struct recording *r, const struct kept *before, const struct kept *now)
{
	uint64_t real = now->real_us - before->real_us, mono = now->mono_us - before->mono_us;
	return (before->real_us < r->lost_before_us && now->real_us >= r->lost_before_us) ||
	       real - mono + SECOND > 2 * SECOND;
}

static struct naive *naive_steps(
	const struct recording *r, unsigned k, uint64_t from_us, uint64_t step_us, size_t n)
{
	struct naive *out = calloc(n, sizeof *out);
	bool counter = metric_info(synth_metric(k))->kind != METRIC_GAUGE;
	for (size_t i = 0; i < r->n; i++) {
		const struct kept *now = &r->rows[i], *before = i ? now - 1 : NULL;
		uint64_t step = now->real_us < from_us ? n : (now->real_us - from_us) / step_us;
		if (step >= n || !r->present[k][i])
			continue;
		uint64_t v = r->values[k][i];
		if (!counter) {
			naive_add(&out[step], (double)v, (double)v, 0);
		} else if (before && before->run == now->run && !apart(r, before, now) &&
			   r->present[k][i - 1] && now->mono_us > before->mono_us &&
			   v >= r->values[k][i - 1]) {
			uint64_t grown = v - r->values[k][i - 1],
				 us = now->mono_us - before->mono_us;
			double rate = (double)((grown * 1000000 + us / 2) / us);
			naive_add(&out[step], rate, (double)grown, (double)us / 1e6);
		}
	}
	return out;
}

/* `tiers`: the last value may be a mean there. */
static void check_aggregate(struct history *h, const struct recording *r,
	const struct wanted_key *w, unsigned n, uint64_t from_us, uint64_t step_us, size_t steps,
	bool tiers, const char *what)
{
	uint64_t keys[TRACKED];
	unsigned of[TRACKED], m = 0;
	struct history_step *got;
	for (unsigned i = 0; i < n; i++)
		if (w[i].key) {
			of[m] = w[i].k;
			keys[m++] = w[i].key;
		}
	int e = history_aggregate(h, keys, m, from_us * 1000, step_us * 1000, steps, &got);
	CHECK_INT(e, 0);
	if (e < 0)
		return;
	unsigned told = 0;
	for (unsigned i = 0; i < m; i++) {
		struct naive *want = naive_steps(r, of[i], from_us, step_us, steps);
		bool counter = metric_info(synth_metric(of[i]))->kind != METRIC_GAUGE;
		size_t wrong = 0, first = 0;
		for (size_t s = 0; s < steps; s++) {
			const struct history_step *a = &got[i * steps + s];
			const struct naive *b = &want[s];
			double slack = 1e-9 * (fabs(b->sum) + 1);
			bool good =
				a->count == b->count &&
				(a->count == 0 ||
					(a->min == b->min && a->max == b->max &&
						fabs(a->sum - b->sum) <= slack &&
						(!counter || fabs(a->seconds - b->seconds) <=
								     0.02 * b->seconds + 0.002) &&
						(tiers || counter || a->last == b->last)));
			first = wrong ? first : s;
			wrong += !good;
		}
		if (wrong && told++ < 3) {
			const struct history_step *a = &got[i * steps + first];
			const struct naive *b = &want[first];
			(void)fprintf(stderr,
				"    series %u (%s) step %zu: min %g %g max %g %g sum %g %g count "
				"%u %" PRIu64 " seconds %g %g last %g %g\n",
				of[i], metric_info(synth_metric(of[i]))->name, first, a->min,
				b->min, a->max, b->max, a->sum, b->sum, a->count, b->count,
				a->seconds, b->seconds, a->last, b->last);
		}
		TEST_RESULT(wrong == 0, "%s: series %u: %zu of %zu steps differ, first %zu", what,
			of[i], wrong, steps, first);
		free(want);
	}
	free(got);
}

static void check_numbers(const struct recording *r, uint64_t from_us, uint64_t to_us,
	const uint64_t *steps, size_t nsteps, bool tiers, const char *what)
{
	struct history *h;
	struct wanted_key w[TRACKED];
	for (unsigned i = 0; i < TRACKED; i++)
		w[i] = (struct wanted_key){.k = i};
	int e = history_open(r->path, &h);
	CHECK_INT(e, 0);
	if (e < 0)
		return;
	uint64_t begin, end;
	if (!tiers)
		CHECK(history_span(h, &begin, &end) && begin == r->rows[0].real_us * 1000 &&
			end == r->rows[r->n - 1].real_us * 1000);
	find_keys(h, from_us * 1000, to_us * 1000, w, TRACKED);
	if (!tiers)
		check_read(h, r, w, TRACKED, from_us, to_us, what);
	for (size_t i = 0; i < nsteps; i++) {
		char words[200];
		uint64_t step = steps[i] * SECOND, from = from_us / step * step;
		(void)snprintf(words, sizeof words, "%s, steps of %" PRIu64 " s", what, steps[i]);
		check_aggregate(h, r, w, TRACKED, from, step, (size_t)((to_us - from) / step + 1),
			tiers, words);
	}
	history_close(h);
}

/* ---- whole recordings ---- */

static const struct synth_size small = {12, 2, 60, 5, 3, true}, tiny = {4, 1, 30, 1, 1, false};

/* Hours, restarts and a clock that is set, at one second, with everything a sample has. */
static void samples_come_back(void)
{
	static struct recording r;
	recording_begin(&r, "samples", small, MIDNIGHT + 10 * HOUR + 3000 * SECOND);
	record(&r, 900); /* into the next hour */
	all_there(&r, "two hours begun");
	recorder_restart(&r);
	record(&r, 40);
	set_clock(&r, -(int64_t)HOUR);
	record(&r, 700);
	all_there(&r, "clock set back");
	set_clock(&r, (int64_t)DAY);
	record(&r, 120);
	set_clock(&r, -(int64_t)DAY);
	record(&r, 60);
	recorder_restart(&r);
	set_clock(&r, 1500000); /* too little for a log of its own */
	record(&r, 30);
	set_clock(&r, -1500000);
	record(&r, 30);
	r.host.mono_us +=
		HOUR; /* the machine slept less than its clock says, or the other way round */
	record(&r, 5);
	r.by_hand_each = false; /* the writer is late by a minute */
	record(&r, 60);
	journal_work(r.journal);
	r.by_hand_each = true;
	all_there(&r, "clock set again and again");
	record(&r, 10);
	recorder_stop(&r);
	all_there(&r, "sealed");
	CHECK_INT(files_in(r.path, "log", ".log"), 0);
	CHECK_INT(r.said, 0);

	/* from every time on: what follows is what was written from there on */
	struct history *h;
	struct store into;
	CHECK_INT(history_open(r.path, &h), 0);
	CHECK_INT(store_init(&into, 6), 0);
	uint64_t first = UINT64_MAX, last = 0;
	for (size_t i = 0; i < r.n; i++) {
		first = r.rows[i].real_us < first ? r.rows[i].real_us : first;
		last = r.rows[i].real_us > last ? r.rows[i].real_us : last;
	}
	const char *words;
	CHECK_INT(history_damage(h, &words), 0);
	CHECK_STR(words, "");
	unsigned wrong = 0;
	for (size_t i = 0; i < 900; i += 37) { /* of the part in which no time came twice */
		int e = history_seek(h, &into, r.rows[i].real_us * 1000);
		for (size_t k = i; e == 0 && k < i + 5; k++) {
			e = history_next(h);
			struct digest d = sample_digest(&into.series, store_newest(&into, 0));
			wrong += e != 0 || (r.rows[i].real_us < r.rows[940].real_us &&
						   !digest_equal(&d, &r.rows[k].d));
		}
		wrong += e != 0;
	}
	CHECK_INT(wrong, 0);
	/* the last few samples before a time, of one run and without a pause */
	for (size_t i = 5; i < 900; i += 31) {
		int e = history_load(h, &into, r.rows[i].real_us * 1000, 6, UINT64_C(5000000000));
		const struct sample *s = store_newest(&into, 0);
		wrong += e != 0 || into.count != 6 || !s || s->real_ns / 1000 != r.rows[i].real_us;
	}
	CHECK_INT(wrong, 0);
	CHECK_INT(history_load(h, &into, (first - 10 * SECOND) * 1000, 6, UINT64_C(5000000000)),
		-ENODATA);
	CHECK_INT(history_load(h, &into, (last + 10 * SECOND) * 1000, 6, UINT64_C(5000000000)),
		-ENODATA);
	history_close(h);
	store_destroy(&into);
	recording_end(&r);
}

/* In logs that are not sealed yet, and in segments, the numbers are the same as computed by hand. */
static void numbers_agree(void)
{
	static const uint64_t steps[] = {1, 7, 60, 3600, 86400};
	static struct recording r;
	struct synth_size size = {2, 1, 40, 1, 0, false};
	recording_begin(&r, "numbers", size, MIDNIGHT + 2 * HOUR + 3200 * SECOND);
	record(&r, 500);
	check_numbers(&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, COUNTOF(steps), false,
		"log");
	record(&r, 3700);
	recorder_restart(&r);
	record(&r, 300);
	check_numbers(&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, COUNTOF(steps), false,
		"hours and a log");
	check_numbers(&r, MIDNIGHT + 3 * HOUR, r.rows[r.n - 1].real_us, steps, 4, false,
		"from a full hour on");
	recorder_stop(&r);
	check_numbers(&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, COUNTOF(steps), false,
		"segments");
	check_numbers(
		&r, MIDNIGHT + 3 * HOUR, MIDNIGHT + 4 * HOUR - 1, steps, 4, false, "one hour");
	check_numbers(&r, MIDNIGHT + 3 * HOUR + 100 * SECOND, MIDNIGHT + 3 * HOUR + 130 * SECOND,
		steps, 3, false, "thirty seconds");
	recording_end(&r);
}

/* The sampler did not run for a while: growth over the pause took as long as the pause. */
static void pauses(void)
{
	static const uint64_t steps[] = {1, 60, 3600};
	static struct recording r;
	struct synth_size size = {2, 1, 40, 1, 0, false};
	recording_begin(&r, "pauses", size, MIDNIGHT + 5 * HOUR);
	record(&r, 300);
	for (unsigned i = 0; i < 5; i++) {
		r.host.real_us += 20 * SECOND;
		r.host.mono_us += 20 * SECOND;
		record(&r, 100);
	}
	check_numbers(
		&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, 3, false, "pauses in a log");
	recorder_stop(&r);
	check_numbers(&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, 3, false,
		"pauses in a segment");
	recording_end(&r);
}

struct heard_events {
	const struct recording *r;
	unsigned n, wrong;
	uint64_t next;
};

static int hear_event(void *ctx, const struct event *e)
{
	struct heard_events *c = ctx;
	unsigned long number = 0;
	c->n++;
	c->wrong += strcmp(e->kind, "open") != 0 || strcmp(e->id, "tcp.listen:80") != 0;
	c->wrong += sscanf(e->text, "{\"n\":%lu}", &number) != 1 || number < c->next ||
		    number >= c->r->n ||
		    c->r->rows[number < c->r->n ? number : 0].real_us * 1000 != e->real_ns;
	c->next = number + 1;
	return 0;
}

static void check_events(const struct recording *r, const char *what)
{
	struct history *h;
	struct heard_events c = {.r = r};
	CHECK_INT(history_open(r->path, &h), 0);
	CHECK_INT(history_events(h, 0, UINT64_MAX, hear_event, &c), 0);
	history_close(h);
	TEST_RESULT(c.wrong == 0 && c.n == r->n / 50, "%s: %u events of %zu, %u wrong", what, c.n,
		r->n / 50, c.wrong);
}

static void remove_raw_before(const char *path, uint64_t time_us)
{
	struct store_files f;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(store_files_list(dir, &f), 0);
	for (size_t i = 0; i < f.count; i++)
		if (strncmp(f.rows[i].name, "raw/", 4) == 0 && f.rows[i].begin_s * SECOND < time_us)
			CHECK_INT(unlinkat(dir, f.rows[i].name, 0), 0);
	store_files_free(&f);
	(void)close(dir);
}

/* Several days: minutes and hours are made of each, and say what the seconds say, also when those are gone. */
static void days(void)
{
	static const uint64_t steps[] = {60, 3600, 86400};
	static struct recording r;
	struct synth_size size = {2, 1, 40, 1, 0, false};
	recording_begin(&r, "days", size, MIDNIGHT + 20 * HOUR);
	recorder_stop(&r);
	r.interval_us = 10 * SECOND;
	recorder_start(&r);
	record(&r, 8640 / 24 * 30); /* 30 hours: into the second day after */
	recorder_restart(&r);
	record(&r, 8640 / 24 * 20);
	CHECK_INT(files_in(r.path, "m1", ".plim"), 2);
	CHECK_INT(files_in(r.path, "h1", ".plim"), 1);
	uint64_t from = r.rows[0].real_us, to = r.rows[r.n - 1].real_us;
	check_numbers(&r, from, to, steps, 3, true, "days");
	check_numbers(
		&r, from, to, (const uint64_t[]){30, 86400}, 2, true, "days, steps from seconds");
	check_numbers(&r, MIDNIGHT + DAY, MIDNIGHT + 2 * DAY - 1, steps, 3, true, "the full day");
	check_events(&r, "days");
	all_there(&r, "days");
	/* the seconds of the first days are gone */
	remove_raw_before(r.path, MIDNIGHT + 2 * DAY);
	r.lost_before_us = MIDNIGHT + 2 * DAY;
	check_numbers(&r, from, to, steps, 3, true, "days without seconds");
	check_events(&r, "days without seconds");
	recording_end(&r);
}

/* As a day's minutes lie ready and some of its hours' seconds were taken by the budget. */
static void a_day_half_gone(void)
{
	static struct recording r;
	recording_begin(&r, "half", tiny, MIDNIGHT + 10 * HOUR);
	recorder_stop(&r);
	r.interval_us = 30 * SECOND;
	recorder_start(&r);
	record(&r, 120 * 20); /* until six the next day */
	CHECK_INT(files_in(r.path, "m1", ".plim"), 1);
	remove_raw_before(r.path, MIDNIGHT + 15 * HOUR);
	static const uint64_t steps[] = {60, 3600};
	check_numbers(&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, 2, true,
		"half a day of seconds gone");
	check_events(&r, "half a day of seconds gone");
	recording_end(&r);
}

/* The clock goes wrong for a while: a day ahead, and back. What is then recorded of the day is not lost from its
 * minutes, and nothing is thrown away for its age. */
static void a_clock_gone_wrong(void)
{
	static const uint64_t steps[] = {60, 3600};
	static struct recording r;
	recording_begin(&r, "clock", tiny, MIDNIGHT + 10 * HOUR);
	recorder_stop(&r);
	r.interval_us = 30 * SECOND;
	recorder_start(&r);
	record(&r, 120 * 2);
	set_clock(&r, (int64_t)DAY);
	record(&r, 40);
	set_clock(&r, -(int64_t)DAY);
	record(&r, 120 * 4);
	set_clock(&r, (int64_t)(400 * DAY)); /* and for a moment by more than a year */
	record(&r, 3);
	set_clock(&r, -(int64_t)(400 * DAY));
	record(&r, 120 * 12); /* over midnight */
	all_there(&r, "the clock was a day and a year ahead for a while");
	check_numbers(&r, MIDNIGHT + 10 * HOUR, MIDNIGHT + DAY - 1, steps, 2, true,
		"the clock was a day ahead for a while");
	recording_end(&r);
}

/* Network namespaces: a number that the kernel gives again to another one is another one; and more of them than
 * fit are not taken for the host. */
static void namespaces(void)
{
	struct journal *j;
	long pid;
	struct series_set set;
	struct sample s;
	const char *path = store_named("netns");
	uint64_t real = (MIDNIGHT + HOUR) * 1000, mono = 1000000000;
	enum metric m = M_PROCS_TOTAL;
	CHECK_INT(sample_init(&s), 0);
	for (unsigned run = 0; run < 2; run++) {
		struct journal_settings settings = {.dir = path,
			.budget = budget,
			.origin = {.host = "h", .run = run + 1, .interval_ns = 1000000000},
			.by_hand = true};
		CHECK_INT(journal_open(&settings, &j, &pid), 0);
		CHECK_INT(series_init(&set), 0);
		for (unsigned i = 0; i < 20; i++) {
			sample_reset(&s);
			s.real_ns = real += 1000000000;
			s.mono_ns = mono += 1000000000;
			int ns = series_netns(&set, 4026532281u, run ? "blue" : "green");
			sample_set(&s, series_id(&set, m, (unsigned)ns, 0), run ? 200 : 100);
			sample_set(&s, series_id(&set, m, 0, 0), 7);
			journal_put(j, &set, &s, NULL, 0);
			journal_work(j);
		}
		series_destroy(&set);
		CHECK_INT(journal_close(j, 0), 0);
	}
	struct history *h;
	const struct history_series *found;
	size_t n;
	CHECK_INT(history_open(path, &h), 0);
	CHECK_INT(history_select(h, 0, UINT64_MAX, NULL, NULL, &found, &n), 0);
	CHECK_INT(n, 3);
	unsigned good = 0;
	for (size_t i = 0; i < n; i++) {
		struct history_step *step;
		double want = strcmp(found[i].netns, "green") == 0  ? 100
			      : strcmp(found[i].netns, "blue") == 0 ? 200
								    : 7;
		CHECK_INT(history_aggregate(
				  h, &found[i].key, 1, MIDNIGHT * 1000, DAY * 1000, 1, &step),
			0);
		good += step->min == want && step->max == want &&
			step->count == (want == 7 ? 40 : 20);
		free(step);
	}
	CHECK_INT(good, 3);
	history_close(h);
	remove_tree(path);

	/* many: each run brings new ones, more than a series set can hold in the end */
	path = store_named("many-netns");
	for (unsigned run = 0; run < 3; run++) {
		struct journal_settings settings = {.dir = path,
			.budget = budget,
			.origin = {.host = "h", .run = run + 1, .interval_ns = 1000000000},
			.by_hand = true};
		CHECK_INT(journal_open(&settings, &j, &pid), 0);
		CHECK_INT(series_init(&set), 0);
		for (unsigned i = 0; i < 3; i++) {
			sample_reset(&s);
			s.real_ns = real += 1000000000;
			s.mono_ns = mono += 1000000000;
			sample_set(&s, series_id(&set, m, 0, 0), 7);
			for (unsigned k = 1; k < 500; k++) {
				int ns = series_netns(&set, 4026540000u + run * 1000 + k, NULL);
				sample_set(&s, series_id(&set, m, (unsigned)ns, 0), 1000 + k);
			}
			journal_put(j, &set, &s, NULL, 0);
			journal_work(j);
		}
		series_destroy(&set);
		CHECK_INT(journal_close(j, 0), 0);
	}
	CHECK_INT(history_open(path, &h), 0);
	CHECK_INT(history_select(h, 0, UINT64_MAX, NULL, NULL, &found, &n), 0);
	for (size_t i = 0; i < n; i++) {
		struct history_step *step;
		if (found[i].netns[0])
			continue;
		CHECK_INT(history_aggregate(
				  h, &found[i].key, 1, MIDNIGHT * 1000, DAY * 1000, 1, &step),
			0);
		CHECK_NEAR(step->min, 7, 0);
		CHECK_NEAR(step->max, 7, 0);
		CHECK_INT(step->count, 9);
		free(step);
	}
	history_close(h);
	remove_tree(path);
	sample_destroy(&s);
}

/* More segments than descriptors. */
static void many_segments(void)
{
	static struct recording r;
	struct rlimit old, few = {64, 0};
	recording_begin(&r, "many", (struct synth_size){1, 0, 24, 0, 0, false}, MIDNIGHT + HOUR);
	recorder_stop(&r);
	r.interval_us = 600 * SECOND;
	recorder_start(&r);
	record(&r, 6 * 100);
	recorder_stop(&r);
	CHECK(files_in(r.path, "raw", ".plim") >= 100);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
	few.rlim_max = old.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	static const uint64_t steps[] = {600, 7200};
	all_there(&r, "more segments than descriptors");
	check_numbers(&r, r.rows[0].real_us, r.rows[r.n - 1].real_us, steps, 1, false,
		"more segments than descriptors");
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
	recording_end(&r);
}

/* One who reads along, now and then, sees every sample once, over the ends of hours and while logs are made. */
static void reading_along(void)
{
	static struct recording r;
	static struct store into;
	for (unsigned every = 1; every <= 1000; every = every * 3 + 2) {
		struct history *h;
		recording_begin(&r, "along", tiny, MIDNIGHT + 6 * HOUR - 700 * SECOND);
		r.interval_us = 2 * SECOND;
		record(&r, 1);
		CHECK_INT(history_open(r.path, &h), 0);
		CHECK_INT(store_init(&into, 3), 0);
		CHECK_INT(history_seek(h, &into, 0), 0);
		size_t got = 0, wrong = 0;
		for (unsigned i = 0; i < 4000; i += every) {
			CHECK_INT(history_refresh(h), 0);
			while (history_next(h) == 0) {
				struct digest d =
					sample_digest(&into.series, store_newest(&into, 0));
				wrong += got >= r.n || !digest_equal(&d, &r.rows[got].d);
				got++;
			}
			TEST_RESULT(got == r.n && wrong == 0,
				"reading every %u samples: %zu of %zu there, %zu wrong", every, got,
				r.n, wrong);
			if (got != r.n || wrong)
				break;
			record(&r, every);
		}
		history_close(h);
		store_destroy(&into);
		recording_end(&r);
	}
	/* without looking again, the last hour was sealed meanwhile */
	struct history *h;
	recording_begin(&r, "along", tiny, MIDNIGHT + 6 * HOUR - 100 * SECOND);
	record(&r, 90);
	recorder_restart(&r);
	record(&r, 8);
	size_t n = r.n;
	CHECK_INT(history_open(r.path, &h), 0);
	CHECK_INT(store_init(&into, 3), 0);
	CHECK_INT(history_seek(h, &into, 0), 0);
	CHECK_INT(history_next(h), 0);
	record(&r, 200);
	size_t got = 1;
	while (history_next(h) == 0)
		got++;
	CHECK_INT(history_refresh(h), 0);
	while (history_next(h) == 0)
		got++;
	TEST_RESULT(got == r.n, "sealed while it was read: %zu of %zu (%zu at first)", got, r.n, n);
	history_close(h);
	/* the same for numbers */
	struct wanted_key w = {.k = 1};
	recorder_restart(&r);
	record(&r, 100);
	CHECK_INT(history_open(r.path, &h), 0);
	find_keys(h, 0, UINT64_MAX, &w, 1);
	size_t here = r.n;
	recorder_restart(&r);
	size_t values = 0;
	struct reading_check c = {.r = &r, .tracked = 1, .to_us = UINT64_MAX};
	CHECK_INT(history_read(h, &w.key, 1, 0, UINT64_MAX, check_points, &c), 0);
	for (size_t i = 0; i < here; i++)
		values += r.present[1][i];
	TEST_RESULT(c.values == values, "sealed before its numbers were read: %zu of %zu", c.values,
		values);
	history_close(h);
	store_destroy(&into);
	recording_end(&r);
}

static size_t slurp(const char *path, unsigned char **ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		abort();
	size_t n = (size_t)st.st_size;
	*ret = malloc(n + 1);
	if (io_read(fd, *ret, n, 0) < 0)
		abort();
	(void)close(fd);
	return n;
}

static void spit(const char *path, const unsigned char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0 || io_write(fd, p, n, 0) < 0)
		abort();
	(void)close(fd);
}

/* A log that is made and not written to yet. */
static void a_log_just_begun(void)
{
	static struct recording r;
	static struct store into;
	struct history *h;
	char name[PATHS];
	for (unsigned kind = 0; kind < 2; kind++) {
		recording_begin(&r, "begun", tiny, MIDNIGHT + 6 * HOUR + SECOND);
		record(&r, 5);
		recorder_restart(&r);
		record(&r, 5);
		(void)snprintf(name, sizeof name, "%s/log", r.path);
		DIR *d = opendir(name);
		name[0] = '\0';
		for (struct dirent *e; (e = readdir(d));)
			if (strstr(e->d_name, ".log"))
				(void)snprintf(name, sizeof name, "%s/log/%s", r.path, e->d_name);
		(void)closedir(d);
		unsigned char *bytes;
		size_t size = slurp(name, &bytes);
		CHECK_INT(truncate(name, 0), 0);
		CHECK_INT(truncate(name, kind ? 4096 : 0), 0); /* nothing, or room that was taken */
		CHECK_INT(history_open(r.path, &h), 0);
		CHECK_INT(store_init(&into, 3), 0);
		CHECK_INT(history_seek(h, &into, 0), 0);
		size_t got = 0;
		while (history_next(h) == 0)
			got++;
		CHECK_INT(got, 5);
		spit(name, bytes, size);
		free(bytes);
		CHECK_INT(history_refresh(h), 0);
		while (history_next(h) == 0)
			got++;
		TEST_RESULT(got == r.n, "a log just begun (%s): %zu of %zu",
			kind ? "zeros" : "empty", got, r.n);
		const char *words;
		CHECK_INT(history_damage(h, &words), 0);
		history_close(h);
		store_destroy(&into);
		recording_end(&r);
	}
}

/* ---- cut and damaged files ---- */

/* The only file of a folder below the store whose name ends so. */
static void file_in(
	char buf[static PATHS], const char *store, const char *folder, const char *ending)
{
	char name[PATHS];
	(void)snprintf(name, sizeof name, "%s/%s", store, folder);
	DIR *d = opendir(name);
	buf[0] = '\0';
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t len = strlen(e->d_name), end = strlen(ending);
		char path[PATHS];
		(void)snprintf(path, sizeof path, "%s/%s/%s", store, folder, e->d_name);
		if (len > end && strcmp(e->d_name + len - end, ending) == 0 &&
			strcmp(path, buf) > 0)
			(void)snprintf(buf, PATHS, "%s", path); /* the last */
	}
	if (d)
		(void)closedir(d);
}

struct damaged_store {
	struct recording r;
	char path[256]; /* a copy, as a machine that lost its power leaves it */
	char log[PATHS], segment[PATHS];
	unsigned char *log_bytes, *segment_bytes;
	size_t log_size, segment_size;
	size_t first_in_log, ends[64]; /* of frames in the log: the offset behind each */
};

/* Three pieces: a segment, another one, a log that is not finished. */
static void damaged_begin(struct damaged_store *x)
{
	static const char *const folders[] = {"raw", "log", "m1", "h1"};
	char to[PATHS], from[PATHS];
	recording_begin(&x->r, "whole", (struct synth_size){3, 1, 24, 1, 1, true},
		MIDNIGHT + 3 * HOUR - 20 * SECOND);
	record(&x->r, 15);
	recorder_restart(&x->r);
	record(&x->r, 8);
	x->first_in_log = x->r.n;
	for (size_t i = x->r.n; i--;)
		if (x->r.rows[i].real_us >= MIDNIGHT + 3 * HOUR)
			x->first_in_log = i;
	record(&x->r, 20);
	(void)snprintf(x->path, sizeof x->path, "%s", store_named("damaged"));
	remove_tree(x->path);
	CHECK_INT(mkdir(x->path, 0700), 0);
	for (size_t i = 0; i < COUNTOF(folders); i++) {
		(void)snprintf(to, sizeof to, "%s/%s", x->path, folders[i]);
		(void)snprintf(from, sizeof from, "%s/%s", x->r.path, folders[i]);
		CHECK_INT(mkdir(to, 0700), 0);
		DIR *d = opendir(from);
		for (struct dirent *e; (e = readdir(d));) {
			unsigned char *p;
			if (e->d_name[0] == '.')
				continue;
			(void)snprintf(to, sizeof to, "%s/%s/%s", x->path, folders[i], e->d_name);
			(void)snprintf(
				from, sizeof from, "%s/%s/%s", x->r.path, folders[i], e->d_name);
			size_t n = slurp(from, &p);
			spit(to, p, n);
			free(p);
		}
		(void)closedir(d);
	}
	file_in(x->log, x->path, "log", ".log");
	file_in(x->segment, x->path, "raw", ".plim");
	x->log_size = slurp(x->log, &x->log_bytes);
	x->segment_size = slurp(x->segment, &x->segment_bytes);
	struct log_reader l;
	struct block b;
	CHECK_INT(log_open(AT_FDCWD, x->log, &l), 0);
	size_t n = 0;
	while (n < COUNTOF(x->ends) && log_next(&l, &b) == 0)
		x->ends[n++] = l.at;
	log_close(&l);
	CHECK_INT(n, x->r.n - x->first_in_log);
	CHECK(x->log_size > x->ends[n - 1]); /* room that was taken ahead */
	x->log_size = x->ends[n - 1];
}

static void damaged_end(struct damaged_store *x)
{
	recording_end(&x->r);
	remove_tree(x->path);
	free(x->log_bytes);
	free(x->segment_bytes);
}

/* What can be read of a store in which one piece is bad: samples in order, all of them right, and how many of
 * the pieces before, in and behind it. */
struct survivors {
	size_t n, wrong, in_log, in_first, out_of_order;
	int error;
};

static struct survivors survivors_of(const struct damaged_store *x, const char *path)
{
	struct survivors v = {0};
	struct history *h;
	static struct store into;
	static bool made;
	if (!made && store_init(&into, 3) < 0)
		abort();
	made = true;
	v.error = history_open(path, &h);
	if (v.error < 0)
		return v;
	int r = history_seek(h, &into, 0);
	size_t at = 0;
	while (r == 0 && (r = history_next(h)) == 0) {
		const struct sample *s = store_newest(&into, 0);
		struct digest d = sample_digest(&into.series, s);
		size_t k = at;
		while (k < x->r.n && !digest_equal(&d, &x->r.rows[k].d))
			k++;
		if (k == x->r.n) {
			v.wrong++;
			continue;
		}
		v.n++;
		v.in_log += k >= x->first_in_log;
		v.in_first += k < 15;
		at = k + 1;
	}
	v.error = r == -ENODATA ? 0 : r;
	const struct history_series *s;
	size_t n;
	struct history_step *step;
	if (v.n % 5 == 0 && history_select(h, 0, UINT64_MAX, NULL, NULL, &s, &n) == 0 && n) {
		uint64_t key = s[n / 2].key;
		if (history_aggregate(h, &key, 1, x->r.rows[0].real_us * 1000, UINT64_C(7000000000),
			    20, &step) == 0)
			free(step);
	}
	history_close(h);
	/* a series set holds names for ever: begin anew before it is full */
	if (into.series.names.count > 30000) {
		store_destroy(&into);
		made = false;
	}
	return v;
}

/* Frames that lie before an offset; `zeros`: what lies behind it reads as zeros, which it may have been. */
static size_t frames_before(const struct damaged_store *x, size_t offset, bool zeros)
{
	size_t n = 0;
	while (zeros && offset < x->log_size && x->log_bytes[offset] == 0)
		offset++;
	while (n < x->r.n - x->first_in_log && x->ends[n] <= offset)
		n++;
	return n;
}

/* A recorder begins on it and adds three samples: they stand behind what survived. */
static bool goes_on(struct damaged_store *x, const char *path, size_t survived)
{
	struct journal *j;
	long pid;
	struct synth h;
	struct kept more[3];
	const struct journal_settings settings = {.dir = path,
		.budget = budget,
		.origin = {.host = "testhost", .run = 99, .interval_ns = 1000000000},
		.by_hand = true};
	if (journal_open(&settings, &j, &pid) < 0)
		return false;
	synth_init(&h, (struct synth_size){3, 1, 24, 1, 1, true}, 99,
		x->r.rows[x->r.n - 1].real_us + 100 * SECOND);
	for (unsigned i = 0; i < 3; i++) {
		synth_tick(&h, SECOND);
		journal_put(j, &h.set, &h.s, NULL, 0);
		more[i] = (struct kept){
			h.s.real_ns / 1000, h.s.mono_ns / 1000, 99, sample_digest(&h.set, &h.s)};
		journal_work(j);
	}
	size_t before = survivors_of(x, path).n;
	int r = journal_close(j, 0);
	struct survivors after = survivors_of(x, path);
	size_t last = walk(path, more, 0, 3, more[0].real_us, "added behind damage");
	synth_destroy(&h);
	return r == 0 && before == survived && after.n == survived && after.wrong == 3 && last == 3;
}

static void copy_tree(const struct damaged_store *x, const char *to)
{
	static const char *const folders[] = {"raw", "log", "m1", "h1"};
	char a[PATHS / 2], b[PATHS];
	remove_tree(to);
	(void)mkdir(to, 0700);
	for (size_t i = 0; i < COUNTOF(folders); i++) {
		(void)snprintf(a, sizeof a, "%s/%s", to, folders[i]);
		(void)mkdir(a, 0700);
		(void)snprintf(a, sizeof a, "%s/%s", x->path, folders[i]);
		DIR *d = opendir(a);
		for (struct dirent *e; (e = readdir(d));) {
			unsigned char *p;
			if (e->d_name[0] == '.')
				continue;
			(void)snprintf(b, sizeof b, "%s/%s", a, e->d_name);
			size_t n = slurp(b, &p);
			(void)snprintf(b, sizeof b, "%s/%s/%s", to, folders[i], e->d_name);
			spit(b, p, n);
			free(p);
		}
		(void)closedir(d);
	}
}

/* `thorough`: each byte; else some. */
static void cut_and_damaged(bool thorough)
{
	static struct damaged_store x;
	damaged_begin(&x);
	size_t n_log = x.r.n - x.first_in_log, others = x.first_in_log, wrong = 0, again = 0,
	       step = thorough ? 1 : 13;
	const char *copy = store_named("again");
	TEST_RESULT(x.log_size > 3000 && n_log > 10 && others > 16,
		"log of %zu bytes, %zu samples, %zu before", x.log_size, n_log, others);
	struct survivors v = survivors_of(&x, x.path);
	CHECK_INT(v.n, x.r.n);
	CHECK_INT(v.wrong, 0);

	/* the log cut at each byte, and there filled with zeros */
	for (size_t cut = x.log_size; cut-- > 0 && wrong < 5;) {
		if (cut % step && cut > 40 && x.log_size - cut > 60)
			continue;
		if (truncate(x.log, (off_t)cut) < 0)
			abort();
		for (unsigned zeros = 0; zeros < 2; zeros++) {
			if (zeros && truncate(x.log, (off_t)(cut + 1000)) < 0)
				abort();
			v = survivors_of(&x, x.path);
			size_t want = others + frames_before(&x, cut, zeros);
			if (v.n != want || v.wrong || v.error < 0) {
				wrong++;
				TEST_RESULT(false,
					"log cut at %zu of %zu%s: %zu samples of %zu, %zu wrong, "
					"error %d",
					cut, x.log_size, zeros ? ", then zeros" : "", v.n, want,
					v.wrong, v.error);
			}
			if ((cut % 97 == 0 || (cut < 40 && cut % 5 == 0)) && again < 3) {
				copy_tree(&x, copy);
				bool good = goes_on(&x, copy, want);
				again += !good;
				TEST_RESULT(good,
					"log cut at %zu%s: a recorder does not go on with %zu "
					"samples",
					cut, zeros ? ", then zeros" : "", want);
			}
		}
		if (truncate(x.log, (off_t)cut) < 0)
			abort();
	}
	spit(x.log, x.log_bytes, x.log_size);

	/* a byte of the log damaged */
	wrong = 0;
	int fd = open(x.log, O_RDWR | O_CLOEXEC);
	for (size_t at = 0; at < x.log_size && wrong < 5; at += at < 100 ? 1 : 7) {
		unsigned char bad = x.log_bytes[at] ^ (unsigned char)(1u << at % 8);
		(void)!pwrite(fd, &bad, 1, (off_t)at);
		v = survivors_of(&x, x.path);
		size_t want = others + (at < FILE_HEAD ? 0 : frames_before(&x, at, false));
		bool head = at < FILE_HEAD && v.n == x.r.n; /* an older version's number, say */
		if ((v.n != want && !head) || v.wrong || v.error < 0) {
			wrong++;
			TEST_RESULT(false,
				"log damaged at %zu: %zu samples of %zu, %zu wrong, error %d", at,
				v.n, want, v.wrong, v.error);
		}
		if (at % 301 == 0 || at == FILE_HEAD + 2) {
			copy_tree(&x, copy);
			/* it must not vanish without a word: sealed as far as it goes, or set aside */
			TEST_RESULT(goes_on(&x, copy, v.n),
				"log damaged at %zu: a recorder does not go on", at);
			TEST_RESULT(frames_before(&x, at, false) > 0 ||
					    files_in(copy, "log", ".bad") == 1,
				"log damaged at %zu, before its first sample ends, is not set "
				"aside",
				at);
		}
		(void)!pwrite(fd, &x.log_bytes[at], 1, (off_t)at);
	}
	(void)close(fd);

	/* the segment cut, and damaged: all other pieces are there */
	size_t in_segment = others - 15;
	wrong = 0;
	for (size_t cut = x.segment_size; cut-- > 0 && wrong < 5;) {
		if (cut % step && cut > 40 && x.segment_size - cut > 60)
			continue;
		if (truncate(x.segment, (off_t)cut) < 0)
			abort();
		v = survivors_of(&x, x.path);
		if (v.n != x.r.n - in_segment || v.wrong || v.in_first != 15 || v.in_log != n_log ||
			v.error < 0) {
			wrong++;
			TEST_RESULT(false,
				"segment cut at %zu of %zu: %zu samples, %zu wrong, %zu and %zu of "
				"the others, error %d",
				cut, x.segment_size, v.n, v.wrong, v.in_first, v.in_log, v.error);
		}
	}
	spit(x.segment, x.segment_bytes, x.segment_size);
	wrong = 0;
	fd = open(x.segment, O_RDWR | O_CLOEXEC);
	for (size_t at = 0; at < x.segment_size && wrong < 5; at += at < 100   ? 1
								    : thorough ? 3
									       : 7) {
		unsigned char bad = x.segment_bytes[at] ^ (unsigned char)(1u << at % 8);
		(void)!pwrite(fd, &bad, 1, (off_t)at);
		v = survivors_of(&x, x.path);
		if (v.wrong || v.in_first != 15 || v.in_log != n_log || v.error < 0) {
			wrong++;
			TEST_RESULT(false,
				"segment damaged at %zu: %zu samples, %zu wrong, %zu and %zu of "
				"the others, error %d",
				at, v.n, v.wrong, v.in_first, v.in_log, v.error);
		}
		(void)!pwrite(fd, &x.segment_bytes[at], 1, (off_t)at);
	}
	(void)close(fd);
	remove_tree(copy);
	damaged_end(&x);
}

/* What is no store, and what is a store of a newer version, is said. */
static void what_is_none(void)
{
	struct history *h;
	char name[PATHS];
	const char *path = store_named("none");
	CHECK_INT(history_open(path, &h), -ENOENT);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK_INT(history_open(path, &h), -ENODATA);
	(void)snprintf(name, sizeof name, "%s/file.plim", path);
	spit(name,
		(const unsigned char *)"hello, this is no recording but some text that is long "
				       "enough for one",
		70);
	CHECK_INT(history_open(name, &h), -EBADMSG);
	spit(name, (const unsigned char *)"", 0);
	CHECK_INT(history_open(name, &h), -EBADMSG);
	remove_tree(path);
}

int main(int argc, char **argv)
{
	static char buffer[] = "/dev/shm/plimsoll-test-XXXXXX",
		    other[] = "/tmp/plimsoll-test-XXXXXX";
	const char *made = mkdtemp(buffer);
	if (!made)
		made = mkdtemp(other);
	if (!made)
		return 1;
	(void)snprintf(root, sizeof root, "%s", made);
	bool thorough = argc > 1 && strcmp(argv[1], "--thorough") == 0;
	numbers();
	checksums();
	streams();
	rows_round(true, false);
	rows_round(false, false);
	rows_round(false, true);
	rows_of_another_version();
	what_is_none();
	samples_come_back();
	numbers_agree();
	pauses();
	days();
	a_day_half_gone();
	a_clock_gone_wrong();
	namespaces();
	many_segments();
	reading_along();
	a_log_just_begun();
	cut_and_damaged(thorough);
	remove_tree(root);
	return test_result("store");
}
