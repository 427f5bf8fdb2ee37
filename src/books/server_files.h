/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* server_files: what a server's side wrote before it is asked: its command line, its environment, its configuration. For kinds' open(), which runs
 * with the right to read such files; none of their bytes is trusted.
 *
 * Paths are the server's: absolute ones begin at its own root (t->root), and no link leads out of it. Errors are negative errno. */
#ifndef BOOKS_SERVER_FILES_H
#define BOOKS_SERVER_FILES_H

#include "books/book.h"

#include <sys/types.h>

enum { SERVER_FILE = 256 * 1024, SERVER_PATH = 512 };

/* Up to size - 1 bytes of a regular file and a NUL; never waits. Returns how many; -EFBIG when there are more (they are in buf all the same). */
ssize_t server_file(const struct book_target *t, const char *path, char *buf, size_t size);
/* Calls each(ctx, path) for the files that a pattern ('*', '?', '[a-z]' in any part) names, sorted by name, at most 512, until it answers nonzero, which
 * is returned. A pattern that names a folder stands for all files in it, when `folders`. Returns 0 for none. */
int server_glob(const struct book_target *t, const char *pattern, bool folders,
	int (*each)(void *ctx, const char *path), void *ctx);
/* Arguments of the server's first process, each ended by NUL, and one more NUL. Returns how many bytes. */
ssize_t server_arguments(const struct book_target *t, char *buf, size_t size);
/* The value of a variable of its environment as it began; false when it has none. */
bool server_environment(const struct book_target *t, const char *name, char *buf, size_t size);
/* The folder that it works in, "/" when that cannot be told, and its program's path, or "". */
void server_folder(const struct book_target *t, char *buf, size_t size);
void server_program(const struct book_target *t, char *buf, size_t size);
/* As much of text as fits. */
void server_copy(char *dst, size_t size, const char *text);
/* base and path joined into buf, unless path is absolute. False when that is too long. */
bool server_join(char *buf, size_t size, const char *base, const char *path);

#endif
