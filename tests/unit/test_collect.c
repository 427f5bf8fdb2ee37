/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the recorded trees cannot show of collectors: rows of the kernel's log, values that stand between two reads of a slow file, and
 * what the reader makes of errors. */
#include "collect/engine_impl.h"
#include "store/store.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the kernel's log ---- */

static struct series_set series;
static struct sample sample;

static struct out fresh(uint64_t mono_s)
{
	sample_reset(&sample);
	sample.mono_ns = mono_s * 1000000000;
	sample.real_ns = UINT64_C(1767225600) * 1000000000;
	return (struct out){&sample, &series, NETNS_HOST};
}

static int log_of(const struct out *o, const char *text)
{
	return collect_kmsg(scan_over(text, strlen(text)), o);
}

static const struct klog *row(unsigned i)
{
	return &TABLE_ROWS(sample.klog, struct klog)[i];
}

static uint64_t count_of(enum metric m, const char *instance)
{
	uint64_t v = UINT64_MAX;
	uint32_t id = *instance ? intern_id(&series.names, instance, strlen(instance)) : 0;
	(void)sample_get(&sample, series_find(&series, m, NETNS_HOST, id), &v);
	return v;
}

static void log_rows(void)
{
	struct out o = fresh(1000);
	CHECK_INT(log_of(&o,
			  "4,7,998500000,-;first\n SUBSYSTEM=usb\n5,8,999000000,-;no warning\n"
			  "3,9,999000000,c;begun\n4,10,999000001,+; and ended\n28,11,999500000,-;a "
			  "daemon's\n4,12,300000000,-;long ago\n0,13,5000000000,-;from the "
			  "future\n"),
		0);
	CHECK_INT(sample.klog.count, 3);
	CHECK_STR(row(0)->text, "first");
	CHECK_INT(row(0)->seq, 7);
	CHECK_INT(row(0)->level, 4);
	CHECK_INT(sample.real_ns - row(0)->real_ns, 1500000000);
	CHECK_STR(row(1)->text, "begun and ended");
	CHECK_INT(row(1)->level, 3);
	CHECK_STR(row(2)->text, "from the future");
	CHECK_INT(sample.real_ns - row(2)->real_ns, 0); /* never behind the sample */
	/* All of it was logged before anybody counted. */
	CHECK_INT(count_of(M_KMSG_COUNT, "warning"), 0);
	CHECK_INT(count_of(M_KMSG_COUNT, "emergency"), 0);
	CHECK_INT(log_of(&o, "4,14,300000000,-;long ago\n28,15,999000000,-;a "
			     "daemon's\n5,16,999000000,-;no warning\n"),
		0);
	CHECK_INT(sample.klog.count, 3);
	CHECK_INT(count_of(M_KMSG_COUNT, "warning"), 1); /* the old one is no news, but it counts */
	CHECK_INT(count_of(M_KMSG_COUNT, "notice"), 1);
	CHECK_INT(count_of(M_KMSG_SEQ, ""), 16);
	CHECK_INT(count_of(M_KMSG_LOST, ""), 0);
}

/* The engine takes the counters over; the log may be read from its beginning again, and may have lost something. */
static void log_goes_on(void)
{
	struct out o = fresh(1000);
	out_plain(&o, M_KMSG_SEQ, 100);
	out_add(&o, M_KMSG_LOST, 0, 5);
	CHECK_INT(
		log_of(&o,
			"4,99,999000000,-;known\n4,100,999000000,-;known\n4,104,999000000,-;new\n"),
		0);
	CHECK_INT(sample.klog.count, 1);
	CHECK_STR(row(0)->text, "new");
	CHECK_INT(count_of(M_KMSG_LOST, ""), 5 + 3);
	CHECK_INT(count_of(M_KMSG_COUNT, "warning"), 1);
	o = fresh(1000);
	CHECK_INT(log_of(&o, ""), 0); /* nothing new is no error, and a beginning of the counts */
	CHECK_INT(count_of(M_KMSG_COUNT, "error"), 0);
	CHECK_INT(log_of(&o, "no log\n"), -EBADMSG);
}

static void log_flood(void)
{
	static char text[20000];
	size_t at = 0;
	for (unsigned i = 0; i < 100; i++)
		at += (size_t)snprintf(text + at, sizeof text - at,
			"2,%u,999000000,-;%0*u\x1b[31m\xff\n", i + 1, i == 3 ? 300 : 5, i);
	struct out o = fresh(1000);
	out_plain(&o, M_KMSG_SEQ, 0);
	CHECK_INT(log_of(&o, text), 0);
	CHECK_INT(sample.klog.count, 64);
	CHECK_INT(count_of(M_KMSG_SUPPRESSED, ""), 36);
	CHECK_INT(count_of(M_KMSG_COUNT, "critical"), 100);
	CHECK_INT(strlen(row(3)->text), KLOG_TEXT - 1);
	CHECK_STR(row(63)->text,
		"00063\x1b[31m\xff"); /* foreign bytes stay as they are until they are shown */
}

/* ---- between two reads ---- */

static struct store store;

static const struct sample *tick(struct engine *e, unsigned want)
{
	struct sample *s = store_slot(&store);
	CHECK_INT(engine_tick(e, store_newest(&store, 0), s, want, 0), 0);
	store_commit(&store);
	return s;
}

static uint32_t cache(enum metric m, const char *name)
{
	return series_id(
		&store.series, m, NETNS_HOST, intern_id(&store.series.names, name, strlen(name)));
}

static void slow_values_stand(void)
{
	struct reader *r;
	struct engine *e;
	uint64_t v;
	CHECK_INT(store_init(&store, 8), 0);
	CHECK_INT(reader_open("/", NULL, &r), 0);
	CHECK_INT(engine_open(r, &store.series, &e), 0);
	struct sample *s = (struct sample *)(uintptr_t)tick(e, 0);
	uint32_t max = series_find(&store.series, M_THREADS_MAX, NETNS_HOST, 0);
	CHECK(sample_get(s, max, &v));
	CHECK_INT(sample_source(s, max), SOURCE_COLLECTORS + COLLECTOR_threads_max);
	/* Two that no kernel has: one as if it had been read, one of those that are kept for good. The file may be due in the next tick, but not in
	 * the one after it. */
	uint32_t gone = cache(M_SLAB_ACTIVE, "no-such-cache"),
		 kept = cache(M_SLAB_PEAK, "no-such-cache");
	bool stood = false;
	for (unsigned i = 0; i < 2 && !stood; i++) {
		s->source = SOURCE_COLLECTORS + COLLECTOR_slabinfo;
		sample_set(s, gone, 5);
		s->source = SOURCE_KEPT;
		sample_set(s, kept, 7);
		s->source = SOURCE_NONE;
		s = (struct sample *)(uintptr_t)tick(e, 0);
		stood = sample_get(s, gone, &v) && v == 5;
		CHECK(sample_get(s, max, &v));
		CHECK(sample_get(s, kept, &v) && v == 7);
	}
	CHECK(stood);
	const struct sample *now = tick(e, WANT_SLOW);
	CHECK(!sample_get(now, gone, &v)); /* read again, and not there */
	CHECK(sample_get(now, kept, &v) && v == 7);
	CHECK(sample_get(now, max, &v));
	CHECK(now->facts.count > 0);
	engine_close(e);
	reader_close(r);
	store_destroy(&store);
}

/* ---- the reader ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "we");
	CHECK(f != NULL);
	if (f) {
		(void)fputs(text, f);
		(void)fclose(f);
	}
}

static void errors_in_trees(void)
{
	char dir[] = "/tmp/plimsoll-collect-XXXXXX", path[512], buf[64];
	struct reader *r;
	uint64_t real, mono;
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof path, "%s/proc", dir);
	CHECK_INT(mkdir(path, 0755), 0);
	write_file(dir, "a.errno", "EACCES\n");
	write_file(dir, "b.errno", "ENOTHING\n");
	write_file(dir, "c", "7\n");
	write_file(dir, "c.errno", "EPERM\n");
	CHECK_INT(reader_open(dir, NULL, &r), 0);
	CHECK_INT(reader_begin(r, &real, &mono), 0);
	CHECK_INT(reader_file(r, "a", NULL, buf, sizeof buf), -EACCES);
	CHECK_INT(reader_file(r, "b", NULL, buf, sizeof buf), -EIO);
	CHECK_INT(reader_file(r, "c", NULL, buf, sizeof buf), 2); /* what is there is read */
	CHECK_INT(reader_file(r, "d", NULL, buf, sizeof buf), -ENOENT);
	reader_close(r);
	/* And what is recorded live: /proc/self/mem cannot be read at 0, in any process. */
	(void)snprintf(path, sizeof path, "%s/recorded", dir);
	CHECK_INT(reader_open("/", path, &r), 0);
	CHECK_INT(reader_begin(r, &real, &mono), 0);
	CHECK_INT(reader_file(r, "proc/self/mem", NULL, buf, sizeof buf), -EIO);
	CHECK_INT(reader_file(r, "proc/no-such-file", NULL, buf, sizeof buf), -ENOENT);
	reader_close(r);
	(void)snprintf(path, sizeof path, "%s/recorded/0", dir);
	CHECK_INT(reader_open(path, NULL, &r), 0);
	CHECK_INT(reader_begin(r, &real, &mono), 0);
	CHECK_INT(reader_file(r, "proc/self/mem", NULL, buf, sizeof buf), -EIO);
	CHECK_INT(reader_file(r, "proc/no-such-file", NULL, buf, sizeof buf), -ENOENT);
	reader_close(r);
	static const char *const files[] = {"a.errno", "b.errno", "c", "c.errno",
		"recorded/0/proc/self/mem.errno", "recorded/0/clock", "recorded/0/netns.inode"};
	static const char *const folders[] = {
		"recorded/0/proc/self", "recorded/0/proc", "recorded/0", "recorded", "proc", "."};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		CHECK_INT(unlink(path), 0);
	}
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir,
			i + 1 < sizeof folders / sizeof *folders ? folders[i] : "");
		CHECK_INT(rmdir(path), 0);
	}
}

/* The clock of any kernel can be asked, where the call is allowed; the log is read once. */
static void made_files(void)
{
	struct reader *r;
	static char buf[1 << 16];
	struct kept kept = {.fd = -1};
	CHECK_INT(reader_open("/", NULL, &r), 0);
	ssize_t n = reader_file(r, "timex", NULL, buf, sizeof buf);
	struct out o = fresh(1000);
	CHECK(n > 0 || n == -EPERM);
	if (n > 0)
		CHECK_INT(collect_timex(scan_over(buf, (size_t)n), &o), 0);
	CHECK_INT(reader_file(r, "kmsg", NULL, buf, sizeof buf),
		-EINVAL); /* it has to know where it was */
	n = reader_file(r, "kmsg", &kept, buf, sizeof buf);
	CHECK(n >= 0 || n == -EPERM || n == -ENOENT || n == -ENODEV || n == -EACCES);
	if (n >= 0)
		(void)close(kept.fd);
	reader_close(r);
}

int main(void)
{
	CHECK_INT(series_init(&series), 0);
	CHECK_INT(sample_init(&sample), 0);
	log_rows();
	log_goes_on();
	log_flood();
	slow_values_stand();
	errors_in_trees();
	made_files();
	sample_destroy(&sample);
	series_destroy(&series);
	return test_result("collect");
}
