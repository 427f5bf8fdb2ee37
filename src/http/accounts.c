/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/accounts.h"

#include "base/attr.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const scopes[] = {
	[SCOPE_NONE] = "none", [SCOPE_READ] = "read", [SCOPE_WRITE] = "write"};
static const char *const kinds[] = {[ACCOUNT_USER] = "user", [ACCOUNT_TOKEN] = "token"};

const char *scope_name(enum scope s)
{
	return scopes[s];
}

enum scope scope_of(const char *text)
{
	for (unsigned s = SCOPE_READ; s < COUNTOF(scopes); s++)
		if (strcmp(scopes[s], text) == 0)
			return (enum scope)s;
	return SCOPE_NONE;
}

bool account_is_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
	size_t n = strlen(name);
	return n > 0 && n < ACCOUNT_NAME && *name != '-' && strspn(name, allowed) == n;
}

const struct account *accounts_find(const struct accounts *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->rows[i].name, name) == 0)
			return &a->rows[i];
	return NULL;
}

/* ---- parsing ---- */

static bool copy_word(struct scan *line, char *to, size_t size)
{
	struct scan word;
	if (!scan_word(line, &word) || scan_len(word) >= size ||
		memchr(word.p, '\0', scan_len(word)))
		return false;
	memcpy(to, word.p, scan_len(word));
	to[scan_len(word)] = '\0';
	return true;
}

static bool is_hash(const struct account *a)
{
	static const char prefix[] = "$argon2id$";
	if (a->kind == ACCOUNT_USER)
		return strncmp(a->hash, prefix, sizeof prefix - 1) == 0;
	return strlen(a->hash) == 64 && strspn(a->hash, "0123456789abcdef") == 64;
}

static bool parse_line(struct scan line, struct account *ret)
{
	struct account a = {.kind = ACCOUNT_USER};
	char word[8];
	if (!copy_word(&line, word, sizeof word))
		return false;
	if (strcmp(word, kinds[ACCOUNT_TOKEN]) == 0)
		a.kind = ACCOUNT_TOKEN;
	else if (strcmp(word, kinds[ACCOUNT_USER]) != 0)
		return false;
	if (!copy_word(&line, a.name, sizeof a.name) || !account_is_name(a.name) ||
		!copy_word(&line, word, sizeof word) || !scan_u64(&line, &a.made_s) ||
		!copy_word(&line, a.hash, sizeof a.hash))
		return false;
	a.scope = scope_of(word);
	scan_blanks(&line);
	*ret = a;
	return a.scope != SCOPE_NONE && is_hash(&a) && line.p == line.end;
}

int accounts_parse(const char *text, size_t n, struct accounts *ret, unsigned *ret_line)
{
	struct scan rest = scan_over(text, n), line;
	struct account a;
	ret->n = 0;
	for (unsigned number = 1; rest.p < rest.end; number++) {
		*ret_line = number;
		if (!scan_line(&rest, &line))
			return -EBADMSG; /* the last one was cut */
		if (line.p == line.end || *line.p == '#')
			continue;
		if (ret->n == ACCOUNTS_MAX || !parse_line(line, &a) || accounts_find(ret, a.name))
			return -EBADMSG;
		ret->rows[ret->n++] = a;
	}
	return 0;
}

/* ---- the file ---- */

int accounts_read(const char *path, struct accounts *ret, unsigned *ret_line)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	AUTO_FREE char *text = NULL;
	struct stat st;
	size_t n = 0;
	ssize_t r;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_mode & (S_IWGRP | S_IRWXO))
		return -EPERM;
	text = malloc(ACCOUNTS_BYTES + 1);
	if (!text)
		return -ENOMEM;
	while ((r = read(fd, text + n, ACCOUNTS_BYTES + 1 - n)) > 0)
		n += (size_t)r;
	*ret_line = 0;
	r = r < 0 ? -errno : n > ACCOUNTS_BYTES ? -EFBIG : accounts_parse(text, n, ret, ret_line);
	explicit_bzero(text, n);
	return (int)r;
}

static int write_rows(int fd, const struct accounts *a)
{
	FILE *f = fdopen(fd, "w");
	if (!f) {
		(void)close(fd);
		return -errno;
	}
	(void)fprintf(f, "# who may read plimsoll's page and API; written by plimsoll user\n");
	for (size_t i = 0; i < a->n; i++) {
		const struct account *r = &a->rows[i];
		(void)fprintf(f, "%s %s %s %" PRIu64 " %s\n", kinds[r->kind], r->name,
			scopes[r->scope], r->made_s, r->hash);
	}
	int e = fflush(f) == EOF || ferror(f) || fsync(fileno(f)) < 0 ? -errno : 0;
	return fclose(f) == EOF && e == 0 ? -errno : e;
}

/* The entry itself is on the disk, too. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	(void)snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	AUTO_FD int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd);
}

int accounts_write(const char *path, const struct accounts *a)
{
	AUTO_FREE char *fresh = NULL;
	struct stat st;
	if (asprintf(&fresh, "%s.new-XXXXXX", path) < 0)
		return -ENOMEM;
	int fd = mkostemp(fresh, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return -errno;
	int r = stat(path, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) < 0 && geteuid() == 0
			? -errno
			: 0;
	if (r < 0)
		(void)close(fd);
	else
		r = write_rows(fd, a);
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(fresh);
	else
		sync_folder(path);
	return r;
}
