/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The reader's process half: what /proc/PID and the taskstats interface tell of one process.
 *
 * taskstats answers for a whole thread group, threads that ended included, in 2.3 us where opening
 * /proc/PID/stat takes 10; it needs CAP_NET_ADMIN and the initial namespaces, so its absence is
 * normal and the collector has a slower way. */
#include "read/reader.h"

#include "base/num.h"
#include "read/parse.h"
#include "read/reader_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
	TASKSTATS_BATCH = 16,
	TASKSTATS_ANSWER = 1024,
	FDS_WORTH_A_LIMIT = 16,
	FDLIST_BYTES = 4 << 20
};

struct genl_request {
	struct nlmsghdr h;
	struct genlmsghdr g;
	struct nlattr a;
	char payload[20];
};

static size_t genl_fill(struct genl_request *q, uint16_t type, uint8_t cmd, uint32_t seq,
	uint16_t attr, const void *value, size_t len)
{
	*q = (struct genl_request){
		.h = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = seq},
		.g = {.cmd = cmd, .version = 1},
		.a = {.nla_type = attr, .nla_len = (uint16_t)(sizeof q->a + len)},
	};
	memcpy(q->payload, value, len);
	q->h.nlmsg_len = (uint32_t)(sizeof q->h + sizeof q->g + ((q->a.nla_len + 3u) & ~3u));
	return q->h.nlmsg_len;
}

int reader_taskstats_open(struct reader *r)
{
	if (r->taskstats_family)
		return r->taskstats_family > 0 ? 0 : -ENOTSUP;
	r->taskstats_family = -1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		return -ENOTSUP;
	r->taskstats_fd = fd;
	struct timeval limit = {.tv_sec = 1};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	struct genl_request q;
	size_t len = genl_fill(&q, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, CTRL_ATTR_FAMILY_NAME,
		TASKSTATS_GENL_NAME, sizeof TASKSTATS_GENL_NAME);
	if (send(fd, &q, len, 0) < 0)
		return -ENOTSUP;
	ssize_t n = recv(fd, r->dump_buffer, sizeof r->dump_buffer, 0);
	struct nlmsghdr h;
	if (n < (ssize_t)(sizeof h + sizeof(struct genlmsghdr)))
		return -ENOTSUP;
	memcpy(&h, r->dump_buffer, sizeof h);
	size_t alen;
	const unsigned char *a =
		h.nlmsg_type == GENL_ID_CTRL
			? parse_attr(r->dump_buffer + sizeof h + sizeof(struct genlmsghdr),
				  (size_t)n - sizeof h - sizeof(struct genlmsghdr),
				  CTRL_ATTR_FAMILY_ID, &alen)
			: NULL;
	uint16_t family;
	if (!a || alen < sizeof family)
		return -ENOTSUP;
	memcpy(&family, a, sizeof family);
	r->taskstats_family = family;
	return 0;
}

/* One answer: a process's numbers, ESRCH, or EPERM (which turns the whole way off). */
static int taskstats_answer(
	const unsigned char *p, const struct nlmsghdr *h, struct reader_times *ret)
{
	if (h->nlmsg_type == NLMSG_ERROR) {
		int32_t e = -EBADMSG;
		if (h->nlmsg_len >= sizeof *h + sizeof e)
			memcpy(&e, p + sizeof *h, sizeof e);
		return e < 0 ? e : -EBADMSG;
	}
	size_t skip = sizeof *h + sizeof(struct genlmsghdr), len, slen;
	if (h->nlmsg_len < skip)
		return -EBADMSG;
	const unsigned char *aggr =
		parse_attr(p + skip, h->nlmsg_len - skip, TASKSTATS_TYPE_AGGR_TGID, &len);
	const unsigned char *st = aggr ? parse_attr(aggr, len, TASKSTATS_TYPE_STATS, &slen) : NULL;
	if (!st || slen < offsetof(struct taskstats, ac_comm))
		return -EBADMSG;
	struct taskstats t = {0};
	memcpy(&t, st, slen < sizeof t ? slen : sizeof t);
	*ret = (struct reader_times){t.cpu_run_virtual_total, t.cpu_delay_total, t.cpu_count};
	return 0;
}

static int taskstats_batch(
	struct reader *r, const int32_t *pids, size_t n, struct reader_times *ret, bool *ok)
{
	unsigned char out[TASKSTATS_BATCH * sizeof(struct genl_request)];
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		struct genl_request q;
		uint32_t pid = (uint32_t)pids[i];
		size_t one = genl_fill(&q, (uint16_t)r->taskstats_family, TASKSTATS_CMD_GET,
			(uint32_t)i, TASKSTATS_CMD_ATTR_TGID, &pid, sizeof pid);
		memcpy(out + len, &q, one);
		len += one;
	}
	if (send(r->taskstats_fd, out, len, 0) < 0)
		return -errno;
	/* The answers come as a datagram each; one call takes all that are there. */
	struct mmsghdr in[TASKSTATS_BATCH] = {0};
	struct iovec io[TASKSTATS_BATCH];
	for (size_t i = 0; i < TASKSTATS_BATCH; i++) {
		io[i] = (struct iovec){r->dump_buffer + i * TASKSTATS_ANSWER, TASKSTATS_ANSWER};
		in[i].msg_hdr = (struct msghdr){.msg_iov = &io[i], .msg_iovlen = 1};
	}
	for (size_t answers = 0; answers < n;) {
		int got = recvmmsg(r->taskstats_fd, in, TASKSTATS_BATCH, MSG_WAITFORONE, NULL);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		for (int i = 0; i < got; i++, answers++) {
			const unsigned char *p = r->dump_buffer + (size_t)i * TASKSTATS_ANSWER;
			struct nlmsghdr h;
			if (in[i].msg_len < sizeof h || (in[i].msg_hdr.msg_flags & MSG_TRUNC))
				return -EBADMSG;
			memcpy(&h, p, sizeof h);
			if (h.nlmsg_len < sizeof h || h.nlmsg_len > in[i].msg_len)
				return -EBADMSG;
			if (h.nlmsg_seq >= n)
				continue;
			int e = taskstats_answer(p, &h, &ret[h.nlmsg_seq]);
			ok[h.nlmsg_seq] = e == 0;
			if (e == -EPERM)
				return e;
		}
	}
	return 0;
}

/* Recorded: "cpu_ns run_delay_ns switches", the form of /proc/PID/schedstat. */
static bool times_text(struct scan s, struct reader_times *ret)
{
	struct reader_times t;
	if (!scan_u64(&s, &t.cpu_ns) || !scan_u64(&s, &t.run_delay_ns) ||
		!scan_u64(&s, &t.switches))
		return false;
	*ret = t;
	return true;
}

int reader_proc_times(
	struct reader *r, const int32_t *pids, size_t n, struct reader_times *ret, bool *ok)
{
	char path[64], text[96];
	if (r->replay) {
		size_t found = 0;
		for (size_t i = 0; i < n; i++) {
			(void)snprintf(path, sizeof path, "proc/%" PRId32 "/times", pids[i]);
			ssize_t len = reader_moment_file(r, path, text, sizeof text);
			ok[i] = len > 0 && times_text(scan_over(text, (size_t)len), &ret[i]);
			found += ok[i];
		}
		return found ? 0 : -ENOTSUP;
	}
	int e = reader_may();
	if (e == 0)
		e = reader_taskstats_open(r);
	for (size_t i = 0; e == 0 && i < n; i += TASKSTATS_BATCH)
		e = taskstats_batch(r, pids + i, n - i < TASKSTATS_BATCH ? n - i : TASKSTATS_BATCH,
			ret + i, ok + i);
	if (e < 0 && r->taskstats_fd >= 0) { /* answers may be out of step now: begin anew next
						time, or never after EPERM */
		(void)close(r->taskstats_fd);
		r->taskstats_fd = -1;
		r->taskstats_family = e == -EPERM ? -1 : 0;
	}
	for (size_t i = 0; e == 0 && r->record_moment_fd >= 0 && i < n; i++) {
		int len = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			ret[i].cpu_ns, ret[i].run_delay_ns, ret[i].switches);
		(void)snprintf(path, sizeof path, "proc/%" PRId32 "/times", pids[i]);
		if (ok[i])
			reader_record(r, true, path, text, (size_t)len, false);
	}
	return e == -EPERM ? -ENOTSUP : e;
}

int reader_proc_schedstat(struct reader *r, int32_t pid, struct reader_times *ret)
{
	char path[64], text[96];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/schedstat", pid);
	ssize_t n = reader_file(r, path, NULL, text, sizeof text);
	if (n < 0)
		return (int)n;
	return times_text(scan_over(text, (size_t)n), ret) ? 0 : -EBADMSG;
}

static int count_fds(int root_fd, const char *path, uint64_t *ret)
{
	unsigned char buf[4096] __attribute__((aligned(16)));
	AUTO_FD int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	uint64_t count = 0;
	ssize_t n;
	while ((n = getdents64(fd, buf, sizeof buf)) > 0)
		for (ssize_t at = 0; at < n;
			at += ((const struct dirent64 *)(const void *)(buf + at))->d_reclen)
			count += ((const struct dirent64 *)(const void *)(buf + at))->d_name[0] !=
				 '.';
	if (n < 0)
		return -errno;
	*ret = count;
	return 0;
}

static bool limit_line(struct scan line, const char *name, uint64_t *ret)
{
	struct scan word;
	if (!scan_starts(line, name))
		return false;
	line.p += strlen(name);
	if (scan_u64(&line, ret))
		return true;
	*ret = RLIM_INFINITY;
	return scan_word(&line, &word) && scan_is(word, "unlimited");
}

/* /proc/PID/limits: "Max open files            1024                 524288               files". */
static void read_limits_file(struct reader *r, int32_t pid, struct reader_limits *ret)
{
	char path[64], text[4096];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/limits", pid);
	ssize_t n = reader_file(r, path, NULL, text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0), line;
	bool files = false, processes = false;
	while (scan_line(&s, &line)) {
		files = files || limit_line(line, "Max open files", &ret->fd_limit);
		processes = processes || limit_line(line, "Max processes", &ret->nproc_limit);
	}
	ret->have_limits = files && processes;
}

int reader_proc_limits(
	struct reader *r, int32_t pid, bool want_limits, bool want_nproc, struct reader_limits *ret)
{
	char path[64], text[96];
	*ret = (struct reader_limits){0};
	if (r->replay) {
		(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fdcount", pid);
		ssize_t n = reader_moment_file(r, path, text, sizeof text);
		if (n < 0)
			return (int)n;
		struct scan s = scan_whole(scan_over(text, (size_t)n));
		ret->have_fds = scan_u64(&s, &ret->fds);
		ret->have_limits = ret->have_fds && scan_u64(&s, &ret->fd_limit) &&
				   scan_u64(&s, &ret->nproc_limit);
		return 0;
	}
	int fault = reader_may();
	if (fault)
		return fault;
	struct stat st;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fd", pid);
	if (fstatat(r->root_fd, path, &st, 0) < 0)
		return -errno;
	/* Since 6.2 the folder's size is the number of descriptors; before it was 0 and they have
	 * to be counted. */
	ret->fds = (uint64_t)st.st_size;
	ret->have_fds = st.st_size > 0 || count_fds(r->root_fd, path, &ret->fds) == 0;
	/* Nobody is limited to so few; and root has no limit of processes. */
	struct rlimit nofile, nproc = {0};
	bool ask = want_limits && (ret->fds >= FDS_WORTH_A_LIMIT || want_nproc);
	if (ask && prlimit(pid, RLIMIT_NOFILE, NULL, &nofile) == 0 &&
		(!want_nproc || prlimit(pid, RLIMIT_NPROC, NULL, &nproc) == 0)) {
		ret->have_limits = true;
		ret->fd_limit = nofile.rlim_cur;
		ret->nproc_limit = want_nproc ? nproc.rlim_cur : RLIM_INFINITY;
	} else if (ask) {
		read_limits_file(
			r, pid, ret); /* another user's: prlimit() is refused, the file is not */
	}
	if (r->record_moment_fd >= 0 && ret->have_fds) {
		int n = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			ret->fds, ret->fd_limit, ret->nproc_limit);
		(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fdcount", pid);
		reader_record(r, true, path, text, (size_t)n, false);
	}
	return 0;
}

/* A number that a live system has as metadata and a recorded tree as a small file. */
static int recorded_number(struct reader *r, int32_t pid, const char *name, uint64_t *ret)
{
	char path[64], text[32];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/%s", pid, name);
	ssize_t n = reader_moment_file(r, path, text, sizeof text);
	if (n < 0)
		return (int)n;
	struct scan s = scan_over(text, (size_t)n);
	return scan_u64(&s, ret) ? 0 : -EBADMSG;
}

static void record_number(struct reader *r, int32_t pid, const char *name, uint64_t v)
{
	char path[64], text[32];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/%s", pid, name);
	int n = snprintf(text, sizeof text, "%" PRIu64 "\n", v);
	reader_record(r, true, path, text, (size_t)n, false);
}

int reader_proc_netns(struct reader *r, int32_t pid, uint64_t *ret)
{
	if (r->replay)
		return recorded_number(r, pid, "netns", ret);
	int fault = reader_may();
	if (fault)
		return fault;
	char path[64];
	struct stat st;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/ns/net", pid);
	if (fstatat(r->root_fd, path, &st, 0) < 0)
		return -errno;
	*ret = st.st_ino;
	record_number(r, pid, "netns", *ret);
	return 0;
}

int reader_proc_maps(struct reader *r, int32_t pid, uint64_t max_bytes, uint64_t *ret)
{
	if (r->replay)
		return recorded_number(r, pid, "mapcount", ret);
	int fault = reader_may();
	if (fault)
		return fault;
	char path[64], text[32768];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/maps", pid);
	AUTO_FD int fd = openat(r->root_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	uint64_t lines = 0, bytes = 0;
	for (;;) {
		ssize_t n = read(fd, text, sizeof text);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		bytes += (uint64_t)n;
		if (bytes > max_bytes)
			return -EFBIG;
		for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + n - p))); p++)
			lines++;
	}
	*ret = lines;
	record_number(r, pid, "mapcount", lines);
	return 0;
}

static int fds_replay(struct reader *r, int32_t pid, unsigned first, unsigned max,
	int (*each)(void *, const struct reader_fd *), void *ctx)
{
	char path[64];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fdlist", pid);
	AUTO_FREE char *buf = malloc(
		FDLIST_BYTES); /* a recording may be large, and is not looked at each second */
	if (!buf)
		return -ENOMEM;
	ssize_t n = reader_moment_file(r, path, buf, FDLIST_BYTES);
	if (n < 0)
		return (int)n;
	struct scan s = scan_over(buf, (size_t)n), line;
	for (unsigned i = 0; i < max && scan_line(&s, &line); i++) {
		uint64_t fd, dev, ino, size, wr, del;
		if (!scan_u64(&line, &fd) || !scan_u64(&line, &dev) || !scan_u64(&line, &ino) ||
			!scan_u64(&line, &size) || !scan_u64(&line, &wr) ||
			!scan_u64(&line, &del) || !scan_skip(&line, ' ') || fd < first)
			continue;
		char target[PATH_MAX];
		scan_text(line, target, sizeof target);
		struct reader_fd f = {
			(int)fd, dev, ino, size, target[0] == '/', wr != 0, del != 0, target};
		if (each(ctx, &f))
			break;
	}
	return 0;
}

static void record_fd(struct reader *r, int32_t pid, const struct reader_fd *f)
{
	char path[64], text[PATH_MAX + 160];
	if (r->record_moment_fd < 0)
		return;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fdlist", pid);
	int n = snprintf(text, sizeof text, "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %d %s\n",
		f->fd, f->devno, f->inode, f->size, f->writable, f->deleted, f->target);
	reader_record(r, true, path, text, (size_t)n < sizeof text ? (size_t)n : 0, true);
}

static bool fd_fill(struct reader *r, int dir, int32_t pid, const char *name, bool with_stat,
	char *target, size_t size, struct reader_fd *f)
{
	uint64_t number;
	if (num_u64(name, &number) < 0)
		return false;
	ssize_t len = readlinkat(dir, name, target, size - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	*f = (struct reader_fd){.fd = (int)number, .target = target};
	f->regular = target[0] == '/';
	if (!f->regular)
		record_fd(r, pid, f);
	struct stat st;
	if (!with_stat || !f->regular || fstatat(dir, name, &st, 0) < 0)
		return true;
	/* A disk opened raw counts as a file on that disk. */
	f->regular = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode);
	dev_t dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	f->devno = (uint64_t)major(dev) << 20 | minor(dev);
	f->inode = st.st_ino;
	f->size = (uint64_t)st.st_size;
	f->deleted = st.st_nlink == 0;
	/* The link's own permission bits say how the file is open: rwx------ style, w for writable.
	 */
	struct stat link;
	f->writable =
		fstatat(dir, name, &link, AT_SYMLINK_NOFOLLOW) == 0 && (link.st_mode & S_IWUSR);
	record_fd(r, pid, f);
	return true;
}

int reader_proc_fds(struct reader *r, int32_t pid, unsigned max, bool with_stat,
	int (*each)(void *ctx, const struct reader_fd *fd), void *ctx)
{
	return reader_proc_fds_from(r, pid, 0, max, with_stat, each, ctx);
}

int reader_proc_fds_from(struct reader *r, int32_t pid, unsigned first, unsigned max,
	bool with_stat, int (*each)(void *ctx, const struct reader_fd *fd), void *ctx)
{
	if (r->replay)
		return fds_replay(r, pid, first, max, each, ctx);
	int fault = reader_may();
	if (fault)
		return fault;
	char path[64], target[PATH_MAX];
	unsigned char buf[8192] __attribute__((aligned(16)));
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fd", pid);
	AUTO_FD int dir = openat(r->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The place in this folder is the number of the descriptor and 2, for "." and "..". */
	if (dir < 0 || (first && lseek(dir, (off_t)first + 2, SEEK_SET) < 0))
		return -errno;
	unsigned seen = 0;
	ssize_t n;
	while (seen < max && (n = getdents64(dir, buf, sizeof buf)) > 0) {
		for (ssize_t at = 0; at < n && seen < max;) {
			const struct dirent64 *e = (const void *)(buf + at);
			at += e->d_reclen;
			struct reader_fd f;
			if (e->d_name[0] == '.' || !fd_fill(r, dir, pid, e->d_name, with_stat,
							   target, sizeof target, &f))
				continue;
			seen++;
			if (each(ctx, &f))
				return 0;
		}
	}
	return 0;
}

ssize_t reader_proc_link(struct reader *r, int32_t pid, int32_t fd, char *buf, size_t size)
{
	static const char gone[] = " (deleted)";
	char path[64];
	int fault = reader_may();
	if (r->replay || fault)
		return fault ? fault : -ENOTSUP;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/fd/%" PRId32, pid, fd);
	ssize_t n = readlinkat(r->root_fd, path, buf, size);
	if (n < 0)
		return -errno;
	size_t len = (size_t)n, tail = sizeof gone - 1;
	if (len > tail && memcmp(buf + len - tail, gone, tail) == 0)
		len -= tail;
	return (ssize_t)len;
}
