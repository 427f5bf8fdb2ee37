/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/reach.h"

#include "base/attr.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { PARENTS = 8 };

static int helper = -1;

/* ---- descriptors over a socket ---- */

static int send_with(int socket, const void *bytes, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char copy[sizeof(struct reach_request)];
	memcpy(copy, bytes, n);
	struct iovec io = {copy, n};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof control.bytes;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	return sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ptrdiff_t reach_receive(int socket, void *buf, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec io = {buf, size};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	*ret_fd = -1;
	ssize_t n = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return n;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m); /* there is room for one; the kernel closes others */
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len >= CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	return n;
}

/* ---- who asks ---- */

void reach_through(int socket)
{
	helper = socket;
}

int reach_socket(int dir_fd, const char *name)
{
	struct reach_request r = {.magic = "reach"};
	struct pollfd answer = {.fd = helper, .events = POLLIN};
	int result, fd;
	if (helper < 0 || strlen(name) >= sizeof r.name)
		return -EACCES;
	memcpy(r.name, name, strlen(name) + 1);
	int e = send_with(helper, &r, sizeof r, dir_fd);
	if (e < 0)
		return e;
	if (poll(&answer, 1, REACH_MS) <= 0)
		return -ETIMEDOUT;
	ptrdiff_t n = reach_receive(helper, &result, sizeof result, &fd);
	if (n == sizeof result && result == 0 && fd >= 0)
		return fd;
	attr_close_fd(&fd);
	return n == sizeof result && result < 0 ? result : -EACCES;
}

/* ---- the helper ---- */

bool reach_is(const void *bytes, size_t n)
{
	return n == sizeof(struct reach_request) && memcmp(bytes, "reach", 6) == 0;
}

static int32_t parent_of(int32_t pid)
{
	char path[48], text[512];
	(void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	text[n > 0 ? n : 0] = '\0';
	const char *p = strrchr(text, ')'); /* the name before may hold anything */
	struct scan s = scan_over(p ? p + 1 : "", p ? strlen(p + 1) : 0), state;
	uint64_t parent;
	return scan_word(&s, &state) && scan_u64(&s, &parent) && parent <= INT32_MAX
		       ? (int32_t)parent
		       : 0;
}

static bool is_of(int32_t pid, int32_t server)
{
	for (unsigned i = 0; i < PARENTS && pid > 1; i++) {
		if (pid == server)
			return true;
		pid = parent_of(pid);
	}
	return false;
}

/* Whoever asks may show any folder: it is the one who listens that counts, which is the process that called listen(). */
static int connect_for(int dir_fd, const char *name, int32_t server)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ucred peer;
	socklen_t len = sizeof peer;
	struct stat st;
	if (dir_fd < 0 || !*name || strchr(name, '/') || fstat(dir_fd, &st) < 0 ||
		!S_ISDIR(st.st_mode))
		return -EINVAL;
	if ((size_t)snprintf(un.sun_path, sizeof un.sun_path, "/proc/self/fd/%d/%s", dir_fd,
		    name) >= sizeof un.sun_path)
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int e = connect(fd, (const struct sockaddr *)&un, sizeof un) < 0 ? -errno : 0;
	if (e == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		e = -errno;
	if (e == 0 && !is_of(peer.pid, server))
		e = -EACCES;
	if (e < 0)
		(void)close(fd);
	return e < 0 ? e : fd;
}

void reach_answer(int socket, const struct reach_request *r, int dir_fd, int32_t server)
{
	char name[REACH_NAME];
	memcpy(name, r->name, sizeof name);
	name[sizeof name - 1] = '\0';
	AUTO_FD int fd = connect_for(dir_fd, name, server);
	int result = fd < 0 ? fd : 0;
	(void)send_with(socket, &result, sizeof result, fd);
}
