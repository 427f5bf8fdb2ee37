/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-bpf-each: what plimsoll-bpf becomes where the kernel cannot load all probes by itself, or where other ones than usual are asked for.
 * Libbpf reads the kernel's whole type information to fit them to it: 14 MB for a tenth of a second.
 *
 * A kernel may lack what one probe needs. Then all are tried one by one, and those are loaded that can be. */
#include "base/attr.h"
#include "bpf/hand_over.h"

#include <probes.skel.h> /* made by the build */

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

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

int main(int argc, char **argv)
{
	if (argc != 2 || !hand_over_asked()) {
		(void)fprintf(stderr, "plimsoll-bpf-each: started by plimsoll-bpf, not by hand\n");
		return EX_USAGE;
	}
	(void)libbpf_set_print(silent);
	int fds[PROBE_FD_COUNT], error = 0;
	memset(fds, -1, sizeof fds);
	bool connections = strcmp(argv[1], "connections") == 0;
	unsigned mask = wanted(argv[1]);
	loaded = load_what_can_be(&mask, connections, &error);
	if (loaded)
		gather(loaded, mask, fds, &error);
	return hand_over(fds, error, connections) < 0 ? EX_OSERR : 0;
}
