/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-bpf: loads the probes of src/bpf into the kernel, hands their descriptors over the socket that it was given as descriptor 3,
 * and ends. In a process of its own, so that the recorder, which keeps its memory locked, has none of what that takes. What a descriptor holds lives as long
 * as the recorder does.
 *
 * Here the kernel itself fits the programs to its types, in a program that the build makes of them (a light skeleton): 2 MB and 35 ms. It is all or
 * nothing, and takes 5.17. Where it does not work, and where other probes than usual are asked for, plimsoll-bpf-each does it with libbpf. */
#include "base/attr.h"
#include "bpf/hand_over.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <probes.lskel.h> /* made by the build; takes the above for granted */
#include <sysexits.h>

/* They stay as they are until we end, which closes what was not handed over. */
static struct probes *loaded;

static void gather(int fds[PROBE_FD_COUNT], int *error)
{
	static const struct {
		enum probe_fd fd;
		int (*attach)(struct probes *);
	} links[] = {
		{PROBE_FD_TASKS, probes__tasks__attach},
		{PROBE_FD_HELD, probes__held__attach},
		{PROBE_FD_EXIT, probes__exited__attach},
		{PROBE_FD_SIGNAL, probes__signalled__attach},
		{PROBE_FD_TCP_STATE, probes__tcp_state__attach},
		{PROBE_FD_RETRANSMIT, probes__retransmitted__attach},
		{PROBE_FD_RESET_SENT, probes__reset_sent__attach},
		{PROBE_FD_RESET_RECEIVED, probes__reset_received__attach},
		{PROBE_FD_SWITCH, probes__switched__attach},
		{PROBE_FD_COMPLETE, probes__completed__attach},
	};
	fds[PROBE_FD_CONTROL] = loaded->maps.control.map_fd;
	fds[PROBE_FD_RING] = loaded->maps.ring.map_fd;
	fds[PROBE_FD_FLOWS] = loaded->maps.flows.map_fd;
	fds[PROBE_FD_RUNQ] = loaded->maps.run_queue.map_fd;
	fds[PROBE_FD_BLOCK] = loaded->maps.block.map_fd;
	fds[PROBE_FD_LOST] = loaded->maps.lost.map_fd;
	for (size_t i = 0; i < COUNTOF(links); i++) {
		fds[links[i].fd] = links[i].attach(loaded);
		if (fds[links[i].fd] < 0 && *error == 0)
			*error = errno;
	}
}

/* Comes back only where it is not there. */
static void become_each(char **argv)
{
	static const char suffix[] = "-each";
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof suffix);
	if (n <= 0)
		return;
	memcpy(path + n, suffix, sizeof suffix);
	(void)execv(path, argv);
}

int main(int argc, char **argv)
{
	if (argc != 2 || !hand_over_asked()) {
		(void)fprintf(stderr, "plimsoll-bpf: started by plimsoll, not by hand\n");
		return EX_USAGE;
	}
	int fds[PROBE_FD_COUNT], error = 0;
	memset(fds, -1, sizeof fds);
	bool connections = strcmp(argv[1], "connections") == 0;
	if (!hand_over_useful())
		return hand_over(fds, EXDEV, connections) < 0 ? EX_OSERR : 0;
	loaded = connections ? NULL : probes__open();
	int r = loaded ? probes__load(loaded) : -ENOTSUP;
	if (r < 0) {
		become_each(argv);
		error = -r;
	} else {
		gather(fds, &error);
	}
	return hand_over(fds, error, connections) < 0 ? EX_OSERR : 0;
}
