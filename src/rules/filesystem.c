/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for space and inodes of filesystems. What counts is what a service may still take
 * (`available`: root's reserve is not for it). A filesystem that stands at 95 % for years is
 * nobody's trouble; one that is full, or will be in minutes, is. */
#include "rules/logs.h"

#include "ledger/use.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

const struct rule_case rule_case_fs_space = {
	.mechanism = "Nothing can be written any more (ENOSPC): logs are lost, databases stop, "
		     "temporary files fail, even logins may.",
	.threshold =
		"Less than a ten-thousandth, or 64 KiB, available is full. Filling: the used "
		"space grows in "
		"four steps of five, not fading, more than half is used, and the line reaches "
		"the end within ten times the time that was watched. Or a program writes one "
		"line in a loop to a log on "
		"it (log.flood), and it is full within ten minutes at that rate. Who fills it: "
		"whose open files grow by what it loses, else who writes as much (/proc/PID/io) "
		"and has files here that come and go. Where nothing grows any more: who has "
		"most of what is used, at least a tenth, in files that it writes, or in a "
		"deleted one; never who merely fails most often.",
	.false_alarms =
		"A steady 95 % (no finding). A burst that fades (a package being unpacked, a cache "
		"that fills to its own limit). Read-only filesystems, which are always full.",
	.confirm = "df -h MOUNT; lsof +L1 MOUNT (deleted but open files); du -xh MOUNT | sort -h | "
		   "tail",
	.remedy = "Stop the one who writes, or empty its file in place (: > FILE, never rm of an "
		  "open log); then rotate by size.",
};

const struct rule_case rule_case_fs_inodes = {
	.mechanism = "Every file takes an inode and ext4 has a fixed number: no file can be "
		     "created any more although there is space.",
	.threshold = "As for space: less than a ten-thousandth free is exhausted; a steady line "
		     "that reaches the end within ten times the time watched is a forecast. Who "
		     "makes the files: whose new files were seen open here, else who calls write() "
		     "most often and not for lines of its logs.",
	.false_alarms = "btrfs, xfs (dynamic) and filesystems that report 0 inodes are left out.",
	.confirm = "df -i MOUNT; du --inodes -x MOUNT | sort -n | tail",
	.remedy = "Remove the small files that pile up (sessions, mail queue, cache) and give them "
		  "an expiry; a filesystem with more inodes must be made anew.",
};

/* Bytes: ext4 keeps a few blocks back even when nothing can be written any more. */
static const double ROOM = 65536;

/* Others that have files open for writing here: they fail, or will. */
static void writers_suffer(struct view *v, struct verdict *f, uint64_t devno, bool full)
{
	const struct sample *s = view_with_files(v);
	for (uint32_t i = 0; s && i < s->files.count && f->nvictims < 4; i++) {
		const struct open_file *o = &TABLE_ROWS(s->files, struct open_file)[i];
		const struct usage *u =
			o->devno == devno && o->writable ? view_usage(v, o->pid) : NULL;
		if (!u || u->p->self || !u->have_io || u->write_calls <= 0 ||
			(f->nculprits &&
				(o->pid == f->culprits[0].pid ||
					strcmp(who_name(v, u->p), f->culprits[0].value) == 0)))
			continue; /* nor are the other workers of the one who does it */
		bool known = false;
		for (size_t k = 0; k < f->nvictims; k++)
			known = known || f->victims[k].pid == o->pid;
		if (!known)
			verdict_victim(f, "process", who_name(v, u->p), u->p->pid,
				full ? "writes here and fails with ENOSPC" : "writes here too");
	}
}

static const struct open_file *open_as(const struct view *v, int32_t pid, const char *path)
{
	const struct sample *s = view_with_files(v);
	for (uint32_t i = 0; s && i < s->files.count; i++) {
		const struct open_file *o = &TABLE_ROWS(s->files, struct open_file)[i];
		if (o->pid == pid && strcmp(intern_text(&v->series->names, o->path), path) == 0)
			return o;
	}
	return NULL;
}

struct deleted {
	double bytes; /* of all such files here */
	int32_t pid, fd;
	double largest;
	const char *path;
};

/* Files here that have no name any more and are still open: df counts them, du does not find them. As the probes tell of all processes, else of
 * those whose files were looked at. */
static struct deleted deleted_here(const struct view *v, uint64_t devno)
{
	struct deleted d = {0};
	const struct sample *s = NULL;
	for (unsigned i = v->n; i-- > 0 && !s;)
		s = view_at(v, i)->have_held ? view_at(v, i) : NULL;
	for (uint32_t i = 0; s && i < s->held.count; i++) {
		const struct held_file *h = &TABLE_ROWS(s->held, struct held_file)[i];
		if (h->devno != devno || !h->deleted)
			continue;
		d.bytes += (double)h->bytes;
		if ((double)h->bytes > d.largest && view_usage(v, h->pid)) {
			d.largest = (double)h->bytes;
			d.pid = h->pid;
			d.fd = h->fd;
			d.path = intern_text(&v->series->names, h->path);
		}
	}
	const struct sample *files = s ? NULL : view_with_files(v);
	for (uint32_t i = 0; files && i < files->files.count; i++) {
		const struct open_file *o = &TABLE_ROWS(files->files, struct open_file)[i];
		if (o->devno != devno || !o->deleted)
			continue;
		bool seen = false; /* several processes may hold one file */
		for (uint32_t k = 0; k < i && !seen; k++) {
			const struct open_file *q = &TABLE_ROWS(files->files, struct open_file)[k];
			seen = q->devno == devno && q->inode == o->inode;
		}
		if (seen)
			continue;
		d.bytes += (double)o->size;
		if ((double)o->size > d.largest && view_usage(v, o->pid)) {
			d.largest = (double)o->size;
			d.pid = o->pid;
			d.fd = o->fd;
			d.path = intern_text(&v->series->names, o->path);
		}
	}
	return d;
}

/* Who holds a deleted file is to blame, not who happens to write now: where most of what is used is deleted; and where nothing grows, if the file is
 * larger than what the culprit has. `held`: of what is used, in files of the culprit, or in too few to name anybody; < 0: something grows. */
static bool blame_holder(struct view *v, struct verdict *f, const struct deleted *d, double held)
{
	double share = f->used > 0 ? d->largest / f->used : 1;
	bool own = f->nculprits && f->culprits[0].pid == d->pid;
	if (!d->pid || (d->bytes * 2 < f->used && (held < 0 || share < (own ? held / 2 : held))))
		return false;
	char a[32];
	const struct usage *u = view_usage(v, d->pid);
	f->culprits[0] = (struct who){"process", who_name(v, u->p), d->pid, share < 1 ? share : 1,
		say(v, "holds a deleted file open that takes %s: %s", text_bytes(a, d->largest),
			d->path && *d->path ? d->path : "its name is not known")};
	f->nculprits = 1;
	if (d->path && *d->path)
		f->culprits[f->nculprits++] = (struct who){"file", d->path, d->pid, -1,
			say(v, "%s, deleted and still open", text_bytes(a, d->largest))};
	return true;
}

static void deleted_remedies(struct view *v, struct verdict *f, const struct deleted *d)
{
	char a[32];
	const char *unit = unit_of(v, d->pid), *name = f->culprits[0].value;
	verdict_evidence(f,
		say(v, "%s of it are deleted files that are still open: du does not find them",
			text_bytes(a, d->bytes)),
		M_FS_DELETED, d->bytes, -1,
		say(v, "ls -lL /proc/%" PRId32 "/fd/%" PRId32 "; lsof +L1", d->pid, d->fd));
	verdict_remedy(f, "Empty the deleted file through the process that holds it",
		say(v, ": > /proc/%" PRId32 "/fd/%" PRId32, d->pid, d->fd), NULL, false,
		"its content is lost", "copy it first if it is needed");
	verdict_remedy(f,
		say(v,
			"Restart %s, or have it open its files anew (HUP): that gives the space "
			"back",
			name),
		unit ? say(v, "systemctl restart %s", unit)
		     : say(v, "kill -HUP %" PRId32 "   # if it knows that; else restart it",
			       d->pid),
		NULL, false, "its clients reconnect", "HUP ends a program that does not know it");
	verdict_remedy(f, "Let log rotation tell the program (postrotate), or copytruncate", NULL,
		"/etc/logrotate.d/", true, "none", "none");
}

/* Where the culprit's new files were, as far as some were open at a look: the folder of most of them. */
static const char *crowded_folder(struct view *v, uint64_t devno, int32_t pid, unsigned *ret_files)
{
	enum { FOLDERS = 32, SEEN = 256 };
	uint64_t seen[SEEN];
	size_t nseen = 0;
	const char *folders[FOLDERS];
	unsigned files[FOLDERS] = {0}, n = 0, best = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->files.count; k++) {
			const struct open_file *o = &TABLE_ROWS(s->files, struct open_file)[k];
			const char *path = intern_text(&v->series->names, o->path),
				   *slash = strrchr(path, '/');
			if (o->pid != pid || o->devno != devno || !o->writable || !slash ||
				slash == path)
				continue;
			size_t known = 0; /* a log that stays open is one file */
			while (known < nseen && seen[known] != o->inode)
				known++;
			if (known < nseen || nseen == SEEN)
				continue;
			seen[nseen++] = o->inode;
			const char *folder = arena_strn(&v->scratch, path, (size_t)(slash - path));
			unsigned at = 0;
			while (at < n && strcmp(folders[at], folder) != 0)
				at++;
			if (at == FOLDERS)
				continue;
			if (at == n)
				folders[n++] = folder;
			if (++files[at] > files[best])
				best = at;
		}
	}
	*ret_files = n ? files[best] : 0;
	return n ? folders[best] : NULL;
}

static void folder_evidence(
	struct view *v, struct verdict *f, const char *folder, unsigned seen, const char *confirm)
{
	verdict_evidence(f,
		say(v, "%s has files open for writing in %s (%u seen)", f->culprits[0].value,
			folder, seen),
		-1, seen, -1, confirm);
}

static bool is_full(double total, double left, bool space)
{
	return left * 10000 < total || (space && left < ROOM && total > 16 * ROOM);
}

/* Bytes a second, if it became full while we watched; else 0, as nothing can grow on it. */
static double lost_until_full(const struct view *v, uint32_t left_id, double total, double left)
{
	uint64_t raw;
	double first = sample_get(view_at(v, 0), left_id, &raw)
			       ? (double)raw * metric_scale(M_FS_AVAILABLE)
			       : left;
	return is_full(total, first, true) ? 0 : (first - left) / v->seconds;
}

static void judge(struct view *v, struct verdicts *out, uint32_t id, enum metric left_m, bool space)
{
	uint32_t mount = series_row(v->series, id)->instance,
		 left_id = view_id(v, left_m, 0, mount);
	const char *path = series_instance(v->series, id);
	double total, left, devno = 0;
	if (!view_gauge(v, id, &total) || !view_gauge(v, left_id, &left) || total <= 0)
		return;
	bool full = is_full(total, left, space);
	struct trend t = use_trend_of_rest(v, left_id, total);
	double eta = full ? -1 : forecast(v, t, total - left, total);
	bool have_dev = view_gauge(v, view_id(v, M_FS_DEVNO, 0, mount), &devno);
	struct who loop[WHO_MAX];
	size_t nloop = 0;
	if (!full && eta < 0 && space && have_dev) {
		double rate = logs_loop_rate(v, (uint64_t)devno, loop, &nloop);
		eta = rate > 0 && left < rate * LOG_LOOP_HORIZON_S ? left / rate : -1;
	}
	if (!full && eta < 0)
		return;
	struct verdict *f =
		verdict_new(v, out, full || eta < 900 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
			full ? STATE_EXHAUSTED : STATE_FILLING, path);
	if (!f)
		return;
	/* As df counts: what root keeps for itself is neither used nor to be had. */
	double unused = left;
	if (space)
		(void)view_gauge(v, view_id(v, M_FS_FREE, 0, mount), &unused);
	f->used = total - unused;
	f->limit = f->used + left;
	f->eta_s = eta;
	f->devno = (uint64_t)devno;
	double held = -1;
	if (nloop) {
		memcpy(f->culprits, loop, nloop * sizeof *loop);
		f->nculprits = nloop;
	} else if (have_dev && !space) {
		f->nculprits =
			who_makes_files(v, f->devno, full ? 0 : t.slope, f->culprits, WHO_MAX);
	} else if (have_dev) {
		double lost = full ? lost_until_full(v, left_id, total, left) : t.slope;
		f->nculprits = who_fills(v, f->devno, lost, f->culprits, WHO_MAX);
		if (full && !f->nculprits) {
			f->nculprits = who_holds_files(v, f->devno, f->used, f->culprits, WHO_MAX);
			held = f->nculprits ? f->culprits[0].share : WHO_HELD_PERCENT / 100.0;
		}
	}
	struct deleted gone = space && have_dev ? deleted_here(v, f->devno) : (struct deleted){0};
	bool deleted = blame_holder(v, f, &gone, held);
	bool known = f->nculprits > 0;
	if (!known)
		f->culprits[f->nculprits++] = (struct who){"file", path, 0, -1,
			full ? "who filled it has ended, or writes no more: what is in it says more"
			     : "nobody who was seen with files here writes that much"};
	verdict_since_culprit(v, f);
	writers_suffer(v, f, f->devno, full);
	char a[32], b[32], c[32];
	const char *word = shell_word(v, path);
	unsigned seen = 0;
	const char *folder = !f->culprits[0].pid || deleted || (space && f->nculprits > 1)
				     ? NULL
				     : crowded_folder(v, f->devno, f->culprits[0].pid, &seen);
	if (folder) {
		const char *who_makes = f->culprits[0].value;
		f->nculprits = 2;
		f->culprits[1] = (struct who){
			"file", folder, 0, -1, say(v, "%s makes its files here", who_makes)};
	}
	const char *who =
		!known    ? ""
		: deleted ? say(v, ", with deleted files that %s holds open", f->culprits[0].value)
		: held >= 0 ? say(v, ", with %s in files of %s", text_bytes(a, held * f->used),
				      f->culprits[0].value)
			    : say(v, ", written by %s", f->culprits[0].value);
	if (space) {
		f->title =
			full ? say(v, "%s is full%s", path, who)
			     : say(v, "%s will be full in %s%s", path, text_duration(a, eta), who);
		verdict_evidence(f,
			say(v, "%s of %s left", text_bytes(a, left), text_bytes(b, total)),
			M_FS_AVAILABLE, left, 0, say(v, "df -h %s", word));
		if (!full)
			verdict_evidence(f, say(v, "grows by %s/s", text_bytes(c, t.slope)),
				M_FS_AVAILABLE, t.slope, -1,
				say(v, "df %s; sleep 10; df %s", word, word));
		if (deleted)
			deleted_remedies(v, f, &gone);
		if (folder)
			folder_evidence(
				v, f, folder, seen, say(v, "du -sh %s", shell_word(v, folder)));
		const char *file = deleted || folder || !known ? NULL
				   : f->nculprits > 1 && strcmp(f->culprits[1].kind, "file") == 0
					   ? f->culprits[1].value
					   : NULL;
		if (file) {
			const struct open_file *o = open_as(v, f->culprits[1].pid, file);
			/* A deleted file has no name any more: it can be reached through the process alone. */
			const char *name = o && o->deleted ? say(v, "/proc/%" PRId32 "/fd/%" PRId32,
								     o->pid, o->fd)
							   : shell_word(v, file);
			verdict_evidence(f, say(v, "%s: %s", file, f->culprits[1].why), -1, 0, -1,
				say(v, "ls -lL %s; lsof %s", name, word));
			verdict_remedy(f,
				"Empty the file in place (removing it frees nothing while it is "
				"open)",
				say(v, ": > %s", name), NULL, false, "its content is lost",
				"copy its tail first");
			verdict_remedy(f, "Rotate it by size", NULL, "/etc/logrotate.d/", true,
				"older lines are dropped", "none");
		}
		if (!deleted && f->nculprits && f->culprits[0].pid)
			verdict_remedy(f, say(v, "Stop %s", f->culprits[0].value),
				say(v,
					"kill -STOP %" PRId32
					"   # look at it, then restart its unit",
					f->culprits[0].pid),
				NULL, false, "its service stands still", "clients of it hang");
		verdict_remedy(f, "See what else takes the space",
			say(v, "du -xh %s | sort -h | tail -20", word), NULL, false,
			"reads the whole tree", "none");
	} else {
		f->title = full ? say(v,
					  "%s has no inodes left%s: no file can be created, though "
					  "there is space",
					  path, who)
				: say(v, "%s will have no inodes left in %s%s", path,
					  text_duration(a, eta), who);
		verdict_evidence(f, say(v, "%.0f of %.0f inodes free", left, total),
			M_FS_INODES_FREE, left, 0, say(v, "df -i %s", word));
		if (!full)
			verdict_evidence(f, say(v, "%.0f new files a second", t.slope),
				M_FS_INODES_FREE, t.slope, -1,
				say(v, "df -i %s; sleep 10; df -i %s", word, word));
		if (folder)
			folder_evidence(v, f, folder, seen,
				say(v, "ls -fA %s | wc -l", shell_word(v, folder)));
		verdict_remedy(f,
			"Find the folder where the files pile up, and remove what has expired",
			say(v, "du --inodes -x %s | sort -n | tail",
				folder ? shell_word(v, folder) : word),
			NULL, false, folder ? "reads that folder" : "reads the whole tree", "none");
		if (f->nculprits && f->culprits[0].pid)
			verdict_remedy(f,
				say(v, "Stop %s, and give its files an expiry",
					f->culprits[0].value),
				say(v, "kill -STOP %" PRId32, f->culprits[0].pid), NULL, false,
				"its service stands still", "clients of it hang");
		verdict_remedy(f,
			"A filesystem with more inodes (mkfs -i 4096), or xfs, which makes them as "
			"needed",
			NULL, NULL, true, "the data has to be copied", "none");
	}
}

void rule_fs_space(struct view *v, struct verdicts *out)
{
	uint32_t id = view_each(v, M_FS_SIZE, 0);
	if (!id)
		verdict_unknown(out, "mounted filesystems");
	for (; id; id = view_each(v, M_FS_SIZE, id))
		judge(v, out, id, M_FS_AVAILABLE, true);
}

void rule_fs_inodes(struct view *v, struct verdicts *out)
{
	uint32_t id = view_each(v, M_FS_SIZE, 0);
	if (!id)
		verdict_unknown(out, "mounted filesystems");
	for (id = view_each(v, M_FS_INODES, 0); id; id = view_each(v, M_FS_INODES, id))
		judge(v, out, id, M_FS_INODES_FREE, false);
}
