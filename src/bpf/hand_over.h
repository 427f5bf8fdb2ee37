/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* hand_over: the one message of plimsoll-bpf and plimsoll-bpf-each to who started them. */
#ifndef BPF_HAND_OVER_H
#define BPF_HAND_OVER_H

#include "bpf/abi.h"

#include <stdbool.h>

enum { HAND_OVER_FD = 3 };

/* Descriptor 3 is a socket, as who starts them gives it. */
bool hand_over_asked(void);
/* Numbers of processes are those of the first pid namespace, as the kernel has them: of no use to who sees others. */
bool hand_over_useful(void);
/* Sends the descriptors by enum probe_fd, -1 for what there is not; error: errno of what failed first, or 0. Returns 0 or -errno. */
int hand_over(const int fds[PROBE_FD_COUNT], int error, bool connections);

#endif
