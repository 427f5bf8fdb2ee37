/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What reads a recording, over bytes that nobody wrote: the first byte picks a recording file, a log in a
 * store, or a stream; with its high bit set, lengths and checksums are put right first, so that the search
 * comes past them. Everything a reader can ask is asked. Built with libFuzzer it searches; built plainly it
 * runs the saved corpus as a test, and `--make DIR` writes the first inputs of a corpus. */
#include "corpus.h"
#include "store/block.h"
#include "store/history.h"
#include "store/journal.h"
#include "store/segment.h"
#include "store/stream.h"
#include "synthetic.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIND_FILE, KIND_LOG, KIND_STREAM, KINDS, REPAIR = 0x80, TAIL = 24, SAMPLES = 2000 };

/* ---- everything a reader can ask ---- */

static int any_event(void *ctx, const struct event *e)
{
	*(size_t *)ctx += strlen(e->kind) + strlen(e->id) + strlen(e->text);
	return 0;
}

static int any_points(void *ctx, size_t series, const struct history_points *p)
{
	uint64_t sum = series;
	for (size_t i = 0; i < p->n; i++)
		sum += p->time_ns[i] + (p->present[i] ? p->value[i] : 0);
	*(size_t *)ctx += (size_t)sum;
	return 0;
}

static void ask_numbers(struct history *h, size_t *out)
{
	const struct history_series *s;
	size_t n;
	uint64_t from = 0, to = 0, keys[8];
	(void)history_span(h, &from, &to);
	if (history_select(h, 0, UINT64_MAX, NULL, NULL, &s, &n) < 0 || n == 0)
		return;
	size_t some = n < COUNTOF(keys) ? n : COUNTOF(keys);
	for (size_t i = 0; i < some; i++) {
		*out += strlen(s[i * (n / some)].instance) + strlen(s[i * (n / some)].netns);
		keys[i] = s[i * (n / some)].key;
	}
	(void)history_read(h, keys, some, 0, UINT64_MAX, any_points, out);
	static const uint64_t steps[] = {1000000000, 7000000000, 60000000000, 86400000000000};
	for (size_t i = 0; i < COUNTOF(steps); i++) {
		struct history_step *step;
		if (history_aggregate(
			    h, keys, some, from / steps[i] * steps[i], steps[i], 64, &step) == 0) {
			*out += step[0].count;
			free(step);
		}
	}
	(void)history_events(h, 0, UINT64_MAX, any_event, out);
}

static void ask(const char *path)
{
	static struct store into;
	static bool made;
	struct history *h;
	const char *words;
	size_t out = 0;
	if (!made && store_init(&into, 3) < 0)
		abort();
	made = true;
	if (history_open(path, &h) < 0)
		return;
	if (history_seek(h, &into, 0) == 0)
		for (unsigned i = 0; i < SAMPLES && history_next(h) == 0; i++) {
			const struct sample *s = store_newest(&into, 0);
			struct digest d = sample_digest(&into.series, s);
			out += (size_t)d.values;
		}
	ask_numbers(h, &out);
	(void)history_refresh(h);
	uint64_t from, to;
	if (history_span(h, &from, &to)) {
		(void)history_seek(h, &into, from / 2 + to / 2);
		(void)history_next(h);
		(void)history_load(h, &into, to, 3, 5000000000);
	}
	(void)history_damage(h, &words);
	(void)history_host(h);
	history_close(h);
	/* names are never forgotten: begin anew before the set is full */
	if (into.series.names.count > 20000 || into.series.count > 20000 ||
		into.series.netns_count > 500) {
		store_destroy(&into);
		made = false;
	}
}

/* ---- putting right ---- */

static void set_u32(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t u32_at(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static void put_right(uint8_t *p, size_t n, enum file_kind kind)
{
	struct arena head;
	if (n < FILE_HEAD || arena_init(&head, 65536) < 0)
		return;
	file_put_head(&head, kind);
	memcpy(p, head.base, FILE_HEAD);
	arena_destroy(&head);
	size_t at = FILE_HEAD, last = FILE_HEAD,
	       end = kind == FILE_SEGMENT && n > FILE_HEAD + TAIL ? n - TAIL : n;
	while (end - at >= BLOCK_HEAD) {
		uint64_t stored = u32_at(p + at + 4), left = end - at - BLOCK_HEAD;
		if (stored > left)
			set_u32(p + at + 4, stored = left);
		if (!(u32_at(p + at) >> 16) &&
			(at & 1)) /* not packed: as long as it says, mostly */
			set_u32(p + at + 8, stored);
		set_u32(p + at + 24,
			crc32c(crc32c(0, p + at, 24), p + at + BLOCK_HEAD, (size_t)stored));
		last = at;
		at += BLOCK_HEAD + (size_t)stored;
	}
	if (end < n) {
		set_u32(p + end, last);
		set_u32(p + end + 4, 0);
		set_u32(p + end + 8, n);
		set_u32(p + end + 12, 0);
		set_u32(p + end + 16, crc32c(0, p + end, 16));
		memcpy(p + end + 20, "plim", 4);
	}
}

/* ---- the kinds ---- */

static void one_log(const uint8_t *p, size_t n)
{
	static const char *const parts[] = {"", "/log", "/log/0000000000000001.log"};
	char folder[64] = "/dev/shm/plimsoll-fuzz-XXXXXX", path[128];
	if (!mkdtemp(folder)) {
		(void)snprintf(folder, sizeof folder, "/tmp/plimsoll-fuzz-XXXXXX");
		if (!mkdtemp(folder))
			abort();
	}
	(void)snprintf(path, sizeof path, "%s%s", folder, parts[1]);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s%s", folder, parts[2]);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || io_write(fd, p, n, 0) < 0)
		abort();
	(void)close(fd);
	ask(folder);
	for (size_t i = COUNTOF(parts); i-- > 0;) {
		(void)snprintf(path, sizeof path, "%s%s", folder, parts[i]);
		(void)remove(path);
	}
}

static void one_file(const uint8_t *p, size_t n)
{
	char path[64];
	int fd = memfd_create("recording", MFD_CLOEXEC);
	if (fd < 0 || io_write(fd, p, n, 0) < 0)
		abort();
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ask(path);
	(void)close(fd);
}

/* Three ways of reading a stream give the same. */
static void one_stream(const uint8_t *p, size_t n)
{
	enum { ROWS = 300 };
	uint64_t all[ROWS], part[ROWS], one;
	uint8_t has[ROWS], part_has[ROWS];
	struct stream s;
	stream_begin(&s, p, n);
	stream_read(&s, all, has, ROWS);
	size_t skip = n ? p[n - 1] % ROWS : 0;
	stream_begin(&s, p, n);
	stream_skip(&s, skip);
	stream_read(&s, part, part_has, ROWS - skip);
	for (size_t i = skip; i < ROWS; i++)
		if (has[i] != part_has[i - skip] || (has[i] && all[i] != part[i - skip]))
			abort();
	stream_begin(&s, p, n);
	for (size_t i = 0; i < ROWS; i++)
		if (stream_next(&s, &one) != has[i] || (has[i] && one != all[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	unsigned kind = (data[0] & 0x7f) % KINDS;
	/* A copy of its own, so that the sanitizer sees a read one byte past the end. */
	uint8_t *bytes = malloc(size - 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	if (data[0] & REPAIR && kind != KIND_STREAM)
		put_right(bytes, size - 1, kind == KIND_LOG ? FILE_LOG : FILE_SEGMENT);
	if (kind == KIND_FILE)
		one_file(bytes, size - 1);
	else if (kind == KIND_LOG)
		one_log(bytes, size - 1);
	else
		one_stream(bytes, size - 1);
	free(bytes);
	return 0;
}

/* ---- a corpus to begin with ---- */

static void save(const char *dir, const char *name, unsigned kind, const void *p, size_t n)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "wbe");
	if (!f || fputc((int)kind, f) == EOF || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		abort();
}

/* The file in a folder of a store, cut behind its last byte that is not zero. */
static size_t slurp(const char *store, const char *of, uint8_t *buf, size_t room)
{
	char path[1024];
	(void)snprintf(path, sizeof path, "%s/%s", store, of);
	DIR *d = opendir(path);
	size_t n = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s/%s", store, of, e->d_name);
		FILE *f = fopen(path, "rbe");
		n = f ? fread(buf, 1, room, f) : 0;
		if (f)
			(void)fclose(f);
	}
	if (d)
		(void)closedir(d);
	while (n && buf[n - 1] == 0)
		n--;
	return n;
}

/* The same segment with no block packed, so that the search reaches what stands in them. */
static void unpack(struct arena *out, const uint8_t *p, size_t n)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	struct segment s;
	struct arena index;
	if (fd < 0 || io_write(fd, p, n, 0) < 0 || segment_open(fd, n, &s) < 0 ||
		arena_init(&index, 1 << 20) < 0)
		abort();
	file_put_head(out, FILE_SEGMENT);
	for (uint32_t i = 0; i < s.nindex; i++) {
		struct block b;
		struct segment_entry e = s.index[i];
		if (segment_block(&s, (enum block_type)e.type, e.number, &b) < 0)
			abort();
		put_bytes(&index, &e.type, 2);
		put_u64(&index, e.number);
		put_u64(&index, out->used);
		put_u32(&index, b.plain);
		put_u32(&index, b.plain);
		block_put(out, (enum block_type)e.type, e.number, b.bytes, b.plain, NULL);
	}
	block_put(out, BLOCK_INDEX, s.nindex, index.base, index.used, NULL);
	for (unsigned i = 0; i < TAIL; i++)
		put_bytes(out, "", 1);
	put_right(out->base, out->used, FILE_SEGMENT);
	segment_close(&s);
	arena_destroy(&index);
}

static void make_streams(const char *dir)
{
	static const uint64_t ends[] = {0, UINT64_MAX, 1, (uint64_t)1 << 63, 5, 5, 5, 12345};
	uint64_t v[64];
	uint8_t present[64];
	struct arena out;
	if (arena_init(&out, 65536) < 0)
		abort();
	for (unsigned shape = 0; shape < 5; shape++) {
		char name[32];
		for (unsigned i = 0; i < 64; i++) {
			v[i] = shape == 0   ? 7
			       : shape == 1 ? i * 250
			       : shape == 2 ? i * i
					    : ends[i * 5 % 8];
			present[i] = shape < 4 || i % 10 < 6;
		}
		arena_reset(&out);
		stream_put(&out, v, present, 64);
		(void)snprintf(name, sizeof name, "stream-%u", shape);
		save(dir, name, KIND_STREAM, out.base, out.used);
	}
	arena_destroy(&out);
}

void corpus_make(const char *dir)
{
	static uint8_t buf[1 << 22];
	char folder_of_all[] = "/tmp/plimsoll-corpus-XXXXXX", store[64], name[64];
	struct journal *j;
	struct synth h;
	struct arena out;
	long pid;
	if (!mkdtemp(folder_of_all) || arena_init(&out, 1 << 24) < 0)
		abort();
	const struct journal_settings settings = {.dir = store,
		.budget = 1 << 30,
		.origin = {.host = "h", .run = 1, .interval_ns = 1000000000},
		.by_hand = true};
	for (unsigned n = 1; n < 40; n += 19) {
		(void)snprintf(store, sizeof store, "%s/%u", folder_of_all, n);
		if (journal_open(&settings, &j, &pid) < 0)
			abort();
		synth_init(&h, (struct synth_size){2, 1, 8, 1, 2, true}, n,
			UINT64_C(1795305600000000));
		for (unsigned i = 0; i < n; i++) {
			synth_tick(&h, 1000000);
			struct event e = {h.s.real_ns, "open", "id", "{}"};
			journal_put(j, &h.set, &h.s, &e, i % 5 == 0);
			journal_work(j);
		}
		size_t size = slurp(store, "log", buf, sizeof buf);
		(void)snprintf(name, sizeof name, "log-%u", n);
		save(dir, name, KIND_LOG, buf, size);
		(void)snprintf(name, sizeof name, "log-%u-right", n);
		save(dir, name, KIND_LOG | REPAIR, buf, size);
		(void)journal_close(j, 0);
		synth_destroy(&h);
		size = slurp(store, "raw", buf, sizeof buf);
		(void)snprintf(name, sizeof name, "file-%u", n);
		save(dir, name, KIND_FILE, buf, size);
		arena_reset(&out);
		unpack(&out, buf, size);
		(void)snprintf(name, sizeof name, "file-%u-right", n);
		save(dir, name, KIND_FILE | REPAIR, out.base, out.used);
	}
	make_streams(dir);
	(void)printf("%s may be removed\n", folder_of_all);
}
