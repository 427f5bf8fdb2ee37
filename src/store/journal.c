/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/journal.h"

#include "store/log.h"
#include "store/queue.h"
#include "store/retain.h"
#include "store/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum {
	AHEAD = 1 << 20, /* room that is taken for a log before it is needed */
	BATCH = 8 << 20, /* the largest frame that can be recorded */
	CHAPTERS = 8,    /* while the disk does not answer, the queue holds so many */
	RETRY_MS = 1000,
	CLOCK_STEP_US = 2000000, /* the clock was set */
};
static const uint64_t hour_us = UINT64_C(3600) * 1000000;

struct journal {
	struct journal_settings settings;
	int dir, lock;
	/* of the one who samples */
	struct frame_encoder encoder;
	struct arena frame;
	uint64_t number;     /* of the next sample */
	uint64_t chapter_us; /* real time at which the chapter began */
	int64_t clock_us;    /* real less monotonic time of the last sample */
	uint64_t chapter_bytes;
	struct queue queue;
	bool restart;
	/* of the writer */
	bool suspect; /* what stands behind log_safe may be lost: the log is to be made anew */
	bool tidy;    /* old logs are to be sealed, or the budget to be kept */
	bool have_thread;
	/* for both */
	atomic_bool log_broken; /* the writer asks for a new chapter */
	atomic_bool stop;
	/* of the writer */
	int log, wake;
	uint64_t log_number, log_real_us;
	uint64_t log_at,
		log_room;  /* the end of what is good in the log; what is taken of the disk */
	uint64_t log_safe; /* the end of what is on the disk */
	uint64_t synced_ns, newest_ns, swept_ns; /* real times of samples */
	unsigned char *batch;                    /* a frame taken from the queue */
	struct arena scratch;
	uint64_t lost_told;
	/* for both */
	_Atomic uint64_t stuck_since_ns, used_bytes;
	_Atomic double lasts_s;
	pthread_t thread;
};

static void say(const struct journal *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(const struct journal *j, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (j->settings.say)
		j->settings.say(j->settings.ctx, line);
}

/* ---- the one who samples ---- */

/* Does a new log begin with this sample? At each full hour, when the clock was set, when the writer lost
 * the old one, and in a long stall so that the queue has places to let go at. */
static bool begins_chapter(const struct journal *j, uint64_t real_us, int64_t clock_us)
{
	int64_t moved = clock_us - j->clock_us;
	return j->restart || real_us / hour_us != j->chapter_us / hour_us ||
	       moved > CLOCK_STEP_US || moved < -CLOCK_STEP_US ||
	       j->chapter_bytes > JOURNAL_LOG_MAX || j->chapter_bytes > j->settings.budget / 8 ||
	       atomic_load(&j->log_broken) ||
	       (queue_behind(&j->queue) > JOURNAL_QUEUE / CHAPTERS &&
		       j->chapter_bytes > JOURNAL_QUEUE / CHAPTERS);
}

static bool put_frame(struct journal *j, struct series_set *set, const struct sample *s, bool first,
	const struct event *events, size_t nevents)
{
	if (first)
		frame_encoder_restart(&j->encoder);
	arena_reset(&j->frame);
	frame_encode(&j->encoder, &j->settings.origin, set, s, events, nevents, &j->frame);
	const struct queued f = {
		j->number, s->real_ns, s->mono_ns, (uint32_t)j->frame.used, first, j->frame.base};
	return !j->frame.overflowed && queue_put(&j->queue, &f);
}

void journal_put(struct journal *j, struct series_set *set, const struct sample *s,
	const struct event *events, size_t nevents)
{
	uint64_t real_us = s->real_ns / 1000;
	int64_t clock_us = (int64_t)(real_us - s->mono_ns / 1000);
	bool first = begins_chapter(j, real_us, clock_us);
	bool done = put_frame(j, set, s, first, events, nevents);
	if (!done && !first) {
		first = true;
		done = put_frame(j, set, s, first, events, nevents);
	}
	if (first) {
		j->chapter_us = real_us;
		j->chapter_bytes = 0;
		atomic_store(&j->log_broken, false);
	}
	j->restart = !done;
	if (!done)
		atomic_fetch_add(&j->queue.dropped, 1);
	j->clock_us = clock_us;
	j->chapter_bytes += j->frame.used;
	j->number++;
	if (first) { /* it tells all; those that follow are smaller by far */
		arena_empty(&j->frame);
		arena_empty(&j->encoder.part);
		arena_empty(&j->encoder.tables);
	}
	if (j->have_thread)
		(void)!write(j->wake, &(uint64_t){1}, sizeof(uint64_t));
}

void journal_restart(struct journal *j)
{
	j->restart = true;
}

/* ---- the writer ---- */

static void stuck(struct journal *j, int error, const char *what)
{
	if (atomic_load(&j->stuck_since_ns))
		return;
	atomic_store(&j->stuck_since_ns, j->newest_ns ? j->newest_ns : 1);
	say(j, "%s: %s: %s: recording in memory until it can be written", j->settings.dir, what,
		strerror(error));
}

static void flowing(struct journal *j)
{
	if (atomic_exchange(&j->stuck_since_ns, 0))
		say(j, "%s: can be written again: what was kept in memory follows",
			j->settings.dir);
}

static void tell_lost(struct journal *j)
{
	uint64_t lost = atomic_load(&j->queue.dropped);
	if (lost != j->lost_told && !atomic_load(&j->stuck_since_ns)) {
		say(j, "%s: %" PRIu64 " samples found no room in memory and are lost",
			j->settings.dir, lost - j->lost_told);
		j->lost_told = lost;
	}
}

static void close_log(struct journal *j)
{
	if (j->log >= 0) {
		(void)!ftruncate(j->log, (off_t)j->log_at); /* what was taken ahead */
		(void)close(j->log);
	}
	j->log = -1;
	j->tidy = true;
}

/* Takes room of the disk before it is needed, so that a disk that runs full does not stop us at once. */
static void take_room(struct journal *j, uint64_t end)
{
	while (end > j->log_room) {
		if (fallocate(j->log, 0, (off_t)j->log_room, AHEAD) < 0)
			break;
		j->log_room += AHEAD;
		j->tidy = true; /* it counts against the budget from now on */
	}
}

/* After a failed fdatasync nobody knows which pages reached the disk, and the kernel calls them clean. So the
 * log is made anew: what was safe is read back, what came since is still in the queue. */
static int rewrite_log(struct journal *j)
{
	char name[LOG_NAME];
	static const char fresh[] = "log/rewritten";
	log_name(name, j->log_number);
	AUTO_FD int to = openat(j->dir, fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int r = to < 0 ? -errno : 0;
	for (uint64_t at = 0; r == 0 && at < j->log_safe;) {
		uint64_t n = j->log_safe - at < AHEAD ? j->log_safe - at : AHEAD;
		arena_reset(&j->scratch);
		void *p = arena_push(&j->scratch, (size_t)n);
		r = p ? io_read(j->log, p, (size_t)n, at) : -ENOMEM;
		if (r == 0)
			r = io_write(to, p, (size_t)n, at);
		at += n;
	}
	if (r == 0 && (fdatasync(to) < 0 || renameat(j->dir, fresh, j->dir, name) < 0))
		r = -errno;
	if (r < 0) {
		(void)unlinkat(j->dir, fresh, 0);
		return r;
	}
	if (dup3(to, j->log, O_CLOEXEC) < 0)
		return -errno;
	j->log_at = j->log_room = j->log_safe;
	queue_rewind(&j->queue);
	return 0;
}

/* 0; -EAGAIN when what came since the last time has to be written again. */
static int sync_log(struct journal *j)
{
	if (j->log < 0 || (j->log_safe == j->log_at && !j->suspect))
		return 0;
	if (!j->suspect && fdatasync(j->log) < 0) {
		say(j, "%s: the disk failed to keep what was written (%s): writing it again",
			j->settings.dir, strerror(errno));
		j->suspect = true; /* the next fdatasync would say that all is well */
	}
	if (j->suspect) {
		int r = rewrite_log(j);
		j->suspect = r < 0;
		return r < 0 ? r : -EAGAIN;
	}
	j->log_safe = j->log_at;
	j->synced_ns = j->newest_ns;
	queue_release(&j->queue);
	return 0;
}

static int new_log(struct journal *j, uint64_t number, uint64_t real_ns)
{
	char name[LOG_NAME];
	int r = sync_log(j);
	if (r < 0)
		return r;
	close_log(j);
	log_name(name, number);
	j->log = openat(j->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (j->log < 0)
		return -errno;
	arena_reset(&j->scratch);
	file_put_head(&j->scratch, FILE_LOG);
	j->log_number = number;
	j->log_real_us = real_ns / 1000;
	j->log_at = j->log_safe = j->log_room = 0;
	r = io_write(j->log, j->scratch.base, j->scratch.used, 0);
	if (r < 0) {
		(void)close(j->log);
		j->log = -1;
		(void)unlinkat(j->dir, name, 0);
		return r;
	}
	j->log_at = j->scratch.used;
	take_room(j, AHEAD); /* behind the head: a reader takes zeros there for no log of ours */
	AUTO_FD int folder = openat(j->dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0)
		(void)fsync(folder);
	return 0;
}

static int write_frame(struct journal *j, const struct queued *f)
{
	int r = 0;
	if (f->first)
		r = new_log(j, f->number, f->real_ns);
	else if (j->log < 0) {
		atomic_store(&j->log_broken, true);
		return -ENOLINK; /* a chapter whose begin was lost with its log */
	}
	if (r < 0)
		return r;
	arena_reset(&j->scratch);
	block_put(&j->scratch, BLOCK_FRAME, f->number, f->payload, f->size, NULL);
	take_room(j, j->log_at + j->scratch.used);
	r = io_write(j->log, j->scratch.base, j->scratch.used, j->log_at);
	if (r == 0) /* a short write is written again at the same place */
		j->log_at += j->scratch.used;
	return r;
}

static int drain(struct journal *j)
{
	int e = j->suspect ? sync_log(j) : 0;
	if (e < 0 && e != -EAGAIN)
		return e;
	for (;;) {
		struct queued f;
		int r = queue_peek(&j->queue, j->batch, BATCH, &f);
		if (r == -ENODATA)
			return 0;
		if (r == -EAGAIN)
			continue;
		if (r == 0) {
			r = write_frame(j, &f);
			if (r == -EAGAIN)
				continue;
			if (r < 0 && r != -ENOLINK) /* with that nothing can be done */
				return r;
		}
		j->newest_ns = f.real_ns;
		queue_advance(&j->queue, &f);
		if (f.first) { /* large, as no other one of its chapter */
			arena_empty(&j->scratch);
			arena_give_back(j->batch, ((size_t)f.size | 4095) + 1);
		}
		if (j->newest_ns - j->synced_ns >= JOURNAL_SYNC_NS || j->newest_ns < j->synced_ns) {
			r = sync_log(j);
			if (r < 0 && r != -EAGAIN)
				return r;
		}
	}
}

/* A log that cannot be read is set aside. */
static int seal_log(struct journal *j, uint64_t number)
{
	char name[LOG_NAME], segment[LOG_NAME], bad[LOG_NAME + 8];
	uint64_t real_us = 0;
	uint32_t rows = 0;
	log_name(name, number);
	int r = log_first_time(j->dir, name, &real_us);
	segment_name(segment, real_us, number);
	if (r == 0)
		r = log_seal(j->dir, name, segment, &rows);
	if (r == 0 && unlinkat(j->dir, name, 0) < 0)
		r = -errno;
	if (r == -ENODATA) { /* it was made and never written to */
		(void)unlinkat(j->dir, name, 0);
		r = 0;
	} else if (r == -EBADMSG || r == -ENOTSUP) {
		(void)snprintf(bad, sizeof bad, "%s.bad", name);
		say(j, "%s/%s: cannot be read (%s): set aside as %s", j->settings.dir, name,
			strerror(-r), bad);
		(void)renameat(j->dir, name, j->dir, bad);
		r = 0;
	}
	return r;
}

/* Seals the logs that are finished, oldest first. One that fails does not keep the others from it. Answers the first error. */
static int seal_logs(struct journal *j, bool all)
{
	struct store_files f;
	int first = store_files_list(j->dir, &f);
	bool room = first == 0;
	for (size_t i = 0; room && i < f.count; i++) {
		uint64_t number;
		if (!log_number(f.rows[i].name, &number) ||
			(!all && j->log >= 0 && number == j->log_number))
			continue;
		int r = seal_log(j, number);
		first = first < 0 ? first : r;
		room = r != -ENOSPC && r != -EDQUOT && r != -ENOMEM;
	}
	store_files_free(&f);
	return first;
}

/* Seals, makes tiers, keeps the budget. */
static int sweep(struct journal *j, bool all)
{
	uint64_t used = atomic_load(&j->used_bytes), now_s = j->newest_ns / 1000000000;
	int r = seal_logs(j, all);
	if (r == 0)
		r = tiers_update(j->dir, now_s);
	(void)retain(j->dir, j->settings.budget, AHEAD, now_s, &used);
	atomic_store(&j->used_bytes, used);
	atomic_store(&j->lasts_s, retain_lasts(j->dir, j->settings.budget, now_s));
	j->swept_ns = j->newest_ns;
	return r;
}

/* A full disk: our own oldest seconds may go, but not faster than they are recorded, since another process that
 * fills the disk would eat what we free. */
static void make_room(struct journal *j)
{
	uint64_t used = atomic_load(&j->used_bytes), now_s = j->newest_ns / 1000000000;
	if (j->newest_ns - j->swept_ns < UINT64_C(600000000000) || used < (uint64_t)AHEAD * 4)
		return;
	j->swept_ns = j->newest_ns;
	(void)retain(j->dir, used, AHEAD, now_s, &used);
	atomic_store(&j->used_bytes, used);
}

void journal_work(struct journal *j)
{
	int r = drain(j);
	if (r == -ENOSPC || r == -EDQUOT)
		make_room(j);
	if (r < 0) {
		stuck(j, -r, "cannot be written");
		return;
	}
	flowing(j);
	tell_lost(j);
	bool often =
		j->newest_ns - j->swept_ns >= UINT64_C(600000000000) || j->newest_ns < j->swept_ns;
	if ((j->tidy || often) && j->newest_ns) {
		j->tidy = false;
		r = sweep(j, false);
		if (r < 0) {
			say(j,
				"%s: the finished hour could not be sealed: %s (it stays readable "
				"as it is)",
				j->settings.dir, strerror(-r));
		}
	}
}

static void *writer(void *arg)
{
	struct journal *j = arg;
	while (!atomic_load(&j->stop)) {
		uint64_t n;
		if (read(j->wake, &n, sizeof n) < 0 && errno != EINTR)
			break;
		journal_work(j);
		if (atomic_load(&j->stuck_since_ns)) {
			const struct timespec pause = {.tv_sec = RETRY_MS / 1000};
			(void)nanosleep(&pause, NULL);
		}
	}
	int r = -EAGAIN;
	for (unsigned attempt = 0; attempt < 3 && r == -EAGAIN; attempt++) {
		journal_work(j);
		r = atomic_load(&j->stuck_since_ns) ? -EIO : sync_log(j);
	}
	if (r == 0) {
		close_log(j);
		if (j->newest_ns)
			(void)sweep(j, true);
	} else {
		stuck(j, -r, "cannot be written");
	}
	return NULL;
}

/* ---- opening and closing ---- */

static int make_folders(const char *path, int *ret)
{
	static const char *const folders[] = {"log", "raw", "m1", "h1"};
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return -errno;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret < 0)
		return -errno;
	for (size_t i = 0; i < COUNTOF(folders); i++)
		if (mkdirat(*ret, folders[i], 0750) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

static int take_lock(struct journal *j, long *ret_pid)
{
	char text[32] = "";
	*ret_pid = 0;
	j->lock = openat(j->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (j->lock < 0)
		return -errno;
	if (flock(j->lock, LOCK_EX | LOCK_NB) < 0) {
		int error = errno;
		if (pread(j->lock, text, sizeof text - 1, 0) > 0)
			*ret_pid = strtol(text, NULL, 10);
		return -error;
	}
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(j->lock, 0) == 0)
		(void)!pwrite(j->lock, text, (size_t)n, 0);
	return 0;
}

/* Numbers of samples go on where the last recorder ended. */
static int find_number(struct journal *j)
{
	struct store_files f;
	int r = store_files_list(j->dir, &f);
	for (size_t i = 0; r == 0 && i < f.count; i++) {
		uint64_t number = 0;
		const char *dash = strrchr(f.rows[i].name, '-');
		if (strncmp(f.rows[i].name, "raw/", 4) == 0 && dash)
			number = strtoull(dash + 1, NULL, 16) + SEGMENT_ROWS_MAX;
		else if (strncmp(f.rows[i].name, "log/", 4) == 0)
			number = strtoull(f.rows[i].name + 4, NULL, 16) + SEGMENT_ROWS_MAX;
		if (number > j->number)
			j->number = number;
	}
	store_files_free(&f);
	return r;
}

static int start_thread(struct journal *j)
{
	sigset_t all, old;
	j->wake = eventfd(0, EFD_CLOEXEC);
	if (j->wake < 0)
		return -errno;
	(void)sigfillset(&all); /* signals are for the one who samples */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(&j->thread, NULL, writer, j);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	j->have_thread = r == 0;
	return -r;
}

static void journal_free(struct journal *j)
{
	frame_encoder_destroy(&j->encoder);
	arena_destroy(&j->frame);
	if (j->batch)
		(void)munmap(j->batch, BATCH);
	arena_destroy(&j->scratch);
	queue_destroy(&j->queue);
	attr_close_fd(&j->log);
	attr_close_fd(&j->lock);
	attr_close_fd(&j->dir);
	attr_close_fd(&j->wake);
	free(j);
}

int journal_open(const struct journal_settings *settings, struct journal **ret, long *ret_pid)
{
	struct journal *j = calloc(1, sizeof *j);
	if (!j)
		return -ENOMEM;
	*j = (struct journal){.settings = *settings,
		.dir = -1,
		.lock = -1,
		.log = -1,
		.wake = -1,
		.number = 1,
		.restart = true,
		.tidy = true};
	atomic_store(&j->lasts_s, -1);
	*ret_pid = 0;
	int r = make_folders(settings->dir, &j->dir);
	if (r == 0)
		r = take_lock(j, ret_pid);
	if (r == 0)
		r = find_number(j);
	if (r == 0)
		r = frame_encoder_init(&j->encoder);
	if (r == 0)
		r = arena_init(&j->frame, BATCH);
	void *batch = mmap(NULL, BATCH, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	j->batch = batch == MAP_FAILED ? NULL : batch;
	if (r == 0 && !j->batch)
		r = -ENOMEM;
	if (r == 0)
		r = arena_init(&j->scratch, BATCH + AHEAD);
	if (r == 0)
		r = queue_init(&j->queue, JOURNAL_QUEUE);
	if (r == 0 && !settings->by_hand)
		r = start_thread(j);
	if (r < 0)
		journal_free(j);
	else
		*ret = j;
	return r;
}

int journal_close(struct journal *j, uint64_t wait_ns)
{
	atomic_store(&j->stop, true);
	if (!j->have_thread) {
		(void)writer(j);
		journal_free(j);
		return 0;
	}
	(void)!write(j->wake, &(uint64_t){1}, sizeof(uint64_t));
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(wait_ns / 1000000000);
	if (pthread_timedjoin_np(j->thread, NULL, &until) != 0)
		return -ETIMEDOUT; /* the thread still uses all of it */
	bool lost = atomic_load(&j->stuck_since_ns) != 0;
	journal_free(j);
	return lost ? -EIO : 0;
}

void journal_state(const struct journal *j, struct journal_state *ret)
{
	*ret = (struct journal_state){.behind_bytes = queue_behind(&j->queue),
		.lost = atomic_load(&j->queue.dropped),
		.stuck_since_ns = atomic_load(&j->stuck_since_ns),
		.used_bytes = atomic_load(&j->used_bytes),
		.budget_bytes = j->settings.budget,
		.lasts_s = atomic_load(&j->lasts_s),
		.locked = j->queue.locked};
}
