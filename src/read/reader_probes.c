/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The reader's half of the probes: descriptors that plimsoll-bpf handed over, read with plain system calls. Neither libbpf nor an
 * allocation is needed for that. */
#include "read/reader.h"

#include "base/clock.h"
#include "read/reader_impl.h"

#include <errno.h>
#include <linux/bpf.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { CPUS_MAX = 4096, FLOWS_BATCH = 256, DISKS_BATCH = 64 };

static int bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof *attr);
	return r < 0 ? -errno : (int)r;
}

static const char *probe_file(enum reader_probe what)
{
	static const char *const names[] = {
		[PROBE_TASKS] = "probes/tasks",
		[PROBE_EVENTS] = "probes/events",
		[PROBE_TCP_FLOWS] = "probes/flows",
		[PROBE_RUN_QUEUE] = "probes/run_queue",
		[PROBE_DISK_LATENCY] = "probes/disks",
		[PROBE_LOSSES] = "probes/losses",
	};
	return names[what];
}

/* ---- what plimsoll-bpf hands over ---- */

static void take_descriptors(struct reader *r, struct msghdr *m, uint32_t mask)
{
	int fds[PROBE_FD_COUNT];
	size_t n = 0, at = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
		n = n < PROBE_FD_COUNT ? n : PROBE_FD_COUNT;
		memcpy(fds, CMSG_DATA(c), n * sizeof *fds);
	}
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++)
		if ((mask >> i & 1) && at < n)
			r->probes.fds[i] = fds[at++];
	while (at < n)
		(void)close(fds[at++]);
}

static int map_ring(struct probe_handles *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = p->fds[PROBE_FD_RING];
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	/* The data lies twice behind the producer's page, so that an event at the end reads on. */
	void *producer =
		mmap(NULL, page + 2 * p->ring_bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int e = -errno;
		(void)munmap(consumer, page);
		return e;
	}
	p->consumed = consumer;
	p->produced = producer;
	p->ring = (const unsigned char *)producer + page;
	return 0;
}

int reader_probes_take(struct reader *r, int socket, int timeout_ms, int *ret_error)
{
	struct probe_hello hello;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(PROBE_FD_COUNT * sizeof(int))];
	} control;
	struct iovec io = {&hello, sizeof hello};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	struct pollfd wait = {.fd = socket, .events = POLLIN};
	if (poll(&wait, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	ssize_t n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	if (n != sizeof hello || hello.magic != PROBE_MAGIC || hello.version != PROBE_VERSION)
		return -EPROTO;
	if (hello.ring < 4096 || (hello.ring & (hello.ring - 1)))
		return -EPROTO;
	*ret_error = hello.error;
	r->probes.ring_bytes = hello.ring;
	take_descriptors(r, &m, hello.mask);
	if (r->probes.fds[PROBE_FD_RING] >= 0 && map_ring(&r->probes) < 0)
		attr_close_fd(&r->probes.fds[PROBE_FD_RING]);
	return 0;
}

void reader_probes_init(struct reader *r)
{
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++)
		r->probes.fds[i] = -1;
	r->probes.held_fd = -1;
}

void reader_probes_close(struct reader *r)
{
	struct probe_handles *p = &r->probes;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (p->consumed) {
		(void)munmap(p->consumed, page);
		(void)munmap(p->produced, page + 2 * p->ring_bytes);
	}
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++)
		attr_close_fd(&p->fds[i]);
	attr_close_fd(&p->held_fd);
	*p = (struct probe_handles){0};
	reader_probes_init(r);
}

bool reader_probe_there(const struct reader *r, enum probe_fd what)
{
	return r->probes.fds[what] >= 0;
}

/* ---- reading them ---- */

typedef int each_fn(void *ctx, const void *bytes, size_t len);

static int pass(struct reader *r, enum reader_probe what, const void *bytes, size_t len,
	each_fn *each, void *ctx)
{
	reader_record(r, true, probe_file(what), bytes, len, true);
	return each(ctx, bytes, len);
}

static int read_iterator(
	struct reader *r, enum reader_probe what, int link, each_fn *each, void *ctx)
{
	union bpf_attr attr = {.iter_create = {.link_fd = (uint32_t)link}};
	AUTO_FD int fd = bpf(BPF_ITER_CREATE, &attr);
	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = read(fd, r->dump_buffer, sizeof r->dump_buffer);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue; /* it looked at very many and found nothing to say yet */
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (pass(r, what, r->dump_buffer, (size_t)n, each, ctx))
			return 0;
	}
}

int reader_probe_held(struct reader *r, uint64_t budget_ns,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx, bool *ret_end)
{
	struct probe_handles *p = &r->probes;
	int fault = reader_may();
	if (r->replay || p->fds[PROBE_FD_HELD] < 0)
		return -ENOTSUP;
	if (fault)
		return fault;
	if (p->held_fd < 0) {
		union bpf_attr attr = {.iter_create = {.link_fd = (uint32_t)p->fds[PROBE_FD_HELD]}};
		p->held_fd = bpf(BPF_ITER_CREATE, &attr);
		if (p->held_fd < 0)
			return p->held_fd;
	}
	uint64_t until = clock_mono_ns() + budget_ns;
	*ret_end = false;
	do {
		ssize_t n = read(p->held_fd, r->dump_buffer, sizeof r->dump_buffer);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		int e = n < 0 ? -errno : 0;
		if (n <= 0) {
			attr_close_fd(&p->held_fd);
			p->held_fd = -1;
			*ret_end = true;
			return e;
		}
		(void)each(ctx, r->dump_buffer, (size_t)n);
	} while (clock_mono_ns() < until);
	return 0;
}

int reader_probe_sockets(
	struct reader *r, int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	struct probe_handles *p = &r->probes;
	int under_way = p->held_fd;
	bool end;
	p->held_fd = -1;
	int e = reader_probe_held(r, INT64_MAX, each, ctx, &end);
	p->held_fd = under_way;
	return e;
}

/* An event's head: its length, with two bits that tell whether it is still being written or was given up. */
static int read_ring(struct reader *r, each_fn *each, void *ctx)
{
	struct probe_handles *p = &r->probes;
	unsigned long at = *p->consumed;
	unsigned long end = __atomic_load_n(p->produced, __ATOMIC_ACQUIRE);
	while (at < end) {
		const unsigned char *head = p->ring + (at & (p->ring_bytes - 1));
		uint32_t len =
			__atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		uint32_t size = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (size > p->ring_bytes - BPF_RINGBUF_HDR_SZ)
			return -EBADMSG;
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			(void)pass(r, PROBE_EVENTS, head + BPF_RINGBUF_HDR_SZ, size, each, ctx);
		at += (size + BPF_RINGBUF_HDR_SZ + 7u) & ~7u;
		__atomic_store_n(p->consumed, at, __ATOMIC_RELEASE);
	}
	return 0;
}

/* A hash map piece by piece as pairs of key and value; with `take` what is read is taken out. */
static int read_map(struct reader *r, enum reader_probe what, int map, size_t key, size_t value,
	uint32_t batch, bool take, each_fn *each, void *ctx)
{
	unsigned char *keys = r->dump_buffer, *values = keys + batch * key;
	unsigned char pair[256];
	uint32_t position = 0;
	bool more = false;
	for (;;) {
		union bpf_attr attr = {
			.batch = {
				.in_batch = more ? (uint64_t)(uintptr_t)&position : 0,
				.out_batch = (uint64_t)(uintptr_t)&position,
				.keys = (uint64_t)(uintptr_t)keys,
				.values = (uint64_t)(uintptr_t)values,
				.count = batch,
				.map_fd = (uint32_t)map,
			}};
		int e = bpf(take ? BPF_MAP_LOOKUP_AND_DELETE_BATCH : BPF_MAP_LOOKUP_BATCH, &attr);
		if (e < 0 && e != -ENOENT) /* ENOENT: that was the last piece */
			return e;
		for (uint32_t i = 0; i < attr.batch.count; i++) {
			memcpy(pair, keys + i * key, key);
			memcpy(pair + key, values + i * value, value);
			(void)pass(r, what, pair, key + value, each, ctx);
		}
		if (e == -ENOENT)
			return 0;
		more = true;
	}
}

/* One element of a map that each CPU has for itself, added up. */
static int read_per_cpu(struct reader *r, int map, uint32_t key, size_t counts, uint64_t *ret_sum)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map,
		.key = (uint64_t)(uintptr_t)&key,
		.value = (uint64_t)(uintptr_t)r->dump_buffer};
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (cpus < 1 || (size_t)cpus * counts * sizeof *ret_sum > sizeof r->dump_buffer)
		return -E2BIG;
	int e = bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	if (e < 0)
		return e;
	memset(ret_sum, 0, counts * sizeof *ret_sum);
	for (size_t cpu = 0; cpu < (size_t)cpus; cpu++)
		for (size_t i = 0; i < counts; i++) {
			uint64_t v;
			memcpy(&v, r->dump_buffer + (cpu * counts + i) * sizeof v, sizeof v);
			ret_sum[i] += v;
		}
	return 0;
}

static int read_losses(struct reader *r, each_fn *each, void *ctx)
{
	uint64_t lost[PROBE_LOST_COUNT];
	for (uint32_t i = 0; i < PROBE_LOST_COUNT; i++) {
		int e = read_per_cpu(r, r->probes.fds[PROBE_FD_LOST], i, 1, &lost[i]);
		if (e < 0)
			return e;
	}
	return pass(r, PROBE_LOSSES, lost, sizeof lost, each, ctx);
}

static int read_run_queue(struct reader *r, each_fn *each, void *ctx)
{
	uint64_t count[PROBE_BUCKETS]; /* as a struct probe_histogram lies in memory */
	int e = read_per_cpu(r, r->probes.fds[PROBE_FD_RUNQ], 0, PROBE_BUCKETS, count);
	return e < 0 ? e : pass(r, PROBE_RUN_QUEUE, count, sizeof count, each, ctx);
}

static int replay(struct reader *r, enum reader_probe what, each_fn *each, void *ctx)
{
	ssize_t n = reader_moment_file(r, probe_file(what), r->dump_buffer, sizeof r->dump_buffer);
	if (n < 0)
		return n == -ENOENT ? -ENOTSUP : (int)n;
	(void)each(ctx, r->dump_buffer, (size_t)n);
	return 0;
}

int reader_probe_tell_all(struct reader *r)
{
	static const struct probe_control nothing;
	uint32_t zero = 0;
	union bpf_attr attr = {.map_fd = (uint32_t)r->probes.fds[PROBE_FD_CONTROL],
		.key = (uint64_t)(uintptr_t)&zero,
		.value = (uint64_t)(uintptr_t)&nothing};
	return r->probes.fds[PROBE_FD_CONTROL] < 0 ? -ENOTSUP : bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int reader_probe(struct reader *r, enum reader_probe what,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	static const enum probe_fd sources[] = {
		[PROBE_TASKS] = PROBE_FD_TASKS,
		[PROBE_EVENTS] = PROBE_FD_RING,
		[PROBE_TCP_FLOWS] = PROBE_FD_FLOWS,
		[PROBE_RUN_QUEUE] = PROBE_FD_RUNQ,
		[PROBE_DISK_LATENCY] = PROBE_FD_BLOCK,
		[PROBE_LOSSES] = PROBE_FD_LOST,
	};
	if (r->replay)
		return replay(r, what, each, ctx);
	int fd = r->probes.fds[sources[what]], fault = reader_may();
	if (fd < 0)
		return -ENOTSUP;
	if (fault)
		return fault;
	reader_record(r, true, probe_file(what), "", 0, true); /* there, if empty */
	switch (what) {
	case PROBE_TASKS: return read_iterator(r, what, fd, each, ctx);
	case PROBE_EVENTS: return read_ring(r, each, ctx);
	case PROBE_TCP_FLOWS:
		return read_map(r, what, fd, sizeof(struct probe_flow_key),
			sizeof(struct probe_flow), FLOWS_BATCH, true, each, ctx);
	case PROBE_DISK_LATENCY:
		return read_map(r, what, fd, sizeof(struct probe_disk_key),
			sizeof(struct probe_histogram), DISKS_BATCH, false, each, ctx);
	case PROBE_RUN_QUEUE: return read_run_queue(r, each, ctx);
	case PROBE_LOSSES: return read_losses(r, each, ctx);
	}
	return -EINVAL;
}
