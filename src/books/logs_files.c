/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* logs_files: which files are a server's logs: those that its first process has open to write to. */
#include "books/conf.h"
#include "books/logs.h"
#include "books/server_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { DESCRIPTORS = 4096 };

static bool is_known(const struct logs *l, const struct stat *st)
{
	struct stat have;
	for (unsigned i = 0; i < l->nfiles; i++)
		if (fstat(l->files[i].fd, &have) == 0 && have.st_dev == st->st_dev &&
			have.st_ino == st->st_ino)
			return true;
	return false;
}

static void take_file(struct logs *l, int fd)
{
	struct stat st;
	if (l->nfiles == LOGS_FILES || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		is_known(l, &st) || tail_begin(&l->files[l->nfiles], fd) < 0) {
		(void)close(fd);
		return;
	}
	l->nfiles++;
}

/* It has the file open to write to it, and only that. */
static bool writes_only(int info, const char *name)
{
	char text[256];
	int fd = openat(info, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "flags:");
	unsigned flags = 0;
	for (at = at ? at + 6 + strspn(at + 6, " \t") : ""; *at >= '0' && *at <= '7'; at++)
		flags = flags << 3 | (unsigned)(*at - '0');
	return (flags & O_ACCMODE) == O_WRONLY;
}

/* Calls take() with a descriptor of each regular file that the process has open only to write to it, until that says false; the descriptor is then take()'s. */
static void each_written(
	const struct book_target *t, bool (*take)(void *ctx, int fd, const char *path), void *ctx)
{
	char path[SERVER_PATH];
	(void)snprintf(path, sizeof path, "/proc/%d/fdinfo", t->pid);
	int info = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof path, "/proc/%d/fd", t->pid);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = folder >= 0 ? fdopendir(folder) : NULL;
	const struct dirent *e;
	bool more = d && info >= 0;
	for (unsigned looks = 0; more && looks < DESCRIPTORS && (e = readdir(d)) != NULL; looks++) {
		struct stat st;
		/* What is no regular file is not even opened. */
		if (e->d_name[0] == '.' || fstatat(folder, e->d_name, &st, 0) < 0 ||
			!S_ISREG(st.st_mode) || st.st_nlink == 0 || !writes_only(info, e->d_name))
			continue;
		ssize_t n = readlinkat(folder, e->d_name, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		int fd = openat(folder, e->d_name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		more = fd < 0 || take(ctx, fd, path);
	}
	if (d)
		(void)closedir(d);
	else if (folder >= 0)
		(void)close(folder);
	if (info >= 0)
		(void)close(info);
}

static bool take_any(void *ctx, int fd, const char *path)
{
	(void)path;
	take_file(ctx, fd);
	return true;
}

void logs_open(struct logs *l, const struct book_target *t, const char *also)
{
	memset(l, 0, sizeof *l);
	tzset();
	each_written(t, take_any, l);
	int fd = also ? conf_open(t, also, O_RDONLY | O_NONBLOCK) : -1;
	if (fd >= 0)
		take_file(l, fd);
}

struct wanted_file {
	const char *path;
	int fd;
};

static bool take_named(void *ctx, int fd, const char *path)
{
	struct wanted_file *w = ctx;
	if (strcmp(path, w->path) == 0)
		w->fd = fd;
	else
		(void)close(fd);
	return w->fd < 0;
}

int logs_find(const struct book_target *t, const char *path)
{
	struct wanted_file w = {path, -ENOENT};
	each_written(t, take_named, &w);
	return w.fd;
}
