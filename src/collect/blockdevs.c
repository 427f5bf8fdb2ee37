/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* blockdevs: what each block device is and what it lies on, so that "dm-0" can be shown as vg0-root on sda2.
 *
 * The devices are those that did something (disk.reads). sysfs has a folder for each whole device: dm/name and dm/uuid of the device mapper,
 * whose uuid begins with who made it (LVM-, CRYPT-LUKS2-, mpath-), md/level, loop/backing_file, and in slaves/ what it lies on. A partition
 * has no folder there, and is known by its name: that of its disk, "p" where that ends in a digit, and a number (block/genhd.c). All is
 * looked up when a device comes or goes, and once a minute, since logical volumes are renamed and moved. */
#include "collect/engine_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_S = 60, TEXT = 256, PARENTS = 64 };

struct block_walk {
	struct engine *e;
	struct sample *out;
	const char *name;
	struct block_device like; /* what its rows share */
	unsigned parents;
};

/* First line of sys/block/NAME/FILE; false when it is not there. */
static bool block_text(struct engine *e, const char *name, const char *file, char text[static TEXT])
{
	char path[2 * TEXT];
	int len = snprintf(path, sizeof path, "sys/block/%s/%s", name, file);
	ssize_t n = len > 0 && (size_t)len < sizeof path
			    ? reader_file(e->reader, path, NULL, text, TEXT - 1)
			    : -ENAMETOOLONG;
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n > 0;
}

static bool block_number(struct engine *e, const char *name, const char *file, uint64_t *ret)
{
	char text[TEXT];
	if (!block_text(e, name, file, text))
		return false;
	struct scan s = scan_over(text, strlen(text));
	return scan_u64(&s, ret);
}

static uint32_t intern_of(struct engine *e, const char *text)
{
	return intern_id(&e->series->names, text, strlen(text));
}

static const char *kind_of_dm(const char *uuid)
{
	static const struct {
		const char *begins, *kind;
	} kinds[] = {{"LVM-", "lvm"}, {"CRYPT-LUKS", "luks"}, {"CRYPT-VERITY", "verity"},
		{"CRYPT-", "crypt"}, {"mpath-", "multipath"}, {"part", "partition"},
		{"DMRAID-", "raid"}};
	for (size_t i = 0; i < COUNTOF(kinds); i++)
		if (strncmp(uuid, kinds[i].begins, strlen(kinds[i].begins)) == 0)
			return kinds[i].kind;
	return "dm";
}

static const char *kind_of_name(const char *name)
{
	static const char *const kinds[] = {"loop", "zram", "bcache", "drbd", "nbd", "rbd", "ram"};
	for (size_t i = 0; i < COUNTOF(kinds); i++)
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return kinds[i];
	return "disk";
}

/* "sda2" -> "sda", "nvme0n1p3" -> "nvme0n1"; false when it has no number at its end. */
static bool disk_of_partition(const char *name, char disk[static TEXT])
{
	size_t n = strlen(name);
	if (n == 0 || n >= TEXT)
		return false;
	memcpy(disk, name, n + 1);
	size_t digits = n;
	while (digits > 0 && disk[digits - 1] >= '0' && disk[digits - 1] <= '9')
		digits--;
	if (digits == n || digits == 0)
		return false;
	if (disk[digits - 1] == 'p' && digits > 1 && disk[digits - 2] >= '0' &&
		disk[digits - 2] <= '9')
		digits--;
	disk[digits] = '\0';
	return true;
}

/* The rows of a device stand in the order of their parents' names: folders of sysfs have none. */
static void add_row(struct block_walk *w, uint32_t parent)
{
	const struct intern *names = &w->e->series->names;
	struct block_device *row = table_add(&w->out->blockdevs, sizeof *row);
	if (!row)
		return;
	for (unsigned n = w->parents++; n > 0; n--, row--) {
		if (strcmp(intern_text(names, row[-1].parent), intern_text(names, parent)) <= 0)
			break;
		*row = row[-1];
	}
	*row = w->like;
	row->parent = parent;
}

static int add_parent(void *ctx, const char *name)
{
	struct block_walk *w = ctx;
	add_row(w, intern_of(w->e, name));
	return w->parents == PARENTS;
}

static void describe(struct block_walk *w)
{
	char text[TEXT], uuid[TEXT];
	w->like.kind = kind_of_name(w->name);
	if (block_text(w->e, w->name, "dm/name", text)) {
		w->like.title = intern_of(w->e, text);
		w->like.kind = kind_of_dm(block_text(w->e, w->name, "dm/uuid", uuid) ? uuid : "");
	} else if (block_text(w->e, w->name, "md/level", text)) {
		w->like.title = intern_of(w->e, text);
		w->like.kind = "raid";
	} else if (strncmp(w->name, "loop", 4) == 0 &&
		   block_text(w->e, w->name, "loop/backing_file", text)) {
		w->like.title = intern_of(w->e, text);
	}
}

static void add_device(struct engine *e, struct sample *out, uint32_t device)
{
	struct block_walk w = {.e = e,
		.out = out,
		.name = intern_text(&e->series->names, device),
		.like = {.device = device}};
	char disk[TEXT], path[2 * TEXT];
	uint64_t rotational, requests;
	if (strchr(w.name, '/')) /* "cciss!c0d0" here is "cciss/c0d0" there */
		return;
	if (!block_number(e, w.name, "queue/rotational", &rotational)) {
		if (disk_of_partition(w.name, disk) &&
			block_number(e, disk, "queue/rotational", &rotational)) {
			w.like.kind = "partition";
			w.like.rotational = rotational ? 2 : 1;
			add_row(&w, intern_of(e, disk));
		}
		return;
	}
	w.like.rotational = rotational ? 2 : 1;
	if (block_number(e, w.name, "queue/nr_requests", &requests) && requests <= UINT32_MAX)
		w.like.queue = (uint32_t)requests;
	describe(&w);
	int len = snprintf(path, sizeof path, "sys/block/%s/slaves", w.name);
	if (len > 0 && (size_t)len < sizeof path)
		(void)reader_names(e->reader, path, add_parent, &w);
	if (w.parents == 0)
		add_row(&w, 0);
}

void engine_blockdevs(struct engine *e, const struct sample *prev, struct sample *out)
{
	uint64_t hash = 1, v;
	for (uint32_t id = e->series->first[M_DISK_READS]; id; id = series_row(e->series, id)->next)
		if (sample_get(out, id, &v))
			hash = hash * 31 + id;
	bool look = !prev || e->ticks == 0 || reader_is_replay(e->reader) ||
		    reader_is_recording(e->reader) || hash != e->blocks_hash ||
		    e->now_ns - e->blocks_ns >= LOOK_S * UINT64_C(1000000000);
	if (!look) {
		size_t size = prev->blockdevs.count * sizeof(struct block_device);
		void *rows = size ? arena_push(&out->blockdevs.rows, size) : NULL;
		if (rows) {
			memcpy(rows, prev->blockdevs.rows.base, size);
			out->blockdevs.count = prev->blockdevs.count;
		}
		return;
	}
	e->blocks_hash = hash;
	e->blocks_ns = e->now_ns;
	for (uint32_t id = e->series->first[M_DISK_READS]; id; id = series_row(e->series, id)->next)
		if (sample_get(out, id, &v))
			add_device(e, out, series_row(e->series, id)->instance);
}
