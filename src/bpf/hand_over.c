/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "bpf/hand_over.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

bool hand_over_asked(void)
{
	struct stat st;
	return fstat(HAND_OVER_FD, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool hand_over_useful(void)
{
	enum { FIRST = 0xEFFFFFFC }; /* PROC_PID_INIT_INO */
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST;
}

int hand_over(const int fds[PROBE_FD_COUNT], int error, bool connections)
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
	return sendmsg(HAND_OVER_FD, &m, MSG_NOSIGNAL) == sizeof hello ? 0 : -errno;
}
