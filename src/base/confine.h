/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* confine: gives up, for good, what a process that meets strangers does not need: a server that reads one store, a resolver, a reader of a server's
 * book. Who takes over the process by bytes that were not foreseen holds that and nothing more.
 *
 * To be called before the first thread is made, in this order. Each answers 0 or a negative errno,
 * -ENOSYS where this kernel or architecture has no such thing; the caller may go on without. */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of root: becomes this user and group, without any other group. Of everybody: all capabilities go,
 * and no program that is started could bring any back. */
int confine_user(uid_t uid, gid_t gid);
/* The same, but those capabilities of this set (bit N: capability N) that it has stay until the next call. */
int confine_user_but(uid_t uid, gid_t gid, uint64_t capabilities);
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
/* The same for who asks one server (decision 0012): it may also make sockets of IPv4, IPv6 and unix, and connect them, and open files by
 * openat2(). confine_asker_again() takes that call away too, and those that change its own rights. */
int confine_asker_calls(void);
int confine_asker_again(void);

#endif
