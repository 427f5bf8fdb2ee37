/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* kmsg: what the kernel logged since the sample before (kernel/printk/printk.c, Documentation/ABI/testing/dev-kmsg).
 *
 *     6,339,5140900,-;NET: Registered protocol family 10
 *     4,340,5690716,-;usb 1-1: device descriptor read/64, error -71
 *      SUBSYSTEM=usb
 *
 * Facility * 8 + level, number of the record, microseconds of the boot clock, flags, text. Lines that begin with a blank belong to the record
 * above and say the device again: they are left out. Processes may write here too, but the kernel never lets them use its own facility
 * (0), so only that counts: no process can forge a line of the kernel's. "+" marks the next piece of a record that was begun before
 * (kernels before 5.10; later ones do not cut). Control bytes in the text come as \x1b; what a driver prints of foreign names is still
 * foreign.
 *
 * The counters go on from the sample before, which the engine takes over, and begin with 0: what the first read finds was logged before anybody
 * counted, and is no growth. Of its warnings those of the last minutes are rows all the same. The clock of the records is not that of the samples and runs away
 * from it by seconds in months, so a record's time is never put behind the sample that read it. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

enum { LEVELS = 8, LEVEL_WARNING = 4, ROWS = 64, NS_PER_US = 1000 };
/* The first read gets all that the kernel still has. Only what is this new is news. */
static const uint64_t news_ns = UINT64_C(600) * 1000000000;

struct record {
	uint64_t prefix, seq, us;
	bool more; /* the next piece of the record before */
	struct scan text;
};

static bool parse_record(struct scan line, struct record *ret)
{
	if (!scan_u64(&line, &ret->prefix) || !scan_skip(&line, ',') ||
		!scan_u64(&line, &ret->seq) || !scan_skip(&line, ',') ||
		!scan_u64(&line, &ret->us) || !scan_skip(&line, ',') || line.p == line.end)
		return false;
	ret->more = *line.p == '+';
	const char *semicolon = memchr(line.p, ';', scan_len(line));
	if (!semicolon)
		return false;
	ret->text = (struct scan){semicolon + 1, line.end};
	return true;
}

static void append(struct klog *row, struct scan text)
{
	size_t at = strnlen(row->text, KLOG_TEXT - 1), room = KLOG_TEXT - 1 - at;
	for (const char *p = text.p; p < text.end && room; p++, room--)
		row->text[at++] = (char)(*p ? *p : ' ');
}

/* NULL when it is no news, or there is no room. */
static struct klog *add_row(const struct out *o, const struct record *rec, uint64_t *suppressed)
{
	struct sample *s = o->sample;
	uint64_t at;
	if (__builtin_mul_overflow(rec->us, (uint64_t)NS_PER_US, &at))
		return NULL;
	uint64_t age = at < s->mono_ns ? s->mono_ns - at : 0;
	if (age > news_ns || age > s->real_ns)
		return NULL;
	struct klog *row = s->klog.count < ROWS ? table_add(&s->klog, sizeof *row) : NULL;
	if (!row) {
		++*suppressed;
		return NULL;
	}
	row->seq = rec->seq;
	row->real_ns = s->real_ns - age;
	row->level = (uint8_t)(rec->prefix % LEVELS);
	append(row, rec->text);
	return row;
}

static void add_counts(const struct out *o, const uint64_t *counts)
{
	static const char *const names[LEVELS] = {
		"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"};
	for (unsigned i = 0; i < LEVELS; i++)
		out_add(o, M_KMSG_COUNT, out_instance(o, scan_over(names[i], strlen(names[i]))),
			counts[i]);
}

int collect_kmsg(struct scan bytes, const struct out *o)
{
	uint64_t counts[LEVELS] = {0}, suppressed = 0, lost = 0, last;
	bool have_last = sample_gauge(o->series, o->sample, M_KMSG_SEQ, o->netns, &last),
	     any = false;
	bool nothing = bytes.p == bytes.end, begun = have_last;
	struct klog *row = NULL;
	struct scan line;
	while (scan_line(&bytes, &line)) {
		struct record rec;
		if (!parse_record(line, &rec))
			continue;
		any = true;
		if (have_last && rec.seq <= last) /* read before, when the log was opened anew */
			continue;
		if (begun && rec.seq > last + 1)
			lost += rec.seq - last - 1;
		last = rec.seq;
		have_last = true;
		if (rec.prefix >= LEVELS)
			continue;
		if (rec.more && row) {
			append(row, rec.text);
			continue;
		}
		counts[rec.prefix] += begun;
		row = rec.prefix <= LEVEL_WARNING ? add_row(o, &rec, &suppressed) : NULL;
	}
	if (!any && !nothing)
		return -EBADMSG;
	add_counts(o, counts);
	out_add(o, M_KMSG_SUPPRESSED, 0, suppressed);
	out_add(o, M_KMSG_LOST, 0, lost);
	if (have_last)
		out_plain(o, M_KMSG_SEQ, last);
	return 0;
}
