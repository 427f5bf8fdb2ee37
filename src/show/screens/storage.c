/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* disks: block devices by time and bytes, and the filesystems by what is left. */
#include "base/text.h"
#include "ledger/stack.h"
#include "show/screens/screen_impl.h"

#include <string.h>

#define DISKSTATS "/proc/diskstats"
#define STATFS    "statfs() of each local filesystem"

enum {
	D_NAME,
	D_BUSY,
	D_READ,
	D_WRITE,
	D_READS,
	D_WRITES,
	D_RWAIT,
	D_WWAIT,
	D_QUEUE,
	D_INFLIGHT,
	D_SIZE,
	D_LEFT,
	D_INODES,
	D_GROWS,
	D_WHAT
};

static const struct screen_column columns[] = {
	[D_NAME] = {"name", "disk or mount", CELL_TEXT, 14, 0, true, -1, NULL,
		"a block device, or where a filesystem is mounted",
		"/proc/diskstats, /proc/self/mountinfo"},
	[D_BUSY] = {"busy", "busy", CELL_SHARE, 6, 0, false, M_DISK_BUSY, NULL, NULL, DISKSTATS},
	[D_READ] = {"read", "read/s", CELL_BYTES, 8, 0, false, M_DISK_READ_BYTES, "a second", NULL,
		DISKSTATS},
	[D_WRITE] = {"write", "write/s", CELL_BYTES, 8, 0, false, M_DISK_WRITE_BYTES, "a second",
		NULL, DISKSTATS},
	[D_READS] = {"reads", "reads/s", CELL_COUNT, 7, 3, false, M_DISK_READS, "a second", NULL,
		DISKSTATS},
	[D_WRITES] = {"writes", "writes/s", CELL_COUNT, 8, 3, false, M_DISK_WRITES, "a second",
		NULL, DISKSTATS},
	[D_RWAIT] = {"rwait", "r wait", CELL_SECONDS, 7, 1, false, M_DISK_READ_TIME, "for each",
		NULL, DISKSTATS},
	[D_WWAIT] = {"wwait", "w wait", CELL_SECONDS, 7, 1, false, M_DISK_WRITE_TIME, "for each",
		NULL, DISKSTATS},
	[D_QUEUE] = {"queue", "queue", CELL_COUNT, 5, 2, false, M_DISK_QUEUE_TIME, "a second", NULL,
		DISKSTATS},
	[D_INFLIGHT] = {"inflight", "now", CELL_COUNT, 4, 5, false, M_DISK_INFLIGHT, NULL, NULL,
		DISKSTATS},
	[D_SIZE] = {"size", "size", CELL_BYTES, 8, 2, false, M_FS_SIZE, NULL, NULL, STATFS},
	[D_LEFT] = {"left", "left", CELL_SHARE, 6, 0, false, M_FS_AVAILABLE, NULL, NULL, STATFS},
	[D_INODES] = {"inodes", "inodes left", CELL_SHARE, 11, 4, false, M_FS_INODES_FREE, NULL,
		NULL, STATFS},
	[D_GROWS] = {"grows", "grows/s", CELL_BYTES, 8, 4, false, -1, "a second",
		"how fast the filesystem fills, over the time looked at", STATFS},
	[D_WHAT] = {"what", "what it is", CELL_TEXT, 12, 6, true, -1, NULL,
		"what the device lies on; deleted files that still take room", "/sys/block"},
};

static void add_disk(struct screen *s, struct view *v, const struct screen_context *c, uint32_t id)
{
	uint32_t dev = series_row(v->series, id)->instance;
	const char *name = series_instance(v->series, id), *stack = stack_text(v, dev);
	double reads = delta_of(v, M_DISK_READS, 0, dev),
	       writes = delta_of(v, M_DISK_WRITES, 0, dev);
	double busy;
	if (!view_rate(v, id, &busy))
		return;
	struct screen_row *row = screen_add(s, key_pair(1, dev));
	if (!row)
		return;
	cell_text(row, D_NAME, name);
	cell_number(s, row, D_BUSY, busy);
	cell_number(s, row, D_READ, rate_of(v, M_DISK_READ_BYTES, 0, dev));
	cell_number(s, row, D_WRITE, rate_of(v, M_DISK_WRITE_BYTES, 0, dev));
	cell_number(s, row, D_READS, reads / v->seconds);
	cell_number(s, row, D_WRITES, writes / v->seconds);
	if (reads > 0)
		cell_number(s, row, D_RWAIT, delta_of(v, M_DISK_READ_TIME, 0, dev) / reads);
	if (writes > 0)
		cell_number(s, row, D_WWAIT, delta_of(v, M_DISK_WRITE_TIME, 0, dev) / writes);
	cell_number(s, row, D_QUEUE, rate_of(v, M_DISK_QUEUE_TIME, 0, dev));
	cell_number(s, row, D_INFLIGHT, number_of(v, M_DISK_INFLIGHT, 0, dev));
	cell_text(row, D_WHAT, stack ? stack : who_is_partition(v, id) ? "partition" : "");
	row->tone = tone_of_resource(c->findings, say(v, "disk.io:%s", name), -1);
	if (row->tone == TONE_PLAIN)
		row->tone = tone_of_resource(c->findings, say(v, "disk.stall:%s", name), -1);
	if (row->tone == TONE_PLAIN && who_is_partition(v, id))
		row->tone = TONE_DIM;
}

static void add_filesystem(
	struct screen *s, struct view *v, const struct screen_context *c, uint32_t id)
{
	uint32_t mount = series_row(v->series, id)->instance;
	const char *name = series_instance(v->series, id);
	double size, left = number_of(v, M_FS_AVAILABLE, 0, mount),
		     deleted = number_of(v, M_FS_DELETED, 0, mount);
	double inodes = number_of(v, M_FS_INODES, 0, mount),
	       free = number_of(v, M_FS_INODES_FREE, 0, mount);
	if (!view_gauge(v, id, &size))
		return;
	struct screen_row *row = screen_add(s, key_pair(2, mount));
	if (!row)
		return;
	cell_text(row, D_NAME, name);
	cell_number(s, row, D_SIZE, size);
	cell_number(s, row, D_LEFT, size > 0 ? left / size : NAN);
	if (inodes > 0)
		cell_number(s, row, D_INODES, free / inodes);
	double slope = -view_trend(v, view_id(v, M_FS_AVAILABLE, 0, mount)).slope;
	if (fabs(slope) >= 1)
		cell_number(s, row, D_GROWS, slope);
	cell_text(row, D_WHAT,
		deleted > 0 ? say(v, "%s in files without a name", read_bytes(v, deleted))
			    : "filesystem");
	row->tone = tone_of_resource(c->findings, say(v, "filesystem.space:%s", name), -1);
	if (row->tone == TONE_PLAIN)
		row->tone = tone_of_resource(c->findings, say(v, "filesystem.inodes:%s", name), -1);
}

static int build(struct screen *s, struct view *v, const struct screen_context *c)
{
	double some = rate_of(v, M_PSI_IO_SOME, 0, 0), full = rate_of(v, M_PSI_IO_FULL, 0, 0);
	const struct sample *last = view_last(v);
	meter_disks(s, v, c, c->tall ? 8 : 2);
	if (!isnan(some))
		screen_say(s, v, TONE_PLAIN, "waited",
			"some task waited for storage %s of the time, all of them %s; %s tasks are "
			"blocked",
			read_share(v, some), read_share(v, full),
			read_count(v, number_of(v, M_PROCS_BLOCKED, 0, 0)))
			->prio = 1;
	const struct held_file *held = TABLE_ROWS(last->held, struct held_file);
	for (uint32_t i = 0, shown = 0; i < last->held.count && shown < 3; i++)
		if (held[i].growth && held[i].since_ns && !held[i].deleted) {
			screen_say(s, v, TONE_PLAIN, shown++ ? "" : "grows", "%s by %s/s, pid %d",
				intern_text(&v->series->names, held[i].path),
				read_bytes(v,
					(double)held[i].growth / ((double)held[i].since_ns / 1e9)),
				held[i].pid)
				->prio = 3;
		}
	screen_say(s, v, TONE_PLAIN, "", "%s", "")->prio = 7;
	s->empty = "no disk and no filesystem was read";
	for (int partitions = 0; partitions < 2; partitions++)
		for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id;
			id = view_each(v, M_DISK_BUSY, id))
			if (who_is_partition(v, id) == (partitions == 1))
				add_disk(s, v, c, id);
	for (uint32_t id = view_each(v, M_FS_SIZE, 0); id; id = view_each(v, M_FS_SIZE, id))
		add_filesystem(s, v, c, id);
	return 0;
}

const struct screen_maker screen_disks = {COLUMNS_OF(columns), build, NULL};
