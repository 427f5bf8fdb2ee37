/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/server_files.h"

#include "base/attr.h"
#include "books/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { GLOB_MAX = 512, GLOB_LOOKS = 4096, GLOB_DEPTH = 16, ENVIRONMENT = 64 * 1024 };

/* Links are what sites-enabled is made of: on kernels before 5.6 one of a container may lead out of it. */
static int open_inside(const struct book_target *t, const char *path, int flags)
{
	return conf_open_in(t->root, path, flags, true);
}

ssize_t server_file(const struct book_target *t, const char *path, char *buf, size_t size)
{
	struct stat st;
	buf[0] = '\0';
	AUTO_FD int fd = open_inside(t, path, O_RDONLY);
	conf_note(path, fd);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	char more;
	ssize_t n = conf_fill(fd, buf, size - 1);
	buf[n < 0 ? 0 : n] = '\0';
	return n + 1 == (ssize_t)size && read(fd, &more, 1) == 1 ? -EFBIG : n;
}

/* ---- patterns ---- */

struct walk {
	const struct book_target *t;
	int (*each)(void *ctx, const char *path);
	void *ctx;
	unsigned found, looks;
	bool folders;
};

static int keep_name(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int walk_pattern(struct walk *w, const char *done, const char *rest, unsigned depth);

static int walk_folder(
	struct walk *w, const char *done, const char *part, const char *rest, unsigned depth)
{
	int r = 0;
	int fd = open_inside(w->t, *done ? done : "/", O_RDONLY | O_DIRECTORY);
	conf_note(*done ? done : "/", fd);
	if (fd < 0)
		return 0;
	struct dirent **names;
	char at[32];
	(void)snprintf(at, sizeof at, "/proc/self/fd/%d", fd);
	int n = scandir(at, &names, keep_name, alphasort);
	(void)close(fd);
	for (int i = 0; i < n; i++) {
		char path[SERVER_PATH];
		const char *name = names[i]->d_name;
		if (r == 0 && w->found < GLOB_MAX && w->looks++ < GLOB_LOOKS &&
			fnmatch(part, name, FNM_PERIOD) == 0 &&
			(size_t)snprintf(path, sizeof path, "%s/%s", done, name) < sizeof path)
			r = walk_pattern(w, path, rest, depth + 1);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return r;
}

/* done: a path without a slash at its end; rest: the parts that are to come. */
static int walk_pattern(struct walk *w, const char *done, const char *rest, unsigned depth)
{
	char part[256], path[SERVER_PATH];
	rest += strspn(rest, "/");
	if (depth > GLOB_DEPTH)
		return 0;
	if (!*rest) {
		AUTO_FD int fd = open_inside(w->t, *done ? done : "/", O_PATH);
		conf_note(*done ? done : "/", fd);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0)
			return 0;
		if (S_ISDIR(st.st_mode))
			return w->folders ? walk_folder(w, done, "*", "", depth) : 0;
		if (!S_ISREG(st.st_mode) || w->found++ >= GLOB_MAX)
			return 0;
		return w->each(w->ctx, done);
	}
	size_t n = strcspn(rest, "/");
	if (n >= sizeof part)
		return 0;
	memcpy(part, rest, n);
	part[n] = '\0';
	if (part[strcspn(part, "*?[")])
		return walk_folder(w, done, part, rest + n, depth);
	if ((size_t)snprintf(path, sizeof path, "%s/%s", done, part) >= sizeof path)
		return 0;
	return walk_pattern(w, path, rest + n, depth + 1);
}

int server_glob(const struct book_target *t, const char *pattern, bool folders,
	int (*each)(void *ctx, const char *path), void *ctx)
{
	struct walk w = {.t = t, .each = each, .ctx = ctx, .folders = folders};
	return walk_pattern(&w, "", pattern, 0);
}

/* ---- the process ---- */

ssize_t server_arguments(const struct book_target *t, char *buf, size_t size)
{
	ssize_t n = conf_process(t->pid, "cmdline", buf, size - 1);
	buf[n > 0 ? n + 1 : 0] = '\0';
	return n;
}

bool server_environment(const struct book_target *t, const char *name, char *buf, size_t size)
{
	char *all = malloc(ENVIRONMENT);
	ssize_t n = all ? conf_process(t->pid, "environ", all, ENVIRONMENT) : -ENOMEM;
	if (n == ENVIRONMENT - 1)
		n = 0; /* there is more: the last one may be cut */
	size_t len = strlen(name);
	bool found = false;
	for (const char *p = all; n > 0 && p < all + n && !found; p += strlen(p) + 1)
		if (strncmp(p, name, len) == 0 && p[len] == '=')
			found = (size_t)snprintf(buf, size, "%s", p + len + 1) < size;
	free(all);
	return found;
}

static void process_link(const struct book_target *t, const char *name, char *buf, size_t size)
{
	char path[48];
	(void)snprintf(path, sizeof path, "/proc/%d/%s", t->pid, name);
	ssize_t n = readlink(path, buf, size);
	if (n < 0 || (size_t)n >= size)
		n = 0;
	buf[n] = '\0';
}

void server_folder(const struct book_target *t, char *buf, size_t size)
{
	process_link(t, "cwd", buf, size);
	if (*buf != '/')
		(void)snprintf(buf, size, "/");
}

void server_program(const struct book_target *t, char *buf, size_t size)
{
	process_link(t, "exe", buf, size);
	char *gone = strstr(buf, " (deleted)"); /* it was upgraded since */
	if (gone)
		*gone = '\0';
}

void server_copy(char *dst, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);
	memcpy(dst, text, n);
	dst[n] = '\0';
}

bool server_join(char *buf, size_t size, const char *base, const char *path)
{
	if (*path == '/')
		return (size_t)snprintf(buf, size, "%s", path) < size;
	return (size_t)snprintf(buf, size, "%s/%s", strcmp(base, "/") == 0 ? "" : base, path) <
	       size;
}
