/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* diskstats: what block devices did (block/genhd.c). Per device: reads, merged, sectors of 512
 * bytes, milliseconds; the same for writes; requests in flight; milliseconds with at least one in
 * flight (busy); the same weighted by how many (its growth per second is the mean queue). The time
 * fields are 32 bits and wrap after 49.7 days. Busy 100 % says "never without work", not "can do no
 * more": a device that serves many requests at once may take ten times as many. Devices that never
 * did anything are left out (hundreds of unused loop and ram devices). */
#include "collect/collect.h"

#include <errno.h>

int collect_diskstats(struct scan bytes, const struct out *o)
{
	struct scan line, name;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t major, minor, v[11];
		size_t n = 0;
		if (!scan_u64(&line, &major) || !scan_u64(&line, &minor) ||
			!scan_word(&line, &name))
			continue;
		any = true;
		while (n < COUNTOF(v) && scan_u64(&line, &v[n]))
			n++;
		if (n < COUNTOF(v) || (v[0] == 0 && v[4] == 0 && v[8] == 0))
			continue;
		uint32_t dev = out_instance(o, name);
		out_value(o, M_DISK_READS, dev, v[0]);
		out_value(o, M_DISK_READ_BYTES, dev, v[2]);
		out_value(o, M_DISK_READ_TIME, dev, v[3]);
		out_value(o, M_DISK_WRITES, dev, v[4]);
		out_value(o, M_DISK_WRITE_BYTES, dev, v[6]);
		out_value(o, M_DISK_WRITE_TIME, dev, v[7]);
		out_value(o, M_DISK_INFLIGHT, dev, v[8]);
		out_value(o, M_DISK_BUSY, dev, v[9]);
		out_value(o, M_DISK_QUEUE_TIME, dev, v[10]);
		out_value(o, M_DISK_DEVNO, dev, major << 20 | (minor & 0xfffff));
	}
	return any ? 0 : -EBADMSG;
}
