/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* held: what processes hold open, from the probe that walks over all descriptors (src/bpf/tasks.bpf.c): files that grow and who writes them, files that
 * were deleted and still take room, and which process a socket belongs to.
 *
 * A look at all descriptors costs 0.2 to 0.4 us each: some milliseconds with ten thousand connections, 80 with two hundred thousand. So it is spread over
 * ticks, and the next one begins ten seconds later (two, while there are sockets whose owner nobody knows), or when the last one's cost is below a
 * thousandth of the time. */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	FILES = 2048, /* told apart in one look; a power of two */
	GROWING_ROWS = 40,
	DELETED_ROWS = 24,
	MOUNTS = 64,
	COST_SHARE = 1000,
};
static const uint64_t look_every_ns = UINT64_C(10000000000), budget_ns = 8000000;
/* The pause while sockets wait for an owner. */
static const uint64_t look_soon_ns = UINT64_C(2000000000);

struct seen_file {
	uint64_t devno, inode;
	uint64_t size, bytes;
	uint64_t before; /* its size at the look before; UINT64_MAX: not seen then */
	uint64_t score;  /* of the holder: how sure it is the one who writes */
	int32_t pid, fd;
	uint32_t holders;
	bool deleted, used;
};

struct held_state {
	struct seen_file files[2][FILES]; /* by hash; the look under way, and the last one */
	unsigned now;                     /* which of the two is under way */
	unsigned count;
	bool under_way, complete;
	bool dropped;               /* there were more than find room */
	uint64_t begun_ns, cost_ns; /* of the look under way */
	uint64_t last_ns;           /* when the last one began */
	uint64_t since_ns;          /* how long before the last one its predecessor was */
	uint64_t ended_ns;          /* the tick in which the last one ended */
	uint64_t took_ns;           /* CPU of the last one */
};

struct held_walk {
	struct engine *e;
	const struct sample *prev, *out;
	struct held_state *h;
	const struct proc *p; /* the process that the last record was of */
};

int engine_held_open(struct engine *e)
{
	e->held = calloc(1, sizeof *e->held);
	return e->held ? 0 : -ENOMEM;
}

void engine_held_close(struct engine *e)
{
	free(e->held);
	e->held = NULL;
}

static struct seen_file *slot_of(struct seen_file *files, uint64_t devno, uint64_t inode)
{
	uint64_t key[2] = {devno, inode};
	uint32_t i = (uint32_t)intern_hash(key, sizeof key) & (FILES - 1);
	while (files[i].used && (files[i].devno != devno || files[i].inode != inode))
		i = (i + 1) & (FILES - 1);
	return &files[i];
}

/* Who has its position at the end and wrote most in the last second. A file may be open in hundreds of workers. */
static uint64_t writer_score(const struct held_walk *w, const struct probe_file *f)
{
	const struct proc *p = sample_proc(w->out, (int32_t)f->pid, 0);
	const struct proc *before =
		p && w->prev ? sample_proc(w->prev, p->pid, p->start_ticks) : NULL;
	uint64_t score = f->writable ? 1 : 0;
	if (f->writable && f->position == f->size)
		score += 1;
	if (f->writable && before && p->io_wchar > before->io_wchar)
		score += 2 + p->io_wchar - before->io_wchar;
	return score;
}

static void take_file(struct held_walk *w, const struct probe_file *f)
{
	struct held_state *h = w->h;
	struct seen_file *s = slot_of(h->files[h->now], f->device, f->inode);
	if (!s->used) {
		if (h->count >= FILES / 2) {
			h->dropped = true;
			return;
		}
		h->count++;
		const struct seen_file *old = slot_of(h->files[!h->now], f->device, f->inode);
		*s = (struct seen_file){.devno = f->device,
			.inode = f->inode,
			.used = true,
			.before = old->used ? old->size : UINT64_MAX,
			.pid = (int32_t)f->pid,
			.fd = (int32_t)f->fd};
	}
	uint64_t score = writer_score(w, f);
	if (score > s->score || s->holders == 0) {
		s->score = score;
		s->pid = (int32_t)f->pid;
		s->fd = (int32_t)f->fd;
	}
	s->size = f->size;
	s->bytes = f->bytes;
	s->deleted = f->deleted;
	s->holders++;
}

/* Descriptors come process by process. */
static void take_socket(struct held_walk *w, const struct probe_socket *s)
{
	if (!w->p || w->p->pid != (int32_t)s->pid)
		w->p = sample_proc(w->out, (int32_t)s->pid, 0);
	if (w->p)
		engine_saw_socket(w->e, w->out, w->p, s->inode);
}

static int take_records(struct held_walk *w, const unsigned char *p, size_t len, bool files)
{
	uint32_t kind;
	while (len >= sizeof kind) {
		memcpy(&kind, p, sizeof kind);
		size_t size = kind == PROBE_SOCKET ? sizeof(struct probe_socket)
			      : kind == PROBE_FILE ? sizeof(struct probe_file)
						   : 0;
		if (size == 0 || size > len)
			break;
		if (kind == PROBE_SOCKET) {
			struct probe_socket s;
			memcpy(&s, p, sizeof s);
			take_socket(w, &s);
		} else if (files) {
			struct probe_file f;
			memcpy(&f, p, sizeof f);
			take_file(w, &f);
		}
		p += size;
		len -= size;
	}
	return 0;
}

static int take_held(void *ctx, const void *bytes, size_t len)
{
	return take_records(ctx, bytes, len, true);
}

static int take_sockets(void *ctx, const void *bytes, size_t len)
{
	return take_records(ctx, bytes, len, false);
}

/* ---- what a look found ---- */

static uint64_t growth_of(const struct seen_file *s)
{
	return s->before == UINT64_MAX || s->size < s->before ? 0 : s->size - s->before;
}

static uint64_t weight(const struct seen_file *s, bool deleted)
{
	return deleted ? (s->deleted ? s->bytes : 0) : growth_of(s);
}

/* The heaviest first; returns how many. */
static size_t heaviest(
	const struct seen_file *files, bool deleted, const struct seen_file **best, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < FILES; i++) {
		const struct seen_file *s = &files[i];
		uint64_t x = s->used ? weight(s, deleted) : 0;
		/* One that grows and is deleted stands among those that grow. */
		if (x < PROBE_FILE_BYTES || (deleted && growth_of(s) >= PROBE_FILE_BYTES))
			continue;
		size_t at = n < max ? n++ : max;
		for (; at > 0 && weight(best[at - 1], deleted) < x; at--)
			if (at < max)
				best[at] = best[at - 1];
		if (at < max)
			best[at] = s;
	}
	return n;
}

static uint32_t path_of(struct engine *e, const struct seen_file *s)
{
	char path[1024];
	ssize_t n = reader_proc_link(e->reader, s->pid, s->fd, path, sizeof path);
	return n > 0 ? intern_id(&e->series->names, path, (size_t)n) : 0;
}

static void put_rows(struct engine *e, struct sample *out, bool deleted, size_t max)
{
	const struct seen_file *best[GROWING_ROWS];
	struct held_state *h = e->held;
	size_t n = heaviest(h->files[!h->now], deleted, best, max);
	for (size_t i = 0; i < n; i++) {
		struct held_file *r = table_add(&out->held, sizeof *r);
		if (!r)
			return;
		const struct seen_file *s = best[i];
		*r = (struct held_file){.devno = s->devno,
			.inode = s->inode,
			.pid = s->pid,
			.fd = s->fd,
			.size = s->size,
			.bytes = s->bytes,
			.growth = growth_of(s),
			.since_ns = h->since_ns,
			.holders = s->holders,
			.deleted = s->deleted,
			.path = path_of(e, s)};
	}
}

/* Sums by filesystem; one without such files has 0. */
static void put_deleted(struct engine *e, struct sample *out)
{
	const struct out o = {out, e->series, NETNS_HOST};
	const struct seen_file *files = e->held->files[!e->held->now];
	uint64_t devno[MOUNTS], sum[MOUNTS], v;
	uint32_t mount[MOUNTS];
	size_t n = 0;
	for (uint32_t id = e->series->first[M_FS_DEVNO]; id && n < MOUNTS;
		id = series_row(e->series, id)->next)
		if (sample_get(out, id, &v)) {
			devno[n] = v;
			sum[n] = 0;
			mount[n++] = series_row(e->series, id)->instance;
		}
	for (size_t i = 0; i < FILES; i++)
		for (size_t k = 0; files[i].used && files[i].deleted && k < n; k++)
			if (devno[k] == files[i].devno)
				sum[k] += files[i].bytes;
	for (size_t k = 0; k < n; k++)
		out_value(&o, M_FS_DELETED, mount[k], sum[k]);
}

static bool look_is_due(const struct engine *e)
{
	const struct held_state *h = e->held;
	uint64_t rest = h->cost_ns * COST_SHARE;
	/* Growth takes two looks: the second one soon. */
	uint64_t pause = e->owners_unknown || !h->since_ns ? look_soon_ns : look_every_ns;
	return !h->complete || e->now_ns >= h->last_ns + (rest > pause ? rest : pause);
}

static void begin_look(struct engine *e)
{
	struct held_state *h = e->held;
	memset(h->files[h->now], 0, sizeof h->files[h->now]);
	h->count = 0;
	h->dropped = false;
	h->cost_ns = 0;
	h->begun_ns = e->now_ns;
	h->under_way = true;
}

static void end_look(struct engine *e)
{
	struct held_state *h = e->held;
	h->under_way = false;
	h->since_ns = h->last_ns ? h->begun_ns - h->last_ns : 0;
	h->last_ns = h->begun_ns;
	h->now = !h->now;
	h->ended_ns = e->now_ns;
	h->took_ns = h->cost_ns;
	e->owners_unknown = false;
	h->complete = true;
}

/* A piece of the look under way, which began now or some ticks ago. */
static int look_on(
	struct engine *e, const struct sample *prev, const struct sample *out, uint64_t for_ns)
{
	struct held_state *h = e->held;
	struct held_walk w = {e, prev, out, h, NULL};
	bool ended = false;
	uint64_t begun = clock_thread_ns();
	int r = reader_probe_held(e->reader, for_ns, take_held, &w, &ended);
	h->cost_ns += clock_thread_ns() - begun;
	if (r < 0)
		h->under_way = false;
	else if (ended)
		end_look(e);
	return r;
}

bool engine_held_sockets_below(
	struct engine *e, const struct sample *prev, const struct sample *out, uint64_t cost_ns)
{
	struct held_state *h = e->held;
	if (reader_is_replay(e->reader) || !reader_probe_there(e->reader, PROBE_FD_HELD))
		return false;
	if (cost_ns != UINT64_MAX && (!h->complete || h->took_ns > cost_ns))
		return false;
	if (!h->under_way && look_is_due(e)) {
		begin_look(e);
		return look_on(e, prev, out, INT64_MAX) == 0;
	}
	struct held_walk w = {e, prev, out, h, NULL};
	return reader_probe_sockets(e->reader, take_sockets, &w) == 0;
}

/* ---- in a recorded tree, what looks found is a text: a line a row ---- */

static void note_rows(struct engine *e, const struct sample *out)
{
	char line[1200];
	reader_note(e->reader, "files_held", "", 0); /* there, if empty */
	for (uint32_t i = 0; i < out->held.count; i++) {
		const struct held_file *r = &TABLE_ROWS(out->held, struct held_file)[i];
		int n = snprintf(line, sizeof line,
			"%" PRIu64 " %" PRIu64 " %" PRId32 " %" PRId32 " %" PRIu64 " %" PRIu64
			" %" PRIu64 " %" PRIu64 " %" PRIu32 " %d ",
			r->devno, r->inode, r->pid, r->fd, r->size, r->bytes, r->growth,
			r->since_ns, r->holders, r->deleted);
		const char *path = intern_text(&e->series->names, r->path);
		/* A name may have any byte in it: one with the end of a line is left out. */
		if (n > 0 && strlen(path) < sizeof line - (size_t)n - 1 && !strchr(path, '\n')) {
			n += snprintf(line + n, sizeof line - (size_t)n, "%s\n", path);
			reader_note(e->reader, "files_held", line, (size_t)n);
		}
	}
}

static void recorded_rows(struct engine *e, struct sample *out)
{
	enum { FIELDS = 10 };
	ssize_t n = reader_file(e->reader, "files_held", NULL, e->buffer, 65536);
	struct scan s = scan_over(e->buffer, n > 0 ? (size_t)n : 0), line;
	out->have_held = n >= 0;
	while (scan_line(&s, &line) && out->held.count < GROWING_ROWS + DELETED_ROWS) {
		uint64_t v[FIELDS];
		unsigned i = 0;
		while (i < FIELDS && scan_u64(&line, &v[i]))
			i++;
		struct held_file *r = i == FIELDS && v[2] <= INT32_MAX && v[3] <= INT32_MAX
					      ? table_add(&out->held, sizeof *r)
					      : NULL;
		if (!r)
			continue;
		(void)scan_skip(&line, ' ');
		*r = (struct held_file){.devno = v[0],
			.inode = v[1],
			.pid = (int32_t)v[2],
			.fd = (int32_t)v[3],
			.size = v[4],
			.bytes = v[5],
			.growth = v[6],
			.since_ns = v[7],
			.holders = (uint32_t)v[8],
			.deleted = v[9] != 0,
			.path = intern_id(&e->series->names, line.p, scan_len(line))};
	}
}

void engine_held(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct held_state *h = e->held;
	if (reader_is_replay(e->reader)) {
		recorded_rows(e, out);
		return;
	}
	if (!reader_probe_there(e->reader, PROBE_FD_HELD))
		return;
	if (!h->under_way && h->ended_ns != e->now_ns && look_is_due(e))
		begin_look(e);
	if (h->under_way)
		(void)look_on(e, prev, out, budget_ns);
	bool ended = h->ended_ns == e->now_ns; /* here, or when owners were sought */
	if (!h->complete)
		return;
	out->have_held = true;
	if (ended || !prev || !prev->have_held) {
		put_rows(e, out, false, GROWING_ROWS);
		put_rows(e, out, true, DELETED_ROWS);
	} else { /* what the last look found stands until the next */
		const struct held_file *rows = TABLE_ROWS(prev->held, struct held_file);
		for (uint32_t i = 0; i < prev->held.count; i++) {
			struct held_file *r = table_add(&out->held, sizeof *r);
			if (r)
				*r = rows[i];
		}
	}
	put_deleted(e, out);
	if (reader_is_recording(e->reader))
		note_rows(e, out);
	if (h->dropped)
		sample_gap(out, NETNS_HOST, ENOSPC, "open files beyond 1024",
			"files that grow or were deleted, among the others");
}
