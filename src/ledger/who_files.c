/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* who, of filesystems: who fills one, who uses up its inodes, who holds what is in it.
 *
 * Known of a process are the files that it had open at the looks, with their sizes, and what it wrote, which may have gone elsewhere. A file that
 * grows tells most. But who makes one file after the other, or opens its log anew for each line, is hardly ever seen twice with the same file: of those that
 * keep their files open it is known how much these grew by, and what such a writer writes goes to files that were not looked at. Whoever is named
 * must account for a fair part of what the filesystem loses: beside it everybody's own log grows a little. */
#include "ledger/who_impl.h"

#include "base/text.h"
#include "ledger/feed.h"

#include <string.h>

static const double MOST = 0.5; /* of what is lost: who makes files grow by that much is the one */
static const double FAIR =
	0.25; /* the least that makes one guilty; sizes and space are not read at the same moment */
enum { SERIES = 2 }; /* so many new files seen: no rotation of a log */

struct writer;

/* A file that somebody had open for writing. */
struct grown_file {
	uint64_t inode, first_ns, last_ns, first_size, last_size;
	struct writer *by; /* of those that have it, who writes most */
};

/* A file that a process had open for writing. */
struct opened {
	uint32_t writer; /* its place in the list */
	uint64_t inode, size;
	unsigned times, look; /* looks that found it; the last one */
	bool first;           /* it had it at the first look that found any of its files */
	uint32_t path;
};

/* A process with files open here. */
struct writer {
	const struct usage *u;
	struct crowd *crowd;
	unsigned first, look,
		looks; /* the first and the last look that found any of its files here; how many did */
	double bytes, chars, calls; /* written, a second, wherever */
	double grown, held;         /* that its files here grow by, a second; that are in them */
	unsigned came;              /* files that it opened between looks */
	bool passing;               /* it does not keep its files open */
	uint32_t path;              /* the file that grows most, or is the largest */
	double path_grown, path_size;
};

/* The processes of one name: workers write as one. */
struct crowd {
	struct writer *growing, *writing, *calling; /* who does most of it */
	double grown, bytes, chars, calls;
	unsigned came;
	bool passing;
};

struct seen {
	struct view *v;
	struct writer *writers;
	struct crowd *crowds;
	struct grown_file *files;
	struct opened *opens;
	uint32_t *by_inode, *by_opener; /* places in the two lists and 1, by hash */
	size_t nwriters, ncrowds, nfiles, nopens, slots;
	unsigned looks;
	struct writer *last; /* rows come process by process */
	int32_t last_pid;
};

/* Seconds over which the I/O of a process is known: it is read on demand. */
static double io_seconds(const struct view *v, const struct usage *u)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct proc *p = sample_proc(view_at(v, i), u->p->pid, u->p->start_ticks);
		if (p && (p->have & HAVE_IO))
			return (double)(view_last(v)->mono_ns -
					view_at(v, u->born && i ? i - 1 : i)->mono_ns) /
			       1e9;
	}
	return 0;
}

static struct writer *find_writer(struct seen *s, int32_t pid)
{
	for (size_t i = s->nwriters; i-- > 0;)
		if (s->writers[i].u->p->pid == pid)
			return &s->writers[i];
	const struct usage *u = view_usage(s->v, pid);
	if (!u || !u->have_io || u->gone || u->p->kernel || u->p->self)
		return NULL;
	double seconds = io_seconds(s->v, u);
	if (seconds <= 0)
		return NULL;
	struct writer *w = &s->writers[s->nwriters++];
	*w = (struct writer){.u = u,
		.first = s->looks,
		.bytes = u->write_bytes / seconds,
		.chars = u->written_chars / seconds,
		.calls = u->write_calls / seconds};
	return w;
}

static struct writer *writer_of(struct seen *s, int32_t pid)
{
	if (s->last_pid != pid) {
		s->last_pid = pid;
		s->last = find_writer(s, pid);
	}
	return s->last;
}

static struct grown_file *file_of(struct seen *s, uint64_t inode)
{
	size_t at = (size_t)intern_hash(&inode, sizeof inode) & (s->slots - 1);
	while (s->by_inode[at] && s->files[s->by_inode[at] - 1].inode != inode)
		at = (at + 1) & (s->slots - 1);
	if (!s->by_inode[at]) {
		s->files[s->nfiles] = (struct grown_file){.inode = inode};
		s->by_inode[at] = (uint32_t)++s->nfiles;
	}
	return &s->files[s->by_inode[at] - 1];
}

static struct opened *opened_by(struct seen *s, const struct writer *w, uint64_t inode)
{
	uint32_t writer = (uint32_t)(w - s->writers);
	uint64_t key[2] = {writer, inode};
	size_t at = (size_t)intern_hash(key, sizeof key) & (s->slots - 1);
	for (; s->by_opener[at]; at = (at + 1) & (s->slots - 1)) {
		struct opened *o = &s->opens[s->by_opener[at] - 1];
		if (o->writer == writer && o->inode == inode)
			return o;
	}
	s->opens[s->nopens] =
		(struct opened){.writer = writer, .inode = inode, .first = w->first == s->looks};
	s->by_opener[at] = (uint32_t)++s->nopens;
	return &s->opens[s->nopens - 1];
}

static void take_open(struct seen *s, const struct open_file *f, uint64_t at_ns)
{
	struct writer *w = writer_of(s, f->pid);
	if (!w)
		return;
	w->looks += w->looks == 0 || w->look != s->looks;
	w->look = s->looks;
	if (!f->writable)
		return;
	struct grown_file *g = file_of(s, f->inode);
	if (!g->by) {
		g->first_ns = at_ns;
		g->first_size = f->size;
	}
	if (!g->by || w->bytes > g->by->bytes ||
		(w->bytes >= g->by->bytes && w->chars > g->by->chars))
		g->by = w;
	g->last_ns = at_ns;
	g->last_size = f->size;
	struct opened *o = opened_by(s, w, f->inode);
	o->times += o->times == 0 || o->look != s->looks;
	o->look = s->looks;
	o->size = f->size;
	o->path = f->path;
}

/* What each process has and made, from all the looks. */
static void weigh(struct seen *s)
{
	for (size_t i = 0; i < s->nopens; i++) {
		const struct opened *o = &s->opens[i];
		const struct grown_file *g = file_of(s, o->inode);
		struct writer *w = &s->writers[o->writer];
		double size = (double)o->size, grown = 0;
		if (g->by == w && g->last_ns > g->first_ns && g->last_size > g->first_size)
			grown = (double)(g->last_size - g->first_size) * 1e9 /
				(double)(g->last_ns - g->first_ns);
		w->grown += grown;
		w->held += size;
		w->came += !o->first;
		w->passing =
			w->passing || o->times < w->looks || w->looks * 2 <= s->looks - w->first;
		if (!w->path || grown > w->path_grown ||
			(grown >= w->path_grown && size > w->path_size)) {
			w->path = o->path;
			w->path_grown = grown;
			w->path_size = size;
		}
	}
}

static struct crowd *crowd_of(struct seen *s, struct writer *w)
{
	for (size_t i = 0; i < s->nwriters && &s->writers[i] != w; i++)
		if (memcmp(s->writers[i].u->p->comm, w->u->p->comm, PROC_COMM) == 0)
			return s->writers[i].crowd;
	struct crowd *c = &s->crowds[s->ncrowds++];
	*c = (struct crowd){.growing = w, .writing = w, .calling = w};
	return c;
}

static void gather(struct seen *s)
{
	for (size_t i = 0; i < s->nwriters; i++) {
		struct writer *w = &s->writers[i];
		struct crowd *c = w->crowd = crowd_of(s, w);
		c->grown += w->grown;
		c->bytes += w->bytes;
		c->chars += w->chars;
		c->calls += w->calls;
		c->came += w->came;
		c->passing = c->passing || w->passing;
		if (w->grown > c->growing->grown)
			c->growing = w;
		if (w->bytes > c->writing->bytes ||
			(w->bytes >= c->writing->bytes && w->chars > c->writing->chars))
			c->writing = w;
		if (w->calls > c->calling->calls)
			c->calling = w;
	}
}

/* Everybody who was seen with files on the device; false: nobody was. */
static bool look_at(struct view *v, uint64_t devno, struct seen *s)
{
	size_t rows = 0;
	*s = (struct seen){.v = v, .slots = 64};
	for (unsigned i = 0; i < v->n; i++)
		for (uint32_t k = 0; k < view_at(v, i)->files.count; k++)
			rows += TABLE_ROWS(view_at(v, i)->files, struct open_file)[k].devno ==
				devno;
	while (s->slots < rows * 2)
		s->slots *= 2;
	s->writers = arena_alloc(&v->scratch, rows * sizeof *s->writers);
	s->crowds = arena_alloc(&v->scratch, rows * sizeof *s->crowds);
	s->files = arena_alloc(&v->scratch, rows * sizeof *s->files);
	s->opens = arena_alloc(&v->scratch, rows * sizeof *s->opens);
	s->by_inode = arena_alloc(&v->scratch, s->slots * sizeof *s->by_inode);
	s->by_opener = arena_alloc(&v->scratch, s->slots * sizeof *s->by_opener);
	if (!rows || !s->writers || !s->crowds || !s->files || !s->opens || !s->by_inode ||
		!s->by_opener)
		return false;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *a = view_at(v, i);
		for (uint32_t k = 0; k < a->files.count; k++) {
			const struct open_file *f = &TABLE_ROWS(a->files, struct open_file)[k];
			if (f->devno == devno)
				take_open(s, f, a->mono_ns);
		}
		s->looks += a->have_files;
	}
	weigh(s);
	gather(s);
	return s->nwriters > 0;
}

/* The writer, or who hands to it what it writes; then its file, if one is to be told. */
static size_t name_writer(struct view *v, const struct writer *w, uint64_t devno, double share,
	const char *why, bool file, struct who *out, size_t max)
{
	const struct usage *u = w->u;
	struct feed feed;
	char b[32];
	size_t n = 0;
	if (feed_of(v, w->u, devno, &feed)) {
		u = feed.from;
		why = arena_printf(&v->scratch, "%s: %s", feed.how, why);
	}
	if (n < max)
		out[n++] = (struct who){
			"process", who_name(v, u->p), u->p->pid, share < 1 ? share : 1, why};
	if (file && n < max)
		out[n++] = (struct who){"file", intern_text(&v->series->names, w->path),
			w->u->p->pid, -1, arena_str(&v->scratch, text_bytes(b, w->path_size))};
	return n;
}

static size_t name_growing(struct view *v, const struct crowd *c, uint64_t devno, double lost,
	struct who *out, size_t max)
{
	const struct writer *w = c->growing;
	char a[32], b[32];
	const char *why = arena_printf(&v->scratch, "its file %s grows by %s/s and has %s",
		intern_text(&v->series->names, w->path), text_bytes(a, w->path_grown),
		text_bytes(b, w->path_size));
	return name_writer(v, w, devno, c->grown / lost, why, true, out, max);
}

static size_t name_writing(struct view *v, const struct crowd *c, uint64_t devno, double rate,
	double lost, struct who *out, size_t max)
{
	char a[32];
	const char *why = arena_printf(&v->scratch, "writes %s/s, %s", text_bytes(a, rate),
		c->passing ? "to files here that it does not keep open"
			   : "and has files open here");
	return name_writer(v, c->writing, devno, rate / lost, why, false, out, max);
}

size_t who_fills(struct view *v, uint64_t devno, double lost, struct who *out, size_t max)
{
	struct seen s;
	if (lost <= 0 || !look_at(v, devno, &s))
		return 0;
	const struct crowd *growing = &s.crowds[0], *passing = NULL, *keeping = NULL;
	bool chars = !devno_has_device(devno); /* nobody is charged for what he writes to a tmpfs */
	for (size_t i = 0; i < s.ncrowds; i++)
		chars = chars && s.crowds[i].bytes < FAIR * lost;
	double most = 0;
	unsigned keepers = 0;
	for (size_t i = 0; i < s.ncrowds; i++) {
		const struct crowd *c = &s.crowds[i];
		double rate = chars ? c->chars : c->bytes;
		growing = c->grown > growing->grown ? c : growing;
		if (rate < FAIR * lost)
			continue;
		if (c->passing && rate > most) {
			most = rate;
			passing = c;
		}
		/* What it writes may go to other filesystems. */
		if (!c->passing && lost >= FAIR * rate) {
			keepers++;
			keeping = c;
		}
	}
	if (growing->grown >= (passing ? MOST : FAIR) * lost)
		return name_growing(v, growing, devno, lost, out, max);
	if (passing)
		return name_writing(v, passing, devno, most, lost, out, max);
	if (keepers == 1)
		return name_writing(
			v, keeping, devno, chars ? keeping->chars : keeping->bytes, lost, out, max);
	return 0;
}

/* write() calls a second that were not lines of the logs that it keeps open: each new file takes one. */
static double calls_for_files(const struct crowd *c)
{
	double elsewhere = c->chars > 0 ? 1 - c->grown / c->chars : 1;
	return elsewhere >= FAIR ? c->calls * elsewhere : 0;
}

size_t who_makes_files(struct view *v, uint64_t devno, double lost, struct who *out, size_t max)
{
	struct seen s;
	if (!max || !look_at(v, devno, &s))
		return 0;
	const struct crowd *best = NULL;
	double all = 0;
	for (size_t i = 0; i < s.ncrowds; i++) {
		const struct crowd *c = &s.crowds[i];
		double calls = calls_for_files(c);
		unsigned came = c->came >= SERIES ? c->came : 0,
			 most = best && best->came >= SERIES ? best->came : 0;
		all += calls;
		if (calls <= 0 || calls < FAIR * lost)
			continue;
		if (!best || came > most || (came == most && calls > calls_for_files(best)))
			best = c;
	}
	if (!best)
		return 0;
	const struct writer *w = best->calling;
	const char *why =
		best->came >= SERIES
			? arena_printf(&v->scratch,
				  "calls write() %.0f times a second; %u new files of its were "
				  "seen open here",
				  best->calls, best->came)
			: arena_printf(&v->scratch,
				  "calls write() %.0f times a second with files open here",
				  best->calls);
	out[0] = (struct who){
		"process", who_name(v, w->u->p), w->u->p->pid, calls_for_files(best) / all, why};
	return 1;
}

size_t who_holds_files(struct view *v, uint64_t devno, double used, struct who *out, size_t max)
{
	struct seen s;
	char a[32], b[32];
	if (used <= 0 || !look_at(v, devno, &s))
		return 0;
	const struct writer *w = &s.writers[0];
	for (size_t i = 1; i < s.nwriters; i++)
		if (s.writers[i].held > w->held ||
			(s.writers[i].held >= w->held && s.writers[i].calls > w->calls))
			w = &s.writers[i];
	if (w->held * 100 < WHO_HELD_PERCENT * used)
		return 0;
	const char *why = arena_printf(&v->scratch,
		"has %s in files that it has open for writing, %s in %s", text_bytes(a, w->held),
		text_bytes(b, w->path_size), intern_text(&v->series->names, w->path));
	return name_writer(v, w, devno, w->held / used, why, true, out, max);
}
