/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-bpf: loads the probes of src/bpf into the kernel, hands their descriptors over the socket that it was given as descriptor 3,
 * and ends. Libbpf reads the kernel's whole type information to do that, some 30 MB for a tenth of a second: in a process of its own, so
 * that the recorder, which keeps its memory locked, has none of it. What a descriptor holds lives as long as the recorder does.
 *
 * A kernel may lack what one probe needs. Then all are tried one by one, and those are loaded that can be. */
#include "base/attr.h"
#include "bpf/abi.h"

#include <probes.skel.h> /* made by the build */

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { SOCKET_FD = 3, PROGRAMS_MAX = 16 };

/* The program whose link each descriptor is; the maps have no program of their own. */
static const char *const programs[PROBE_FD_COUNT] = {
	[PROBE_FD_TASKS] = "tasks",
	[PROBE_FD_HELD] = "held",
	[PROBE_FD_EXIT] = "exited",
	[PROBE_FD_SIGNAL] = "signalled",
	[PROBE_FD_TCP_STATE] = "tcp_state",
	[PROBE_FD_RETRANSMIT] = "retransmitted",
	[PROBE_FD_RESET_SENT] = "reset_sent",
	[PROBE_FD_RESET_RECEIVED] = "reset_received",
	[PROBE_FD_SWITCH] = "switched",
	[PROBE_FD_COMPLETE] = "completed",
};

static const char *const maps[PROBE_FD_COUNT] = {
	[PROBE_FD_CONTROL] = "control",
	[PROBE_FD_RING] = "ring",
	[PROBE_FD_FLOWS] = "flows",
	[PROBE_FD_RUNQ] = "run_queue",
	[PROBE_FD_BLOCK] = "block",
	[PROBE_FD_LOST] = "lost",
};

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Loads the programs of the mask; NULL with errno when one of them does not pass. */
static struct probes *load(unsigned mask, bool each_connection)
{
	struct probes *p = probes__open();
	if (!p)
		return NULL;
	p->rodata->each_connection = each_connection;
	if (each_connection)
		(void)bpf_map__set_max_entries(p->maps.ring, PROBE_RING_CONNECTIONS);
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++) {
		struct bpf_program *prog =
			programs[i] ? bpf_object__find_program_by_name(p->obj, programs[i]) : NULL;
		if (prog)
			(void)bpf_program__set_autoload(prog, mask >> i & 1);
	}
	int err = probes__load(p);
	if (err < 0) {
		probes__destroy(p);
		errno = -err;
		return NULL;
	}
	return p;
}

static unsigned wanted(const char *what)
{
	unsigned mask = 0;
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++)
		if (programs[i])
			mask |= 1u << i;
	return strcmp(what, "connections") == 0 ? 1u << PROBE_FD_TCP_STATE : mask;
}

static struct probes *load_what_can_be(unsigned *mask, bool each_connection, int *error)
{
	struct probes *p = load(*mask, each_connection);
	if (p)
		return p;
	*error = errno;
	unsigned good = 0;
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++) {
		if (!(*mask >> i & 1))
			continue;
		p = load(1u << i, each_connection);
		if (!p)
			continue;
		good |= 1u << i;
		probes__destroy(p);
	}
	*mask = good;
	return good ? load(good, each_connection) : NULL;
}

/* They stay as they are until we end, which closes what was not handed over. */
static struct probes *loaded;
static struct bpf_link *links[PROBE_FD_COUNT];

/* Descriptors by enum probe_fd, -1 for what there is not. */
static void gather(struct probes *p, unsigned mask, int fds[PROBE_FD_COUNT], int *error)
{
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++) {
		fds[i] = -1;
		if (maps[i])
			fds[i] = bpf_object__find_map_fd_by_name(p->obj, maps[i]);
		if (!programs[i] || !(mask >> i & 1))
			continue;
		const struct bpf_program *prog =
			bpf_object__find_program_by_name(p->obj, programs[i]);
		links[i] = bpf_program__attach(prog);
		if (links[i])
			fds[i] = bpf_link__fd(links[i]);
		else if (*error == 0)
			*error = errno;
	}
}

static int hand_over(const int fds[PROBE_FD_COUNT], int error, bool connections)
{
	struct probe_hello hello = {PROBE_MAGIC, PROBE_VERSION, 0, error,
		connections ? PROBE_RING_CONNECTIONS : PROBE_RING};
	int send[PROBE_FD_COUNT];
	size_t n = 0;
	for (unsigned i = 0; i < PROBE_FD_COUNT; i++)
		if (fds[i] >= 0) {
			hello.mask |= 1u << i;
			send[n++] = fds[i];
		}
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof send)];
	} control = {0};
	struct iovec io = {&hello, sizeof hello};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	if (n) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(n * sizeof *send);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof *send);
		memcpy(CMSG_DATA(c), send, n * sizeof *send);
	}
	return sendmsg(SOCKET_FD, &m, MSG_NOSIGNAL) == sizeof hello ? 0 : -errno;
}

/* Numbers of processes are those of the first pid namespace, as the kernel has them: of no use to who sees others. */
static bool in_first_pid_namespace(void)
{
	enum { FIRST = 0xEFFFFFFC }; /* PROC_PID_INIT_INO */
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST;
}

int main(int argc, char **argv)
{
	struct stat st;
	if (argc != 2 || fstat(SOCKET_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		(void)fprintf(stderr, "plimsoll-bpf: started by plimsoll, not by hand\n");
		return EX_USAGE;
	}
	(void)libbpf_set_print(silent);
	int fds[PROBE_FD_COUNT], error = 0;
	memset(fds, -1, sizeof fds);
	bool connections = strcmp(argv[1], "connections") == 0;
	unsigned mask = wanted(argv[1]);
	if (!in_first_pid_namespace())
		error = EXDEV;
	else
		loaded = load_what_can_be(&mask, connections, &error);
	if (loaded)
		gather(loaded, mask, fds, &error);
	return hand_over(fds, error, connections) < 0 ? EX_OSERR : 0;
}
