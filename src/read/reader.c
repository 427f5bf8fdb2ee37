/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/reader.h"

#include "base/clock.h"
#include "base/num.h"
#include "read/reader_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

int (*reader_fault)(void);

int reader_may(void)
{
	return reader_fault ? -reader_fault() : 0;
}

/* A file and the folders it needs, below dir_fd. */
static int open_below(int dir_fd, const char *path, int flags)
{
	int fd = openat(dir_fd, path, flags | O_CLOEXEC, 0644);
	if (fd >= 0 || errno != ENOENT || !(flags & O_CREAT))
		return fd < 0 ? -errno : fd;
	char part[PATH_MAX];
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);
		if (n >= sizeof part)
			return -ENAMETOOLONG;
		memcpy(part, path, n);
		part[n] = '\0';
		if (n && mkdirat(dir_fd, part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	fd = openat(dir_fd, path, flags | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}

void reader_record(
	struct reader *r, bool host, const char *path, const void *bytes, size_t len, bool append)
{
	if (r->record_moment_fd < 0)
		return;
	char full[PATH_MAX];
	(void)snprintf(full, sizeof full, "%s%s", host ? "" : r->prefix, path);
	AUTO_FD int fd = open_below(
		r->record_moment_fd, full, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC));
	const unsigned char *p = bytes;
	while (fd >= 0 && len > 0) {
		ssize_t n = write(fd, p, len);
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

/* A caller that asks for this little expects one record (a number, /proc/PID/stat, a pressure file): the kernel gives it in one
 * read, and a second one only to see the end would cost as much again. */
enum { ONE_RECORD = 1024 };

static ssize_t read_all(int fd, void *buf, size_t size)
{
	size_t at = 0;
	while (at < size) {
		int fault = reader_may();
		ssize_t n = fault ? -1 : pread(fd, (char *)buf + at, size - at, (off_t)at);
		if (fault)
			return fault;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		at += (size_t)n;
		if (size <= ONE_RECORD)
			break;
	}
	return (ssize_t)at;
}

static ssize_t read_path(int dir_fd, const char *path, void *buf, size_t size)
{
	int fault = reader_may();
	if (fault)
		return fault;
	AUTO_FD int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : read_all(fd, buf, size);
}

ssize_t reader_proc_stat(
	struct reader *r, int32_t pid, bool want_owner, void *buf, size_t size, uint32_t *ret_uid)
{
	char path[64];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/stat", pid);
	if (r->replay) {
		uint64_t uid = 0;
		char text[32], owner[64];
		(void)snprintf(owner, sizeof owner, "proc/%" PRId32 "/owner", pid);
		ssize_t n = reader_moment_file(r, owner, text, sizeof text);
		struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
		(void)scan_u64(&s, &uid);
		*ret_uid = (uint32_t)uid;
		return reader_moment_file(r, path, buf, size);
	}
	int fault = reader_may();
	if (fault)
		return fault;
	AUTO_FD int fd = openat(r->root_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	ssize_t n = read_all(fd, buf, size);
	/* Files of a process that changed its user (most servers' workers) belong to root; its folder tells whose it is. */
	char folder[32];
	(void)snprintf(folder, sizeof folder, "proc/%" PRId32, pid);
	if (n >= 0 && st.st_uid == 0 && want_owner && fstatat(r->root_fd, folder, &st, 0) < 0)
		return -errno;
	if (n >= 0) {
		*ret_uid = st.st_uid;
		reader_record(r, true, path, buf, (size_t)n, false);
		if (r->record_moment_fd >= 0) {
			char text[32];
			int len = snprintf(text, sizeof text, "%" PRIu32 "\n", st.st_uid);
			(void)snprintf(path, sizeof path, "proc/%" PRId32 "/owner", pid);
			reader_record(r, true, path, text, (size_t)len, false);
		}
	}
	return n;
}

ssize_t reader_moment_file(struct reader *r, const char *path, void *buf, size_t size)
{
	return read_path(r->moment_fd, path, buf, size);
}

/* A tree holds no modes that root would have to respect: why a file could not be read stands beside its place, by name, since numbers
 * differ between architectures. */
static const struct {
	const char *name;
	int error;
} recorded_errors[] = {{"EACCES", EACCES}, {"EPERM", EPERM}, {"EIO", EIO}, {"EINVAL", EINVAL},
	{"EOPNOTSUPP", EOPNOTSUPP}, {"ENODEV", ENODEV}, {"ESRCH", ESRCH}, {"ENOMEM", ENOMEM},
	{"EISDIR", EISDIR}, {"ENXIO", ENXIO}};

static void record_error(struct reader *r, const char *path, int error)
{
	char beside[PATH_MAX];
	(void)snprintf(beside, sizeof beside, "%s.errno", path);
	for (size_t i = 0; i < COUNTOF(recorded_errors) && r->record_moment_fd >= 0; i++)
		if (recorded_errors[i].error == error)
			reader_record(r, false, beside, recorded_errors[i].name,
				strlen(recorded_errors[i].name), false);
}

static ssize_t recorded_error(struct reader *r, const char *full)
{
	char beside[PATH_MAX + 8], text[32];
	(void)snprintf(beside, sizeof beside, "%s.errno", full);
	ssize_t n = read_path(r->moment_fd, beside, text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0), word;
	if (!scan_word(&s, &word))
		return -ENOENT;
	for (size_t i = 0; i < COUNTOF(recorded_errors); i++)
		if (scan_is(word, recorded_errors[i].name))
			return -recorded_errors[i].error;
	return -EIO;
}

static ssize_t live_file(
	struct reader *r, const char *path, struct kept *kept, void *buf, size_t size)
{
	ssize_t n;
	if (reader_made(r, path, kept, buf, size, &n))
		return n;
	char mounts[32];
	if (r->first && strcmp(path, "proc/self/mountinfo") == 0) {
		(void)snprintf(mounts, sizeof mounts, "proc/%d/mountinfo", r->first);
		path = mounts;
	}
	if (!kept)
		return read_path(r->root_fd, path, buf, size);
	bool fresh = kept->fd < 0;
	for (;;) {
		if (kept->fd < 0) {
			int fault = reader_may();
			if (fault)
				return fault;
			kept->fd = openat(
				r->root_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
			if (kept->fd < 0)
				return -errno;
		}
		n = read_all(kept->fd, buf, size);
		if (n >= 0)
			return n;
		(void)close(kept->fd);
		kept->fd = -1;
		if (fresh)
			return n;
		fresh = true; /* the file behind the descriptor is gone (a cgroup made anew): once more by name */
	}
}

ssize_t reader_file(struct reader *r, const char *path, struct kept *kept, void *buf, size_t size)
{
	if (r->replay) {
		char full[PATH_MAX];
		(void)snprintf(full, sizeof full, "%s%s", r->prefix, path);
		ssize_t got = read_path(r->moment_fd, full, buf, size);
		return got == -ENOENT ? recorded_error(r, full) : got;
	}
	ssize_t n = live_file(r, path, kept, buf, size);
	if (n >= 0)
		reader_record(r, false, path, buf, (size_t)n, false);
	else if (n != -ENOENT)
		record_error(r, path, (int)-n);
	return n;
}

/* getdents64 into a buffer of our own, here and below: readdir() would malloc on every tick. */
static int list(struct reader *r, const char *path, bool folders_only,
	int (*each)(void *ctx, const char *name), void *ctx)
{
	unsigned char buf[4096] __attribute__((aligned(16)));
	int fault = reader_may();
	if (fault)
		return fault;
	AUTO_FD int fd = openat(r->moment_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n;
	while ((n = getdents64(fd, buf, sizeof buf)) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const void *)(buf + at);
			struct stat st;
			at += e->d_reclen;
			if (e->d_name[0] == '.' ||
				(folders_only && e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
				continue;
			if (folders_only && e->d_type == DT_UNKNOWN &&
				(fstatat(fd, e->d_name, &st, 0) < 0 || !S_ISDIR(st.st_mode)))
				continue;
			if (r->record_moment_fd >= 0) {
				char marker[PATH_MAX];
				(void)snprintf(
					marker, sizeof marker, "%s/%s/.keep", path, e->d_name);
				reader_record(r, true, marker, "", 0, false);
			}
			if (each(ctx, e->d_name))
				return 0;
		}
	}
	return n < 0 ? -errno : 0;
}

int reader_dirs(
	struct reader *r, const char *path, int (*each)(void *ctx, const char *name), void *ctx)
{
	return list(r, path, true, each, ctx);
}

int reader_names(
	struct reader *r, const char *path, int (*each)(void *ctx, const char *name), void *ctx)
{
	return list(r, path, false, each, ctx);
}

ssize_t reader_pids(struct reader *r, int32_t *pids, size_t max)
{
	int fault = reader_may();
	if (fault)
		return fault;
	AUTO_FD int fd = openat(r->moment_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t count = 0;
	bool sorted = true;
	for (;;) {
		ssize_t n = getdents64(fd, r->dump_buffer, sizeof r->dump_buffer);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const void *)(r->dump_buffer + at);
			at += e->d_reclen;
			uint64_t pid;
			if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
				num_u64(e->d_name, &pid) < 0 || pid > INT32_MAX)
				continue;
			if (count == max)
				return (ssize_t)count;
			if (count && pids[count - 1] > (int32_t)pid)
				sorted = false;
			pids[count++] = (int32_t)pid;
		}
	}
	for (size_t i = 1; !sorted && i < count;
		i++) { /* a recorded tree is in any order; the kernel's never is */
		int32_t p = pids[i];
		size_t k = i;
		for (; k > 0 && pids[k - 1] > p; k--)
			pids[k] = pids[k - 1];
		pids[k] = p;
	}
	return (ssize_t)count;
}

static int statvfs_replay(struct reader *r, const char *mount, struct reader_fs *ret)
{
	ssize_t n = reader_moment_file(r, "mounts.statvfs", r->dump_buffer, sizeof r->dump_buffer);
	if (n < 0)
		return (int)n;
	struct scan s = scan_over(r->dump_buffer, (size_t)n), line;
	while (scan_line(&s, &line)) {
		struct reader_fs f;
		if (scan_u64(&line, &f.size) && scan_u64(&line, &f.free) &&
			scan_u64(&line, &f.available) && scan_u64(&line, &f.inodes) &&
			scan_u64(&line, &f.inodes_free) && scan_skip(&line, ' ') &&
			scan_is(line, mount)) {
			*ret = f;
			return 0;
		}
	}
	return -ENOENT;
}

int reader_statvfs(struct reader *r, const char *mount, struct reader_fs *ret)
{
	int fault = reader_may();
	if (fault)
		return fault;
	if (r->replay)
		return statvfs_replay(r, mount, ret);
	struct statvfs v;
	char full[PATH_MAX + 32];
	int at = r->first ? snprintf(full, sizeof full, "/proc/%d/root", r->first) : 0;
	(void)snprintf(full + at, sizeof full - (size_t)at, "%s", mount);
	if (statvfs(full, &v) < 0)
		return -errno;
	uint64_t block = v.f_frsize ? v.f_frsize : v.f_bsize;
	*ret = (struct reader_fs){
		v.f_blocks * block, v.f_bfree * block, v.f_bavail * block, v.f_files, v.f_ffree};
	if (r->record_moment_fd >= 0) {
		char line[PATH_MAX + 128];
		int n = snprintf(line, sizeof line,
			"%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
			ret->size, ret->free, ret->available, ret->inodes, ret->inodes_free, mount);
		reader_record(r, true, "mounts.statvfs", line,
			(size_t)n < sizeof line ? (size_t)n : 0, true);
	}
	return 0;
}

void reader_note(struct reader *r, const char *name, const char *text, size_t len)
{
	reader_record(r, true, name, text, len, true);
}

bool reader_is_recording(const struct reader *r)
{
	return r->record_fd >= 0;
}

bool reader_is_replay(const struct reader *r)
{
	return r->replay;
}

unsigned reader_moments(const struct reader *r)
{
	return r->moments;
}

/* A folder "0" makes a tree of moments; otherwise the tree needs a proc folder and is the only
 * moment. */
static int open_tree(struct reader *r)
{
	struct stat st;
	char name[16];
	while (snprintf(name, sizeof name, "%u", r->moments) > 0 &&
		fstatat(r->root_fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode))
		r->moments++;
	if (r->moments == 0) {
		if (fstatat(r->root_fd, "proc", &st, 0) < 0)
			return -ENODATA;
		r->single = true;
		r->moments = 1;
	}
	return 0;
}

/* True when the first process has another namespace of this kind; *ret_fd is then open on what stands for it there. */
static bool first_has_other(int first, const char *kind, const char *there, int *ret_fd)
{
	char path[64], own[32];
	struct stat a, b;
	(void)snprintf(path, sizeof path, "/proc/%d/ns/%s", first, kind);
	(void)snprintf(own, sizeof own, "/proc/self/ns/%s", kind);
	if (stat(path, &a) < 0 || stat(own, &b) < 0 || a.st_ino == b.st_ino)
		return false;
	(void)snprintf(path, sizeof path, "/proc/%d/%s", first, there);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd >= 0;
}

/* Who stands for the host: the first process, or kthreadd where that one lets nobody look. */
static int first_process(void)
{
	struct stat st;
	char comm[32] = "";
	if (stat("/proc/1/ns/net", &st) == 0)
		return 1;
	AUTO_FD int fd = open("/proc/2/comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, comm, sizeof comm - 1);
	return n > 0 && strcmp(comm, "kthreadd\n") == 0 ? 2 : 1;
}

/* The host is what its first process sees, wherever this one was started: limits of the whole machine (neighbours, memory of TCP) stand in the first
 * network namespace alone, and `ip netns exec` hides the control groups behind a new /sys. Who may not look there stays where it is. */
static void see_from_first(struct reader *r)
{
	int fd, first = first_process();
	if (first_has_other(first, "net", "ns/net", &fd)) {
		if (setns(fd, CLONE_NEWNET) == 0)
			r->host_netns_fd = fd;
		else
			(void)close(fd);
	}
	if (r->host_netns_fd < 0)
		r->host_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (first_has_other(first, "mnt", "root", &fd)) {
		(void)close(r->root_fd);
		r->root_fd = fd;
		r->first = first;
	}
}

int reader_open(const char *root, const char *record_dir, struct reader **ret)
{
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	const char *tree = root && strcmp(root, "/") != 0 ? root : NULL;
	r->replay = tree != NULL;
	reader_probes_init(r);
	r->moment_fd = r->record_fd = r->record_moment_fd = r->host_netns_fd = r->taskstats_fd =
		r->books_fd = -1;
	r->root_fd = open(tree ? tree : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e = r->root_fd < 0 ? -errno : 0;
	if (e == 0 && tree) {
		e = open_tree(r);
	} else if (e == 0) {
		see_from_first(r);
		r->moment_fd = r->root_fd;
	}
	if (e == 0 && record_dir) {
		bool made = mkdir(record_dir, 0700) == 0 || errno == EEXIST;
		if (made)
			r->record_fd = open(record_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (r->record_fd < 0)
			e = -errno;
		else if (faccessat(r->record_fd, "0", F_OK, 0) == 0)
			e = -EEXIST; /* two recordings in one folder would be neither */
	}
	if (e < 0) {
		reader_close(r);
		return e;
	}
	*ret = r;
	return 0;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	if (r->replay)
		attr_close_fd(&r->moment_fd);
	const int fds[] = {r->root_fd, r->record_fd, r->record_moment_fd, r->host_netns_fd,
		r->taskstats_fd, r->books_fd};
	for (size_t i = 0; i < COUNTOF(fds); i++)
		attr_close_fd(&fds[i]);
	reader_probes_close(r);
	free(r);
}

static int begin_replay(struct reader *r, uint64_t *real_ns, uint64_t *mono_ns)
{
	if (r->moment == r->moments)
		return -ENODATA;
	char name[16];
	(void)snprintf(name, sizeof name, "%u", r->moment);
	int fd = openat(r->root_fd, r->single ? "." : name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	attr_close_fd(&r->moment_fd);
	r->moment_fd = fd;
	*real_ns = (1767225600ull + r->moment) *
		   1000000000u; /* 2026-01-01, when the tree has no clock of its own */
	*mono_ns = (1000ull + r->moment) * 1000000000u;
	r->moment++;
	char text[64];
	ssize_t n = reader_moment_file(r, "clock", text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
	uint64_t real, mono;
	if (scan_u64(&s, &real) && scan_u64(&s, &mono)) {
		*real_ns = real;
		*mono_ns = mono;
	}
	return 0;
}

int reader_begin(struct reader *r, uint64_t *real_ns, uint64_t *mono_ns)
{
	if (r->replay)
		return begin_replay(r, real_ns, mono_ns);
	*real_ns = clock_real_ns();
	*mono_ns = clock_mono_ns();
	if (r->record_fd >= 0) {
		char name[16], text[64];
		(void)snprintf(name, sizeof name, "%u", r->moment++);
		attr_close_fd(&r->record_moment_fd);
		(void)mkdirat(r->record_fd, name, 0755);
		r->record_moment_fd =
			openat(r->record_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int n = snprintf(
			text, sizeof text, "%" PRIu64 " %" PRIu64 "\n", *real_ns, *mono_ns);
		reader_record(r, true, "clock", text, (size_t)n, false);
		struct stat st;
		if (fstat(r->host_netns_fd, &st) == 0) {
			n = snprintf(text, sizeof text, "%" PRIu64 "\n", (uint64_t)st.st_ino);
			reader_record(r, true, "netns.inode", text, (size_t)n, false);
		}
	}
	return 0;
}
