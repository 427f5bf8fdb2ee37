/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The reader's network half: namespaces and netlink dumps.
 *
 * A namespace is entered only to open its files and sockets; nothing keeps the namespace itself
 * open, because a monitor that pins a namespace would keep a dead container's interfaces alive. The
 * descriptors that the engine keeps do pin it, so reader_netns_scan() names what vanished (no
 * process in it, not in /run/netns) and the engine lets go at once. */
#include "read/reader.h"

#include "base/num.h"
#include "read/reader_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct netns_handle *netns_add(struct reader *r, uint64_t inode, const char *name)
{
	for (size_t i = 0; i < r->netns_count; i++) {
		if (r->netns[i].info.inode != inode)
			continue;
		r->netns[i].seen = true;
		return &r->netns[i];
	}
	if (r->netns_count == READER_NETNS_MAX)
		return NULL;
	struct netns_handle *h = &r->netns[r->netns_count++];
	*h = (struct netns_handle){.info.inode = inode, .seen = true};
	(void)snprintf(h->info.name, sizeof h->info.name, "%s", name);
	return h;
}

/* Folders below netns/ of the recorded moment; each says its inode. */
static int replay_each(void *ctx, const char *name)
{
	struct reader *r = ctx;
	char path[128], text[32];
	(void)snprintf(path, sizeof path, "netns/%s/inode", name);
	ssize_t n = reader_moment_file(r, path, text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
	uint64_t inode;
	if (scan_u64(&s, &inode))
		(void)netns_add(r, inode, name);
	return 0;
}

static uint64_t host_inode(struct reader *r)
{
	if (r->replay) {
		char text[32];
		ssize_t n = reader_moment_file(r, "netns.inode", text, sizeof text);
		struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
		uint64_t inode = 0;
		(void)scan_u64(&s, &inode);
		return inode;
	}
	struct stat st;
	return r->host_netns_fd >= 0 && fstat(r->host_netns_fd, &st) == 0 ? st.st_ino : 0;
}

static void scan_run_netns(struct reader *r)
{
	AUTO_FD int fd = openat(r->root_fd, "run/netns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t n;
	while ((n = getdents64(fd, r->dump_buffer, sizeof r->dump_buffer)) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const void *)(r->dump_buffer + at);
			at += e->d_reclen;
			struct stat st;
			if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, 0) < 0)
				continue;
			struct netns_handle *h = netns_add(r, st.st_ino, e->d_name);
			if (h && h != &r->netns[0]) {
				(void)snprintf(
					h->info.name, sizeof h->info.name, "%.63s", e->d_name);
				(void)snprintf(
					h->path, sizeof h->path, "run/netns/%.80s", e->d_name);
			}
		}
	}
}

int reader_netns_scan(struct reader *r, const uint64_t *inodes, const int32_t *pids, size_t n)
{
	for (size_t i = 0; i < r->netns_count; i++)
		r->netns[i].seen = false;
	(void)netns_add(r, host_inode(r), "");
	if (r->netns_count)
		r->netns[0].seen = true;
	if (r->replay)
		(void)reader_dirs(r, "netns", replay_each, r);
	else
		scan_run_netns(r);
	for (size_t i = 0; !r->replay && i < n; i++) {
		struct netns_handle *h = netns_add(r, inodes[i], "");
		if (h && h != &r->netns[0] && strncmp(h->path, "run/", 4) != 0)
			(void)snprintf(h->path, sizeof h->path, "proc/%" PRId32 "/ns/net", pids[i]);
	}
	/* A recording is the same in whatever order its folders lie. */
	for (size_t i = 2; r->replay && i < r->netns_count; i++) {
		struct netns_handle h = r->netns[i];
		size_t k = i;
		for (; k > 1 && strcmp(r->netns[k - 1].info.name, h.info.name) > 0; k--)
			r->netns[k] = r->netns[k - 1];
		r->netns[k] = h;
	}
	size_t kept = 0;
	for (size_t i = 0; i < r->netns_count; i++)
		if (r->netns[i].seen) {
			if (kept != i)
				r->netns[kept] = r->netns[i];
			kept++;
		}
	r->netns_count = kept;
	return 0;
}

size_t reader_netns_count(const struct reader *r)
{
	return r->netns_count;
}

const struct reader_netns *reader_netns_at(const struct reader *r, size_t i)
{
	return &r->netns[i].info;
}

int reader_netns_enter(struct reader *r, size_t i)
{
	if (i >= r->netns_count)
		return i == 0 ? 0 : -EINVAL;
	const struct netns_handle *h = &r->netns[i];
	if (i == 0)
		r->prefix[0] = '\0';
	else if (h->info.name[0])
		(void)snprintf(r->prefix, sizeof r->prefix, "netns/%.64s/", h->info.name);
	else
		(void)snprintf(r->prefix, sizeof r->prefix, "netns/%" PRIu64 "/", h->info.inode);
	if (i == r->current_netns || r->replay) {
		r->current_netns = i;
		return 0;
	}
	int fault = reader_may();
	if (fault)
		return fault;
	int e = 0;
	if (i == 0) {
		e = setns(r->host_netns_fd, CLONE_NEWNET) < 0 ? -errno : 0;
	} else {
		AUTO_FD int fd = openat(r->root_fd, h->path, O_RDONLY | O_CLOEXEC);
		struct stat st;
		bool there = fd >= 0 && fstat(fd, &st) == 0;
		/* The process may have gone elsewhere, or its number to another. */
		if (there && st.st_ino != h->info.inode)
			e = -ENOENT;
		else if (!there || setns(fd, CLONE_NEWNET) < 0)
			e = -errno;
	}
	if (e == 0) {
		r->current_netns = i;
		char text[32];
		int n = snprintf(text, sizeof text, "%" PRIu64 "\n", h->info.inode);
		reader_record(r, false, i ? "inode" : "netns.inode", text, (size_t)n, false);
	}
	return e;
}

/* ---- netlink dumps ---- */

static const char *dump_file(enum reader_dump what)
{
	static const char *const names[] = {
		[DUMP_TCP_LISTEN] = "netlink/tcp_listen",
		[DUMP_TCP_ALL] = "netlink/tcp",
		[DUMP_TCP_INFO] = "netlink/tcp_info",
		[DUMP_UDP] = "netlink/udp",
		[DUMP_CONNTRACK] = "netlink/conntrack",
		[DUMP_LINKS] = "netlink/links",
		[DUMP_QDISCS] = "netlink/qdiscs",
		[DUMP_LINK_SPEEDS] = "netlink/link_speeds",
		[DUMP_NFT_CHAINS] = "netlink/nft_chains",
		[DUMP_NFT_RULES] = "netlink/nft_rules",
		[DUMP_NFT_SETS] = "netlink/nft_sets",
		[DUMP_UNIX_LISTEN] = "netlink/unix_listen",
		[DUMP_PACKET] = "netlink/packet",
		[DUMP_ADDRESSES] = "netlink/addresses",
	};
	return names[what];
}

static int send_inet_diag(int fd, unsigned family, uint32_t states, unsigned ext)
{
	/* The old request type asks for both families in one walk of the table; sock_diag proper
	 * wants one walk for each. */
	struct {
		struct nlmsghdr h;
		struct inet_diag_req r;
	} q = {
		.h = {.nlmsg_len = sizeof q,
			.nlmsg_type = TCPDIAG_GETSOCK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1},
		.r = {.idiag_family = (uint8_t)family,
			.idiag_ext = (uint8_t)ext,
			.idiag_states = states},
	};
	return send(fd, &q, sizeof q, 0) < 0 ? -errno : 0;
}

/* Of one family: the old request type knows TCP and DCCP alone. */
static int send_sock_diag(int fd, unsigned family, unsigned protocol, uint32_t states, unsigned ext)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} q = {
		.h = {.nlmsg_len = sizeof q,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1},
		.r = {.sdiag_family = (uint8_t)family,
			.sdiag_protocol = (uint8_t)protocol,
			.idiag_ext = (uint8_t)ext,
			.idiag_states = states},
	};
	return send(fd, &q, sizeof q, 0) < 0 ? -errno : 0;
}

static int send_conntrack(int fd)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} q = {
		.h = {.nlmsg_len = sizeof q,
			.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1},
		.g = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
	};
	return send(fd, &q, sizeof q, 0) < 0 ? -errno : 0;
}

static int send_request(struct reader *r, int fd, enum reader_dump what)
{
	enum { ALL_BUT_CLOSE_AND_LISTEN = 0xffe & ~(1 << TCP_CLOSE) & ~(1 << TCP_LISTEN) };
	switch (what) {
	case DUMP_CONNTRACK: return send_conntrack(fd);
	case DUMP_TCP_LISTEN: /* exactly this bit: any other walks the table of connections */
		return send_inet_diag(fd, AF_INET, 1 << TCP_LISTEN, 1 << (INET_DIAG_SKMEMINFO - 1));
	case DUMP_TCP_INFO:
		return send_inet_diag(
			fd, AF_INET, ALL_BUT_CLOSE_AND_LISTEN, 1 << (INET_DIAG_INFO - 1));
	case DUMP_TCP_ALL: return send_inet_diag(fd, AF_INET, ALL_BUT_CLOSE_AND_LISTEN, 0);
	default: return reader_send_dump(r, fd, what);
	}
}

/* Looks through one datagram: how many bytes of whole data messages come before the end, and
 * whether the end is in it. */
static int dump_extent(
	const unsigned char *buf, size_t n, size_t *ret_data, bool *ret_done, bool *interrupted)
{
	size_t at = 0;
	*ret_done = false;
	while (n - at >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		memcpy(&h, buf + at, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > n - at)
			return -EBADMSG;
		if (h.nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		if (h.nlmsg_type == NLMSG_DONE) {
			*ret_done = true;
			break;
		}
		if (h.nlmsg_type == NLMSG_ERROR) {
			int32_t e = -EBADMSG;
			if (h.nlmsg_len >= sizeof h + sizeof e)
				memcpy(&e, buf + at + sizeof h, sizeof e);
			return e < 0 ? e : -EBADMSG;
		}
		size_t step = NLMSG_ALIGN(h.nlmsg_len);
		at += step < n - at ? step : n - at;
	}
	*ret_data = at;
	return 0;
}

/* The next datagram of a dump. Returns 1 when there may be more, 0 after the last one or when each() wants no more. */
static int dump_piece(struct reader *r, int fd, int flags, const char *file,
	int (*each)(void *, const void *, size_t), void *ctx, bool *interrupted)
{
	int fault = reader_may();
	if (fault)
		return fault;
	/* MSG_TRUNC: the true length, so that a message larger than the buffer is an error
	 * and never a silent gap. */
	ssize_t n;
	do
		n = recv(fd, r->dump_buffer, sizeof r->dump_buffer, flags | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n > sizeof r->dump_buffer)
		return -EMSGSIZE;
	size_t data;
	bool done;
	int e = dump_extent(r->dump_buffer, (size_t)n, &data, &done, interrupted);
	if (e < 0)
		return e;
	if (data) {
		reader_record(r, false, file, r->dump_buffer, data, true);
		if (each(ctx, r->dump_buffer, data))
			return 0;
	}
	return !done && n > 0;
}

static int dump_receive(struct reader *r, int fd, const char *file,
	int (*each)(void *, const void *, size_t), void *ctx)
{
	bool interrupted = false;
	int e;
	do
		e = dump_piece(r, fd, 0, file, each, ctx, &interrupted);
	while (e > 0);
	return e == 0 && interrupted ? -EINTR : e;
}

/* Whole messages of a recorded dump, from *at on: as many as go into the buffer. */
static int replay_piece(struct reader *r, int fd, uint64_t *at,
	int (*each)(void *, const void *, size_t), void *ctx)
{
	ssize_t n = pread(fd, r->dump_buffer, sizeof r->dump_buffer, (off_t)*at);
	if (n < 0)
		return -errno;
	size_t whole = 0, held = (size_t)n;
	while (held - whole >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		memcpy(&h, r->dump_buffer + whole, sizeof h);
		/* In the width of the rest: a length near 2^32 rounded up would be 0. */
		size_t step = ((size_t)h.nlmsg_len + 3) & ~(size_t)3;
		if (h.nlmsg_len < sizeof h || step > held - whole)
			break;
		whole += step;
	}
	*at += whole;
	if (whole && each(ctx, r->dump_buffer, whole))
		return 0;
	if (whole == 0)
		return held ? -EBADMSG : 0;
	return 1;
}

static int replay_open(struct reader *r, const char *file)
{
	char full[PATH_MAX];
	(void)snprintf(full, sizeof full, "%s%s", r->prefix, file);
	int fd = openat(r->moment_fd, full, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int dump_replay(
	struct reader *r, const char *file, int (*each)(void *, const void *, size_t), void *ctx)
{
	uint64_t at = 0;
	AUTO_FD int fd = replay_open(r, file);
	int e = fd < 0 ? fd : 1;
	while (e > 0)
		e = replay_piece(r, fd, &at, each, ctx);
	return e;
}

static int dump_socket(enum reader_dump what)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, reader_dump_protocol(what));
	if (fd < 0)
		return -errno;
	/* A dump that the kernel cannot finish must not hold up the second for ever. */
	struct timeval limit = {.tv_sec = 2};
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) {
		int e = -errno;
		(void)close(fd);
		return e;
	}
	return fd;
}

/* An empty table is not one that could not be read; of two dumps in one moment the last one counts. */
static void record_begin(struct reader *r, enum reader_dump what)
{
	reader_record(r, false, dump_file(what), "", 0, false);
}

int reader_pieces_begin(struct reader *r, enum reader_dump what, struct reader_pieces *p)
{
	int fault = r->replay ? 0 : reader_may();
	if (fault)
		return fault;
	int fd = r->replay ? replay_open(r, dump_file(what)) : dump_socket(what);
	int e = fd < 0 ? fd : r->replay ? 0 : send_request(r, fd, what);
	if (e < 0) {
		if (fd >= 0)
			(void)close(fd);
		return e;
	}
	*p = (struct reader_pieces){.fd = fd, .what = what};
	if (!r->replay)
		record_begin(r, what);
	return 0;
}

int reader_pieces_next(struct reader *r, struct reader_pieces *p,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	/* The kernel has the next piece ready before it gives one, so there is nothing to wait for. */
	int e = r->replay ? replay_piece(r, p->fd, &p->at, each, ctx)
			  : dump_piece(r, p->fd, MSG_DONTWAIT, dump_file(p->what), each, ctx,
				    &p->interrupted);
	return e == 0 && p->interrupted ? -EINTR : e;
}

void reader_pieces_end(struct reader_pieces *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

int reader_dump(struct reader *r, enum reader_dump what,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	const char *file = dump_file(what);
	if (r->replay)
		return dump_replay(r, file, each, ctx);
	int fault = reader_may();
	if (fault)
		return fault;
	AUTO_FD int fd = dump_socket(what);
	if (fd < 0)
		return fd;
	if (what == DUMP_UDP) { /* a dump answers for one family */
		int e = send_sock_diag(
			fd, AF_INET, IPPROTO_UDP, UINT32_MAX, 1 << (INET_DIAG_SKMEMINFO - 1));
		if (e == 0)
			record_begin(r, what);
		e = e < 0 ? e : dump_receive(r, fd, file, each, ctx);
		if (e < 0 && e != -EINTR)
			return e;
		int e6 = send_sock_diag(
			fd, AF_INET6, IPPROTO_UDP, UINT32_MAX, 1 << (INET_DIAG_SKMEMINFO - 1));
		e6 = e6 < 0 ? e6 : dump_receive(r, fd, file, each, ctx);
		return e6 < 0 ? e6 : e;
	}
	int e = send_request(r, fd, what);
	if (e < 0)
		return e;
	record_begin(r, what);
	return dump_receive(r, fd, file, each, ctx);
}

int reader_unix_queue(struct reader *r, uint32_t inode,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	char file[64];
	bool interrupted = false;
	(void)snprintf(file, sizeof file, "netlink/unix_queue.%" PRIu32, inode);
	if (r->replay)
		return dump_replay(r, file, each, ctx);
	int fault = reader_may();
	if (fault)
		return fault;
	AUTO_FD int fd = dump_socket(DUMP_UNIX_LISTEN);
	int e = fd < 0 ? fd : reader_send_unix_queue(fd, inode);
	if (e < 0)
		return e;
	reader_record(r, false, file, "", 0, false);
	e = dump_piece(
		r, fd, 0, file, each, ctx, &interrupted); /* one message, and no end after it */
	return e < 0 ? e : 0;
}
