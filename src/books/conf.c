/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/conf.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

ssize_t conf_fill(int fd, char *buf, size_t size)
{
	size_t n = 0;
	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

ssize_t conf_process(int32_t pid, const char *name, char *buf, size_t size)
{
	char path[48];
	buf[0] = '\0';
	(void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = conf_fill(fd, buf, size - 1);
	buf[n < 0 ? 0 : n] = '\0';
	return n;
}

int conf_args(int32_t pid, struct conf_args *ret)
{
	ret->n = 0;
	ssize_t n = conf_process(pid, "cmdline", ret->text, sizeof ret->text);
	if (n < 0)
		return (int)n;
	for (char *p = ret->text; p < ret->text + n && ret->n < CONF_ARGS; p += strlen(p) + 1)
		ret->arg[ret->n++] = p;
	return 0;
}

const char *conf_option(const struct conf_args *a, const char *option, int *i)
{
	size_t len = strlen(option);
	bool is_long = option[0] == '-' && option[1] == '-';
	for (int k = *i < 1 ? 1 : *i; k < a->n; k++) {
		const char *arg = a->arg[k];
		if (strncmp(arg, option, len) != 0)
			continue;
		if (arg[len] == '\0' && k + 1 < a->n) {
			*i = k + 2;
			return a->arg[k + 1];
		}
		if (arg[len] != '\0' && (!is_long || arg[len] == '=')) {
			*i = k + 1;
			return arg + len + is_long;
		}
	}
	*i = a->n;
	return NULL;
}

static int32_t parent_of(int32_t pid)
{
	char text[512];
	if (conf_process(pid, "stat", text, sizeof text) <= 0)
		return 0;
	const char *p = strrchr(text, ')');
	struct scan s;
	uint64_t parent;
	if (!p || strlen(p) < 4)
		return 0;
	s = scan_over(p + 3, strlen(p + 3));
	return scan_u64(&s, &parent) && parent < INT32_MAX ? (int32_t)parent : 0;
}

/* A FIFO would be waited for. openat2() minds the flag where nothing is read. */
int conf_open_in(const char *root, const char *path, int flags, bool links)
{
	flags |= flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct open_how how = {
		.flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	AUTO_FD int dir = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) { /* before 5.6, and some containers */
		path += strspn(path, "/");
		fd = openat(dir, *path ? path : ".", links ? flags : flags | O_NOFOLLOW);
	}
	return fd < 0 ? -errno : fd;
}

static int open_in(const char *root, const char *path, int flags)
{
	return conf_open_in(root, path, flags, false);
}

int conf_open(const struct book_target *t, const char *path, int flags)
{
	char where[64], at[64];
	if (*path != '/') {
		(void)snprintf(where, sizeof where, "/proc/%d/cwd", t->pid);
		int fd = open_in(where, path, flags);
		if (fd != -ENOENT)
			return fd;
	}
	int fd = open_in(t->root, path, flags);
	if (fd != -ENOENT)
		return fd;
	ssize_t n = readlink(t->root, at, sizeof at);
	if (n == 1 && at[0] == '/')
		return -ENOENT;
	int32_t parent = parent_of(t->pid);
	if (parent > 1) {
		(void)snprintf(where, sizeof where, "/proc/%d/root", parent);
		fd = open_in(where, path, flags);
	}
	return fd == -ENOENT ? open_in("/", path, flags) : fd;
}

static char unread[160]; /* a reader process has one server */

void conf_note(const char *path, int error)
{
	if ((error == -EACCES || error == -EPERM) && !*unread)
		(void)snprintf(unread, sizeof unread, "%s%s", *path == '/' ? "" : "./", path);
}

const char *conf_unread(void)
{
	return unread;
}

static char *read_all(int fd, size_t *ret_len)
{
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > CONF_FILE)
		return NULL;
	char *text = malloc((size_t)st.st_size + 1);
	ssize_t n = text ? conf_fill(fd, text, (size_t)st.st_size) : -1;
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*ret_len = (size_t)n;
	return text;
}

char *conf_read(const struct book_target *t, const char *path, size_t *ret_len)
{
	AUTO_FD int fd = conf_open(t, path, O_RDONLY);
	conf_note(path, fd);
	return read_all(fd, ret_len);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void conf_each(const struct book_target *t, const char *pattern,
	void (*each)(const struct book_target *t, const char *path, void *ctx), void *ctx)
{
	const char *slash = strrchr(pattern, '/');
	char dir[512], path[512];
	if (!slash)
		return;
	(void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - pattern), pattern);
	AUTO_FD int fd = conf_open(t, dir, O_RDONLY | O_DIRECTORY);
	conf_note(dir, fd);
	struct dirent **names = NULL;
	int n = fd < 0 ? -1 : scandirat(fd, ".", &names, NULL, by_name);
	for (int i = 0; i < n; i++) {
		if (fnmatch(slash + 1, names[i]->d_name, FNM_PERIOD) == 0 &&
			(size_t)snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name) <
				sizeof path)
			each(t, path, ctx);
		free(names[i]);
	}
	free(names);
}

int conf_socket(const struct book_target *t, const char *path, char ret_name[static 64])
{
	char dir[256] = ".";
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (slash && (size_t)snprintf(dir, sizeof dir, "%.*s",
			     slash == path ? 1 : (int)(slash - path), path) >= sizeof dir)
		return -ENAMETOOLONG;
	if (!*name || strlen(name) >= 64)
		return -EINVAL;
	(void)snprintf(ret_name, 64, "%s", name);
	int fd = conf_open(t, dir, O_PATH | O_DIRECTORY);
	conf_note(path, fd);
	return fd;
}

enum { OPEN_SOCKETS = 1024 };

/* Numbers of the sockets that the server has open, no more than there is room for. */
static size_t sockets_of(int32_t pid, uint64_t inode[static OPEN_SOCKETS])
{
	char path[40], link[64];
	(void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
	size_t n = 0;
	DIR *d = opendir(path);
	const struct dirent *e;
	while (d && n < OPEN_SOCKETS && (e = readdir(d))) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);
		if (len <= 8 || memcmp(link, "socket:[", 8) != 0)
			continue;
		struct scan s = scan_over(link + 8, (size_t)len - 8);
		n += scan_u64(&s, &inode[n]);
	}
	if (d)
		(void)closedir(d);
	return n;
}

/* A line of /proc/PID/net/unix: number, references, protocol, flags, type, state, inode, path. Whoever takes connections has a flag. */
static bool listening_line(char *line, uint64_t *ret_inode, char **ret_path)
{
	struct scan s = scan_over(line, strcspn(line, "\n")), word[6];
	uint64_t flags;
	for (int i = 0; i < 6; i++)
		if (!scan_word(&s, &word[i]))
			return false;
	scan_blanks(&s);
	if (!scan_hex(&word[3], &flags) || !(flags & 0x10000) || !scan_u64(&s, ret_inode))
		return false;
	scan_blanks(&s);
	if (s.p == s.end || *s.p != '/')
		return false;
	line[s.end - line] = '\0';
	*ret_path = line + (s.p - line);
	return true;
}

int conf_listening(const struct book_target *t, const char *ending, char *ret, size_t size)
{
	char path[40], line[256], *name;
	uint64_t inode[OPEN_SOCKETS], one;
	size_t n = sockets_of(t->pid, inode);
	(void)snprintf(path, sizeof path, "/proc/%d/net/unix", t->pid);
	FILE *f = fopen(path, "re");
	int r = -ENOENT;
	while (f && r < 0 && fgets(line, sizeof line, f)) {
		if (!listening_line(line, &one, &name) || strlen(name) >= size)
			continue;
		size_t len = strlen(name), end = ending ? strlen(ending) : 0;
		if (len < end || (end && strcmp(name + len - end, ending) != 0))
			continue;
		for (size_t i = 0; r < 0 && i < n; i++)
			if (inode[i] == one) {
				(void)snprintf(ret, size, "%s", name);
				r = 0;
			}
	}
	if (f)
		(void)fclose(f);
	return r;
}

char *conf_user(const struct book_target *t, char *buf, size_t size)
{
	char path[40];
	struct stat st;
	size_t len;
	buf[0] = '\0';
	(void)snprintf(path, sizeof path, "/proc/%d", t->pid);
	if (stat(path, &st) < 0)
		return buf;
	AUTO_FD int fd = conf_open(t, "/etc/passwd", O_RDONLY); /* no configuration of its own */
	AUTO_FREE char *text = read_all(fd, &len);
	if (!text)
		return buf;
	struct scan s = scan_over(text, len), line;
	while (scan_line(&s, &line)) {
		const char *name = line.p;
		const char *colon = memchr(name, ':', scan_len(line));
		const char *next =
			colon ? memchr(colon + 1, ':', (size_t)(line.end - colon - 1)) : NULL;
		if (!next)
			continue;
		uint64_t uid;
		struct scan number = {next + 1, line.end};
		if (scan_u64(&number, &uid) && uid == st.st_uid) {
			(void)snprintf(buf, size, "%.*s", (int)(colon - name), name);
			return buf;
		}
	}
	return buf;
}

int conf_words(struct scan line, char *buf, size_t size, const char **words, int max)
{
	int count = 0;
	size_t n = 0;
	const char *p = line.p;
	while (count < max && n + 1 < size) {
		while (p < line.end && (*p == ' ' || *p == '\t' || *p == '\r'))
			p++;
		if (p == line.end || *p == '#')
			break;
		words[count++] = buf + n;
		for (char quote = 0; p < line.end && n + 1 < size; p++) {
			if (quote ? *p == quote : (*p == '"' || *p == '\''))
				quote = (char)(quote ? '\0' : *p);
			else if (*p == '\\' && quote != '\'' && p + 1 < line.end)
				buf[n++] = *++p;
			else if (!quote && (*p == ' ' || *p == '\t' || *p == '\r'))
				break;
			else
				buf[n++] = *p;
		}
		buf[n++] = '\0';
	}
	return count;
}

bool conf_address(const char *text, struct address *ret, uint16_t *ret_port)
{
	struct address a = {.family = AF_INET};
	char host[64];
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	struct scan s = scan_over(port, strlen(port));
	uint64_t v;
	if (!*port || !scan_u64(&s, &v) || s.p != s.end || v == 0 || v > UINT16_MAX)
		return false;
	size_t n = colon ? (size_t)(colon - text) : 0;
	if (n >= sizeof host)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		a.family = AF_INET6;
		if (inet_pton(AF_INET6, host + 1, a.bytes) != 1)
			return false;
	} else if (n && strcmp(host, "*") != 0 && strcmp(host, "localhost") != 0 &&
		   inet_pton(AF_INET, host, a.bytes) != 1) {
		a.family = AF_INET6;
		if (inet_pton(AF_INET6, host, a.bytes) != 1)
			return false;
	}
	*ret = a;
	*ret_port = (uint16_t)v;
	return true;
}
