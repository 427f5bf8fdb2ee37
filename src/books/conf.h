/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conf: what a server was started with: its command line, its configuration files, its sockets, as it sees them itself (its mount
 * namespace, its working folder). For open() of a kind, which still has the right to look. Configuration is not trusted: all is bounded. */
#ifndef BOOKS_CONF_H
#define BOOKS_CONF_H

#include "base/num.h"
#include "books/book.h"

enum { CONF_FILE = 512 * 1024, CONF_ARGS = 64 };

struct conf_args {
	int n;
	const char *arg[CONF_ARGS];
	char text[4096];
};

/* Reads on until the end, or until buf is full. Returns how many bytes; negative errno. */
ssize_t conf_fill(int fd, char *buf, size_t size);
/* A file of the process's own folder in /proc, up to size - 1 bytes and a NUL; "" in case of error. Returns how many bytes; negative errno. */
ssize_t conf_process(int32_t pid, const char *name, char *buf, size_t size);

/* 0 or a negative errno. */
int conf_args(int32_t pid, struct conf_args *ret);
/* The value of an option, "-f X", "-fX" with short, "--long X", "--long=X"; NULL when it is not there. i: in, where to begin; out, behind what was found. */
const char *conf_option(const struct conf_args *a, const char *option, int *i);

/* Opens a file or, with O_PATH, whatever it is, of the server's file system; a relative path begins in its working folder. A server that is
 * confined to a folder (chroot) has read its configuration before: it is then looked up outside. A descriptor or a negative errno. */
int conf_open(const struct book_target *t, const char *path, int flags);
/* Below a folder, whatever links there are in it: its root is no root of ours, and who is in it may have written them for us. links: where the kernel has no
 * such way of looking up (before 5.6), a link at the end is followed all the same. */
int conf_open_in(const char *root, const char *path, int flags, bool links);
/* What was to be read for the configuration, and may not be: the first such path is kept. error: a negative errno, others than those of rights do not count. */
void conf_note(const char *path, int error);
const char *conf_unread(void); /* that path, or "" */
/* The whole file, NUL after it: it is the caller's to free. NULL when it cannot be read, or is too large. */
char *conf_read(const struct book_target *t, const char *path, size_t *ret_len);
/* Calls each() for the files of a folder that a pattern in the last part of a path names, by name; none are hidden ones. */
void conf_each(const struct book_target *t, const char *pattern,
	void (*each)(const struct book_target *t, const char *path, void *ctx), void *ctx);
/* A unix socket: a descriptor of its folder, which stays good when rights are gone and when the server makes the socket anew. Its name goes to
 * ret_name. A negative errno. */
int conf_socket(const struct book_target *t, const char *path, char ret_name[static 64]);
/* The path of a unix socket on which the server listens now, the first of those that end in one of the endings (NULL: any). 0 or -ENOENT. */
int conf_listening(const struct book_target *t, const char *ending, char *ret, size_t size);
/* The name of the user that the server runs as, from its own /etc/passwd; "" not known. */
char *conf_user(const struct book_target *t, char *buf, size_t size);

/* Words of one line of configuration: blanks part them, quotes and backslashes join, '#' begins a comment. Texts are written to buf. Returns how
 * many. */
int conf_words(struct scan line, char *buf, size_t size, const char **words, int max);

/* ADDRESS:PORT, [ADDRESS]:PORT, :PORT, *:PORT, PORT. Numbers only. */
bool conf_address(const char *text, struct address *ret, uint16_t *ret_port);

#endif
