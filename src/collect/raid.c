/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* mdstat: the arrays of Linux software RAID (drivers/md/md.c).
 *
 *     md1 : active raid5 sdd1[3](F) sdb1[1] sda1[0]
 *           2097152 blocks level 5, 64k chunk, algorithm 2 [3/2] [UU_]
 *           [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
 *
 * [3/2]: three disks should be there, two are and work; levels without redundancy do not have it. (F) marks a faulty disk. An
 * inactive array was found and not started. A check is a sync too. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

static void head(const struct out *o, uint32_t dev, struct scan line)
{
	struct scan word;
	uint64_t failed = 0;
	bool active = scan_word(&line, &word) && scan_is(word, "active");
	while (scan_word(&line, &word)) {
		struct scan end = {word.end - 3, word.end};
		failed += scan_len(word) > 3 && scan_is(end, "(F)");
	}
	out_value(o, M_MD_ACTIVE, dev, active);
	out_value(o, M_MD_FAILED, dev, failed);
}

/* "[3/2]" */
static bool disks(struct scan word, uint64_t *should, uint64_t *work)
{
	return scan_skip(&word, '[') && scan_u64(&word, should) && scan_skip(&word, '/') &&
	       scan_u64(&word, work) && scan_skip(&word, ']') && *work <= *should;
}

static void detail(const struct out *o, uint32_t dev, struct scan line)
{
	static const char *const kinds[] = {"recovery", "resync", "reshape", "check", "repair"};
	struct scan word;
	uint64_t should, work, percent;
	while (scan_word(&line, &word)) {
		if (disks(word, &should, &work)) {
			out_value(o, M_MD_DISKS, dev, should);
			out_value(o, M_MD_WORKING, dev, work);
		}
		bool sync = false;
		for (size_t i = 0; i < COUNTOF(kinds); i++)
			sync = sync || scan_is(word, kinds[i]);
		struct scan rest = line;
		scan_blanks(&rest);
		if (sync && scan_skip(&rest, '=') && scan_u64(&rest, &percent) && percent <= 100)
			out_value(o, M_MD_SYNC, dev, percent);
	}
}

int collect_mdstat(struct scan bytes, const struct out *o)
{
	struct scan line, name, word;
	uint32_t dev = 0;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		if (scan_starts(line, "Personalities")) {
			any = true;
		} else if (scan_len(line) && *line.p != ' ' && *line.p != '\t') {
			bool array = scan_word(&line, &name) && scan_word(&line, &word) &&
				     scan_is(word, ":");
			dev = array ? out_instance(o, name) : 0;
			if (array)
				head(o, dev, line);
			any = any || array;
		} else if (dev) {
			detail(o, dev, line);
		}
	}
	return any ? 0 : -EBADMSG;
}
