/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* confine: gives up, for good, what a server that reads one store does not need. Who takes over the
 * process by a request that was not foreseen holds a reader of that store and nothing more.
 *
 * To be called before the first thread is made, in this order. Each answers 0 or a negative errno,
 * -ENOSYS where this kernel or architecture has no such thing; the caller may go on without. */
#ifndef HTTP_CONFINE_H
#define HTTP_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

/* Of root: becomes this user and group, without any other group. Of everybody: all capabilities go,
 * and no program that is started could bring any back. */
int confine_user(uid_t uid, gid_t gid);
/* No file but those of the store (a folder or one file) can be opened, and none of them written:
 * Landlock. */
int confine_files(const char *store);
/* The same of files or folders, as many as are there. */
int confine_paths(const char *const paths[], size_t n);
/* No system call but those that serving needs: no new process, no program, no connection to
 * elsewhere, no file opened for writing, no new code in memory: seccomp. */
int confine_calls(void);
/* The same for who asks servers of names: it may also make sockets of IPv4 and IPv6, and connect them. */
int confine_resolver_calls(void);

#endif
