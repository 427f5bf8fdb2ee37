/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/mutes.h"

#include "base/attr.h"
#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PATH_ROOM = 4200, FILE_MAX = MUTES_MAX * 640 };

/* A trouble that is looked at may be a little older than the wish not to hear of it: the last sample of a recorder is. */
static const uint64_t LEEWAY_NS = UINT64_C(60000000000);

static const char head[] = "plimsoll mutes 1";

static int path_of(char path[static PATH_ROOM], const char *store, const char *name)
{
	int n = snprintf(path, PATH_ROOM, "%s/%s", store, name);
	return n < 0 || n >= PATH_ROOM ? -ENAMETOOLONG : 0;
}

bool mute_text_good(const char *text, size_t size)
{
	char safe[1024];
	return strlen(text) < size && strcmp(text_safe(safe, sizeof safe, text), text) == 0;
}

/* ---- reading ---- */

static bool field(struct scan *line, char *to, size_t size)
{
	return scan_field(line, to, size) && mute_text_good(to, size);
}

/* UNTIL FROM WHAT BY REASON, with tabs between; times in seconds since 1970. */
static bool one_line(struct scan line, struct mute *ret)
{
	uint64_t until, from;
	struct mute m = {0};
	if (!scan_u64(&line, &until) || !scan_skip(&line, '\t') || !scan_u64(&line, &from) ||
		!scan_skip(&line, '\t') || until > UINT64_MAX / 1000000000u ||
		from > UINT64_MAX / 1000000000u)
		return false;
	m.until_ns = until * 1000000000u;
	m.from_ns = from * 1000000000u;
	if (!field(&line, m.what, sizeof m.what) || !*m.what || !field(&line, m.by, sizeof m.by) ||
		!field(&line, m.reason, sizeof m.reason) || !*m.reason || line.p != line.end)
		return false;
	*ret = m;
	return true;
}

int mutes_load(const char *store, struct mutes *ret, unsigned *ret_bad)
{
	char path[PATH_ROOM];
	struct stat st;
	unsigned bad = 0;
	ret->count = 0;
	if (ret_bad)
		*ret_bad = 0;
	int r = path_of(path, store, "mutes");
	if (r < 0)
		return r;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	AUTO_FREE char *bytes = malloc(FILE_MAX);
	if (!bytes)
		return -ENOMEM;
	size_t n = 0;
	for (ssize_t got = 1; got > 0 && n<FILE_MAX; n += got> 0 ? (size_t)got : 0) {
		got = read(fd, bytes + n, FILE_MAX - n);
		if (got < 0)
			return -errno;
	}
	struct scan all = scan_whole(scan_over(bytes, n)), line;
	if (!scan_line(&all, &line) || !scan_is(line, head))
		return n ? -EBADMSG : 0;
	while (scan_line(&all, &line)) {
		if (ret->count < MUTES_MAX && one_line(line, &ret->rows[ret->count]))
			ret->count++;
		else
			bad++;
	}
	if (ret_bad)
		*ret_bad = bad;
	return 0;
}

/* ---- changing ---- */

static int write_all(const char *store, const struct mutes *m)
{
	char path[PATH_ROOM], other[PATH_ROOM];
	int r = path_of(path, store, "mutes");
	if (r == 0)
		r = path_of(other, store, "mutes.new");
	if (r < 0)
		return r;
	/* as the files of the store: its group may read them */
	AUTO_FD int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "we");
	if (!f)
		return -errno;
	(void)fprintf(f, "%s\n", head);
	for (size_t i = 0; i < m->count; i++)
		(void)fprintf(f, "%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t%s\n",
			m->rows[i].until_ns / 1000000000u, m->rows[i].from_ns / 1000000000u,
			m->rows[i].what, m->rows[i].by, m->rows[i].reason);
	/* root mutes in a store of another user: whoever reads the store is to read this, too */
	struct stat folder, own;
	if (stat(store, &folder) == 0 && fstat(fd, &own) == 0 &&
		(folder.st_uid != own.st_uid || folder.st_gid != own.st_gid))
		(void)!fchown(fd, folder.st_uid, folder.st_gid);
	bool failed = fflush(f) == EOF || ferror(f) || fsync(fd) < 0;
	r = failed ? -(errno ? errno : EIO) : 0;
	(void)fclose(f);
	if (r == 0 && rename(other, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(other);
	return r;
}

int mutes_change(const char *store, int (*each)(void *ctx, struct mutes *m), void *ctx)
{
	/* the folder itself is locked: the file is another one after each change */
	AUTO_FD int fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -errno;
	struct mutes *m = calloc(1, sizeof *m);
	int r = m ? mutes_load(store, m, NULL) : -ENOMEM;
	if (r == 0)
		r = each(ctx, m);
	if (r > 0)
		r = write_all(store, m);
	free(m);
	return r;
}

size_t mutes_drop_ended(struct mutes *m, uint64_t now_ns,
	void (*each)(void *ctx, const struct mute *gone), void *ctx)
{
	size_t kept = 0, gone = 0;
	for (size_t i = 0; i < m->count; i++) {
		if (m->rows[i].until_ns > now_ns) {
			m->rows[kept++] = m->rows[i];
			continue;
		}
		gone++;
		if (each)
			each(ctx, &m->rows[i]);
	}
	m->count = kept;
	return gone;
}

const struct mute *mutes_find(const struct mutes *m, uint64_t at_ns, const char *id,
	const char *rule, const char *resource, const char *class)
{
	for (size_t i = 0; m && i < m->count; i++) {
		const struct mute *row = &m->rows[i];
		if (at_ns >= row->until_ns || at_ns + LEEWAY_NS < row->from_ns)
			continue;
		if (strcmp(row->what, id) == 0 || fnmatch(row->what, rule, 0) == 0 ||
			fnmatch(row->what, resource, 0) == 0 || fnmatch(row->what, class, 0) == 0)
			return row;
	}
	return NULL;
}

const struct mute *mutes_cover(const struct mutes *m, uint64_t from_ns, uint64_t to_ns,
	const char *id, const char *rule, const char *resource, const char *class)
{
	const struct mute *row;
	/* each goes on behind the end of the one before it */
	for (uint64_t at = from_ns; (row = mutes_find(m, at, id, rule, resource, class));
		at = row->until_ns)
		if (row->until_ns > to_ns)
			return row;
	return NULL;
}
