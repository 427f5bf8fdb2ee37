/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* filesystems: space and inodes of every local filesystem that can be written, and, where one runs
 * short, the files that are open on it.
 *
 * The list comes from /proc/self/mountinfo, the numbers from statvfs(2). "available" excludes what
 * is reserved for root; when it is 0, services fail although `free` is not. A filesystem mounted in
 * several places is taken once, at its shortest path. Network and FUSE filesystems are left alone:
 * statvfs on a dead one never returns, and would stop the recorder with it; they are named as gaps.
 */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	FS_MAX = 512,
	FILES_PROCS = 32,
	FILES_FDS = 4096,
	FILES_BUDGET_NS = 20000000, /* in one tick */
	FILES_CHEAP_NS = 5000000,   /* what is looked at in every tick */
	FILES_SHARE = 200,
	LOOK_AHEAD_S = 1800
};

static bool is_one_of(const char *type, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(type, list[i]) == 0)
			return true;
	return false;
}

static bool local_type(const char *type)
{
	static const char *const local[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs",
		"reiserfs", "zfs", "tmpfs", "vfat", "exfat", "ntfs3", "overlay", "nilfs2",
		"bcachefs", "ubifs"};
	return is_one_of(type, local, COUNTOF(local));
}

static bool remote_type(const char *type)
{
	static const char *const remote[] = {"nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs",
		"lustre", "afs", "9p", "virtiofs", "gpfs", "ocfs2"};
	return is_one_of(type, remote, COUNTOF(remote)) || strncmp(type, "fuse", 4) == 0;
}

/* These make inodes as they need them: what they report is an estimate from the free space. */
static bool dynamic_inodes(const char *type)
{
	static const char *const types[] = {"xfs", "btrfs", "zfs", "bcachefs"};
	return is_one_of(type, types, COUNTOF(types));
}

struct fs_seen {
	uint64_t devno;
	bool dynamic, gave_up;
	uint32_t path; /* interned */
	uint16_t len;
};

static void emit_fs(struct engine *e, struct sample *out, const struct fs_seen *f)
{
	const char *path = intern_text(&e->series->names, f->path);
	struct reader_fs fs;
	int r = reader_statvfs(e->reader, path, &fs);
	if (r < 0) {
		if (!reader_is_replay(e->reader))
			sample_gap(out, NETNS_HOST, -r, "a mounted filesystem (statvfs)",
				"filesystem.space filesystem.inodes");
		return;
	}
	if (fs.size == 0)
		return;
	const struct out o = {out, e->series, NETNS_HOST};
	out_value(&o, M_FS_SIZE, f->path, fs.size);
	out_value(&o, M_FS_FREE, f->path, fs.free);
	out_value(&o, M_FS_AVAILABLE, f->path, fs.available);
	out_value(&o, M_FS_DEVNO, f->path, f->devno);
	if (f->gave_up)
		out_value(&o, M_FS_READONLY, f->path, 1);
	if (fs.inodes && !f->dynamic) {
		out_value(&o, M_FS_INODES, f->path, fs.inodes);
		out_value(&o, M_FS_INODES_FREE, f->path, fs.inodes_free);
	}
}

void engine_filesystems(struct engine *e, struct sample *out)
{
	ssize_t n = reader_file(
		e->reader, "proc/self/mountinfo", &e->mountinfo, e->buffer, ENGINE_BUFFER);
	if (n < 0) {
		sample_gap(out, NETNS_HOST, (int)-n, "the list of mounts",
			"filesystem.space filesystem.inodes");
		return;
	}
	struct fs_seen *seen = arena_alloc(&e->scratch, FS_MAX * sizeof *seen);
	struct mount_line *m = arena_alloc(&e->scratch, sizeof *m);
	if (!seen || !m)
		return;
	size_t count = 0;
	bool remote = false;
	struct scan s = scan_over(e->buffer, (size_t)n), line;
	while (scan_line(&s, &line)) {
		if (!parse_mountinfo(line, m))
			continue;
		remote = remote || remote_type(m->type);
		if (m->read_only || !local_type(m->type))
			continue;
		/* Images of containers lie on a filesystem that is listed already, and repeat its numbers. */
		if (strcmp(m->type, "overlay") == 0 && strcmp(m->path, "/") != 0)
			continue;
		size_t len = strlen(m->path), i = 0;
		while (i < count && seen[i].devno != m->devno)
			i++;
		if (i == FS_MAX || (i < count && seen[i].len <= len))
			continue;
		seen[i] = (struct fs_seen){m->devno, dynamic_inodes(m->type), m->gave_up,
			intern_id(&e->series->names, m->path, len), (uint16_t)len};
		count += i == count;
	}
	for (size_t i = 0; i < count; i++)
		if (seen[i].path)
			emit_fs(e, out, &seen[i]);
	if (remote)
		sample_gap(out, NETNS_HOST, 0,
			"network and FUSE filesystems (asking a dead one never returns)",
			"their space");
}

/* ---- open files, where a filesystem or a descriptor limit asks for them ---- */

struct file_walk {
	struct engine *e;
	struct sample *out;
	int32_t pid;
	uint32_t first; /* row of this process's first file */
	bool every;     /* every descriptor, not only files on the devices */
	const uint64_t *devices;
	size_t ndevices;
	unsigned looked;
	uint64_t until_ns; /* CPU time of this thread */
};

static int note_file(void *ctx, const struct reader_fd *fd)
{
	struct file_walk *w = ctx;
	bool on_device = false;
	if (++w->looked % 64 == 0 && clock_thread_ns() > w->until_ns)
		return 1;
	for (size_t i = 0; i < w->ndevices; i++)
		on_device = on_device || (fd->regular && fd->devno == w->devices[i]);
	if (!on_device && !w->every)
		return 0;
	/* socket:[123] and the like: one row for each kind */
	size_t len = fd->target[0] == '/' ? strlen(fd->target) : strcspn(fd->target, ":");
	uint32_t path = intern_id(&w->e->series->names, fd->target, len < 512 ? len : 512);
	struct open_file *rows = TABLE_ROWS(w->out->files, struct open_file);
	for (uint32_t i = w->first; i < w->out->files.count; i++) {
		if (rows[i].path == path && rows[i].inode == fd->inode) {
			rows[i].count++;
			rows[i].writable = rows[i].writable || fd->writable;
			return 0;
		}
	}
	struct open_file *f = table_add(&w->out->files, sizeof *f);
	if (f)
		*f = (struct open_file){w->pid, fd->fd, fd->devno, fd->inode, fd->size, 1,
			fd->writable, fd->deleted, path};
	return 0;
}

/* Filesystems with less than a tenth left, or losing what they have within minutes. */
static size_t devices_in_trouble(const struct engine *e, const struct sample *prev,
	const struct sample *out, uint64_t *devices)
{
	size_t n = 0;
	for (uint32_t id = e->series->first[M_FS_SIZE]; id && n < ENGINE_DEVICES;
		id = series_row(e->series, id)->next) {
		uint32_t mount = series_row(e->series, id)->instance;
		uint64_t size, avail, before, devno, inodes = 0, ifree = 0, ibefore = 0;
		if (!sample_get(out, id, &size) ||
			!sample_get(
				out, series_find(e->series, M_FS_AVAILABLE, 0, mount), &avail) ||
			!sample_get(out, series_find(e->series, M_FS_DEVNO, 0, mount), &devno))
			continue;
		bool trouble = avail < size / 10;
		if (prev &&
			sample_get(
				prev, series_find(e->series, M_FS_AVAILABLE, 0, mount), &before) &&
			before > avail && prev->mono_ns < out->mono_ns)
			trouble = trouble ||
				  (before - avail) * LOOK_AHEAD_S >
					  avail * ((out->mono_ns - prev->mono_ns) / 1000000000 + 1);
		uint32_t ifree_id = series_find(e->series, M_FS_INODES_FREE, 0, mount);
		if (sample_get(out, series_find(e->series, M_FS_INODES, 0, mount), &inodes) &&
			sample_get(out, ifree_id, &ifree)) {
			trouble = trouble || ifree < inodes / 10;
			if (prev && sample_get(prev, ifree_id, &ibefore) && ibefore > ifree)
				trouble =
					trouble || (ibefore - ifree) * LOOK_AHEAD_S >
							   ifree * ((out->mono_ns - prev->mono_ns) /
										   1000000000 +
									   1);
		}
		if (trouble)
			devices[n++] = devno;
	}
	return n;
}

struct candidate {
	const struct proc *p;
	uint64_t score;
	bool fds_short;
};

/* How much a process had to do with storage since the last sample; 0 when nothing. A blocked one
 * counts before all others. */
enum { SHARED_GROWTH_KIB = 4096 }; /* between two samples, worth asking who writes */

static uint64_t storage_score(const struct proc *p, const struct proc *before)
{
	uint64_t score = p->blocked_threads || p->state == 'D' ? 1u << 30 : 0;
	if (!(p->have & HAVE_IO))
		return score;
	if (!before || !(before->have & HAVE_IO))
		return score + 1;
	return score + (p->io_write_calls - before->io_write_calls) +
	       (p->io_read - before->io_read) / 4096 + (p->io_write - before->io_write) / 4096;
}

/* The processes whose files are worth a look: those near their descriptor limit, then those that
 * used storage most. */
static size_t candidates(const struct sample *prev, const struct sample *out, bool devices,
	struct candidate best[FILES_PROCS])
{
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	size_t n = 0;
	for (uint32_t i = 0; i < out->procs.count; i++) {
		const struct proc *p = &procs[i];
		if (p->kernel)
			continue;
		const struct proc *before =
			prev ? sample_proc_near(prev, p->pid, p->start_ticks, i) : NULL;
		struct candidate c = {p, devices ? storage_score(p, before) : 0, false};
		c.fds_short = (p->have & HAVE_FDS) && (p->have & HAVE_FD_LIMIT) &&
			      p->fds * 2 >= p->fd_limit;
		if (c.fds_short)
			c.score = UINT64_MAX;
		if (!c.score)
			continue;
		size_t at = n < FILES_PROCS ? n++ : FILES_PROCS;
		for (; at > 0 && best[at - 1].score < c.score; at--)
			if (at < FILES_PROCS)
				best[at] = best[at - 1];
		if (at < FILES_PROCS)
			best[at] = c;
	}
	return n;
}

/* Who writes to a tmpfs has none of it itself. */
static bool files_in_memory_grow(
	const struct engine *e, const struct sample *prev, const struct sample *out)
{
	uint64_t now, before, total, available;
	return prev && sample_gauge(e->series, out, M_MEM_SHMEM, NETNS_HOST, &now) &&
	       sample_gauge(e->series, prev, M_MEM_SHMEM, NETNS_HOST, &before) &&
	       now > before + SHARED_GROWTH_KIB &&
	       sample_gauge(e->series, out, M_MEM_TOTAL, NETNS_HOST, &total) &&
	       sample_gauge(e->series, out, M_MEM_AVAILABLE, NETNS_HOST, &available) &&
	       available < total / 2;
}

void engine_storage_demand(struct engine *e, const struct sample *prev, struct sample *out)
{
	e->ndevices = devices_in_trouble(e, prev, out, e->devices);
	/* A busy disk asks as well: whose files are on it? */
	for (uint32_t id = e->series->first[M_DISK_BUSY];
		prev && id && e->ndevices < ENGINE_DEVICES; id = series_row(e->series, id)->next) {
		uint64_t now, before, devno;
		if (sample_get(out, id, &now) && sample_get(prev, id, &before) && now > before &&
			out->mono_ns > prev->mono_ns &&
			(now - before) * 1000000 * 10 > (out->mono_ns - prev->mono_ns) * 8 &&
			sample_get(out,
				series_find(e->series, M_DISK_DEVNO, 0,
					series_row(e->series, id)->instance),
				&devno))
			e->devices[e->ndevices++] = devno;
	}
	uint64_t blocked = 0;
	(void)sample_gauge(e->series, out, M_PROCS_BLOCKED, NETNS_HOST, &blocked);
	/* That counts waits for disks. Who waits for a network filesystem, or a program behind one, is in D as well. */
	for (uint32_t i = 0; i < out->procs.count && !blocked; i++) {
		const struct proc *p = &TABLE_ROWS(out->procs, struct proc)[i];
		blocked = !p->kernel && p->state == 'D';
	}
	if (e->ndevices || blocked || files_in_memory_grow(e, prev, out))
		e->demand |= DEMAND_IO;
}

/* A process that is short of descriptors has thousands of them, and there may be many such. What a look costs in a tick is bounded; who comes
 * first changes; and the next look waits until this one was half a percent of one CPU. */
void engine_files(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct candidate best[FILES_PROCS];
	bool whole = reader_is_replay(e->reader) || (e->want & (WANT_CONNS | WANT_ALL_FDS));
	if (e->now_ns < e->files_next_ns && !whole)
		return;
	size_t n = candidates(prev, out, e->ndevices > 0, best);
	uint64_t begun = clock_thread_ns();
	size_t first = n && best[0].fds_short && !whole ? e->ticks % n : 0;
	for (size_t i = 0; i < n; i++) {
		const struct candidate *c = &best[(first + i) % n];
		struct file_walk w = {e, out, c->p->pid, out->files.count, c->fds_short, e->devices,
			e->ndevices, 0, whole ? UINT64_MAX : begun + FILES_BUDGET_NS};
		(void)reader_proc_fds(e->reader, c->p->pid, FILES_FDS, true, note_file, &w);
		out->have_files = true;
		if (clock_thread_ns() > w.until_ns)
			break;
	}
	uint64_t cost = clock_thread_ns() - begun;
	e->files_next_ns = cost > FILES_CHEAP_NS ? e->now_ns + cost * FILES_SHARE : 0;
}
